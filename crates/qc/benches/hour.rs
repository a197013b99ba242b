//! 100,000 frames of two people checked, from memory and from a label file: the median of five runs, in seconds.
//!
//! The labels are those of the tests, a swing and a bystander; the result is held to be without findings before it is timed.
//! The figures are in `benches/README.md`.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot get that far has no result")]

#[path = "../tests/suspects/swing.rs"]
mod swing;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use swing::{Rate, checked, provenance, swing};
use swingpose_core::FrameLabels;
use swingpose_labels::{Ending, LabelSink, LabelWriter, read};
use swingpose_qc::{Report, Verdict, check, page};

const FRAMES: usize = 100_000;

fn main() {
    let of = |rate: Rate| {
        let mut frames = swing(3800.0, rate, true);
        frames.truncate(FRAMES);
        assert_eq!((frames.len(), checked(&frames).verdict), (FRAMES, Verdict::Pass));
        frames
    };
    let phone = of(Rate::Phone);
    report("check, 100,000 frames of 2 people, a phone's", || checked(&phone));
    drop(phone);
    let frames = of(Rate::Even(60));
    report("the same at an even rate", || checked(&frames));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swing.poses.parquet");
    write(&path, &frames);
    drop(frames);
    let of_file = || -> Report { check(read(&path).unwrap(), 20).unwrap() };
    report("the same, from a label file", of_file);
    let checked = of_file();
    report("its page", || page::video(&checked, Ok(&[])));
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn report<T>(what: &str, run: impl Fn() -> T) {
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("{what:<46}{:>8.3} s", seconds[2]);
}

fn write(path: &Path, frames: &[FrameLabels]) {
    let mut writer = LabelWriter::create(path, &provenance(frames)).unwrap();
    frames.iter().for_each(|frame| writer.write(frame).unwrap());
    writer.finish(Ending::default()).unwrap();
}
