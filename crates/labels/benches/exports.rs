//! A label file of 100,000 frames of two people, exported to each format: read, converted, written to the disk.
//!
//! What was written is counted before it is timed. Each export is made once for that and once for the time, in seconds.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::Path;
use std::time::Instant;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_labels::export::coco::CocoWriter;
use swingpose_labels::export::csv::CsvWriter;
use swingpose_labels::export::jsonl::JsonlWriter;
use swingpose_labels::export::mmpose::{Dialect, MmposeWriter};
use swingpose_labels::export::openpose::{Layout, OpenposeWriter};
use swingpose_labels::export::trc::{TrcWriter, Who, YAxis};
use swingpose_labels::export::yolo::YoloWriter;
use swingpose_labels::export::{Exporter, Sure};
use swingpose_labels::{Ending, LabelSink, LabelWriter, LabelsError, read};

const FRAMES: u64 = 100_000;

type Made = Result<Box<dyn Exporter>, LabelsError>;
/// A format in one file: its name, the lines that are to come of it, and what writes it.
type FileFormat = (&'static str, u64, fn(BufWriter<File>) -> Made);
/// A format in a folder.
type FolderFormat = (&'static str, fn(&Path) -> Box<dyn Exporter>);

fn main() -> Result<(), LabelsError> {
    let folder = tempfile::tempdir().expect("a folder for label files");
    let labels = folder.path().join("clip.poses.parquet");
    write_labels(&labels)?;
    let files: [FileFormat; 5] = [
        ("jsonl", FRAMES, |file| Ok(Box::new(JsonlWriter::new(file)))),
        ("csv", 1 + 2 * FRAMES, |file| Ok(Box::new(CsvWriter::new(file)))),
        ("coco", 8 + 3 * FRAMES, |file| Ok(Box::new(CocoWriter::new(file, Sure::default())?))),
        ("mmpose", 2 + FRAMES, |file| Ok(Box::new(MmposeWriter::new(file, Dialect::Inferencer)))),
        ("trc", 5 + FRAMES, |file| Ok(Box::new(TrcWriter::new(file, Who::Primary, YAxis::Down, Sure::default())?))),
    ];
    for (name, lines, make) in files {
        let path = folder.path().join(name);
        let export = || export(&labels, make(BufWriter::new(File::create(&path).expect("a new file"))));
        export()?;
        assert_eq!(BufReader::new(File::open(&path).expect("the export")).lines().count() as u64, lines, "{name}");
        report(name, export)?;
    }
    let folders: [FolderFormat; 2] = [
        ("openpose", |out| Box::new(OpenposeWriter::new(out.to_owned(), Layout::Body25))),
        ("yolo", |out| Box::new(YoloWriter::new(out.to_owned(), Sure::default()))),
    ];
    for (name, make) in folders {
        report(name, || export(&labels, Ok(make(&folder.path().join(name)))))?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn report(what: &str, export: impl FnOnce() -> Result<u64, LabelsError>) -> Result<(), LabelsError> {
    let start = Instant::now();
    let frames = export()?;
    println!("{what:<10}{:>8.2} s", start.elapsed().as_secs_f64());
    assert_eq!(frames, FRAMES);
    Ok(())
}

/// Puts the label file through the exporter and says how many frames it had.
fn export(labels: &Path, exporter: Made) -> Result<u64, LabelsError> {
    let (labels, mut exporter) = (read(labels)?, exporter?);
    exporter.begin(&labels.provenance)?;
    let mut frames = 0;
    for frame in labels.frames {
        exporter.write(&frame?)?;
        frames += 1;
    }
    exporter.finish()?;
    Ok(frames)
}

fn write_labels(path: &Path) -> Result<(), LabelsError> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/labels/golden.poses.parquet");
    let mut writer = LabelWriter::create(path, &read(&golden)?.provenance)?;
    (0..FRAMES).try_for_each(|number| writer.write(&frame(number)))?;
    writer.finish(Ending::default())
}

fn frame(number: u64) -> FrameLabels {
    let (pts, time_s) = (number.cast_signed(), number as f64 / 60.0);
    FrameLabels { frame: FrameIndex(number), pts, time_s, people: vec![person(number, 0), person(number, 1)] }
}

/// Somebody whose coordinates have as many digits as those of real labels.
fn person(frame: u64, number: u32) -> PersonLabel {
    let phase = frame as f32 * 0.01 + number as f32;
    let at = |k: usize| [300.0 + 200.0 * (phase + k as f32).sin(), 900.0 + 400.0 * (phase * 1.1 + k as f32).cos()];
    PersonLabel {
        person: number,
        track: None,
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(100.123 + phase.sin(), 500.0, 500.0 + phase.cos(), 1300.0),
        box_score: 0.9,
        keypoints: std::array::from_fn(|k| Keypoint::from([at(k)[0], at(k)[1], 0.5 + 0.49 * phase.sin()])),
    }
}
