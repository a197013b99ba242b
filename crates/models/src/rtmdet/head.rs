//! The head with separate batch normalisation (mmdet `RTMDetSepBNHead`): the same convolutions look at all three maps,
//! each map under its own normalisation. Out: class logits, and each box as four distances from its point.

use burn::module::Module;
use burn::tensor::Tensor;
use swingpose_kernels::Activation;

use super::RtmDetOutput;
use super::config::{RtmDetConfig, STRIDES};
use super::csp_layer::ConvModule;
use crate::checkpoint::CheckpointError;
use crate::conv::Conv;
use crate::scope::Scope;

/// The head. The first index is the map's, from the finest.
#[derive(Module, Debug)]
pub struct RtmDetSepBnHead {
    cls_convs: [Vec<ConvModule>; 3],
    reg_convs: [Vec<ConvModule>; 3],
    rtm_cls: [Conv; 3],
    rtm_reg: [Conv; 3],
    exp_on_reg: bool,
}

impl RtmDetSepBnHead {
    pub(crate) fn load(scope: &Scope<'_>, config: &RtmDetConfig) -> Result<Self, CheckpointError> {
        let convs = |list: &str, level| load_convs(&scope.at(list), config, level);
        let last = |list: &str, level: usize| Conv::load(&scope.at(list).at(level).in_f32(), 1, 0);
        Ok(Self {
            cls_convs: [convs("cls_convs", 0)?, convs("cls_convs", 1)?, convs("cls_convs", 2)?],
            reg_convs: [convs("reg_convs", 0)?, convs("reg_convs", 1)?, convs("reg_convs", 2)?],
            rtm_cls: [last("rtm_cls", 0)?, last("rtm_cls", 1)?, last("rtm_cls", 2)?],
            rtm_reg: [last("rtm_reg", 0)?, last("rtm_reg", 1)?, last("rtm_reg", 2)?],
            exp_on_reg: config.exp_on_reg,
        })
    }

    /// # Shapes
    /// * the neck's maps of strides 8, 16 and 32
    /// * result: see [`RtmDetOutput`]
    pub fn forward(&self, features: [Tensor<4>; 3]) -> RtmDetOutput {
        let [p3, p4, p5] = features;
        let levels = [self.level(0, p3), self.level(1, p4), self.level(2, p5)];
        let [(cls3, box3), (cls4, box4), (cls5, box5)] = levels;
        RtmDetOutput { cls_scores: [cls3, cls4, cls5], bbox_preds: [box3, box4, box5] }
    }

    /// Class logits and distances of one map.
    fn level(&self, level: usize, x: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let through = |convs: &[ConvModule], x| convs.iter().fold(x, |x, conv| conv.forward(x));
        let cls = through(&self.cls_convs[level], x.clone());
        let reg = through(&self.reg_convs[level], x);
        let cls = self.rtm_cls[level].forward(cls, Activation::None, None);
        let reg = self.rtm_reg[level].forward(reg, Activation::None, None);
        let reg = if self.exp_on_reg { reg.exp() } else { reg };
        (cls, reg * STRIDES[level] as f32)
    }
}

/// The stacked convolutions of one map; shared ones are stored with the finest map.
fn load_convs(list: &Scope<'_>, config: &RtmDetConfig, level: usize) -> Result<Vec<ConvModule>, CheckpointError> {
    let stored = if config.share_conv { 0 } else { level };
    (0..config.stacked_convs)
        .map(|index| {
            let conv = list.at(stored).at(index).at("conv");
            ConvModule::load_shared(&conv, &list.at(level).at(index).at("bn"), 1)
        })
        .collect()
}
