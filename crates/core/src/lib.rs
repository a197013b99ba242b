//! The nouns of pose labeling, with no GPU, no file format and no model behind them.
//!
//! Everything else in the workspace speaks in these: [`frame`] for time, [`geometry`] for where, [`pose`] for what was
//! found, [`skeleton`] for the meaning of the 17 keypoints, [`provenance`] for what made a label.

pub mod frame;
pub mod geometry;
pub mod pose;
pub mod provenance;
pub mod skeleton;

pub use frame::{FrameIndex, Timebase, Timestamp};
pub use geometry::{Affine, BoundingBox, CropPx, DetectorPx, FramePx, HeatmapPx, Point};
pub use pose::{FrameLabels, Keypoint, Origin, PersonLabel};
