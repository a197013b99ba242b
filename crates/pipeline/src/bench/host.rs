//! What is around the networks on a CPU, on a grey picture of 1920x1080.

use super::{RUNS, Timed};
use crate::batch::{DetectionBatch, PersonBox};
use crate::detect::Detector;
use crate::estimate::PoseEstimator;
use std::time::Instant;
use swingpose_core::{BoundingBox, Origin};
use swingpose_video::BgrImage;

const SIZE: [usize; 2] = [1920, 1080];

fn picture() -> BgrImage {
    let [width, height] = SIZE;
    BgrImage { width, height, data: vec![114; 3 * width * height] }
}

/// Everybody in a batch: one person a frame, as high as the picture.
fn people() -> DetectionBatch {
    let bounding_box = BoundingBox::new(700.0, 0.0, 1220.0, 1080.0);
    DetectionBatch { people: vec![vec![PersonBox { bounding_box, score: 1.0, origin: Origin::Detected }]] }
}

pub(super) fn around_detector(detector: &Detector) -> Vec<Timed> {
    let picture = picture();
    let input = timed("letterbox", || detector.letterbox(&[&picture]));
    let answer = || detector.forward(detector.letterbox(&[&picture]));
    let (answers, mut runs) = ((0..RUNS).map(|_| answer()), Vec::new());
    for answer in answers {
        let start = Instant::now();
        drop(detector.people(answer));
        runs.push(start.elapsed().as_secs_f64() * 1e3);
    }
    vec![input, row("top-k and NMS", runs)]
}

pub(super) fn around_pose(pose: &PoseEstimator) -> Vec<Timed> {
    let picture = picture();
    let crop = timed("crop", || pose.crop_people(&picture, people()));
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let heatmaps = pose.forward(pose.crop_people(&picture, people()));
        let start = Instant::now();
        drop(crate::estimate::keypoints(heatmaps));
        runs.push(start.elapsed().as_secs_f64() * 1e3);
    }
    vec![crop, row("DARK-UDP", runs)]
}

fn timed<T>(what: &str, work: impl Fn() -> T) -> Timed {
    let run = || {
        let start = Instant::now();
        let made = work();
        let took = start.elapsed().as_secs_f64() * 1e3;
        drop(made);
        took
    };
    run();
    row(what, (0..RUNS).map(|_| run()).collect())
}

fn row(what: &str, mut runs: Vec<f64>) -> Timed {
    runs.sort_by(f64::total_cmp);
    Timed { what: what.to_owned(), batch: 1, ms: runs[runs.len() / 2], flops: None }
}
