//! How long a weights file takes from the disk to a network that is ready, and the memory that takes.
//! `cargo run --release --example load_weights -- FILE.safetensors [f16]`; with `f16` the network is held in half precision, as
//! on a GPU.
#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use burn::tensor::{Device, FloatDType};
use std::path::PathBuf;
use std::time::Instant;
use swingpose_models::checkpoint::WeightsFile;
use swingpose_models::{Placement, RtmDet, VitPose};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("which weights file?")?);
    let numbers = match std::env::args().nth(2).as_deref() {
        None => FloatDType::F32,
        Some("f16") => FloatDType::F16,
        Some(other) => return Err(format!("{other}: only f16 can be asked for").into()),
    };
    let start = Instant::now();
    let file = WeightsFile::open(&path)?;
    let opened = start.elapsed();
    let place = Placement { device: Device::flex(), numbers };
    if file.family() == "rtmdet" {
        RtmDet::load(&file, &file.config()?, place)?;
    } else {
        VitPose::load(&file, &file.config()?, place)?;
    }
    let ready = start.elapsed();
    println!("{}: {} MiB, opened in {opened:.1?}, ready in {ready:.1?}", file.architecture(), file.len() >> 20);
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("RssAnon")) {
        println!("{line}");
    }
    Ok(())
}
