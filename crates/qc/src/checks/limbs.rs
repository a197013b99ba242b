//! Limb-length breaks: limbs longer than the person's limbs are, and lengths that jump and stay so.
//!
//! In a picture a limb is as long as it is, or shorter where it points at the camera. Too long is measured against what both
//! sides usually show and what bodies are like; too short only by the jump that leads there, and one that leads back or a second that passes.

use crate::finding::{Kind, Mark};
use crate::limits::{BACK, LIMB_LONG, LIMB_PERSPECTIVE, LIMB_RUN, LIMB_STEP, LIMB_STEP_TIME, frames};
use crate::robust::{quantile, runs};
use crate::scene::Followed;
use std::ops::Range;

/// A limb of both sides.
struct Limb {
    name: &'static str,
    /// Its ends, left and right.
    sides: [[usize; 2]; 2],
    /// Its share of a person's height, by Drillis and Contini, "Body segment parameters", 1966.
    share: f64,
}

const LIMBS: [Limb; 5] = [
    Limb { name: "upper arm", sides: [[5, 7], [6, 8]], share: 0.186 },
    Limb { name: "forearm", sides: [[7, 9], [8, 10]], share: 0.146 },
    Limb { name: "thigh", sides: [[11, 13], [12, 14]], share: 0.245 },
    Limb { name: "shin", sides: [[13, 15], [14, 16]], share: 0.246 },
    Limb { name: "trunk", sides: [[5, 11], [6, 12]], share: 0.288 },
];

pub(super) fn check(person: &Followed) -> Vec<Mark> {
    LIMBS.iter().flat_map(|limb| of_limb(person, limb)).collect()
}

fn of_limb(person: &Followed, Limb { name, sides, share }: &Limb) -> Vec<Mark> {
    let lengths = sides.map(|ends| (0..person.len()).map(|index| person.length(index, ends)).collect::<Vec<f64>>());
    let Some(usual) = quantile(lengths.iter().flatten().copied(), 75.0) else { return Vec::new() };
    let longest = (LIMB_LONG * usual).max(LIMB_PERSPECTIVE * share);
    let mut marks = Vec::new();
    for (ends, lengths) in sides.iter().zip(&lengths) {
        let too_long = runs(lengths.len(), |index| lengths[index] > longest);
        let long = too_long.into_iter().filter(|run| run.len() >= frames(LIMB_RUN));
        marks.extend(long.map(|run| too_long_mark(person, name, lengths, (usual, longest), run).at(*ends)));
        marks.extend(jumps(person, name, lengths).into_iter().map(|mark| mark.at(*ends)));
    }
    marks
}

fn too_long_mark(
    person: &Followed,
    name: &str,
    lengths: &[f64],
    (usual, longest): (f64, f64),
    run: Range<usize>,
) -> Mark {
    let worst = run.clone().max_by(|&a, &b| lengths[a].total_cmp(&lengths[b])).unwrap_or(run.start);
    let times = lengths[worst] / usual;
    let note = format!("{name} {times:.1} times as long as it usually shows");
    let place = |index: usize| person.samples()[index].place();
    let places = place(run.start)..place(run.end - 1) + 1;
    Mark::new(Kind::LimbLength, places, lengths[worst] / longest, note).worst_at(place(worst))
}

/// Where a length jumps: up to the jump back, or the jump alone where there is none.
fn jumps(person: &Followed, name: &str, lengths: &[f64]) -> Vec<Mark> {
    let step = |index: usize| if index > 0 { lengths[index] - lengths[index - 1] } else { 0.0 };
    let soon = |index: usize| person.step(index) <= LIMB_STEP_TIME;
    let mut steps = (1..lengths.len()).filter(|&index| step(index).abs() > LIMB_STEP && soon(index)).peekable();
    let mut marks = Vec::new();
    while let Some(start) = steps.next() {
        let back =
            steps.next_if(|&end| step(start) * step(end) < 0.0 && person.times[end] - person.times[start] <= BACK);
        let run = back.map_or(start - 1..start + 1, |end| start..end);
        if back.is_some() && run.len() < frames(LIMB_RUN) {
            continue;
        }
        let change = step(start);
        let note = format!(
            "{name} {:.2} of the person's size {} at once",
            change.abs(),
            if change > 0.0 { "longer" } else { "shorter" }
        );
        let place = |index: usize| person.samples()[index].place();
        let places = place(run.start)..place(run.end - 1) + 1;
        marks.push(Mark::new(Kind::LimbLength, places, change.abs() / LIMB_STEP, note).worst_at(place(start)));
    }
    marks
}
