//! What conversion asks of a network family: recognise it by its tensors, and say which tensors it needs.
//! `rtmdet` and `vitpose` answer; [`convert`](super::convert) asks.

use super::{CheckpointError, TensorSource};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the tensors' shapes cannot tell, as the checkpoint's own config text or the person converting it states it.
/// A fact that is needed and not stated is [`CheckpointError::Undetermined`]: nothing is guessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// RTMDet: whether box distances are `exp(reg) * stride` (M, L, X) or `reg * stride` (Tiny, S).
    pub exp_on_reg: Option<bool>,
    /// RTMDet: candidates must score more than this.
    pub score_thr: Option<f32>,
    /// RTMDet: candidates kept a level before NMS.
    pub nms_pre: Option<usize>,
    /// RTMDet: NMS drops a box that overlaps a better one by more than this.
    pub iou_threshold: Option<f32>,
    /// RTMDet: detections kept an image.
    pub max_per_img: Option<usize>,
    /// RTMDet: whether the head's convolutions are one set for all levels. Conversion finds out by comparing them.
    pub share_conv: Option<bool>,
    /// ViTPose: attention heads, for widths other than the published ones.
    pub num_heads: Option<usize>,
}

impl Hints {
    /// These hints, with `other`'s wherever these are silent.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            exp_on_reg: self.exp_on_reg.or(other.exp_on_reg),
            score_thr: self.score_thr.or(other.score_thr),
            nms_pre: self.nms_pre.or(other.nms_pre),
            iou_threshold: self.iou_threshold.or(other.iou_threshold),
            max_per_img: self.max_per_img.or(other.max_per_img),
            share_conv: self.share_conv.or(other.share_conv),
            num_heads: self.num_heads.or(other.num_heads),
        }
    }
}

/// A family of networks that checkpoints are converted for. The implementing type is its configuration, which the
/// weights file carries as JSON.
pub trait Architecture: Serialize + DeserializeOwned {
    /// The family's name in files and reports: `rtmdet`, `vitpose`.
    const FAMILY: &'static str;

    /// Reads the configuration off the tensors' shapes, and off `hints` where shapes are silent.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`], [`CheckpointError::Rank`] or [`CheckpointError::Shape`] when the tensors are not
    /// this family's; [`CheckpointError::Undetermined`] naming the flag that would state what is not known.
    fn infer(source: &dyn TensorSource, hints: &Hints) -> Result<Self, CheckpointError>;

    /// The published size this is, as `rtmdet-m` or `vitpose-h`; any other is named by its dimensions.
    fn name(&self) -> String;

    /// Every tensor the network loads, under the checkpoint's name and shape, shared ones once.
    fn tensors(&self) -> Vec<(String, Vec<usize>)>;
}
