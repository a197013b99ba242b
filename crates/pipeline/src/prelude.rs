//! What a program or a notebook that labels needs: `use swingpose::prelude::*`.

pub use crate::{
    Boxes, DeviceChoice, Existing, FrameRange, LabelOptions, Labeler, Labeling, Mode, PipelineError, Precision,
    Primary, Reporter, ScoreThreshold, Silent, Summary,
};
pub use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, FramePx, Keypoint, Origin, PersonLabel, Point};
