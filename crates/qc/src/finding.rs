//! What a check finds: a stretch of frames in which something cannot be so, or hardly.

use crate::clock::Clock;
use serde::Serialize;
use std::ops::Range;
use swingpose_core::skeleton::KEYPOINT_NAMES;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nobody, or not somebody who was there before and is there again after.
    Missing,
    /// The network was not sure.
    Unsure,
    /// A keypoint off the path that it takes in the frames around: its acceleration is none that theirs lead to.
    Jitter,
    /// A limb too long, or of another length from one frame to the next.
    LimbLength,
    /// Left and right have changed places.
    Swap,
    /// Another person than before.
    Switch,
    /// Keypoints that do not move at all.
    Frozen,
    /// A time that does not fit those around, or frames left out.
    Time,
    /// Keypoints or boxes that are no numbers.
    Nowhere,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::Unsure,
        Self::Jitter,
        Self::LimbLength,
        Self::Swap,
        Self::Switch,
        Self::Frozen,
        Self::Time,
        Self::Nowhere,
    ];

    /// The word that JSON and pages use for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unsure => "unsure",
            Self::Jitter => "jitter",
            Self::LimbLength => "limb_length",
            Self::Swap => "swap",
            Self::Switch => "switch",
            Self::Frozen => "frozen",
            Self::Time => "time",
            Self::Nowhere => "nowhere",
        }
    }

    /// The same for a person to read.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::LimbLength => "limb length",
            Self::Swap => "left/right swap",
            Self::Switch => "person switch",
            other => other.word(),
        }
    }
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// How many times the limit it is: from 1 on, at most 100.
    pub score: f64,
    /// The first and the last frame, by their numbers in the video.
    pub frames: [u64; 2],
    /// Their times, in seconds.
    pub time_s: [f64; 2],
    /// The frame in which it is worst.
    pub worst_frame: u64,
    /// Whose labels: the number of the person's track, from the file or as followed here. `None` where it is of the whole
    /// frame.
    pub track: Option<u32>,
    /// Which keypoints; empty where it is of the whole person.
    pub keypoints: Vec<&'static str>,
    /// The same in words, with the numbers behind it.
    pub note: String,
}

/// The highest score.
const HIGHEST: f64 = 100.0;
/// Marks of one event are at most so many frames apart, where an event can leave frames out.
const APART: usize = 2;

/// A finding before it is told: places instead of frames.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) kind: Kind,
    pub(crate) score: f64,
    /// Places of the frames.
    pub(crate) places: Range<usize>,
    pub(crate) worst: usize,
    /// Whose, as an index into the scene's people.
    pub(crate) person: Option<usize>,
    /// A bit each.
    pub(crate) keypoints: u32,
    pub(crate) note: String,
}

impl Mark {
    /// A mark of the whole frame.
    pub(crate) fn new(kind: Kind, places: Range<usize>, score: f64, note: String) -> Self {
        Self { kind, score: bounded(score), worst: places.start, places, person: None, keypoints: 0, note }
    }

    pub(crate) fn of(self, person: usize) -> Self {
        Self { person: Some(person), ..self }
    }

    pub(crate) fn at(self, keypoints: impl IntoIterator<Item = usize>) -> Self {
        let keypoints = keypoints.into_iter().fold(0, |bits, keypoint| bits | 1 << keypoint);
        Self { keypoints, ..self }
    }

    pub(crate) fn worst_at(self, worst: usize) -> Self {
        Self { worst, ..self }
    }

    /// Makes one of two: the note is that of the worse.
    fn join(&mut self, other: Self) {
        self.places.end = self.places.end.max(other.places.end);
        self.keypoints |= other.keypoints;
        if other.score > self.score {
            (self.score, self.worst, self.note) = (other.score, other.worst, other.note);
        }
    }

    pub(crate) fn keypoint_indices(&self) -> impl Iterator<Item = usize> {
        let bits = self.keypoints;
        (0..KEYPOINT_NAMES.len()).filter(move |keypoint| bits >> keypoint & 1 == 1)
    }

    pub(crate) fn tell(&self, clock: &Clock, number: impl Fn(usize) -> u32) -> Finding {
        let ends = [self.places.start, self.places.end - 1];
        Finding {
            kind: self.kind,
            score: (self.score * 100.0).round() / 100.0,
            frames: ends.map(|place| clock.frames[place]),
            time_s: ends.map(|place| clock.times[place]),
            worst_frame: clock.frames[self.worst],
            track: self.person.map(number),
            keypoints: self.keypoint_indices().map(|keypoint| KEYPOINT_NAMES[keypoint]).collect(),
            note: self.note.clone(),
        }
    }
}

/// How far apart marks of one event may be.
const fn apart(kind: Kind) -> usize {
    match kind {
        Kind::Jitter | Kind::Switch => APART,
        _ => 0,
    }
}

/// A score that JSON can hold.
fn bounded(score: f64) -> f64 {
    if score.is_nan() { HIGHEST } else { score.clamp(1.0, HIGHEST) }
}

/// Joins marks of one kind and person that are one event: they overlap, touch or nearly do. What is left comes by place.
pub(crate) fn join(mut marks: Vec<Mark>) -> Vec<Mark> {
    // A whole person and a single keypoint are different findings.
    let of = |mark: &Mark| (mark.kind, mark.person, mark.keypoints == 0);
    marks.sort_by_key(|mark| (of(mark), mark.places.start, mark.places.end));
    let mut joined: Vec<Mark> = Vec::new();
    for mark in marks {
        match joined.last_mut() {
            Some(last) if of(last) == of(&mark) && mark.places.start <= last.places.end + apart(mark.kind) => {
                last.join(mark)
            }
            _ => joined.push(mark),
        }
    }
    joined.sort_by_key(|mark| (mark.places.start, of(mark)));
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: Kind, places: Range<usize>, score: f64, keypoint: usize) -> Mark {
        Mark::new(kind, places, score, format!("{score}")).of(0).at([keypoint])
    }

    #[test]
    fn marks_of_one_event_are_one_finding_with_the_worse_ones_words() {
        let marks = vec![
            mark(Kind::Jitter, 10..12, 2.0, 9),
            mark(Kind::Jitter, 11..14, 5.0, 7),
            mark(Kind::Frozen, 11..14, 3.0, 7),
            mark(Kind::Jitter, 40..41, 1.0, 9),
        ];
        let joined = join(marks);
        let told: Vec<_> = joined.iter().map(|mark| (mark.kind, mark.places.clone(), mark.note.as_str())).collect();
        assert_eq!(told, [(Kind::Jitter, 10..14, "5"), (Kind::Frozen, 11..14, "3"), (Kind::Jitter, 40..41, "1")]);
        assert_eq!(joined[0].keypoint_indices().collect::<Vec<_>>(), [7, 9]);
    }

    #[test]
    fn a_kind_is_spelled_alike_in_json_and_on_pages() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }

    #[test]
    fn a_score_is_a_number_from_1_on() {
        let scores =
            [f64::NAN, f64::INFINITY, 0.2, 7.0].map(|score| Mark::new(Kind::Time, 0..1, score, String::new()).score);
        assert_eq!(scores, [100.0, 100.0, 1.0, 7.0]);
    }
}
