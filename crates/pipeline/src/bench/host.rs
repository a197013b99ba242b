//! What is around the networks on a CPU, on a grey picture.

use super::{PERSON, RUNS, SIZE, Timed};
use crate::batch::{DetectionBatch, PersonBox};
use crate::detect::Detector;
use crate::estimate::{PoseEstimator, keypoints};
use std::time::Instant;
use swingpose_core::{BoundingBox, Origin};
use swingpose_video::BgrImage;

fn picture() -> BgrImage {
    let [width, height] = SIZE;
    BgrImage { width, height, data: vec![114; 3 * width * height] }
}

/// Everybody in a batch of one frame.
fn people() -> DetectionBatch {
    let [x1, y1, x2, y2] = PERSON;
    let bounding_box = BoundingBox::new(x1, y1, x2, y2);
    DetectionBatch { people: vec![vec![PersonBox { bounding_box, score: 1.0, origin: Origin::Detected }]] }
}

pub(super) fn around_detector(detector: &Detector) -> Vec<Timed> {
    let picture = picture();
    let answer = || detector.forward(detector.letterbox(&[&picture]));
    vec![
        timed("letterbox", || (), |()| detector.letterbox(&[&picture])),
        timed("top-k and NMS", answer, |answer| detector.people(answer)),
    ]
}

pub(super) fn around_pose(pose: &PoseEstimator) -> Vec<Timed> {
    let picture = picture();
    let heatmaps = || pose.forward(pose.crop_people(&picture, people()));
    vec![timed("crop", people, |people| pose.crop_people(&picture, people)), timed("DARK-UDP", heatmaps, keypoints)]
}

/// The median time of `work` on what `prepare` makes each time. The first run only warms up.
fn timed<I, O>(what: &str, prepare: impl Fn() -> I, work: impl Fn(I) -> O) -> Timed {
    let run = || {
        let input = prepare();
        let start = Instant::now();
        let made = work(input);
        let took = start.elapsed().as_secs_f64() * 1e3;
        drop(made);
        took
    };
    run();
    let mut runs: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    runs.sort_by(f64::total_cmp);
    Timed::around(what, 1, runs[RUNS / 2])
}
