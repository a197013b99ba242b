//! Suppression as torchvision's processor loop and mmcv's Python write it: every pair looked at.

use super::{SPLIT_BOXES, area, by_score, iou, moved_by_class};

/// Indices of the boxes kept among all, best first.
#[must_use]
pub fn nms(boxes: &[[f32; 4]], scores: &[f32], iou_threshold: f32) -> Vec<usize> {
    let order = by_score(scores);
    let mut suppressed = vec![false; boxes.len()];
    let mut keep = Vec::new();
    for (rank, &best) in order.iter().enumerate() {
        if suppressed[best] {
            continue;
        }
        keep.push(best);
        for &other in &order[rank + 1..] {
            let overlap = iou(boxes[best], area(boxes[best]), boxes[other], area(boxes[other]));
            suppressed[other] |= overlap > iou_threshold;
        }
    }
    keep
}

/// Indices of the boxes kept within each class, best first.
#[must_use]
pub fn batched_nms(boxes: &[[f32; 4]], scores: &[f32], labels: &[u32], iou_threshold: f32) -> Vec<usize> {
    let moved = moved_by_class(boxes, labels);
    if boxes.len() < SPLIT_BOXES {
        return nms(&moved, scores, iou_threshold);
    }
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let mut keep = Vec::new();
    for class in classes {
        let members: Vec<usize> = (0..boxes.len()).filter(|&i| labels[i] == class).collect();
        let class_boxes: Vec<_> = members.iter().map(|&i| moved[i]).collect();
        let class_scores: Vec<_> = members.iter().map(|&i| scores[i]).collect();
        keep.extend(nms(&class_boxes, &class_scores, iou_threshold).into_iter().map(|i| members[i]));
    }
    keep.sort_unstable();
    keep.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    keep
}
