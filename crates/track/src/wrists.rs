//! How much somebody's wrists move: the way of the faster one in the last second, in diagonals of the box.
//!
//! The speed of each step is the median of its own and its neighbours', so that one wrist put elsewhere in one frame is no
//! movement. Steps are no shorter than `STEP_S`: at 240 frames a second a wrist at rest would shake its way round the picture.

use crate::track::{KEYPOINT_SCORE, diagonal};
use std::collections::VecDeque;
use swingpose_core::{Keypoint, PersonLabel};

/// The left and the right wrist among COCO's keypoints.
const WRISTS: [usize; 2] = [9, 10];

/// What is older than this is forgotten, in seconds.
const WINDOW_S: f64 = 1.0;

/// The shortest step, in seconds: every frame of a video of 30 frames a second.
const STEP_S: f64 = 0.03;

/// Where somebody's wrists were in the last second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrists {
    sightings: VecDeque<Sighting>,
}

#[derive(Clone, Debug)]
struct Sighting {
    at_s: f64,
    wrists: [Keypoint; 2],
    /// The box's diagonal in pixels.
    size: f64,
}

/// From one sighting to the next.
struct Step {
    seconds: f64,
    /// Body sizes a second.
    speed: f64,
}

impl Wrists {
    pub(crate) fn see(&mut self, person: &PersonLabel, at_s: f64) {
        if self.sightings.back().is_some_and(|last| at_s - last.at_s < STEP_S) {
            return;
        }
        let wrists = WRISTS.map(|wrist| person.keypoints[wrist]);
        self.sightings.push_back(Sighting { at_s, wrists, size: diagonal(person.bounding_box) });
        while self.sightings.front().is_some_and(|first| at_s - first.at_s > WINDOW_S) {
            self.sightings.pop_front();
        }
    }

    /// How far the faster wrist has gone, in body sizes.
    pub(crate) fn moved(&self) -> f64 {
        let next = self.sightings.iter().skip(1);
        let steps: Vec<Step> = self.sightings.iter().zip(next).map(|(one, other)| one.step_to(other)).collect();
        let way = |(place, step): (usize, &Step)| step.seconds * median_speed(&steps, place);
        steps.iter().enumerate().map(way).sum()
    }
}

impl Sighting {
    fn step_to(&self, next: &Self) -> Step {
        let seconds = next.at_s - self.at_s;
        let ways = self.wrists.iter().zip(&next.wrists).filter_map(|(one, other)| way(*one, *other));
        let speed = ways.fold(0.0, f64::max) / next.size / seconds;
        Step { seconds, speed: if speed.is_finite() { speed } else { 0.0 } }
    }
}

/// The distance in pixels between two places of a wrist; `None` where one of them is not sure.
fn way(one: Keypoint, other: Keypoint) -> Option<f64> {
    let is_sure = one.score > KEYPOINT_SCORE && other.score > KEYPOINT_SCORE;
    let [x, y] = [other.point.x - one.point.x, other.point.y - one.point.y].map(f64::from);
    is_sure.then(|| x.hypot(y))
}

/// The median of three speeds; of two, at either end, the lower.
fn median_speed(steps: &[Step], place: usize) -> f64 {
    let around = &steps[place.saturating_sub(1)..steps.len().min(place + 2)];
    let mut speeds: Vec<f64> = around.iter().map(|step| step.speed).collect();
    speeds.sort_by(f64::total_cmp);
    speeds[(speeds.len() - 1) / 2]
}
