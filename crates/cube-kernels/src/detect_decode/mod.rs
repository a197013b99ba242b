//! RTMDet's maps of a batch to boxes in frame pixels, best first: what `swingpose_kernels::detect_decode` does, on the device.
//!
//! In: per level, class logits and distances, channels last, of all images. Out: [`Boxes`] with as many places as an image may
//! keep. Per level, `score` makes an integer of every logit that orders as its sigmoid does, `select` finds the best `nms_pre` of
//! each image by halving the range of those integers, and `gather` writes their boxes; [`nms`](crate::nms) does the rest. On CUDA
//! three launches do so for all levels, in `detect_decode.cu`: a histogram of the logits tells which few are to be sorted. Of
//! equal scores the lower level, then the earlier row, column and class comes first.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;
mod launch;

use crate::DeviceSlice;

#[cfg(doc)]
use crate::nms::Boxes;

pub use launch::{detect_decode, people};
pub use swingpose_kernels::detect_decode::TestCfg;

/// One level of the head's output, for a batch.
#[derive(Debug, Clone)]
pub struct Level {
    /// Logits, `[n, height, width, classes]`.
    pub cls_scores: DeviceSlice<f32>,
    /// Distances from a cell's prior to the left, top, right and bottom side, already times `stride`, `[n, height, width, 4]`.
    pub bbox_preds: DeviceSlice<f32>,
    /// Cells down.
    pub height: usize,
    /// Cells across.
    pub width: usize,
    /// Detector pixels between neighbouring cells.
    pub stride: usize,
}

/// How the mmpose demonstration programs choose people among detections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeopleCfg {
    /// People score above this.
    pub score_threshold: f32,
    /// Two people overlap at most this much, where a box counts as covering its last pixel.
    pub iou_threshold: f32,
    /// People an image keeps.
    pub limit: usize,
}
