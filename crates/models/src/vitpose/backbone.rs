//! The plain vision transformer (Dosovitskiy et al. 2021; mmpretrain `VisionTransformer` without a class token).
//! In: normalised RGB crops. Out: one map of features, for the head.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::block::{LayerNorm, TransformerEncoderLayer};
use super::config::{GRID, VitPoseConfig};
use super::patch_embed::{PatchEmbed, load_pos_embed};
use crate::checkpoint::CheckpointError;
use crate::placement::in_f32_for_bf16;
use crate::scope::Scope;

/// The backbone.
#[derive(Module, Debug)]
pub struct VisionTransformer {
    patch_embed: PatchEmbed,
    /// `[1, 16, 12, c]`.
    pos_embed: Param<Tensor<4>>,
    layers: Vec<TransformerEncoderLayer>,
    ln1: LayerNorm,
}

impl VisionTransformer {
    pub(super) fn load(scope: &Scope<'_>, config: &VitPoseConfig) -> Result<Self, CheckpointError> {
        Ok(Self {
            patch_embed: PatchEmbed::load(&scope.at("patch_embed"))?,
            pos_embed: load_pos_embed(scope)?,
            layers: scope.each("layers", config.num_layers, |layer| TransformerEncoderLayer::load(layer, config))?,
            ln1: LayerNorm::load(&scope.at("ln1"))?,
        })
    }

    /// # Shapes
    /// * `x` `[m, 256, 192, 3]`
    /// * result `[m, 16, 12, c]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = in_f32_for_bf16(self.patch_embed.forward(x, self.pos_embed.val()));
        let x = self.layers.iter().fold(x, |x, layer| layer.forward(x));
        let x = self.ln1.forward(x);
        let [crops, _, channels] = x.dims();
        x.reshape([crops, GRID[0], GRID[1], channels])
    }
}
