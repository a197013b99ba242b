//! The trained demo pair against the real mmdet and mmpose, from the very same decoded frames of two clips: boxes, heatmaps
//! and keypoints, without and with the flip test.
//!
//! `tools/fixtures/demo_golden.py` recorded what they make of the checkpoints that `weights/demo` was converted from.
//! [`stages`] holds each stage to the recording, [`labels`] what a user gets; [`rounded`] holds coarser weights to
//! the gate for faster arithmetic. On trained weights the networks are well conditioned and heatmaps have peaks, so that
//! unlike with random weights keypoints can be compared.

mod labels;
mod recording;
mod rounded;
mod stages;

use std::path::PathBuf;

use swingpose_tests::repository;

/// A file of the demo pair.
fn weights(name: &str) -> PathBuf {
    repository::root().join(format!("weights/demo/{name}-demo.safetensors"))
}

/// A clip of the recording.
fn clip(name: &str) -> PathBuf {
    repository::root().join("tests/media").join(name)
}
