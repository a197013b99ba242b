//! Missing spans: frames with nobody, and frames without somebody who is there before and after.

use crate::finding::{Kind, Mark};
use crate::robust::runs;
use crate::scene::{Followed, Scene};

/// Frames in which there is nobody.
pub(super) fn nobody(scene: &Scene) -> Vec<Mark> {
    let empty = runs(scene.clock.len(), |place| scene.clock.people[place] == 0);
    empty.into_iter().map(|places| mark(places, "nobody")).collect()
}

/// Frames that one person is missing from, between others.
pub(super) fn gaps(person: &Followed) -> Vec<Mark> {
    let pairs = person.samples().windows(2).filter(|pair| pair[0].at + 1 < pair[1].at);
    pairs.map(|pair| mark(pair[0].place() + 1..pair[1].place(), "not found")).collect()
}

fn mark(places: std::ops::Range<usize>, who: &str) -> Mark {
    let frames = places.len();
    let note = format!("{who} in {frames} {}", if frames == 1 { "frame" } else { "frames" });
    Mark::new(Kind::Missing, places, frames as f64, note)
}

/// Drops a person's gap where nobody else is there either: that is told once, of the frames.
pub(super) fn without_nobody(mut marks: Vec<Mark>) -> Vec<Mark> {
    let missing = marks.iter().filter(|mark| mark.kind == Kind::Missing && mark.person.is_none());
    let nobody: Vec<_> = missing.map(|mark| mark.places.clone()).collect();
    let told = |mark: &Mark| {
        let around = nobody.partition_point(|places| places.end < mark.places.end);
        nobody.get(around).is_some_and(|places| places.start <= mark.places.start)
    };
    marks.retain(|mark| mark.kind != Kind::Missing || mark.person.is_none() || !told(mark));
    marks
}
