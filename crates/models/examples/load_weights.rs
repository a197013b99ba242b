//! How long a weights file takes from the disk to a network that is ready, and the memory that takes.
//! `cargo run --release --example load_weights -- FILE.safetensors`
#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::path::PathBuf;
use std::time::Instant;
use swingpose_models::checkpoint::WeightsFile;
use swingpose_models::{RtmDet, VitPose};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("which weights file?")?);
    let start = Instant::now();
    let file = WeightsFile::open(&path)?;
    let opened = start.elapsed();
    let device = burn::tensor::Device::flex();
    if file.family() == "rtmdet" {
        RtmDet::load(&file, &file.config()?, &device)?;
    } else {
        VitPose::load(&file, &file.config()?, &device)?;
    }
    let ready = start.elapsed();
    println!("{}: {} MiB, opened in {opened:.1?}, ready in {ready:.1?}", file.architecture(), file.len() >> 20);
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("RssAnon")) {
        println!("{line}");
    }
    Ok(())
}
