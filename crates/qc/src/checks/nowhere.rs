//! Keypoints and boxes that are no numbers, or boxes without an inside.

use crate::finding::{Kind, Mark};
use crate::scene::Scene;
use crate::track::Sample;
use swingpose_core::skeleton::KEYPOINT_COUNT;

pub(super) fn check(scene: &Scene) -> Vec<Mark> {
    let of_person = |(index, person): (usize, &crate::scene::Followed)| {
        let marks = person.samples().iter().filter_map(mark).map(move |mark| mark.of(index));
        marks.collect::<Vec<_>>()
    };
    scene.people.iter().enumerate().flat_map(of_person).collect()
}

fn mark(sample: &Sample) -> Option<Mark> {
    let places = sample.place()..sample.place() + 1;
    let lost: Vec<usize> = (0..KEYPOINT_COUNT)
        .filter(|&keypoint| sample.keypoints[keypoint].iter().any(|number| !number.is_finite()))
        .collect();
    if !lost.is_empty() {
        let note = format!("{} keypoints with coordinates or scores that are no numbers", lost.len());
        return Some(Mark::new(Kind::Nowhere, places, lost.len() as f64, note).at(lost));
    }
    let [x1, y1, x2, y2] = sample.corners;
    let proper = sample.corners.iter().all(|corner| corner.is_finite()) && x2 > x1 && y2 > y1;
    (!proper).then(|| Mark::new(Kind::Nowhere, places, 1.0, "a box without an inside".to_owned()))
}
