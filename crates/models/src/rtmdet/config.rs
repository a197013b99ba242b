//! What sizes an RTMDet has, under mmdet's names, and the five published ones.

use serde::{Deserialize, Serialize};

use super::csp_layer::CspLayerConfig;

/// Pixels of the letterboxed picture from one point of a map to the next, finest map first.
pub const STRIDES: [usize; 3] = [8, 16, 32];

/// `[channels in, channels out, blocks]` of the backbone's stages at factors of 1 (mmdet `CSPNeXt.arch_settings['P5']`).
const STAGES: [[usize; 3]; 4] = [[64, 128, 3], [128, 256, 6], [256, 512, 6], [512, 1024, 3]];

/// The stage with the pyramid pooling, which is also the one whose blocks add no identity.
const LAST_STAGE: usize = STAGES.len() - 1;

/// The sizes of one RTMDet and how its answers are to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RtmDetConfig {
    /// Scales the number of blocks in the backbone's stages.
    pub deepen_factor: f64,
    /// Scales the channels of the backbone.
    pub widen_factor: f64,
    /// Blocks in each CSP layer of the neck.
    pub num_csp_blocks: usize,
    /// Channels of the maps that the neck hands to the head.
    pub out_channels: usize,
    /// Classes the head tells apart.
    pub num_classes: usize,
    /// Convolutions in the head before the last one.
    pub stacked_convs: usize,
    /// Whether the head's convolutions are stored once for all maps.
    pub share_conv: bool,
    /// Whether the distances of a box are `exp(reg) * stride` or `reg * stride`.
    pub exp_on_reg: bool,
    /// Side of the letterboxed picture the network was trained on, a multiple of 32.
    pub input_size: usize,
    /// How candidates become detections.
    pub test_cfg: TestConfig,
}

/// How candidates become detections, in mmdet's order: threshold, the best of each map, NMS, the best of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestConfig {
    /// A candidate must score more than this.
    pub score_thr: f32,
    /// Candidates kept of each map.
    pub nms_pre: usize,
    /// NMS drops a box that overlaps a better one by more than this.
    pub iou_threshold: f32,
    /// Detections kept of an image.
    pub max_per_img: usize,
}

impl TestConfig {
    /// mmdet's 80-class configs.
    pub const COCO: Self = Self { score_thr: 0.001, nms_pre: 30_000, iou_threshold: 0.65, max_per_img: 300 };
    /// mmpose's person detector (`rtmdet_m_640-8xb32_coco-person.py`).
    pub const PERSON: Self = Self { score_thr: 0.05, nms_pre: 1000, iou_threshold: 0.6, max_per_img: 100 };
}

/// One row of [`VARIANTS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// As in file names and on the command line.
    pub name: &'static str,
    /// See [`RtmDetConfig::deepen_factor`].
    pub deepen_factor: f64,
    /// See [`RtmDetConfig::widen_factor`].
    pub widen_factor: f64,
    /// See [`RtmDetConfig::num_csp_blocks`].
    pub num_csp_blocks: usize,
    /// See [`RtmDetConfig::out_channels`].
    pub out_channels: usize,
    /// See [`RtmDetConfig::exp_on_reg`].
    pub exp_on_reg: bool,
}

/// The published sizes (mmdet `configs/rtmdet/rtmdet_*_8xb32-300e_coco.py`).
#[rustfmt::skip]
pub const VARIANTS: [Variant; 5] = [
    Variant { name: "rtmdet-tiny", deepen_factor: 0.167, widen_factor: 0.375, num_csp_blocks: 1, out_channels:  96, exp_on_reg: false },
    Variant { name: "rtmdet-s",    deepen_factor: 0.33,  widen_factor: 0.5,   num_csp_blocks: 1, out_channels: 128, exp_on_reg: false },
    Variant { name: "rtmdet-m",    deepen_factor: 0.67,  widen_factor: 0.75,  num_csp_blocks: 2, out_channels: 192, exp_on_reg: true },
    Variant { name: "rtmdet-l",    deepen_factor: 1.0,   widen_factor: 1.0,   num_csp_blocks: 3, out_channels: 256, exp_on_reg: true },
    Variant { name: "rtmdet-x",    deepen_factor: 1.33,  widen_factor: 1.25,  num_csp_blocks: 4, out_channels: 320, exp_on_reg: true },
];

impl From<Variant> for RtmDetConfig {
    /// The variant as published: COCO's 80 classes at 640 pixels.
    fn from(variant: Variant) -> Self {
        Self {
            deepen_factor: variant.deepen_factor,
            widen_factor: variant.widen_factor,
            num_csp_blocks: variant.num_csp_blocks,
            out_channels: variant.out_channels,
            num_classes: 80,
            stacked_convs: 2,
            share_conv: true,
            exp_on_reg: variant.exp_on_reg,
            input_size: 640,
            test_cfg: TestConfig::COCO,
        }
    }
}

impl RtmDetConfig {
    /// The published size of this name, for COCO's 80 classes.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        VARIANTS.into_iter().find(|variant| variant.name == name).map(Self::from)
    }

    /// The same network for persons alone, as mmpose uses it.
    #[must_use]
    pub fn person(self) -> Self {
        Self { num_classes: 1, test_cfg: TestConfig::PERSON, ..self }
    }

    /// Channels after each of the stem's convolutions.
    pub(crate) fn stem_channels(&self) -> [usize; 3] {
        let [channels, _, _] = STAGES[0];
        let half = (channels as f64 * self.widen_factor / 2.0).floor() as usize;
        [half, half, self.widened(channels)]
    }

    /// `[channels in, channels out]` of a stage of the backbone, counted from 0.
    pub(crate) fn stage_channels(&self, stage: usize) -> [usize; 2] {
        let [inputs, outputs, _] = STAGES[stage];
        [self.widened(inputs), self.widened(outputs)]
    }

    /// Channels of the maps the neck takes, finest first.
    pub(crate) fn neck_channels(&self) -> [usize; 3] {
        [1, 2, 3].map(|stage| self.stage_channels(stage)[1])
    }

    /// How many stages the backbone has.
    pub(crate) fn stages(&self) -> std::ops::Range<usize> {
        0..STAGES.len()
    }

    /// Whether a stage of the backbone pools its pyramid.
    pub(crate) fn has_spp(&self, stage: usize) -> bool {
        stage == LAST_STAGE
    }

    /// The CSP layer of a stage of the backbone.
    pub(crate) fn backbone_csp(&self, stage: usize) -> CspLayerConfig {
        let [_, _, blocks] = STAGES[stage];
        CspLayerConfig {
            num_blocks: deepened(blocks, self.deepen_factor),
            add_identity: stage != LAST_STAGE,
            channel_attention: true,
        }
    }

    /// Every CSP layer of the neck.
    pub(crate) fn neck_csp(&self) -> CspLayerConfig {
        CspLayerConfig { num_blocks: self.num_csp_blocks, add_identity: false, channel_attention: false }
    }

    fn widened(&self, channels: usize) -> usize {
        (channels as f64 * self.widen_factor) as usize
    }
}

/// Blocks of a stage that has `blocks` at a factor of 1. Python's `round`, which is mmdet's, rounds halves to even.
pub(crate) fn deepened(blocks: usize, deepen_factor: f64) -> usize {
    ((blocks as f64 * deepen_factor).round_ties_even() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sizes_have_mmdets_blocks_and_channels() {
        let shapes = VARIANTS.map(|variant| {
            let config = RtmDetConfig::from(variant);
            let blocks = [0, 1, 2, 3].map(|stage| config.backbone_csp(stage).num_blocks);
            (variant.name, blocks, config.stem_channels()[0], config.neck_channels())
        });
        let expected = [
            ("rtmdet-tiny", [1, 1, 1, 1], 12, [96, 192, 384]),
            ("rtmdet-s", [1, 2, 2, 1], 16, [128, 256, 512]),
            ("rtmdet-m", [2, 4, 4, 2], 24, [192, 384, 768]),
            ("rtmdet-l", [3, 6, 6, 3], 32, [256, 512, 1024]),
            ("rtmdet-x", [4, 8, 8, 4], 40, [320, 640, 1280]),
        ];
        assert_eq!(shapes, expected);
    }

    #[test]
    fn a_configuration_survives_json() {
        let config = RtmDetConfig::from(VARIANTS[2]).person();
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<RtmDetConfig>(&text).unwrap(), config);
    }
}
