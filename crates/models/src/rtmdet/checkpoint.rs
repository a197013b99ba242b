//! The dictionary of mmdet's RTMDet checkpoints: every tensor's name and shape, and the configuration read back off them.
//!
//! Fields carry the checkpoint's names. The exceptions are the numbers of mmdet's `Sequential`s:
//!
//! | checkpoint | here |
//! | --- | --- |
//! | `backbone.stageN.0` | `stageN.conv` |
//! | `backbone.stage4.1` | `stage4.spp` |
//! | `backbone.stageN.1`, `backbone.stage4.2` | `stageN.csp` |
//! | `conv` and `bn` of a `ConvModule` | one folded convolution |

use super::config::{RtmDetConfig, TestConfig, VARIANTS, deepened};
use super::csp_layer::CspLayerConfig;
use crate::checkpoint::{Architecture, CheckpointError, Hints, TensorSource};

/// The pyramid pooling's number in the stage that has it.
pub(super) const SPP_INDEX: usize = 1;

/// Square kernel of the convolutions that look at a pixel's neighbours, and of the depthwise ones.
const DENSE_KERNEL: usize = 3;
const DEPTHWISE_KERNEL: usize = 5;

/// The most blocks or stacked convolutions a configuration may ask for; the largest published network has 8.
const MAX_DEPTH: usize = 64;

/// The CSP layer's number in a stage of the backbone.
pub(super) fn csp_index(config: &RtmDetConfig, stage: usize) -> usize {
    if config.has_spp(stage) { SPP_INDEX + 1 } else { 1 }
}

impl Architecture for RtmDetConfig {
    const FAMILY: &'static str = "rtmdet";

    /// Thresholds that nobody states are the published configs' for the number of classes.
    fn infer(source: &dyn TensorSource, hints: &Hints) -> Result<Self, CheckpointError> {
        let [stage4_channels, ..] = source.dims::<4>("backbone.stage4.0.conv.weight")?;
        let [out_channels, ..] = source.dims::<4>("neck.out_convs.0.conv.weight")?;
        let [num_classes, ..] = source.dims::<4>("bbox_head.rtm_cls.0.weight")?;
        let exp_on_reg = hints.exp_on_reg.ok_or(CheckpointError::Undetermined {
            what: "whether box distances are exponents (exp_on_reg: yes in RTMDet M, L and X, no in Tiny and S)",
            flag: "--exp-on-reg",
        })?;
        let usual = if num_classes == 1 { TestConfig::PERSON } else { TestConfig::COCO };
        let config = Self {
            deepen_factor: deepen_factor(source),
            widen_factor: stage4_channels as f64 / 1024.0,
            num_csp_blocks: count(source, |block| format!("neck.top_down_blocks.0.blocks.{block}.conv1.conv.weight")),
            out_channels,
            num_classes,
            stacked_convs: count(source, |conv| format!("bbox_head.cls_convs.0.{conv}.conv.weight")),
            share_conv: hints
                .share_conv
                .unwrap_or_else(|| source.shape("bbox_head.cls_convs.1.0.conv.weight").is_none()),
            exp_on_reg,
            input_size: 640,
            test_cfg: TestConfig {
                score_thr: hints.score_thr.unwrap_or(usual.score_thr),
                nms_pre: hints.nms_pre.unwrap_or(usual.nms_pre),
                iou_threshold: hints.iou_threshold.unwrap_or(usual.iou_threshold),
                max_per_img: hints.max_per_img.unwrap_or(usual.max_per_img),
            },
        };
        config.validate()?;
        Ok(config)
    }

    fn name(&self) -> String {
        let published = VARIANTS
            .iter()
            .find(|variant| (variant.deepen_factor, variant.widen_factor) == (self.deepen_factor, self.widen_factor));
        match published {
            Some(variant) => variant.name.to_owned(),
            None => format!("rtmdet-deepen{}-widen{}", self.deepen_factor, self.widen_factor),
        }
    }

    fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut names = Dictionary::default();
        names.backbone(self);
        names.neck(self);
        names.head(self);
        names.tensors
    }
}

impl RtmDetConfig {
    /// That the numbers, which may come from a file, describe a network that can be.
    pub(super) fn validate(&self) -> Result<(), CheckpointError> {
        let factor = |value: f64| value > 0.0 && value <= 16.0;
        let depth = |value: usize| value <= MAX_DEPTH;
        let checks = [
            ("deepen_factor", factor(self.deepen_factor), "a positive factor up to 16"),
            ("widen_factor", factor(self.widen_factor), "a positive factor up to 16"),
            ("num_csp_blocks", depth(self.num_csp_blocks), "at most 64"),
            ("stacked_convs", depth(self.stacked_convs), "at most 64"),
            ("num_classes", self.num_classes > 0, "at least 1"),
            ("input_size", self.input_size > 0 && self.input_size.is_multiple_of(32), "a multiple of 32"),
        ];
        match checks.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, expected)) => Err(CheckpointError::Invalid { field, expected }),
            None => Ok(()),
        }
    }
}

/// The published factor that gives the backbone's numbers of blocks, or else the one that gives the second stage's.
fn deepen_factor(source: &dyn TensorSource) -> f64 {
    let blocks =
        [1, 2].map(|stage| count(source, |block| format!("backbone.stage{stage}.1.blocks.{block}.conv1.conv.weight")));
    let published = VARIANTS.iter().map(|variant| variant.deepen_factor);
    published
        .into_iter()
        .find(|&factor| [deepened(3, factor), deepened(6, factor)] == blocks)
        .unwrap_or(blocks[1] as f64 / 6.0)
}

/// How many of the numbered tensors there are, from 0 on.
fn count(source: &dyn TensorSource, name: impl Fn(usize) -> String) -> usize {
    (0..=MAX_DEPTH).take_while(|&index| source.shape(&name(index)).is_some()).count()
}

/// Names and shapes, collected block by block.
#[derive(Default)]
struct Dictionary {
    tensors: Vec<(String, Vec<usize>)>,
}

impl Dictionary {
    fn backbone(&mut self, config: &RtmDetConfig) {
        let mut inputs = 3;
        for (index, outputs) in config.stem_channels().into_iter().enumerate() {
            self.conv_module(&format!("backbone.stem.{index}"), inputs, outputs, DENSE_KERNEL);
            inputs = outputs;
        }
        for stage in config.stages() {
            let path = format!("backbone.stage{}", stage + 1);
            let [inputs, outputs] = config.stage_channels(stage);
            self.conv_module(&format!("{path}.0"), inputs, outputs, DENSE_KERNEL);
            if config.has_spp(stage) {
                let spp = format!("{path}.{SPP_INDEX}");
                self.conv_module(&format!("{spp}.conv1"), outputs, outputs / 2, 1);
                self.conv_module(&format!("{spp}.conv2"), 4 * (outputs / 2), outputs, 1);
            }
            let csp = format!("{path}.{}", csp_index(config, stage));
            self.csp_layer(&csp, outputs, outputs, config.backbone_csp(stage));
        }
    }

    fn neck(&mut self, config: &RtmDetConfig) {
        let channels = config.neck_channels();
        for index in 0..2 {
            let (fine, coarse) = (channels[1 - index], channels[2 - index]);
            self.conv_module(&format!("neck.reduce_layers.{index}"), coarse, fine, 1);
            self.csp_layer(&format!("neck.top_down_blocks.{index}"), 2 * fine, fine, config.neck_csp());
        }
        for index in 0..2 {
            let (fine, coarse) = (channels[index], channels[index + 1]);
            self.conv_module(&format!("neck.downsamples.{index}"), fine, fine, DENSE_KERNEL);
            self.csp_layer(&format!("neck.bottom_up_blocks.{index}"), 2 * fine, coarse, config.neck_csp());
        }
        for (index, inputs) in channels.into_iter().enumerate() {
            self.conv_module(&format!("neck.out_convs.{index}"), inputs, config.out_channels, DENSE_KERNEL);
        }
    }

    fn head(&mut self, config: &RtmDetConfig) {
        let channels = config.out_channels;
        for list in ["cls_convs", "reg_convs"] {
            for (level, index) in (0..3).flat_map(|level| (0..config.stacked_convs).map(move |index| (level, index))) {
                let path = format!("bbox_head.{list}.{level}.{index}");
                if level == 0 || !config.share_conv {
                    self.conv(&path, [channels, channels, DENSE_KERNEL, DENSE_KERNEL]);
                }
                self.batch_norm(&path, channels);
            }
        }
        for (list, outputs) in [("rtm_cls", config.num_classes), ("rtm_reg", 4)] {
            for level in 0..3 {
                self.conv_with_bias(&format!("bbox_head.{list}.{level}"), outputs, channels);
            }
        }
    }

    fn csp_layer(&mut self, path: &str, inputs: usize, outputs: usize, config: CspLayerConfig) {
        let half = outputs / 2;
        self.conv_module(&format!("{path}.main_conv"), inputs, half, 1);
        self.conv_module(&format!("{path}.short_conv"), inputs, half, 1);
        self.conv_module(&format!("{path}.final_conv"), 2 * half, outputs, 1);
        for block in 0..config.num_blocks {
            let block = format!("{path}.blocks.{block}");
            self.conv_module(&format!("{block}.conv1"), half, half, DENSE_KERNEL);
            // A depthwise filter sees one channel.
            self.conv_module(&format!("{block}.conv2.depthwise_conv"), 1, half, DEPTHWISE_KERNEL);
            self.conv_module(&format!("{block}.conv2.pointwise_conv"), half, half, 1);
        }
        if config.channel_attention {
            self.conv_with_bias(&format!("{path}.attention.fc"), 2 * half, 2 * half);
        }
    }

    fn conv_module(&mut self, path: &str, inputs: usize, outputs: usize, kernel: usize) {
        self.conv(path, [outputs, inputs, kernel, kernel]);
        self.batch_norm(path, outputs);
    }

    fn conv(&mut self, path: &str, shape: [usize; 4]) {
        self.add(path, "conv.weight", &shape);
    }

    fn batch_norm(&mut self, path: &str, channels: usize) {
        for leaf in ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"] {
            self.add(path, leaf, &[channels]);
        }
    }

    /// A 1x1 convolution that no batch normalisation follows.
    fn conv_with_bias(&mut self, path: &str, outputs: usize, inputs: usize) {
        self.add(path, "weight", &[outputs, inputs, 1, 1]);
        self.add(path, "bias", &[outputs]);
    }

    fn add(&mut self, path: &str, leaf: &str, shape: &[usize]) {
        self.tensors.push((format!("{path}.{leaf}"), shape.to_vec()));
    }
}
