//! Left/right swap suspects: pairs of keypoints that change places from one frame to the next.
//!
//! Each of a pair is nearer to where the other one was than to where it was itself. People who turn around bring their sides
//! past each other slowly, through frames in which the two are near: only pairs that are apart, before and after, count.

use crate::finding::{Kind, Mark};
use crate::limits::{BACK, SWAP_APART, SWAP_LEFT, SWAP_TIME};
use crate::scene::Followed;
use crate::track::distance;

/// Pairs of the body, left and right. The head's are too near to each other to tell.
const PAIRS: [[usize; 2]; 6] = [[5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [15, 16]];

pub(super) fn check(person: &Followed) -> Vec<Mark> {
    PAIRS.iter().flat_map(|&pair| of_pair(person, pair)).collect()
}

fn of_pair(person: &Followed, pair: [usize; 2]) -> Vec<Mark> {
    let exchanges: Vec<(usize, f64)> =
        (1..person.len()).filter_map(|index| Some((index, exchanged(person, index, pair)?))).collect();
    let mut exchanges = exchanges.into_iter().peekable();
    let place = |index: usize| person.samples()[index].place();
    let mut marks = Vec::new();
    while let Some((start, apart)) = exchanges.next() {
        let back = exchanges.next_if(|&(end, _)| person.times[end] - person.times[start] <= BACK);
        let (places, then) = match back {
            Some((end, _)) => (place(start)..place(end - 1) + 1, "and back"),
            None => (place(start - 1)..place(start) + 1, "and not back"),
        };
        let note = format!("left and right, {apart:.2} of the person's size apart, change places {then}");
        marks.push(Mark::new(Kind::Swap, places, apart / SWAP_APART, note).worst_at(place(start)).at(pair));
    }
    marks
}

/// How far apart the two are, in sizes, where they have changed places since the frame before.
fn exchanged(person: &Followed, index: usize, [left, right]: [usize; 2]) -> Option<f64> {
    if person.step(index).is_nan() || person.step(index) > SWAP_TIME {
        return None;
    }
    let apart = person.length(index, [left, right]).min(person.length(index - 1, [left, right]));
    let both_known = !person.length(index, [left, right]).is_nan() && !person.length(index - 1, [left, right]).is_nan();
    if !both_known || apart < SWAP_APART {
        return None;
    }
    let (before, now) = (&person.samples()[index - 1], &person.samples()[index]);
    let way = |from: usize, to: usize| distance(before.point(from), now.point(to));
    let (straight, crossed) = (way(left, left) + way(right, right), way(left, right) + way(right, left));
    (crossed <= SWAP_LEFT * straight).then_some(apart)
}
