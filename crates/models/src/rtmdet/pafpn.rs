//! The neck, a path aggregation feature pyramid of CSP layers (mmdet `cspnext_pafpn.py`): what the coarse map knows
//! flows down to the fine one, and back up.

use burn::module::Module;
use burn::tensor::Tensor;
use swingpose_kernels::{concat, upsample_concat};

use super::config::RtmDetConfig;
use super::csp_layer::{ConvModule, CspLayer};
use crate::checkpoint::CheckpointError;
use crate::scope::Scope;

/// The neck. Lists are in the checkpoint's order: top-down ones from the coarsest map, the others from the finest.
#[derive(Module, Debug)]
pub struct CspNextPafpn {
    reduce_layers: [ConvModule; 2],
    top_down_blocks: [CspLayer; 2],
    downsamples: [ConvModule; 2],
    bottom_up_blocks: [CspLayer; 2],
    out_convs: [ConvModule; 3],
}

impl CspNextPafpn {
    pub(crate) fn load(scope: &Scope<'_>, config: &RtmDetConfig) -> Result<Self, CheckpointError> {
        let conv = |list: &str, index: usize, stride| ConvModule::load(&scope.at(list).at(index), stride);
        let csp = |list: &str, index: usize| CspLayer::load(&scope.at(list).at(index), config.neck_csp());
        Ok(Self {
            reduce_layers: [conv("reduce_layers", 0, 1)?, conv("reduce_layers", 1, 1)?],
            top_down_blocks: [csp("top_down_blocks", 0)?, csp("top_down_blocks", 1)?],
            downsamples: [conv("downsamples", 0, 2)?, conv("downsamples", 1, 2)?],
            bottom_up_blocks: [csp("bottom_up_blocks", 0)?, csp("bottom_up_blocks", 1)?],
            out_convs: [conv("out_convs", 0, 1)?, conv("out_convs", 1, 1)?, conv("out_convs", 2, 1)?],
        })
    }

    /// # Shapes
    /// * the backbone's maps of strides 8, 16 and 32
    /// * result: maps of the same sizes, all with the head's channels
    pub fn forward(&self, [c3, c4, c5]: [Tensor<4>; 3]) -> [Tensor<4>; 3] {
        let p5 = self.reduce_layers[0].forward(c5);
        let p4 = self.top_down_blocks[0].forward(upsample_concat(p5.clone(), c4));
        let p4 = self.reduce_layers[1].forward(p4);
        let p3 = self.top_down_blocks[1].forward(upsample_concat(p4.clone(), c3));

        let n4 = self.bottom_up_blocks[0].forward(concat(self.downsamples[0].forward(p3.clone()), p4));
        let n5 = self.bottom_up_blocks[1].forward(concat(self.downsamples[1].forward(n4.clone()), p5));

        [self.out_convs[0].forward(p3), self.out_convs[1].forward(n4), self.out_convs[2].forward(n5)]
    }
}
