//! The building block of RTMDet's backbone and neck: a cross-stage-partial layer of large-kernel depthwise blocks
//! (Lyu et al. 2022, "RTMDet", figure 3; mmdet `csp_layer.py`).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use swingpose_kernels::{Activation, channel_attention, concat, depthwise_conv};

use crate::checkpoint::CheckpointError;
use crate::conv::{Conv, channels_last};
use crate::scope::{BatchNorm, Scope};

/// Convolution, batch normalisation, SiLU; the size stays but for the stride.
#[derive(Module, Debug)]
pub struct ConvModule {
    conv: Conv,
}

impl ConvModule {
    pub(crate) fn load(scope: &Scope<'_>, stride: usize) -> Result<Self, CheckpointError> {
        Self::load_shared(&scope.at("conv"), &scope.at("bn"), stride)
    }

    /// With channels of zeros behind its own, to as many as `wide` says.
    pub(crate) fn load_wide(
        scope: &Scope<'_>,
        stride: usize,
        wide: impl Fn(usize) -> usize,
    ) -> Result<Self, CheckpointError> {
        let (conv, bn) = (scope.at("conv"), scope.at("bn"));
        let [_, _, kernel, _] = conv.dims("weight")?;
        Ok(Self { conv: Conv::load_wide(&conv, &bn, stride, kernel / 2, wide)? })
    }

    /// A convolution that several modules share, under this module's own batch normalisation.
    pub(crate) fn load_shared(conv: &Scope<'_>, bn: &Scope<'_>, stride: usize) -> Result<Self, CheckpointError> {
        let [_, _, kernel, _] = conv.dims("weight")?;
        Ok(Self { conv: Conv::load_folded(conv, bn, stride, kernel / 2)? })
    }

    /// # Shapes
    /// * `x` `[n, h, w, i]`, result `[n, ceil(h / stride), ceil(w / stride), o]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_onto(x, None)
    }

    fn forward_onto(&self, x: Tensor<4>, residual: Option<Tensor<4>>) -> Tensor<4> {
        self.conv.forward(x, Activation::Silu, residual)
    }
}

/// One filter a channel, batch normalisation, SiLU.
#[derive(Module, Debug)]
pub struct DepthwiseConvModule {
    /// `[rows, columns, c]`.
    weight: Param<Tensor<3>>,
    /// `[c]`.
    bias: Param<Tensor<1>>,
}

impl DepthwiseConvModule {
    fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        let conv = scope.at("conv");
        let [channels, _, rows, cols] = conv.dims("weight")?;
        let (stored, bn) = (conv.values::<4>("weight")?, BatchNorm::load(&scope.at("bn"))?);
        let weight = channels_last([1, rows * cols, channels], |_, tap, c| {
            (f64::from(stored[c * rows * cols + tap]) * bn.scale[c]) as f32
        });
        Ok(Self {
            weight: scope.parameter(weight, [rows, cols, channels]),
            bias: scope.parameter(bn.bias(), [channels]),
        })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        depthwise_conv(x, self.weight.val(), self.bias.val(), Activation::Silu)
    }
}

/// A depthwise convolution, then a 1x1 convolution across the channels.
#[derive(Module, Debug)]
pub struct DepthwiseSeparableConvModule {
    depthwise_conv: DepthwiseConvModule,
    pointwise_conv: ConvModule,
}

impl DepthwiseSeparableConvModule {
    fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        Ok(Self {
            depthwise_conv: DepthwiseConvModule::load(&scope.at("depthwise_conv"))?,
            pointwise_conv: ConvModule::load(&scope.at("pointwise_conv"), 1)?,
        })
    }

    fn forward_onto(&self, x: Tensor<4>, residual: Option<Tensor<4>>) -> Tensor<4> {
        self.pointwise_conv.forward_onto(self.depthwise_conv.forward(x), residual)
    }
}

/// A 3x3 convolution and a 5x5 depthwise separable one; in the backbone's first three stages the input is added.
#[derive(Module, Debug)]
pub struct CspNextBlock {
    conv1: ConvModule,
    conv2: DepthwiseSeparableConvModule,
    add_identity: bool,
}

impl CspNextBlock {
    fn load(scope: &Scope<'_>, add_identity: bool) -> Result<Self, CheckpointError> {
        Ok(Self {
            conv1: ConvModule::load(&scope.at("conv1"), 1)?,
            conv2: DepthwiseSeparableConvModule::load(&scope.at("conv2"))?,
            add_identity,
        })
    }

    /// # Shapes
    /// * `x` and result `[n, h, w, c]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let identity = self.add_identity.then(|| x.clone());
        self.conv2.forward_onto(self.conv1.forward(x), identity)
    }
}

/// A gate on each channel, computed from all channels' means.
#[derive(Module, Debug)]
pub struct ChannelAttention {
    fc: Gate,
}

/// The 1x1 convolution of [`ChannelAttention`], as the matrix it is.
#[derive(Module, Debug)]
pub struct Gate {
    /// `[c, c]`, outputs first.
    weight: Param<Tensor<2>>,
    /// `[c]`.
    bias: Param<Tensor<1>>,
}

impl ChannelAttention {
    fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        let fc = scope.at("fc");
        let [outputs, inputs, _, _] = fc.dims("weight")?;
        let weight = fc.reshaped::<4, 2>("weight", [outputs, inputs])?;
        Ok(Self { fc: Gate { weight, bias: fc.stored("bias")? } })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        channel_attention(x, self.fc.weight.val(), self.fc.bias.val())
    }
}

/// Half the channels go through the blocks, half around them.
#[derive(Module, Debug)]
pub struct CspLayer {
    main_conv: ConvModule,
    short_conv: ConvModule,
    final_conv: ConvModule,
    blocks: Vec<CspNextBlock>,
    /// In the backbone, not in the neck.
    attention: Option<ChannelAttention>,
}

/// What tells one [`CspLayer`] from another, apart from its channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CspLayerConfig {
    pub(crate) num_blocks: usize,
    pub(crate) add_identity: bool,
    pub(crate) channel_attention: bool,
}

impl CspLayer {
    pub(crate) fn load(scope: &Scope<'_>, config: CspLayerConfig) -> Result<Self, CheckpointError> {
        let attention = config.channel_attention.then(|| ChannelAttention::load(&scope.at("attention")));
        Ok(Self {
            main_conv: ConvModule::load(&scope.at("main_conv"), 1)?,
            short_conv: ConvModule::load(&scope.at("short_conv"), 1)?,
            final_conv: ConvModule::load(&scope.at("final_conv"), 1)?,
            blocks: scope.each("blocks", config.num_blocks, |block| CspNextBlock::load(block, config.add_identity))?,
            attention: attention.transpose()?,
        })
    }

    /// # Shapes
    /// * `x` `[n, h, w, i]`, result `[n, h, w, o]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let short = self.short_conv.forward(x.clone());
        let main = self.blocks.iter().fold(self.main_conv.forward(x), |x, block| block.forward(x));
        let x = concat(main, short);
        let x = match &self.attention {
            Some(attention) => attention.forward(x),
            None => x,
        };
        self.final_conv.forward(x)
    }
}
