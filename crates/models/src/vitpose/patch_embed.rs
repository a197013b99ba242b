//! Pixels to tokens: a linear map of each 16x16 patch, and where the patch lies (mmpretrain `PatchEmbed`).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use swingpose_kernels::Activation;

use super::config::{GRID, VitPoseConfig};
use crate::checkpoint::CheckpointError;
use crate::conv::Conv;
use crate::scope::Scope;

/// Side of a patch, which is also the way from one patch to the next.
const PATCH: usize = 16;

/// Zeros around the crop. 16 x 12 patches cover 256 x 192 pixels either way; this shifts them by two.
const PADDING: usize = 2;

/// The patch embedding.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    projection: Conv,
}

impl PatchEmbed {
    pub(super) fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        Ok(Self { projection: Conv::load(&scope.at("projection"), PATCH, PADDING)? })
    }

    /// # Shapes
    /// * `x` `[m, 256, 192, 3]`, `pos_embed` `[1, 16, 12, c]`
    /// * result `[m, 192, c]`
    pub fn forward(&self, x: Tensor<4>, pos_embed: Tensor<4>) -> Tensor<3> {
        let x = self.projection.forward(x, Activation::None, Some(pos_embed));
        let [crops, _, _, channels] = x.dims();
        x.reshape([crops, VitPoseConfig::num_patches(), channels])
    }
}

/// The checkpoint's `pos_embed`, `[1, 192, c]`, laid out as the patches are.
pub(super) fn load_pos_embed(scope: &Scope<'_>) -> Result<Param<Tensor<4>>, CheckpointError> {
    let [_, _, channels] = scope.dims("pos_embed")?;
    scope.reshaped::<3, 4>("pos_embed", [1, GRID[0], GRID[1], channels])
}
