//! Decoding against mmdet's `predict_by_feat` on the maps of whole networks, and against its own reference.

use proptest::prelude::*;
use swingpose_kernels::detect_decode::{Detection, Level, TestCfg, detect_decode, reference};

use crate::fixture::{Fixture, channels_last};

const STRIDES: [usize; 3] = [8, 16, 32];

/// The maps of one image, channels last, and what decoding them needs.
struct Maps {
    cls_scores: Vec<Vec<f32>>,
    bbox_preds: Vec<Vec<f32>>,
    widths: Vec<usize>,
    classes: usize,
    size: usize,
}

impl Maps {
    fn read(fixture: &Fixture) -> Self {
        let shapes: Vec<_> = (0..3).map(|level| fixture.shape(&format!("cls.{level}"))).collect();
        let classes = shapes[0][1];
        let read = |kind: &str, channels: usize| {
            (0..3).map(|level| channels_last(&fixture.f32(&format!("{kind}.{level}")), channels)).collect()
        };
        let widths = shapes.iter().map(|shape| shape[3]).collect();
        let size = fixture.text("input_size").parse().unwrap();
        Self { cls_scores: read("cls", classes), bbox_preds: read("box", 4), widths, classes, size }
    }

    fn levels(&self) -> Vec<Level<'_>> {
        let level = |i: usize| Level {
            cls_scores: &self.cls_scores[i],
            bbox_preds: &self.bbox_preds[i],
            width: self.widths[i],
            stride: STRIDES[i],
        };
        (0..self.widths.len()).map(level).collect()
    }
}

fn test_cfg(fixture: &Fixture) -> TestCfg {
    let cfg = fixture.json("test_cfg");
    let count = |key: &str| cfg[key].as_u64().unwrap() as usize;
    TestCfg {
        score_thr: cfg["score_thr"].as_f64().unwrap() as f32,
        nms_pre: count("nms_pre"),
        iou_threshold: cfg["nms"]["iou_threshold"].as_f64().unwrap() as f32,
        max_per_img: count("max_per_img"),
    }
}

#[test]
fn detections_of_whole_networks_equal_mmdets() {
    for name in ["rtmdet_nano1", "rtmdet_nano3", "rtmdet_m_person"] {
        let fixture = Fixture::open(name);
        let (maps, cfg) = (Maps::read(&fixture), test_cfg(&fixture));
        let (x, y): (f64, f64) = serde_json::from_value(fixture.json("scale_factor")).unwrap();
        for (space, scale) in [("letterbox", (1.0, 1.0)), ("original", (x, y))] {
            let found = detect_decode(&maps.levels(), maps.classes, maps.size, scale, &cfg);
            let golden = golden_detections(&fixture, space);
            assert_same(&found, &golden, &format!("{name}, {space}"));
            assert_eq!(found, reference::detect_decode(&maps.levels(), maps.classes, maps.size, scale, &cfg));
        }
    }
}

fn golden_detections(fixture: &Fixture, space: &str) -> Vec<Detection> {
    let bboxes = fixture.f32(&format!("det.{space}.bboxes"));
    let scores = fixture.f32(&format!("det.{space}.scores"));
    let labels = fixture.i64(&format!("det.{space}.labels"));
    let boxes = bboxes.as_chunks::<4>().0.iter().zip(scores).zip(labels);
    boxes.map(|((&bbox, score), label)| Detection { bbox, score, label: label as u32 }).collect()
}

/// Neighbours may change places where their scores are closer than rounding; otherwise the lists are the same.
fn assert_same(found: &[Detection], golden: &[Detection], what: &str) {
    assert_eq!(found.len(), golden.len(), "{what}");
    let mut left = found.to_vec();
    for golden in golden {
        let same = |found: &Detection| {
            found.label == golden.label
                && (found.score - golden.score).abs() < 1e-4
                && iou(found.bbox, golden.bbox) > 0.999
        };
        let at = left.iter().position(same).unwrap_or_else(|| panic!("{what}: nothing equals {golden:?}"));
        left.remove(at);
    }
}

fn iou(a: [f32; 4], b: [f32; 4]) -> f32 {
    let area = |b: [f32; 4]| (b[2] - b[0]).max(0.0) * (b[3] - b[1]).max(0.0);
    let shared = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    shared / (area(a) + area(b) - shared)
}

proptest! {
    #[test]
    fn the_host_form_equals_the_reference(
        logits in prop::collection::vec(-6_i8..6, 3 * 5 * 4), distances in prop::collection::vec(-4.0_f32..40.0, 4 * 5 * 4),
        score_thr in 0.0_f32..0.9, nms_pre in 0_usize..70, iou_threshold in 0.1_f32..0.9, max_per_img in 0_usize..50,
    ) {
        let logits: Vec<f32> = logits.into_iter().map(f32::from).collect();
        let cfg = TestCfg { score_thr, nms_pre, iou_threshold, max_per_img };
        let levels = [
            Level { cls_scores: &logits, bbox_preds: &distances, width: 5, stride: 8 },
            Level { cls_scores: &logits[..12], bbox_preds: &distances[..16], width: 2, stride: 16 },
        ];
        let found = detect_decode(&levels, 3, 40, (0.75, 0.7), &cfg);
        prop_assert_eq!(found, reference::detect_decode(&levels, 3, 40, (0.75, 0.7), &cfg));
    }
}
