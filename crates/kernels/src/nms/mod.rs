//! Greedy non-maximum suppression, as torchvision's `nms` and mmcv 2.1's `batched_nms` do it in f32.
//! In: boxes with scores and labels, in any order. Out: the indices of the boxes kept, best first.
//!
//! A box is dropped if its intersection over union with a better, kept box of its class is above the threshold (strictly).
//! Of equal scores the one that comes first in the input is the better. A box with a NaN in it neither drops nor is dropped.

mod host;
pub mod reference;

/// From this many boxes on, classes are suppressed one by one (mmcv's `split_thr`).
pub const SPLIT_BOXES: usize = 10_000;

/// Suppression within each class: the indices of at most `limit` kept boxes, in descending order of score.
///
/// Classes are kept apart as mmcv does it: below [`SPLIT_BOXES`] boxes by moving class `c` by `c * (largest coordinate + 1)`, which
/// keeps classes apart only where no coordinate is negative.
///
/// # Shapes
/// * `boxes` `[n]` of `[x1, y1, x2, y2]`, `scores` `[n]`, `labels` `[n]`
///
/// # Panics
/// If the three are not equally long.
#[must_use]
pub fn batched_nms(boxes: &[[f32; 4]], scores: &[f32], labels: &[u32], iou_threshold: f32, limit: usize) -> Vec<usize> {
    assert_eq!(boxes.len(), scores.len(), "batched_nms: a score a box");
    assert_eq!(boxes.len(), labels.len(), "batched_nms: a label a box");
    host::batched_nms(boxes, scores, labels, iou_threshold, limit)
}

/// Suppression among all boxes, whatever they are of: the indices of the kept, in descending order of score.
///
/// # Panics
/// If `boxes` and `scores` are not equally long.
#[must_use]
pub fn nms(boxes: &[[f32; 4]], scores: &[f32], iou_threshold: f32) -> Vec<usize> {
    batched_nms(boxes, scores, &vec![0; boxes.len()], iou_threshold, usize::MAX)
}

/// Indices by descending score, equal scores by index; NaN first, as torch sorts it.
fn by_score(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

/// Boxes moved apart by class.
fn moved_by_class(boxes: &[[f32; 4]], labels: &[u32]) -> Vec<[f32; 4]> {
    let largest = boxes.iter().flatten().copied().fold(f32::NEG_INFINITY, f32::max);
    let moved = |(corners, &label): (&[f32; 4], &u32)| corners.map(|corner| corner + label as f32 * (largest + 1.0));
    boxes.iter().zip(labels).map(moved).collect()
}

fn area([x1, y1, x2, y2]: [f32; 4]) -> f32 {
    (x2 - x1) * (y2 - y1)
}

/// Intersection over union of two boxes with their areas; NaN if neither has any.
#[inline]
fn iou(a: [f32; 4], area_a: f32, b: [f32; 4], area_b: f32) -> f32 {
    // Written as comparisons, which vectors have an instruction for; f32::max must look for NaN first.
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let smaller = |a: f32, b: f32| if a < b { a } else { b };
    let width = larger(smaller(a[2], b[2]) - larger(a[0], b[0]), 0.0);
    let height = larger(smaller(a[3], b[3]) - larger(a[1], b[1]), 0.0);
    let intersection = width * height;
    intersection / (area_a + area_b - intersection)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [f32; 4] = [0.0, 0.0, 10.0, 10.0];
    /// Overlaps the square at an IoU of 0.6.
    const SHIFTED: [f32; 4] = [2.5, 0.0, 12.5, 10.0];

    #[test]
    fn the_better_of_two_overlapping_boxes_stays() {
        assert_eq!(nms(&[SQUARE, SHIFTED], &[0.3, 0.4], 0.5), [1]);
        assert_eq!(nms(&[SQUARE, SHIFTED], &[0.3, 0.4], 0.7), [1, 0]);
    }

    #[test]
    fn an_overlap_of_exactly_the_threshold_is_allowed() {
        assert_eq!(nms(&[SQUARE, SHIFTED], &[0.4, 0.3], 0.6), [0, 1]);
    }

    #[test]
    fn equal_scores_go_by_position() {
        assert_eq!(nms(&[SQUARE, SHIFTED, SQUARE], &[0.5, 0.5, 0.5], 0.5), [0]);
    }

    #[test]
    fn classes_do_not_suppress_each_other_and_the_limit_counts_them_all() {
        let (boxes, scores) = ([SQUARE, SQUARE, SQUARE, SHIFTED], [0.1, 0.2, 0.3, 0.4]);
        assert_eq!(batched_nms(&boxes, &scores, &[0, 7, 7, 0], 0.5, 9), [3, 2]);
        assert_eq!(batched_nms(&boxes, &scores, &[0, 1, 2, 3], 0.5, 3), [3, 2, 1]);
        assert_eq!(batched_nms(&boxes, &scores, &[0, u32::MAX, 2, 3], 0.5, 0), [0; 0]);
    }

    #[test]
    fn boxes_of_nan_or_without_inside_are_harmless() {
        let nan = [f32::NAN, 0.0, 10.0, 10.0];
        let point = [5.0; 4];
        assert_eq!(nms(&[SQUARE, nan, point, point], &[0.9, 0.8, 0.7, f32::NAN], 0.5), [3, 0, 1, 2]);
        assert_eq!(nms(&[], &[], 0.5), [0; 0]);
    }
}
