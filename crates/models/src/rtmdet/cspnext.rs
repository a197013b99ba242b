//! CSPNeXt, RTMDet's backbone: a stem and four stages, each halving the picture (mmdet `cspnext.py`, arch P5).
//! In: normalised BGR pixels. Out: the maps of stages 2, 3 and 4, for the neck.

use burn::module::Module;
use burn::tensor::Tensor;
use swingpose_kernels::spp;

use super::checkpoint::{SPP_INDEX, csp_index};
use super::config::RtmDetConfig;
use super::csp_layer::{ConvModule, CspLayer};
use crate::checkpoint::CheckpointError;
use crate::scope::Scope;

/// Spatial pyramid pooling between two 1x1 convolutions.
#[derive(Module, Debug)]
pub struct SppBottleneck {
    conv1: ConvModule,
    conv2: ConvModule,
}

impl SppBottleneck {
    fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        Ok(Self { conv1: ConvModule::load(&scope.at("conv1"), 1)?, conv2: ConvModule::load(&scope.at("conv2"), 1)? })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv2.forward(spp(self.conv1.forward(x)))
    }
}

/// A convolution of stride 2, in the last stage the pyramid pooling, and a CSP layer.
#[derive(Module, Debug)]
pub struct Stage {
    conv: ConvModule,
    spp: Option<SppBottleneck>,
    csp: CspLayer,
}

impl Stage {
    fn load(scope: &Scope<'_>, config: &RtmDetConfig, stage: usize) -> Result<Self, CheckpointError> {
        let spp = config.has_spp(stage).then(|| SppBottleneck::load(&scope.at(SPP_INDEX)));
        Ok(Self {
            conv: ConvModule::load(&scope.at(0), 2)?,
            spp: spp.transpose()?,
            csp: CspLayer::load(&scope.at(csp_index(config, stage)), config.backbone_csp(stage))?,
        })
    }

    /// # Shapes
    /// * `x` `[n, h, w, i]`, result `[n, h / 2, w / 2, o]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        let x = match &self.spp {
            Some(spp) => spp.forward(x),
            None => x,
        };
        self.csp.forward(x)
    }
}

/// The backbone.
#[derive(Module, Debug)]
pub struct CspNext {
    stem: [ConvModule; 3],
    stage1: Stage,
    stage2: Stage,
    stage3: Stage,
    stage4: Stage,
}

impl CspNext {
    pub(crate) fn load(scope: &Scope<'_>, config: &RtmDetConfig) -> Result<Self, CheckpointError> {
        let [half, _, _] = config.stem_channels();
        // A GPU's kernels in half precision read and write eight channels at once; SiLU leaves a channel of zeros as it is.
        let wide =
            |channels: usize| if scope.is_half() && channels == half { half.next_multiple_of(8) } else { channels };
        let stem = |index: usize, stride| ConvModule::load_wide(&scope.at("stem").at(index), stride, wide);
        let stage = |number: usize| Stage::load(&scope.at(format!("stage{number}")), config, number - 1);
        Ok(Self {
            stem: [stem(0, 2)?, stem(1, 1)?, stem(2, 1)?],
            stage1: stage(1)?,
            stage2: stage(2)?,
            stage3: stage(3)?,
            stage4: stage(4)?,
        })
    }

    /// # Shapes
    /// * `x` `[n, h, w, 3]`, `h` and `w` multiples of 32
    /// * result: the maps of strides 8, 16 and 32
    pub fn forward(&self, x: Tensor<4>) -> [Tensor<4>; 3] {
        let x = self.stem.iter().fold(x, |x, conv| conv.forward(x));
        let x = self.stage1.forward(x);
        let c3 = self.stage2.forward(x);
        let c4 = self.stage3.forward(c3.clone());
        let c5 = self.stage4.forward(c4.clone());
        [c3, c4, c5]
    }
}
