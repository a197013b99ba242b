//! Features to heatmaps, four times as large: the paper's classic decoder (two transposed convolutions) or its simple
//! one (bilinear interpolation), mmpose `HeatmapHead` with, for the simple one, the neck `FeatureMapProcessor`.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use swingpose_kernels::{Activation, deconv};

use super::Heatmaps;
use super::checkpoint::DECONV_LAYERS;
use super::config::{HEATMAP, Head, VitPoseConfig};
use crate::checkpoint::CheckpointError;
use crate::conv::{Conv, channels_last};
use crate::placement::in_numbers_of;
use crate::scope::{BatchNorm, Scope};

/// The head.
#[derive(Module, Debug)]
pub struct HeatmapHead {
    /// In the classic head.
    deconv_layers: Option<[Deconv; 2]>,
    final_layer: Conv,
}

/// A transposed 4x4 convolution of stride 2, batch normalisation, ReLU.
#[derive(Module, Debug)]
pub struct Deconv {
    /// `[o, 4, 4, i]`.
    weight: Param<Tensor<4>>,
    /// `[o]`.
    bias: Param<Tensor<1>>,
}

impl Deconv {
    fn load(list: &Scope<'_>, [deconv, bn]: [usize; 2]) -> Result<Self, CheckpointError> {
        let deconv = list.at(deconv);
        let [inputs, outputs, rows, cols] = deconv.dims("weight")?;
        let (stored, bn) = (deconv.values::<4>("weight")?, BatchNorm::load(&list.at(bn))?);
        let weight = channels_last([outputs, rows * cols, inputs], |o, tap, i| {
            (f64::from(stored[(i * outputs + o) * rows * cols + tap]) * bn.scale[o]) as f32
        });
        Ok(Self {
            weight: list.parameter(weight, [outputs, rows, cols, inputs]),
            bias: list.parameter(bn.bias(), [outputs]),
        })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        deconv(in_numbers_of(x, &weight), weight, self.bias.val(), Activation::Relu)
    }
}

impl HeatmapHead {
    pub(super) fn load(scope: &Scope<'_>, config: &VitPoseConfig) -> Result<Self, CheckpointError> {
        let list = scope.at("deconv_layers");
        let deconv_layers = match config.head {
            Head::Classic { .. } => {
                let [first, second] = DECONV_LAYERS;
                Some([Deconv::load(&list, first)?, Deconv::load(&list, second)?])
            }
            Head::Simple => None,
        };
        Ok(Self {
            deconv_layers,
            final_layer: Conv::load(&scope.at("final_layer").in_f32(), 1, config.head.final_kernel() / 2)?,
        })
    }

    /// # Shapes
    /// * `x` `[m, 16, 12, c]`
    /// * result: see [`Heatmaps`]
    pub fn forward(&self, x: Tensor<4>) -> Heatmaps {
        let x = match &self.deconv_layers {
            Some([first, second]) => second.forward(first.forward(x)),
            None => enlarge(relu(x)),
        };
        let x = self.final_layer.forward(x, Activation::None, None);
        Heatmaps(x.permute([0, 3, 1, 2]))
    }
}

/// Bilinear interpolation to the size of the heatmaps, pixel areas aligned rather than corners.
fn enlarge(x: Tensor<4>) -> Tensor<4> {
    let options =
        InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false).with_output_size(HEATMAP);
    interpolate(x.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1])
}
