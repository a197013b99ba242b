//! Two launches a batch: a unit a box to rank them, then a cube an image to suppress; for people one more, to cut them.

use cubecl::prelude::*;

use super::Boxes;
use super::kernel::{self, TermsLaunch};
use crate::DeviceSlice;
use crate::launch::{cubes, lines};

/// Suppression within each class: at most `limit` boxes of each image, best first, of those that overlap no better one of their
/// class by more than `iou_threshold`.
///
/// # Panics
/// If the parts of `boxes` do not fit together.
#[must_use]
pub fn batched_nms(client: &Client, boxes: &Boxes, iou_threshold: f32, limit: usize) -> Boxes {
    suppress(client, boxes, iou_threshold, limit, Choice::All)
}

/// Which boxes take part.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Choice<'a> {
    /// All, each among its class.
    All,
    /// Those of class 0 that score above a threshold; a box covers its last pixel, and is cut to its picture in the end.
    People {
        score_threshold: f32,
        /// Widths and heights, `[n, 2]`.
        pictures: &'a DeviceSlice<f32>,
    },
}

pub(crate) fn suppress(client: &Client, boxes: &Boxes, iou_threshold: f32, limit: usize, choice: Choice<'_>) -> Boxes {
    boxes.check();
    let n = boxes.n;
    let kept = Boxes {
        corners: DeviceSlice::empty(client, n * limit * 4),
        scores: DeviceSlice::empty(client, n * limit),
        labels: DeviceSlice::empty(client, n * limit),
        live: DeviceSlice::empty(client, n * limit),
        n,
        capacity: limit,
    };
    if n == 0 || limit == 0 {
        return kept;
    }
    #[cfg(feature = "cuda")]
    if super::cuda::launch(client, boxes, &kept, iou_threshold, choice) {
        return kept;
    }
    rank_and_suppress(client, boxes, &kept, iou_threshold, choice);
    if let Choice::People { pictures, .. } = choice {
        let (count, dim) = lines(limit, n);
        let (corners, live) = (kept.corners.arg(), kept.live.arg());
        kernel::clamp_to_picture::launch(client, count, dim, pictures.arg(), corners, live, limit as u32);
    }
    kept
}

fn rank_and_suppress(client: &Client, boxes: &Boxes, kept: &Boxes, iou_threshold: f32, choice: Choice<'_>) {
    let Boxes { n, capacity, .. } = *boxes;
    let order = DeviceSlice::<u32>::empty(client, n * capacity);
    let standing = DeviceSlice::<u32>::empty(client, n * capacity);
    if capacity > 0 {
        let (count, dim) = lines(capacity, n);
        kernel::rank::launch(client, count, dim, boxes.scores.arg(), boxes.live.arg(), order.arg(), capacity as u32);
    }
    let terms = match choice {
        Choice::All => TermsLaunch::new(iou_threshold, 0, 0.0, 0.0),
        Choice::People { score_threshold, .. } => TermsLaunch::new(iou_threshold, 1, score_threshold, 1.0),
    };
    let (count, dim) = cubes(n, 1);
    kernel::suppress::launch(
        client,
        count,
        dim,
        boxes.corners.arg(),
        boxes.scores.arg(),
        boxes.labels.arg(),
        boxes.live.arg(),
        order.arg(),
        standing.arg(),
        kept.corners.arg(),
        kept.scores.arg(),
        kept.labels.arg(),
        kept.live.arg(),
        terms,
        capacity as u32,
        kept.capacity as u32,
    );
}
