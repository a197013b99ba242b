//! Writes chosen frames of a file to the standard output: upright, 8-bit BGR, row by row, one after another.
//!
//! usage: frames FILE NUMBER...
//!
//! For programs that are to see the very pixels that the networks here see, such as `tools/fixtures/demo_golden.py`.

use std::env;
use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;

use swingpose_video::{SourceOptions, VideoSource};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let file = arguments.next().ok_or("usage: frames FILE NUMBER...")?;
    let numbers = arguments.map(|number| number.parse()).collect::<Result<Vec<u64>, _>>()?;
    let mut out = stdout().lock();
    for number in numbers {
        let options = SourceOptions { frames: Some(number..number + 1), ..SourceOptions::default() };
        let mut source = VideoSource::open(Path::new(&file), &options)?;
        let frame = source.next().ok_or_else(|| format!("{file} has no frame {number}"))??;
        out.write_all(&frame.to_bgr().data)?;
    }
    Ok(())
}
