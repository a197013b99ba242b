//! A transformer layer with the normalisation first: attention and feed-forward network, each added to what came in
//! (Dosovitskiy et al. 2021, equations 2 and 3; mmpretrain `TransformerEncoderLayer`).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use swingpose_kernels::{Activation, attention, layer_norm, linear};

use super::config::VitPoseConfig;
use crate::checkpoint::CheckpointError;
use crate::placement::{in_f32, in_numbers_of};
use crate::scope::Scope;

/// Added to the variance before its root, in every normalisation of the network.
const LAYER_NORM_EPS: f64 = 1e-6;

/// Normalisation of each token.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[c]`.
    weight: Param<Tensor<1>>,
    /// `[c]`.
    bias: Param<Tensor<1>>,
}

impl LayerNorm {
    pub(super) fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        Ok(Self { weight: scope.stored("weight")?, bias: scope.stored("bias")? })
    }

    /// # Shapes
    /// * `x` and result `[m, t, c]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        layer_norm(x, self.weight.val(), self.bias.val(), LAYER_NORM_EPS)
    }
}

/// A fully connected layer, its weight where the file has it.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[o, i]`.
    weight: Param<Tensor<2>>,
    /// `[o]`.
    bias: Param<Tensor<1>>,
}

impl Linear {
    /// The bias is held as a matrix is: rounded once, here, rather than at each use.
    fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        Ok(Self { weight: scope.stored("weight")?, bias: scope.stored_as_matrix("bias")? })
    }

    fn forward(&self, x: Tensor<3>, act: Activation) -> Tensor<3> {
        let weight = self.weight.val();
        linear(in_numbers_of(x, &weight), weight, self.bias.val(), act, None)
    }

    /// `residual` plus the layer of `x`, in the residual's numbers.
    fn forward_onto(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val();
        if residual.dtype() == weight.dtype() {
            linear(x, weight, self.bias.val(), Activation::None, Some(residual))
        } else {
            residual + in_f32(self.forward(x, Activation::None))
        }
    }
}

/// Multi-head self-attention.
#[derive(Module, Debug)]
pub struct Attention {
    qkv: Linear,
    proj: Linear,
    num_heads: usize,
}

impl Attention {
    fn load(scope: &Scope<'_>, num_heads: usize) -> Result<Self, CheckpointError> {
        Ok(Self { qkv: Linear::load(&scope.at("qkv"))?, proj: Linear::load(&scope.at("proj"))?, num_heads })
    }

    /// `residual + attention(x)`.
    ///
    /// # Shapes
    /// * `x`, `residual` and result `[m, t, c]`
    pub fn forward(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        let x = attention(self.qkv.forward(x, Activation::None), self.num_heads);
        self.proj.forward_onto(x, residual)
    }
}

/// Two linear layers with a GELU between them: `layers.0.0` and `layers.1` of the checkpoint.
#[derive(Module, Debug)]
pub struct Ffn {
    layers: [Linear; 2],
}

impl Ffn {
    fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        let layers = scope.at("layers");
        Ok(Self { layers: [Linear::load(&layers.at("0.0"))?, Linear::load(&layers.at("1"))?] })
    }

    /// `residual + ffn(x)`.
    ///
    /// # Shapes
    /// * `x`, `residual` and result `[m, t, c]`
    pub fn forward(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        let x = self.layers[0].forward(x, Activation::Gelu);
        self.layers[1].forward_onto(x, residual)
    }
}

/// One layer of the transformer.
#[derive(Module, Debug)]
pub struct TransformerEncoderLayer {
    ln1: LayerNorm,
    attn: Attention,
    ln2: LayerNorm,
    ffn: Ffn,
}

impl TransformerEncoderLayer {
    pub(super) fn load(scope: &Scope<'_>, config: &VitPoseConfig) -> Result<Self, CheckpointError> {
        Ok(Self {
            ln1: LayerNorm::load(&scope.at("ln1"))?,
            attn: Attention::load(&scope.at("attn"), config.num_heads)?,
            ln2: LayerNorm::load(&scope.at("ln2"))?,
            ffn: Ffn::load(&scope.at("ffn"))?,
        })
    }

    /// # Shapes
    /// * `x` and result `[m, t, c]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.attn.forward(self.ln1.forward(x.clone()), x);
        self.ffn.forward(self.ln2.forward(x.clone()), x)
    }
}
