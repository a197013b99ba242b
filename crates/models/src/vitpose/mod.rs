//! ViTPose (Xu et al. 2022), the pose estimator: a plain vision transformer and a heatmap head, as mmpose 1.3 builds them.
//! In: crops of persons. Out: a heatmap a joint.

mod backbone;
mod block;
mod checkpoint;
mod config;
mod flops;
mod heatmap_head;
mod patch_embed;

pub use backbone::VisionTransformer;
pub use block::{Attention, Ffn, LayerNorm, Linear, TransformerEncoderLayer};
pub use config::{GRID, HEATMAP, Head, INPUT, VARIANTS, Variant, VitPoseConfig};
pub use heatmap_head::{Deconv, HeatmapHead};
pub use patch_embed::PatchEmbed;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::Placement;
use crate::checkpoint::{Architecture, CheckpointError, TensorSource};
use crate::scope::Scope;

/// The pose estimator.
#[derive(Module, Debug)]
pub struct VitPose {
    /// Pixels to features.
    pub backbone: VisionTransformer,
    /// Features to heatmaps.
    pub head: HeatmapHead,
}

/// `[m, k, 64, 48]`: where each joint of each crop may be, in f32. Raw values: they may pass 1 and may be negative.
#[derive(Clone, Debug)]
pub struct Heatmaps(pub Tensor<4>);

impl VitPose {
    /// The network that `config` describes, with the weights of `source`, on a device, or at a [`Placement`].
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] or [`CheckpointError::Shape`] naming the first tensor that is not as `config` says,
    /// [`CheckpointError::Invalid`] when `config` describes no network.
    pub fn load(
        source: &dyn TensorSource,
        config: &VitPoseConfig,
        place: impl Into<Placement>,
    ) -> Result<Self, CheckpointError> {
        config.validate()?;
        let place = place.into();
        let scope = Scope::verified(source, &config.tensors(), &place)?;
        Ok(Self {
            backbone: VisionTransformer::load(&scope.at("backbone"), config)?,
            head: HeatmapHead::load(&scope.at("head"), config)?,
        })
    }

    /// # Shapes
    /// * `x` `[m, 256, 192, 3]`: RGB, `(pixel - mean) / std`, in the placement's numbers
    /// * result: see [`Heatmaps`]
    pub fn forward(&self, x: Tensor<4>) -> Heatmaps {
        self.head.forward(self.backbone.forward(x))
    }
}
