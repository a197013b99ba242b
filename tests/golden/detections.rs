//! A detector's maps as detections, and detections held against recorded ones.

use std::iter::zip;

use swingpose_kernels::detect_decode::{Detection, Level, TestCfg, detect_decode};
use swingpose_models::rtmdet::STRIDES;
use swingpose_models::{RtmDetConfig, RtmDetOutput};
use swingpose_tests::closeness::iou;

use crate::network::values;

/// How far a detection may be from its match: its IoU with it short of 1, its score.
pub(crate) const OVERLAP_LOST: f64 = 1e-3;
pub(crate) const SCORE_DIFFERENCE: f64 = 1e-4;

/// What counts as the same detection.
pub(crate) struct Tolerance {
    /// The IoU of the two may be less than this short of 1.
    pub(crate) overlap_lost: f64,
    /// The scores may differ by this.
    pub(crate) score: f64,
}

/// The detections of one frame that was scaled by `scale` for the detector.
pub(crate) fn detections(output: &RtmDetOutput, config: &RtmDetConfig, scale: (f64, f64)) -> Vec<Detection> {
    let maps: Vec<_> = zip(&output.cls_scores, &output.bbox_preds)
        .map(|(cls, bbox)| (values(cls.clone()), values(bbox.clone())))
        .collect();
    let levels: Vec<_> = zip(&maps, STRIDES)
        .map(|((cls_scores, bbox_preds), stride)| Level {
            cls_scores,
            bbox_preds,
            width: config.input_size / stride,
            stride,
        })
        .collect();
    let cfg = TestCfg {
        score_thr: config.test_cfg.score_thr,
        nms_pre: config.test_cfg.nms_pre,
        iou_threshold: config.test_cfg.iou_threshold,
        max_per_img: config.test_cfg.max_per_img,
    };
    detect_decode(&levels, config.num_classes, config.input_size, scale, &cfg)
}

/// The recorded detections that were not found, and what was found beside the recorded ones. Scores lie closer together
/// than they are exact, so detections are matched by what they are, not by their rank.
pub(crate) fn differences(
    recorded: &[Detection],
    found: &[Detection],
    tolerance: &Tolerance,
) -> (Vec<Detection>, Vec<Detection>) {
    let mut extra = found.to_vec();
    let mut missed = recorded.to_vec();
    missed.retain(|one| {
        let same = |other: &Detection| {
            other.label == one.label
                && f64::from((other.score - one.score).abs()) <= tolerance.score
                && f64::from(1.0 - iou(other.bbox, one.bbox)) < tolerance.overlap_lost
        };
        let place = extra.iter().position(same);
        place.map(|place| extra.swap_remove(place)).is_none()
    });
    (missed, extra)
}
