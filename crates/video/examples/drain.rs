//! Decodes a file to nowhere: how fast, with how much memory, and what was lost.
//!
//! usage: drain FILE [THREADS]
//!
//! A long clip for measuring memory is made by looping a short one, without encoding it again:
//! `ffmpeg -stream_loop 666 -i tests/media/clips/h264_bframes.mp4 -c copy long.mp4` (60,030 frames).

#![expect(clippy::print_stdout, reason = "the measurement is the output")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use swingpose_video::{SourceOptions, VideoSource};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let file = arguments.first().ok_or("usage: drain FILE [THREADS]")?;
    let threads = arguments.get(1).map_or(Ok(0), |threads| threads.parse())?;
    let opening = Instant::now();
    let mut source = VideoSource::open(Path::new(file), &SourceOptions { threads, frames: None })?;
    let opened = opening.elapsed();
    println!("{:?}", source.info());
    println!("opened in {:.1} ms, peak memory {}", opened.as_secs_f64() * 1000.0, peak_memory());
    let decoding = Instant::now();
    let mut quarter = source.info().frame_count.div_ceil(4).max(1);
    while let Some(item) = source.next() {
        match item {
            Ok(_) => {}
            Err(error) if error.is_recoverable() => println!("{error}"),
            Err(error) => return Err(error.into()),
        }
        if source.stats().decoded == quarter {
            println!("after {quarter} frames: peak memory {}", peak_memory());
            quarter += source.info().frame_count.div_ceil(4).max(1);
        }
    }
    let seconds = decoding.elapsed().as_secs_f64();
    let stats = source.stats();
    println!(
        "{} frames, {} lost, {:.1} fps, peak memory {}",
        stats.decoded,
        stats.lost_frames(),
        stats.decoded as f64 / seconds,
        peak_memory()
    );
    stats.notes.iter().for_each(|note| println!("note: {note}"));
    Ok(())
}

/// The most memory this process has had, as Linux counts it.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |value| value.trim().to_owned())
}
