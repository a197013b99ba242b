//! RTMDet from a picture to detections: letterbox, backbone, neck, head, decoding.

use std::iter::zip;

use serde::Deserialize;
use swingpose_kernels::detect_decode::Detection;
use swingpose_kernels::letterbox::{letterbox, normalize};
use swingpose_models::{RtmDet, RtmDetConfig, RtmDetOutput};
use swingpose_tests::device::device;
use swingpose_tests::fixture::Fixture;
use swingpose_tests::formula::picture;
use swingpose_tests::weights::FormulaWeights;

use crate::detections::{OVERLAP_LOST, SCORE_DIFFERENCE, Tolerance, detections, differences};
use crate::network::{batch, channels_first, planar, rtmdet};
use crate::stages::{Rounding, Stages};

/// What was noted of a map of which only a sample is recorded.
#[derive(Deserialize)]
struct Sampled {
    stride: usize,
}

/// What was noted of mmdet's `test_cfg`.
#[derive(Deserialize)]
struct RecordedTestCfg {
    nms_pre: usize,
    score_thr: f32,
    max_per_img: usize,
    nms: RecordedNms,
}

#[derive(Deserialize)]
struct RecordedNms {
    iou_threshold: f32,
}

#[test]
fn a_person_detector_with_exponential_distances_equals_mmdets() {
    check("rtmdet_nano1", (160, 96));
}

#[test]
fn a_detector_of_three_classes_with_linear_distances_equals_mmdets() {
    check("rtmdet_nano3", (96, 160));
}

#[test]
fn rtmdet_tiny_of_80_classes_equals_mmdets() {
    check("rtmdet_tiny_coco80", (1280, 720));
}

#[test]
fn rtmdet_m_for_persons_equals_mmdets() {
    check("rtmdet_m_person", (1280, 720));
}

/// Weights of the same network that do not let rounding grow, so that every stage is held to the plain limit.
#[test]
fn rtmdet_m_of_calm_weights_equals_mmdets() {
    check("rtmdet_m_calm", (1280, 720));
}

#[test]
fn rtmdet_m_of_80_classes_equals_mmdets() {
    check("rtmdet_m_coco80", (1280, 720));
}

/// Runs the recorded network on its picture and compares every stage that was recorded.
fn check(name: &str, (width, height): (usize, usize)) {
    let (recording, config) = (Fixture::open(name), rtmdet(name));
    let network = RtmDet::load(&FormulaWeights::of(name), &config, &device()).expect("the weights fit");
    let mut stages = Stages::of(name);

    let boxed = letterbox(&picture(width, height), width, height, config.input_size);
    stages.bytes("letterbox", &planar(&boxed.pixels), &recording.note("letterbox.sha256_chw_u8"));
    let mut input = vec![0.0; boxed.pixels.len()];
    normalize(&boxed.pixels, &mut input);

    let features = network.backbone.forward(batch(input, config.input_size, config.input_size));
    compare_features(&mut stages, &recording, "backbone", &features.each_ref().map(channels_first));
    let features = network.neck.forward(features);
    compare_features(&mut stages, &recording, "neck", &features.each_ref().map(channels_first));
    let output = network.bbox_head.forward(features);
    compare_output(&mut stages, &recording, &output);
    stages.assert_close();

    compare_test_cfg(&recording, &config);
    for (space, scale) in [("letterbox", (1.0, 1.0)), ("original", boxed.scale)] {
        compare_detections(&recording, space, &detections(&output, &config, scale), config.test_cfg.max_per_img);
    }
}

fn compare_features(stages: &mut Stages, recording: &Fixture, part: &str, maps: &[Vec<f32>; 3]) {
    for (level, map) in maps.iter().enumerate() {
        let Sampled { stride } = recording.json(&format!("{part}.{level}"));
        let expected = recording.f32(&format!("{part}.{level}.sample"));
        stages.sample(&format!("{part}.{level}"), map, stride, &expected.values);
    }
}

/// The head's maps. Of 80 classes the first is recorded whole, the others as a sample.
fn compare_output(stages: &mut Stages, recording: &Fixture, output: &RtmDetOutput) {
    for (level, (cls, bbox)) in zip(&output.cls_scores, &output.bbox_preds).enumerate() {
        let (stage, cls) = (format!("cls.{level}"), channels_first(cls));
        if recording.has(&stage) {
            stages.map(&stage, &cls, &recording.f32(&stage).values);
        } else {
            let first = recording.f32(&format!("cls.{level}.class0"));
            stages.map(&stage, &cls[..first.values.len()], &first.values);
            let Sampled { stride } = recording.json(&stage);
            stages.sample(&stage, &cls, stride, &recording.f32(&format!("cls.{level}.sample")).values);
        }
        let stage = format!("box.{level}");
        stages.map(&stage, &channels_first(bbox), &recording.f32(&stage).values);
    }
}

/// That the configuration decodes as the recorded network's own does.
fn compare_test_cfg(recording: &Fixture, config: &RtmDetConfig) {
    let RecordedTestCfg { nms_pre, score_thr, max_per_img, nms } = recording.json("test_cfg");
    let cfg = config.test_cfg;
    assert_eq!((cfg.nms_pre, cfg.max_per_img), (nms_pre, max_per_img), "{}", recording.name());
    assert_eq!((cfg.score_thr, cfg.iou_threshold), (score_thr, nms.iou_threshold), "{}", recording.name());
}

/// That every recorded detection was found, and no other. Where the list is full, either side may have cut others off
/// among those that score as much as its last.
fn compare_detections(recording: &Fixture, space: &str, found: &[Detection], max_per_img: usize) {
    let rounding = Rounding::of(recording.name());
    let tolerance = Tolerance {
        overlap_lost: Rounding::widen(OVERLAP_LOST, 1.0 - rounding.detection_iou),
        score: Rounding::widen(SCORE_DIFFERENCE, rounding.detection_score),
    };
    let recorded = recorded_detections(recording, space);
    let last = if found.len() == max_per_img { recorded.last() } else { None };
    let cut_off = |one: &Detection| last.is_some_and(|last| f64::from(one.score - last.score) <= tolerance.score);
    let (mut missed, mut extra) = differences(&recorded, found, &tolerance);
    missed.retain(|one| !cut_off(one));
    extra.retain(|one| !cut_off(one));
    let name = recording.name();
    assert!(missed.is_empty(), "{name}: in {space} pixels not found: {missed:?}");
    assert!(extra.is_empty(), "{name}: in {space} pixels also found {extra:?}");
}

fn recorded_detections(recording: &Fixture, space: &str) -> Vec<Detection> {
    let key = |what: &str| format!("det.{space}.{what}");
    let (boxes, scores) = (recording.f32(&key("bboxes")), recording.f32(&key("scores")));
    let labels = recording.i64(&key("labels"));
    let detections = zip(boxes.values.as_chunks::<4>().0, zip(scores.values, labels.values));
    detections
        .map(|(&bbox, (score, label))| Detection { bbox, score, label: label.try_into().expect("a class") })
        .collect()
}
