//! Jitter: keypoints off the path that they take in the frames around.
//!
//! A cubic through two frames on either side, at their real times, says where a keypoint should be; how far off it is is the
//! fourth difference, which is how far its acceleration differs from that of its neighbours. A swing is smooth enough for
//! that at 30 frames a second, where the plain acceleration of its wrists is ten times larger. The first and the last two frames
//! of a stretch have no such neighbours, and are not judged.
//!
//! A frame is off where it stands out from the frames around; a stretch in which every frame is off is found by its median.

use crate::finding::{Kind, Mark};
use crate::limits::{JITTER, JITTER_SIGMAS, JITTER_STENCIL, SHAKY};
use crate::robust::{Spread, local, runs};
use crate::scene::Followed;
use std::ops::Range;
use swingpose_core::skeleton::KEYPOINT_COUNT;

/// The frames around, as steps from the one that is judged.
const AROUND: [isize; 4] = [-2, -1, 1, 2];
/// Next to a frame that is off, others seem to be off by two thirds of it: only what is nearly as far off as the worst is meant.
const AS_FAR: f64 = 0.7;

pub(super) fn check(person: &Followed) -> Vec<Mark> {
    (0..KEYPOINT_COUNT).flat_map(|keypoint| of_keypoint(person, keypoint)).collect()
}

fn of_keypoint(person: &Followed, keypoint: usize) -> Vec<Mark> {
    let off: Vec<f64> = (0..person.len()).map(|index| off_path(person, index, keypoint)).collect();
    let spreads = local(&off, &person.blocks, |values| Spread::of(values.iter().copied()));
    let limit = |index: usize| {
        let spread = spreads[person.block(index)];
        spread.map_or(JITTER, |spread| JITTER.max(spread.median + JITTER_SIGMAS * spread.sigma))
    };
    let far = runs(off.len(), |index| off[index] > limit(index));
    let outliers = far.into_iter().map(|run| mark(person, &off, run, limit));
    outliers.chain(shaky(person, &off)).map(|mark| mark.at([keypoint])).collect()
}

/// The seconds in which a keypoint is usually off.
fn shaky(person: &Followed, off: &[f64]) -> impl Iterator<Item = Mark> {
    person.blocks.iter().filter_map(|block| {
        let usual = Spread::of(off[block.clone()].iter().copied())?.median;
        let place = |index: usize| person.samples()[index].place();
        let note = format!("usually {:.0} px off the path of the frames around", usual * person.size(block.start));
        let places = place(block.start)..place(block.end - 1) + 1;
        (usual > SHAKY).then(|| Mark::new(Kind::Jitter, places, usual / SHAKY, note))
    })
}

fn mark(person: &Followed, off: &[f64], run: Range<usize>, limit: impl Fn(usize) -> f64) -> Mark {
    let worst = run.clone().max_by(|&a, &b| off[a].total_cmp(&off[b])).unwrap_or(run.start);
    let meant = || run.clone().filter(|&index| off[index] >= AS_FAR * off[worst]);
    let place = |index: usize| person.samples()[index].place();
    let (first, last) = (meant().next().unwrap_or(worst), meant().next_back().unwrap_or(worst));
    let px = off[worst] * person.size(worst);
    let note =
        format!("{px:.0} px off the path of the frames around, {:.0} % of the person's size", 100.0 * off[worst]);
    Mark::new(Kind::Jitter, place(first)..place(last) + 1, off[worst] / limit(worst), note).worst_at(place(worst))
}

/// How far a keypoint is off, in sizes; NaN where the frames around do not say where it should be.
fn off_path(person: &Followed, index: usize, keypoint: usize) -> f64 {
    if index < 2 || index + 2 >= person.len() {
        return f64::NAN;
    }
    let span = index - 2..=index + 2;
    let time = |other: usize| person.times[other] - person.times[index - 2];
    let together = (index - 1..=index + 2).all(|index| !person.step(index).is_nan());
    if !together
        || time(index + 2) > JITTER_STENCIL
        || !span.clone().all(|index| person.samples()[index].is_sure(keypoint))
    {
        return f64::NAN;
    }
    let around = AROUND.map(|step| index.wrapping_add_signed(step));
    let weights = lagrange(around.map(time), time(index));
    let [x, y] = person.samples()[index].point(keypoint);
    let mut error = [x, y];
    for (weight, neighbour) in weights.into_iter().zip(around) {
        let point = person.samples()[neighbour].point(keypoint);
        error = [error[0] - weight * point[0], error[1] - weight * point[1]];
    }
    error[0].hypot(error[1]) / person.size(index)
}

/// What the values at four different `times` weigh in their cubic at `time`.
fn lagrange(times: [f64; 4], time: f64) -> [f64; 4] {
    std::array::from_fn(|one| {
        let others = (0..4).filter(|&other| other != one);
        others.map(|other| (time - times[other]) / (times[one] - times[other])).product()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_even_steps_the_weights_are_those_of_the_fourth_difference() {
        let weights = lagrange([-2.0, -1.0, 1.0, 2.0], 0.0);
        let expected = [-1.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0, -1.0 / 6.0];
        assert!(weights.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{weights:?}");
    }

    #[test]
    fn a_cubic_is_met_at_any_steps() {
        let cubic = |t: f64| 1.0 - 2.0 * t + 0.5 * t * t + 3.0 * t * t * t;
        let times = [0.0, 0.2, 0.9, 1.7];
        let met: f64 = lagrange(times, 0.4).into_iter().zip(times).map(|(weight, t)| weight * cubic(t)).sum();
        assert!((met - cubic(0.4)).abs() < 1e-12);
    }
}
