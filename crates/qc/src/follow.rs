//! Who is who from frame to frame: by the file's own `track` where it has one, else by the nearest box and pose.
//!
//! A person without a track goes to the one seen before that it is most like, best pairs first. Who is unlike all of them is
//! somebody new.

use crate::limits::{KEEP, SAME, TOP_SPEED};
use crate::track::{Sample, Track, distance};
use std::collections::{BTreeMap, BTreeSet};
use swingpose_core::PersonLabel;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_judge::oks::oks;

/// Gathers people into tracks, frame by frame.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    tracks: Vec<Track>,
    /// Tracks by the file's numbers.
    named: BTreeMap<u32, usize>,
    /// The others that may go on: their places, and when they were last seen.
    open: Vec<(usize, f64)>,
}

impl Follower {
    /// Adds the people of the frame at place `at`.
    pub(crate) fn add(&mut self, at: usize, time: f64, people: &[PersonLabel]) {
        self.open.retain(|(_, seen)| time - seen <= KEEP);
        let mut unnamed = Vec::new();
        for label in people {
            let sample = Sample::new(at, label);
            match label.track {
                Some(number) => self.add_named(number, sample),
                None => unnamed.push(sample),
            }
        }
        self.add_unnamed(time, unnamed);
    }

    fn add_named(&mut self, number: u32, sample: Sample) {
        let tracks = &mut self.tracks;
        let track = *self.named.entry(number).or_insert_with(|| {
            tracks.push(Track { number, samples: Vec::new() });
            tracks.len() - 1
        });
        // One number on two people of a frame: the second is not followed.
        if self.tracks[track].samples.last().is_none_or(|last| last.at < sample.at) {
            self.tracks[track].samples.push(sample);
        }
    }

    fn add_unnamed(&mut self, time: f64, people: Vec<Sample>) {
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for (open, &(track, seen)) in self.open.iter().enumerate() {
            let Some(last) = self.tracks[track].samples.last() else { continue };
            let like = |person: &Sample| same(last, person, time - seen);
            pairs.extend(people.iter().enumerate().filter_map(|(index, person)| Some((like(person)?, open, index))));
        }
        pairs.sort_by(|one, other| other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2))));
        let (mut taken, mut owners) = (BTreeSet::new(), vec![None; people.len()]);
        for (_, open, person) in pairs {
            if owners[person].is_none() && taken.insert(open) {
                owners[person] = Some(open);
            }
        }
        for (sample, owner) in people.into_iter().zip(owners) {
            if let Some(open) = owner {
                self.open[open].1 = time;
                self.tracks[self.open[open].0].samples.push(sample);
            } else {
                self.open.push((self.tracks.len(), time));
                self.tracks.push(Track { number: u32::MAX, samples: vec![sample] });
            }
        }
    }

    /// The tracks, each with a number of its own, in the order in which they begin.
    pub(crate) fn finish(mut self) -> Vec<Track> {
        let mut free = (0..).filter(|number| !self.named.contains_key(number));
        let named: BTreeSet<usize> = self.named.values().copied().collect();
        for (place, track) in self.tracks.iter_mut().enumerate() {
            if !named.contains(&place) {
                track.number = free.next().unwrap_or(u32::MAX);
            }
        }
        self.tracks
    }
}

/// How alike a person is to one seen `seconds` before, from 0 to 1; `None` where the two cannot be one: nothing of them is
/// alike, and nobody is fast enough to have got from there to here.
pub(crate) fn same(before: &Sample, now: &Sample, seconds: f64) -> Option<f64> {
    if before.whole_frame && now.whole_frame {
        return Some(1.0);
    }
    let (way, sizes) = (distance(before.centre(), now.centre()), before.diagonal() + now.diagonal());
    let near = way <= TOP_SPEED * seconds * before.diagonal();
    // In a crowd most pairs are far apart, and need no look at their poses.
    if way > sizes && !near {
        return None;
    }
    let likeness = f64::midpoint(iou(before.extent(), now.extent()), pose_likeness(before, now));
    (likeness >= SAME || near).then_some(likeness)
}

fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[x1, y1, x2, y2]: [f64; 4]| (x2 - x1).max(0.0) * (y2 - y1).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

fn pose_likeness(a: &Sample, b: &Sample) -> f64 {
    let squared = std::array::from_fn(|keypoint| distance(a.point(keypoint), b.point(keypoint)).powi(2));
    let counted: [bool; KEYPOINT_COUNT] = std::array::from_fn(|keypoint| a.is_sure(keypoint) && b.is_sure(keypoint));
    let [x1, y1, x2, y2] = a.extent();
    oks(&squared, &counted, (x2 - x1) * (y2 - y1))
}
