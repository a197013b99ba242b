//! Suppression against its reference, over sets with ties, classes and negative coordinates, and what suppression must leave true.

use proptest::prelude::*;
use swingpose_kernels::nms::{SPLIT_BOXES, batched_nms, nms, reference};

/// Boxes on a coarse grid and scores of few values, so that overlaps, equal boxes and ties are common.
fn boxes(start: i32) -> impl Strategy<Value = Vec<([f32; 4], f32, u32)>> {
    let one = (start..40, start..40, 1..30, 1..30, 0..12_u8, 0..4_u32).prop_map(|(x, y, w, h, score, label)| {
        let corners = [x, y, x + w, y + h].map(|corner| corner as f32 * 1.5);
        (corners, f32::from(score) / 8.0, label)
    });
    prop::collection::vec(one, 0..120)
}

fn columns(set: &[([f32; 4], f32, u32)]) -> (Vec<[f32; 4]>, Vec<f32>, Vec<u32>) {
    (
        set.iter().map(|one| one.0).collect(),
        set.iter().map(|one| one.1).collect(),
        set.iter().map(|one| one.2).collect(),
    )
}

proptest! {
    #[test]
    fn the_host_form_equals_the_reference(set in prop_oneof![boxes(0), boxes(-40)], threshold in 0.0_f32..1.0, limit in 0_usize..60) {
        let (boxes, scores, labels) = columns(&set);
        let mut plain = reference::batched_nms(&boxes, &scores, &labels, threshold);
        prop_assert_eq!(&batched_nms(&boxes, &scores, &labels, threshold, usize::MAX), &plain);
        plain.truncate(limit);
        prop_assert_eq!(batched_nms(&boxes, &scores, &labels, threshold, limit), plain);
        prop_assert_eq!(nms(&boxes, &scores, threshold), reference::nms(&boxes, &scores, threshold));
    }

    #[test]
    fn the_kept_keep_each_other(set in boxes(0), threshold in 0.0_f32..1.0) {
        let (boxes, scores, labels) = columns(&set);
        let keep = batched_nms(&boxes, &scores, &labels, threshold, usize::MAX);
        let kept: Vec<_> = keep.iter().map(|&i| set[i]).collect();
        let (boxes, scores, labels) = columns(&kept);
        let again = batched_nms(&boxes, &scores, &labels, threshold, usize::MAX);
        prop_assert_eq!(again, (0..keep.len()).collect::<Vec<_>>());
    }

    #[test]
    fn without_ties_the_order_of_the_boxes_does_not_matter(
        (set, shuffled) in boxes(0).prop_map(distinct_scores).prop_flat_map(|set| (Just(set.clone()), Just(set).prop_shuffle())),
        threshold in 0.0_f32..1.0,
    ) {
        let kept = |set: &[([f32; 4], f32, u32)]| {
            let (boxes, scores, labels) = columns(set);
            batched_nms(&boxes, &scores, &labels, threshold, usize::MAX).into_iter().map(|i| set[i]).collect::<Vec<_>>()
        };
        prop_assert_eq!(kept(&set), kept(&shuffled));
    }
}

fn distinct_scores(mut set: Vec<([f32; 4], f32, u32)>) -> Vec<([f32; 4], f32, u32)> {
    set.iter_mut().enumerate().for_each(|(i, one)| one.1 = (i * 37 % 128) as f32);
    set
}

#[test]
fn thousands_of_boxes_on_both_sides_of_the_split_equal_the_reference() {
    for n in [SPLIT_BOXES - 1, SPLIT_BOXES] {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let set: Vec<_> = (0..n)
            .map(|_| {
                let [x, y, w, h] = [640, 640, 80, 80].map(|below| draw(below * 8) as f32 / 8.0);
                ([x - 40.0, y - 40.0, x + w, y + h], draw(2000) as f32 / 2000.0, draw(5) as u32)
            })
            .collect();
        let (boxes, scores, labels) = columns(&set);
        let keep = batched_nms(&boxes, &scores, &labels, 0.5, usize::MAX);
        assert_eq!(keep, reference::batched_nms(&boxes, &scores, &labels, 0.5), "{n} boxes");
        assert!(keep.len() > 1000 && keep.len() < n, "{} of {n} kept", keep.len());
    }
}
