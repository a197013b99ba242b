//! Decoding step by step as mmdet writes it: every logit through the sigmoid, every candidate sorted, every pair of boxes compared.

use super::{Candidate, Detection, Level, TestCfg, sigmoid};
use crate::nms::reference::batched_nms;

/// What `detect_decode` returns, computed plainly.
#[must_use]
pub fn detect_decode(
    levels: &[Level],
    classes: usize,
    size: usize,
    scale: (f64, f64),
    cfg: &TestCfg,
) -> Vec<Detection> {
    let mut found = Vec::new();
    for level in levels {
        let scores: Vec<f32> = level.cls_scores.iter().map(|&logit| sigmoid(logit)).collect();
        let mut valid: Vec<usize> = (0..scores.len()).filter(|&i| scores[i] > cfg.score_thr).collect();
        valid.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        valid.truncate(cfg.nms_pre);
        found.extend(
            valid
                .into_iter()
                .filter_map(|i| Candidate::new(level, i / classes, i % classes, scores[i]).into_frame(size, scale)),
        );
    }
    let boxes: Vec<_> = found.iter().map(|detection| detection.bbox).collect();
    let scores: Vec<_> = found.iter().map(|detection| detection.score).collect();
    let labels: Vec<_> = found.iter().map(|detection| detection.label).collect();
    let keep = batched_nms(&boxes, &scores, &labels, cfg.iou_threshold);
    keep.into_iter().take(cfg.max_per_img).map(|index| found[index]).collect()
}
