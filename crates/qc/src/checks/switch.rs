//! Person switches: the primary person is another one than in the frame before, or a track goes on with somebody else.

use crate::finding::{Kind, Mark};
use crate::follow::same;
use crate::limits::{REACH, TOP_SPEED};
use crate::scene::{Followed, Scene};
use crate::track::distance;

/// Where the primary person changes.
pub(super) fn primaries(scene: &Scene) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut before: Option<(usize, usize)> = None;
    for (place, primary) in scene.primaries().into_iter().enumerate() {
        let Some((person, _)) = primary else { continue };
        if let Some((other, last)) = before.filter(|(other, _)| *other != person) {
            let number = |index: usize| scene.people[index].track.number;
            let note = format!("the primary person is track {} and no longer track {}", number(person), number(other));
            marks.push(Mark::new(Kind::Switch, last..place + 1, 1.0, note).worst_at(place));
        }
        before = Some((person, place));
    }
    marks
}

/// Where a person is somewhere else and in another pose at once.
pub(super) fn jumps(person: &Followed) -> Vec<Mark> {
    let jump = |index: usize| {
        let (before, now) = (&person.samples()[index - 1], &person.samples()[index]);
        let seconds = person.times[index] - person.times[index - 1];
        if !is_elsewhere(person, index, seconds) {
            return None;
        }
        let way = distance(before.centre(), now.centre()) / person.size(index);
        let note = format!("the track goes on {way:.1} of the person's size away, {:.0} ms later", 1000.0 * seconds);
        let score = way / (TOP_SPEED * seconds);
        Some(Mark::new(Kind::Switch, before.place()..now.place() + 1, score, note).worst_at(now.place()))
    };
    (1..person.len()).filter_map(jump).collect()
}

fn is_elsewhere(person: &Followed, index: usize, seconds: f64) -> bool {
    if seconds.is_nan() || seconds <= 0.0 {
        return false;
    }
    let (before, now) = (&person.samples()[index - 1], &person.samples()[index]);
    if before.whole_frame && now.whole_frame {
        // There is no box to tell by, and a pose's middle moves with its arms: it may go a little further than a box.
        return distance(before.centre(), now.centre()) > (TOP_SPEED * seconds + REACH) * person.size(index);
    }
    same(before, now, seconds).is_none()
}
