//! The dictionary of mmpose's ViTPose checkpoints: every tensor's name and shape, and the configuration read back off
//! them.
//!
//! Fields carry the checkpoint's names. The exceptions are the numbers of torch's `Sequential`s:
//!
//! | checkpoint | here |
//! | --- | --- |
//! | `layers.N.ffn.layers.0.0`, `layers.N.ffn.layers.1` | `layers[N].ffn.layers[0]`, `[1]` |
//! | `head.deconv_layers.0` with the batch norm `.1` | `head.deconv_layers[0]` |
//! | `head.deconv_layers.3` with the batch norm `.4` | `head.deconv_layers[1]` |

use super::config::{Head, VARIANTS, VitPoseConfig};
use crate::checkpoint::{Architecture, CheckpointError, Hints, TensorSource};

/// Numbers of the transposed convolutions and of the batch normalisations behind them; a ReLU is between the pairs.
pub(super) const DECONV_LAYERS: [[usize; 2]; 2] = [[0, 1], [3, 4]];

/// The most layers a configuration may ask for; the largest published network has 32.
const MAX_DEPTH: usize = 256;

impl Architecture for VitPoseConfig {
    const FAMILY: &'static str = "vitpose";

    fn infer(source: &dyn TensorSource, hints: &Hints) -> Result<Self, CheckpointError> {
        let [_, _, embed_dims] = source.dims("backbone.pos_embed")?;
        let [feedforward_channels, _] = source.dims("backbone.layers.0.ffn.layers.0.0.weight")?;
        let [num_keypoints, ..] = source.dims::<4>("head.final_layer.weight")?;
        let layer = |index: &usize| source.shape(&format!("backbone.layers.{index}.attn.qkv.weight")).is_some();
        let num_layers = (0..=MAX_DEPTH).take_while(layer).count();
        let published = VARIANTS
            .into_iter()
            .find(|variant| (variant.embed_dims, variant.num_layers) == (embed_dims, num_layers))
            .map(|variant| variant.num_heads);
        let num_heads = hints
            .num_heads
            .or(published)
            .ok_or(CheckpointError::Undetermined { what: "the number of attention heads", flag: "--num-heads" })?;
        let config =
            Self { embed_dims, num_layers, num_heads, feedforward_channels, head: Head::infer(source)?, num_keypoints };
        config.validate()?;
        Ok(config)
    }

    fn name(&self) -> String {
        let published = VARIANTS
            .iter()
            .find(|variant| (variant.embed_dims, variant.num_layers) == (self.embed_dims, self.num_layers));
        let size = match published {
            Some(variant) => variant.name.to_owned(),
            None => format!("vitpose-{}x{}", self.num_layers, self.embed_dims),
        };
        match self.head {
            Head::Classic { .. } => size,
            Head::Simple => format!("{size}-simple"),
        }
    }

    fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut tensors = self.backbone();
        tensors.extend(self.head());
        tensors
    }
}

impl VitPoseConfig {
    /// That the numbers, which may come from a file, describe a network that can be.
    pub(super) fn validate(&self) -> Result<(), CheckpointError> {
        let heads_fit = self.num_heads > 0 && self.embed_dims.is_multiple_of(self.num_heads);
        let checks = [
            ("embed_dims", self.embed_dims > 0, "at least 1"),
            ("num_heads", heads_fit, "a divisor of embed_dims"),
            ("num_layers", self.num_layers <= MAX_DEPTH, "at most 256"),
            ("num_keypoints", self.num_keypoints > 0, "at least 1"),
        ];
        match checks.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, expected)) => Err(CheckpointError::Invalid { field, expected }),
            None => Ok(()),
        }
    }

    fn backbone(&self) -> Vec<(String, Vec<usize>)> {
        let (c, hidden) = (self.embed_dims, self.feedforward_channels);
        let mut tensors = vec![
            named("backbone.pos_embed", &[1, Self::num_patches(), c]),
            named("backbone.patch_embed.projection.weight", &[c, 3, 16, 16]),
            named("backbone.patch_embed.projection.bias", &[c]),
        ];
        for layer in 0..self.num_layers {
            let weights: [(&str, &[usize]); 12] = [
                ("ln1.weight", &[c]),
                ("ln1.bias", &[c]),
                ("attn.qkv.weight", &[3 * c, c]),
                ("attn.qkv.bias", &[3 * c]),
                ("attn.proj.weight", &[c, c]),
                ("attn.proj.bias", &[c]),
                ("ln2.weight", &[c]),
                ("ln2.bias", &[c]),
                ("ffn.layers.0.0.weight", &[hidden, c]),
                ("ffn.layers.0.0.bias", &[hidden]),
                ("ffn.layers.1.weight", &[c, hidden]),
                ("ffn.layers.1.bias", &[c]),
            ];
            tensors.extend(weights.map(|(name, shape)| named(format!("backbone.layers.{layer}.{name}"), shape)));
        }
        tensors.extend(["weight", "bias"].map(|leaf| named(format!("backbone.ln1.{leaf}"), &[c])));
        tensors
    }

    fn head(&self) -> Vec<(String, Vec<usize>)> {
        let mut tensors = Vec::new();
        let mut inputs = self.embed_dims;
        if let Head::Classic { deconv_out_channels } = self.head {
            for ([deconv, bn], outputs) in DECONV_LAYERS.into_iter().zip(deconv_out_channels) {
                tensors.push(named(format!("head.deconv_layers.{deconv}.weight"), &[inputs, outputs, 4, 4]));
                for leaf in ["weight", "bias", "running_mean", "running_var"] {
                    tensors.push(named(format!("head.deconv_layers.{bn}.{leaf}"), &[outputs]));
                }
                inputs = outputs;
            }
        }
        let kernel = self.head.final_kernel();
        tensors.push(named("head.final_layer.weight", &[self.num_keypoints, inputs, kernel, kernel]));
        tensors.push(named("head.final_layer.bias", &[self.num_keypoints]));
        tensors
    }
}

impl Head {
    /// Side of the last convolution's kernel.
    pub(super) fn final_kernel(&self) -> usize {
        match self {
            Self::Classic { .. } => 1,
            Self::Simple => 3,
        }
    }

    /// The classic head is the one with transposed convolutions.
    fn infer(source: &dyn TensorSource) -> Result<Self, CheckpointError> {
        let [first, second] = DECONV_LAYERS.map(|[deconv, _]| format!("head.deconv_layers.{deconv}.weight"));
        if source.shape(&first).is_none() {
            return Ok(Self::Simple);
        }
        let ([_, first, ..], [_, second, ..]) = (source.dims::<4>(&first)?, source.dims::<4>(&second)?);
        Ok(Self::Classic { deconv_out_channels: [first, second] })
    }
}

fn named(name: impl Into<String>, shape: &[usize]) -> (String, Vec<usize>) {
    (name.into(), shape.to_vec())
}
