//! Everybody's number, frame by frame.
//!
//! The likest of a person in the frame and a person followed are taken for one, then the likest of the rest. First come those
//! followed who were in the frame before: somebody lost behind another must not take the other's place by standing still there.
//! The best pair first, and not the best sum over all pairs, because a sum would part the surest pair for the sake of two unsure
//! ones; with a good guess of where people are, the two differ in no scene of a few people.

use crate::track::Track;
use std::cmp::Ordering;
use swingpose_core::{FrameLabels, PersonLabel};

/// For so long, in seconds of the video, somebody may be out of sight and still be known again.
pub const MEMORY_S: f64 = 1.0;

/// Rounding of times must not decide about a gap of exactly [`MEMORY_S`]: less than any tick.
const ROUNDING_S: f64 = 1e-6;

/// Follows people from frame to frame.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    /// Those not forgotten yet, in the order of their numbers.
    tracks: Vec<Track>,
    /// The number of the next to appear.
    next: u32,
    /// When the last frame was.
    last_s: Option<f64>,
}

/// A person of the frame who may be one of those followed.
struct Pair {
    track: usize,
    person: usize,
    out_of_sight: bool,
    likeness: f64,
}

impl Tracker {
    /// Gives everybody in `labels` their number: the one they had, or the next one, best box first. Frames come in order; what
    /// the labels say of tracks before does not matter.
    pub fn follow(&mut self, labels: &mut FrameLabels) {
        let now_s = labels.time_s;
        self.tracks.retain(|track| now_s - track.seen_s <= MEMORY_S + ROUNDING_S);
        let owners = assign(self.pairs(&labels.people, now_s), self.tracks.len(), labels.people.len());
        for (person, owner) in labels.people.iter_mut().zip(owners) {
            person.track = Some(self.see(person, owner, now_s));
        }
        self.last_s = Some(now_s);
    }

    fn see(&mut self, person: &PersonLabel, owner: Option<usize>, now_s: f64) -> u32 {
        if let Some(track) = owner.and_then(|owner| self.tracks.get_mut(owner)) {
            track.see(person, now_s);
            return track.number;
        }
        let number = self.next;
        self.next = number.saturating_add(1);
        self.tracks.push(Track::begin(number, person, now_s));
        number
    }

    /// Whoever may be one, the surest first.
    fn pairs(&self, people: &[PersonLabel], now_s: f64) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (track, followed) in self.tracks.iter().enumerate() {
            let in_sight = self.last_s == Some(followed.seen_s);
            for (person, label) in people.iter().enumerate() {
                let likeness = followed.likeness(label, now_s, in_sight);
                pairs.extend(likeness.map(|likeness| Pair { track, person, out_of_sight: !in_sight, likeness }));
            }
        }
        pairs.sort_by(Pair::order);
        pairs
    }

    /// How far, in body sizes, the wrists of the person with this number have gone in the last second; 0 for nobody.
    pub(crate) fn wrists_moved(&self, number: u32) -> f64 {
        let track = self.tracks.iter().find(|track| track.number == number);
        track.map_or(0.0, |track| track.wrists.moved())
    }
}

impl Pair {
    fn order(&self, other: &Self) -> Ordering {
        let by_sight = self.out_of_sight.cmp(&other.out_of_sight);
        let by_likeness = other.likeness.total_cmp(&self.likeness);
        by_sight.then(by_likeness).then((self.track, self.person).cmp(&(other.track, other.person)))
    }
}

/// Whose track each person goes on with: every track and every person once, in the order of `pairs`.
fn assign(pairs: Vec<Pair>, tracks: usize, people: usize) -> Vec<Option<usize>> {
    let (mut taken, mut owners) = (vec![false; tracks], vec![None; people]);
    for Pair { track, person, .. } in pairs {
        if !taken[track] && owners[person].is_none() {
            taken[track] = true;
            owners[person] = Some(track);
        }
    }
    owners
}
