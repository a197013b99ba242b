//! Three launches a level and those of `nms`; nothing of what is found is waited for.

use cubecl::prelude::*;

use super::kernel::{self, GridLaunch};
use super::{Level, PeopleCfg, TestCfg};
use crate::DeviceSlice;
use crate::launch::{lines, wide_cubes};
use crate::nms::{Boxes, Choice, batched_nms, suppress};

/// The detections of a batch: `levels` from fine to coarse, of a network with `classes` classes that saw squares of `size` pixels, into
/// which image `i` was scaled by `scales[i]`, across and down (`(1.0, 1.0)` leaves detector pixels).
///
/// The result has `cfg.max_per_img` places an image. `cfg.score_thr` is 0 or more.
///
/// # Panics
/// If a level's buffers do not fit its size and as many images as there are scales.
#[must_use]
pub fn detect_decode(
    client: &Client,
    levels: &[Level],
    classes: usize,
    size: usize,
    scales: &[(f64, f64)],
    cfg: &TestCfg,
) -> Boxes {
    let n = scales.len();
    for Level { cls_scores, bbox_preds, height, width, stride } in levels {
        let cells = n * height * width;
        let lengths = (cls_scores.len(), bbox_preds.len());
        assert_eq!(lengths, (cells * classes, cells * 4), "detect_decode: {width}x{height} cells at stride {stride}");
    }
    let factors: Vec<f32> = scales.iter().flat_map(|scale| [(1.0 / scale.0) as f32, (1.0 / scale.1) as f32]).collect();
    let bests: Vec<usize> = levels.iter().map(|level| cfg.nms_pre.min(level.height * level.width * classes)).collect();
    let capacity = bests.iter().sum();
    let candidates = Boxes {
        corners: DeviceSlice::empty(client, n * capacity * 4),
        scores: DeviceSlice::empty(client, n * capacity),
        labels: DeviceSlice::empty(client, n * capacity),
        live: DeviceSlice::empty(client, n * capacity),
        n,
        capacity,
    };
    if n > 0 && capacity > 0 {
        let head = Head { levels, bests: &bests, classes, size, factors: &factors, score_thr: cfg.score_thr };
        decode(client, &head, &candidates);
    }
    batched_nms(client, &candidates, cfg.iou_threshold, cfg.max_per_img)
}

/// What a detector's head left, and what is taken of it.
pub(super) struct Head<'a> {
    pub(super) levels: &'a [Level],
    /// Candidates of each level.
    pub(super) bests: &'a [usize],
    pub(super) classes: usize,
    pub(super) size: usize,
    /// To the frame, `[n, 2]`.
    pub(super) factors: &'a [f32],
    pub(super) score_thr: f32,
}

fn decode(client: &Client, head: &Head<'_>, candidates: &Boxes) {
    #[cfg(feature = "cuda")]
    if super::cuda::launch(client, head, candidates) {
        return;
    }
    let to_frame = DeviceSlice::new(client, head.factors);
    let mut before = 0;
    for (level, &best) in head.levels.iter().zip(head.bests) {
        if best > 0 {
            let place = Place { best, before, classes: head.classes, size: head.size };
            decode_level(client, level, place, head.score_thr, &to_frame, candidates);
        }
        before += best;
    }
}

/// How many candidates a level gives, and after how many of others.
struct Place {
    best: usize,
    before: usize,
    classes: usize,
    size: usize,
}

fn decode_level(
    client: &Client,
    level: &Level,
    place: Place,
    score_thr: f32,
    to_frame: &DeviceSlice<f32>,
    candidates: &Boxes,
) {
    let Place { best, before, classes, size } = place;
    let (n, logits) = (candidates.n, level.height * level.width * classes);
    let keys = DeviceSlice::<u32>::empty(client, n * logits);
    let chosen = DeviceSlice::<u32>::empty(client, n * best);
    let (count, dim) = lines(logits, n);
    kernel::score::launch(client, count, dim, level.cls_scores.arg(), keys.arg(), logits as u32, score_thr);
    let (count, dim) = wide_cubes(n);
    kernel::select_best::launch(client, count, dim, keys.arg(), chosen.arg(), logits as u32, best as u32);
    let grid = [level.width, level.stride, classes, logits, best, before, candidates.capacity, size];
    let [width, stride, classes, logits, best_u32, before, capacity, size] = grid.map(|number| number as u32);
    let grid = GridLaunch::new(width, stride, classes, logits, best_u32, before, capacity, size);
    let (count, dim) = lines(best, n);
    kernel::gather::launch(
        client,
        count,
        dim,
        keys.arg(),
        chosen.arg(),
        level.bbox_preds.arg(),
        to_frame.arg(),
        candidates.corners.arg(),
        candidates.scores.arg(),
        candidates.labels.arg(),
        candidates.live.arg(),
        grid,
    );
}

/// The people among the detections of a COCO model, as mmpose's top-down demo picks them, then cut to their pictures: class 0, a
/// score above the threshold, and once more suppressed. Best first; a person of whom the picture shows nothing leaves a
/// masked place. `pictures` are the upright frames' widths and heights.
///
/// # Panics
/// If there are not as many pictures as images.
#[must_use]
pub fn people(client: &Client, detections: &Boxes, pictures: &[(usize, usize)], cfg: PeopleCfg) -> Boxes {
    assert_eq!(pictures.len(), detections.n, "people: a picture an image");
    let sizes: Vec<f32> = pictures.iter().flat_map(|&(width, height)| [width as f32, height as f32]).collect();
    let choice = Choice::People { score_threshold: cfg.score_threshold, pictures: &DeviceSlice::new(client, &sizes) };
    suppress(client, detections, cfg.iou_threshold, cfg.limit, choice)
}
