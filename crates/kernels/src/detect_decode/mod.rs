//! RTMDet's maps to boxes: mmdet 3.3's `RTMDetHead.predict_by_feat`, one image a call.
//! In: per level, class logits and distances to the four sides in detector pixels, channels last, as the head leaves them.
//! Out: [`Detection`]s in frame pixels, best first; [`people`] then takes from them what mmpose's demo takes.
//!
//! 1. A class at a cell is a candidate if its sigmoid is above `score_thr` (strictly); of each level the best `nms_pre` stay.
//! 2. Its box is `(x stride - l, y stride - t, x stride + r, y stride + b)`, cut to the detector's square: to the square, not
//!    to the picture in it, so a box in frame pixels can pass the frame's edge.
//! 3. Boxes go to frame pixels first, then those without inside are dropped, and [`batched_nms`](crate::nms::batched_nms) keeps
//!    `max_per_img`: overlap is measured in frame pixels.
//!
//! Of equal scores the lower level, then the earlier row, column and class comes first. NaN logits and boxes are dropped.

mod host;
pub mod reference;

use crate::nms;

/// One level of the head's output for one image.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    /// Logits, `[height, width, classes]`.
    pub cls_scores: &'a [f32],
    /// Distances from a cell's prior to the left, top, right and bottom side, already times `stride`, `[height, width, 4]`.
    pub bbox_preds: &'a [f32],
    /// Cells across.
    pub width: usize,
    /// Detector pixels between neighbouring cells: 8, 16, 32.
    pub stride: usize,
}

/// A model's `test_cfg`, in mmdet's words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestCfg {
    /// Candidates score above this.
    pub score_thr: f32,
    /// Candidates a level keeps.
    pub nms_pre: usize,
    /// Two boxes of a class overlap at most this much.
    pub iou_threshold: f32,
    /// Detections an image keeps.
    pub max_per_img: usize,
}

/// What the detector found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// `x1, y1, x2, y2` in frame pixels.
    pub bbox: [f32; 4],
    /// The class's sigmoid.
    pub score: f32,
    /// The class.
    pub label: u32,
}

/// The detections of one image: `levels` from fine to coarse, of a network with `classes` classes that saw a square of `size` pixels, into
/// which the frame was scaled by `scale` (see [`letterbox`](crate::letterbox::Letterboxed::scale); `(1.0, 1.0)` leaves detector pixels).
///
/// # Panics
/// If a level's slices are not of one number of whole rows.
#[must_use]
pub fn detect_decode(
    levels: &[Level],
    classes: usize,
    size: usize,
    scale: (f64, f64),
    cfg: &TestCfg,
) -> Vec<Detection> {
    for Level { cls_scores, bbox_preds, width, stride } in levels {
        let cells = bbox_preds.len() / 4;
        assert_eq!(bbox_preds.len() % (4 * width).max(1), 0, "detect_decode: rows of {width} boxes at stride {stride}");
        assert_eq!(cls_scores.len(), cells * classes, "detect_decode: {classes} logits a cell at stride {stride}");
    }
    let candidates = levels.iter().flat_map(|level| host::candidates(level, classes, cfg));
    let found: Vec<_> = candidates.filter_map(|candidate| candidate.into_frame(size, scale)).collect();
    let boxes: Vec<_> = found.iter().map(|detection| detection.bbox).collect();
    let scores: Vec<_> = found.iter().map(|detection| detection.score).collect();
    let labels: Vec<_> = found.iter().map(|detection| detection.label).collect();
    let keep = nms::batched_nms(&boxes, &scores, &labels, cfg.iou_threshold, cfg.max_per_img);
    keep.into_iter().map(|index| found[index]).collect()
}

/// The people among detections of a COCO model, as mmpose's top-down demo picks them: class 0, score above `score_thr` (demo: 0.3), and
/// once more suppressed at `iou_threshold` (demo: 0.3), where a box counts as covering its last pixel. Best first.
#[must_use]
pub fn people(detections: &[Detection], score_thr: f32, iou_threshold: f32) -> Vec<Detection> {
    let people: Vec<_> =
        detections.iter().filter(|found| found.label == 0 && found.score > score_thr).copied().collect();
    let covered: Vec<_> =
        people.iter().map(|&Detection { bbox: [x1, y1, x2, y2], .. }| [x1, y1, x2 + 1.0, y2 + 1.0]).collect();
    let scores: Vec<_> = people.iter().map(|found| found.score).collect();
    nms::nms(&covered, &scores, iou_threshold).into_iter().map(|index| people[index]).collect()
}

/// A box that may be a detection, in detector pixels.
struct Candidate {
    bbox: [f32; 4],
    score: f32,
    label: u32,
}

impl Candidate {
    fn new(level: &Level, cell: usize, label: usize, score: f32) -> Self {
        let prior = |index: usize| (index * level.stride) as f32;
        let (x, y) = (prior(cell % level.width), prior(cell / level.width));
        let distance = &level.bbox_preds[4 * cell..][..4];
        Self { bbox: [x - distance[0], y - distance[1], x + distance[2], y + distance[3]], score, label: label as u32 }
    }

    /// Cut to the detector's square and taken to the frame; `None` if nothing is left.
    fn into_frame(self, size: usize, scale: (f64, f64)) -> Option<Detection> {
        let factor = [(1.0 / scale.0) as f32, (1.0 / scale.1) as f32];
        let bbox: [f32; 4] = core::array::from_fn(|i| self.bbox[i].clamp(0.0, size as f32) * factor[i % 2]);
        let inside = bbox[2] - bbox[0] > 0.0 && bbox[3] - bbox[1] > 0.0;
        inside.then_some(Detection { bbox, score: self.score, label: self.label })
    }
}

/// Right to the last bit of f32, as torch's is to within one.
fn sigmoid(logit: f32) -> f32 {
    (1.0 / (1.0 + libm::exp(-f64::from(logit)))) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const CFG: TestCfg = TestCfg { score_thr: 0.05, nms_pre: 1000, iou_threshold: 0.6, max_per_img: 1000 };

    /// A level of one class whose cells all have these distances and this logit.
    fn decode_uniform(side: usize, logit: f32, distances: [f32; 4], cfg: &TestCfg) -> Vec<Detection> {
        let (cls_scores, bbox_preds) = (vec![logit; side * side], distances.repeat(side * side));
        let level = Level { cls_scores: &cls_scores, bbox_preds: &bbox_preds, width: side, stride: 8 };
        detect_decode(&[level], 1, 8 * side, (0.5, 0.5), cfg)
    }

    #[test]
    fn more_than_three_hundred_boxes_come_out_in_reading_order() {
        let found = decode_uniform(25, 1.0, [0.0, 0.0, 7.0, 7.0], &CFG);
        assert_eq!(found.len(), 625);
        for (cell, detection) in found.iter().enumerate() {
            let (x, y) = ((cell % 25 * 16) as f32, (cell / 25 * 16) as f32);
            assert_eq!(detection.bbox, [x, y, x + 14.0, y + 14.0]);
        }
    }

    #[test]
    fn limits_hold() {
        let distances = [0.0, 0.0, 7.0, 7.0];
        assert_eq!(decode_uniform(25, 1.0, distances, &TestCfg { nms_pre: 400, ..CFG }).len(), 400);
        assert_eq!(decode_uniform(25, 1.0, distances, &TestCfg { max_per_img: 3, ..CFG }).len(), 3);
        assert_eq!(decode_uniform(25, 1.0, distances, &TestCfg { nms_pre: 0, ..CFG }).len(), 0);
    }

    #[test]
    fn a_score_of_exactly_the_threshold_is_no_candidate() {
        let distances = [0.0, 0.0, 7.0, 7.0];
        assert!(decode_uniform(4, 0.0, distances, &TestCfg { score_thr: 0.5, ..CFG }).is_empty());
        assert_eq!(decode_uniform(4, 1e-6, distances, &TestCfg { score_thr: 0.5, ..CFG }).len(), 16);
    }

    #[test]
    fn numbers_that_are_none_and_boxes_inside_out_are_dropped() {
        assert!(decode_uniform(4, f32::NAN, [1.0; 4], &CFG).is_empty());
        assert!(decode_uniform(4, 1.0, [f32::NAN, 1.0, 1.0, 1.0], &CFG).is_empty());
        assert!(decode_uniform(4, 1.0, [-2.0, 1.0, 1.0, 1.0], &CFG).is_empty());
        let endless = decode_uniform(4, f32::INFINITY, [f32::INFINITY; 4], &CFG);
        assert_eq!(endless, [Detection { bbox: [0.0, 0.0, 64.0, 64.0], score: 1.0, label: 0 }]);
    }

    #[test]
    fn people_are_class_zero_above_the_threshold_and_apart() {
        let found = |x: f32, score: f32, label: u32| Detection { bbox: [x, 0.0, x + 9.0, 9.0], score, label };
        let detections =
            [found(0.0, 0.9, 0), found(0.0, 0.8, 1), found(2.0, 0.7, 0), found(50.0, 0.31, 0), found(99.0, 0.3, 0)];
        assert_eq!(people(&detections, 0.3, 0.3), [detections[0], detections[3]]);
    }
}
