//! RTMDet (Lyu et al. 2022), the person detector: backbone, neck, head, as mmdet 3.3 builds them.
//! In: letterboxed pictures. Out: for every point of three maps the classes' logits and a box.

mod checkpoint;
mod config;
mod csp_layer;
mod cspnext;
mod flops;
mod head;
mod pafpn;

pub use config::{RtmDetConfig, STRIDES, TestConfig, VARIANTS, Variant};
pub use csp_layer::{
    ChannelAttention, ConvModule, CspLayer, CspNextBlock, DepthwiseConvModule, DepthwiseSeparableConvModule, Gate,
};
pub use cspnext::{CspNext, SppBottleneck, Stage};
pub use head::RtmDetSepBnHead;
pub use pafpn::CspNextPafpn;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::Placement;
use crate::checkpoint::{Architecture, CheckpointError, TensorSource};
use crate::scope::Scope;

/// The detector.
#[derive(Module, Debug)]
pub struct RtmDet {
    /// Pixels to maps.
    pub backbone: CspNext,
    /// Maps to maps that know of each other.
    pub neck: CspNextPafpn,
    /// Maps to logits and boxes.
    pub bbox_head: RtmDetSepBnHead,
}

/// What the head says of every point of the maps of strides 8, 16 and 32. The point of row `y`, column `x` lies at
/// `(x * stride, y * stride)` in the letterboxed picture.
#[derive(Clone, Debug)]
pub struct RtmDetOutput {
    /// `[n, h, w, classes]` each: logits, to be put through a sigmoid, in f32.
    pub cls_scores: [Tensor<4>; 3],
    /// `[n, h, w, 4]` each: pixels from the point to the box's left, top, right and bottom side, in f32.
    pub bbox_preds: [Tensor<4>; 3],
}

impl RtmDet {
    /// The network that `config` describes, with the weights of `source`, on a device, or at a [`Placement`].
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] or [`CheckpointError::Shape`] naming the first tensor that is not as `config` says,
    /// [`CheckpointError::Invalid`] when `config` describes no network.
    pub fn load(
        source: &dyn TensorSource,
        config: &RtmDetConfig,
        place: impl Into<Placement>,
    ) -> Result<Self, CheckpointError> {
        config.validate()?;
        let place = place.into();
        let scope = Scope::verified(source, &config.tensors(), &place)?;
        Ok(Self {
            backbone: CspNext::load(&scope.at("backbone"), config)?,
            neck: CspNextPafpn::load(&scope.at("neck"), config)?,
            bbox_head: RtmDetSepBnHead::load(&scope.at("bbox_head"), config)?,
        })
    }

    /// # Shapes
    /// * `x` `[n, h, w, 3]`: BGR, `(pixel - mean) / std`, `h` and `w` multiples of 32, in the placement's numbers
    /// * result: see [`RtmDetOutput`]
    pub fn forward(&self, x: Tensor<4>) -> RtmDetOutput {
        self.bbox_head.forward(self.neck.forward(self.backbone.forward(x)))
    }
}
