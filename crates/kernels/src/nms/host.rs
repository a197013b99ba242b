//! Suppression for processors: boxes best first, each held against the boxes already kept of its class, eight at a time, until enough are kept.

use super::{SPLIT_BOXES, area, by_score, iou, moved_by_class};

/// Kept boxes a block holds.
const LANES: usize = 8;

pub(super) fn batched_nms(
    boxes: &[[f32; 4]],
    scores: &[f32],
    labels: &[u32],
    iou_threshold: f32,
    limit: usize,
) -> Vec<usize> {
    let moved = moved_by_class(boxes, labels);
    // Moved classes cannot meet unless a coordinate is negative; then, in a small set, every box must be held against every other.
    let apart = boxes.len() >= SPLIT_BOXES || !boxes.iter().flatten().any(|&corner| corner < 0.0);
    let classes = if apart { distinct(labels) } else { Vec::new() };
    let mut kept = vec![Kept::default(); classes.len().max(1)];
    let mut keep = Vec::new();
    for index in by_score(scores) {
        if keep.len() >= limit {
            break;
        }
        let class = classes.binary_search(&labels[index]).unwrap_or(0);
        if !kept[class].suppress(moved[index], iou_threshold) {
            kept[class].push(moved[index]);
            keep.push(index);
        }
    }
    keep
}

fn distinct(labels: &[u32]) -> Vec<u32> {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// The boxes kept of a class.
#[derive(Clone, Default)]
struct Kept {
    blocks: Vec<Block>,
    len: usize,
}

impl Kept {
    fn push(&mut self, corners: [f32; 4]) {
        let lane = self.len % LANES;
        if lane == 0 {
            self.blocks.push(Block::EMPTY);
        }
        if let Some(block) = self.blocks.last_mut() {
            block.set(lane, corners);
        }
        self.len += 1;
    }

    fn suppress(&self, corners: [f32; 4], iou_threshold: f32) -> bool {
        let area = area(corners);
        self.blocks.iter().any(|block| block.suppress(corners, area, iou_threshold))
    }
}

/// Eight boxes, number by number.
#[derive(Clone)]
struct Block {
    x1: [f32; LANES],
    y1: [f32; LANES],
    x2: [f32; LANES],
    y2: [f32; LANES],
    area: [f32; LANES],
}

impl Block {
    /// Boxes of NaN, which suppress nothing.
    const EMPTY: Self = Self {
        x1: [f32::NAN; LANES],
        y1: [f32::NAN; LANES],
        x2: [f32::NAN; LANES],
        y2: [f32::NAN; LANES],
        area: [f32::NAN; LANES],
    };

    fn set(&mut self, lane: usize, corners: [f32; 4]) {
        [self.x1[lane], self.y1[lane], self.x2[lane], self.y2[lane]] = corners;
        self.area[lane] = area(corners);
    }

    fn suppress(&self, corners: [f32; 4], area: f32, iou_threshold: f32) -> bool {
        let mut any = false;
        for lane in 0..LANES {
            let kept = [self.x1[lane], self.y1[lane], self.x2[lane], self.y2[lane]];
            any |= iou(kept, self.area[lane], corners, area) > iou_threshold;
        }
        any
    }
}
