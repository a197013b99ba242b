//! Frozen keypoints: those that stay where they are to the last digit, while the video goes on.

use crate::finding::{Kind, Mark};
use crate::limits::{FROZEN_FRAMES, FROZEN_PX, FROZEN_RUN, frames};
use crate::robust::runs;
use crate::scene::Followed;
use swingpose_core::skeleton::KEYPOINT_COUNT;

pub(super) fn check(person: &Followed) -> Vec<Mark> {
    (0..KEYPOINT_COUNT).flat_map(|keypoint| of_keypoint(person, keypoint)).collect()
}

fn of_keypoint(person: &Followed, keypoint: usize) -> impl Iterator<Item = Mark> {
    let still = runs(person.len(), |index| index > 0 && stays(person, index, keypoint));
    still.into_iter().filter_map(move |run| {
        // The frame before the first that stays is where it froze.
        let (first, last) = (run.start - 1, run.end - 1);
        let seconds = person.times[last] - person.times[first];
        if last - first + 1 < frames(FROZEN_FRAMES) || seconds < FROZEN_RUN {
            return None;
        }
        let places = person.samples()[first].place()..person.samples()[last].place() + 1;
        let note = format!("not moved for {:.2} s, {} frames", seconds, places.len());
        Some(Mark::new(Kind::Frozen, places, seconds / FROZEN_RUN, note).at([keypoint]))
    })
}

fn stays(person: &Followed, index: usize, keypoint: usize) -> bool {
    let [before, now] = [index - 1, index].map(|index| person.samples()[index].point(keypoint));
    !person.step(index).is_nan() && (0..2).all(|axis| (now[axis] - before[axis]).abs() <= FROZEN_PX)
}
