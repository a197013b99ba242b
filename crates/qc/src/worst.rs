//! The frames to look at first: the worst of each kind, then the next worst, then where the network was least sure.

use crate::finding::Mark;
use crate::scene::Scene;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use swingpose_core::FrameIndex;

/// Frames that are shown for their low score alone are at least so many seconds apart.
const APART: f64 = 0.25;

/// A frame to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstFrame {
    /// Its number in the video.
    pub frame: FrameIndex,
    /// Its time in seconds.
    pub time_s: f64,
    /// What was found in it, as indices into the report's findings, the worst first; empty where it is shown for its low score.
    pub findings: Vec<usize>,
    /// The mean score of the primary person's body; `None` without one.
    pub confidence: Option<f64>,
    /// Who is who in it: people's numbers within the frame, and their tracks.
    pub tracks: BTreeMap<u32, u32>,
    /// The part of the frame that the findings are in: `x1`, `y1`, `x2`, `y2` in pixels of the upright frame; `None` for all of it.
    pub focus: Option<[f32; 4]>,
    /// Where the keypoints are that the findings are about, in pixels of the upright frame.
    pub keypoints: Vec<[f32; 2]>,
}

/// At most `count` frames, in their order.
pub(crate) fn frames(scene: &Scene, marks: &[Mark], count: usize) -> Vec<WorstFrame> {
    let mut places = worst_of_marks(marks, count);
    add_unsure(scene, &mut places, count);
    places.into_iter().map(|place| frame(scene, marks, place)).collect()
}

/// The worst mark of each kind, then the second worst, and so on.
fn worst_of_marks(marks: &[Mark], count: usize) -> BTreeSet<usize> {
    let mut order: Vec<&Mark> = marks.iter().collect();
    order.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut ranks = BTreeMap::new();
    let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(order.len());
    for mark in order {
        let rank = ranks.entry(mark.kind).or_insert(0);
        ranked.push((*rank, mark.worst));
        *rank += 1;
    }
    ranked.sort_by_key(|&(rank, _)| rank);
    let mut places = BTreeSet::new();
    for (_, place) in ranked {
        if places.len() == count {
            break;
        }
        places.insert(place);
    }
    places
}

fn add_unsure(scene: &Scene, places: &mut BTreeSet<usize>, count: usize) {
    let primaries = scene.primaries();
    let confidence =
        |place: usize| primaries[place].map(|(person, index)| scene.people[person].samples()[index].confidence());
    let mut order: Vec<(f64, usize)> =
        (0..scene.clock.len()).filter_map(|place| Some((confidence(place)?, place))).collect();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (_, place) in order {
        if places.len() >= count {
            break;
        }
        let time = scene.clock.times[place];
        if places.iter().all(|&other| (scene.clock.times[other] - time).abs() >= APART) {
            places.insert(place);
        }
    }
}

fn frame(scene: &Scene, marks: &[Mark], place: usize) -> WorstFrame {
    let mut findings: Vec<usize> = (0..marks.len()).filter(|&index| marks[index].places.contains(&place)).collect();
    findings.sort_by(|&one, &other| marks[other].score.total_cmp(&marks[one].score));
    let here: Vec<(usize, usize)> = (scene.people.iter().enumerate())
        .filter_map(|(index, person)| {
            Some((index, person.samples().binary_search_by_key(&place, |sample| sample.place()).ok()?))
        })
        .collect();
    let about: BTreeSet<usize> = findings.iter().filter_map(|&finding| marks[finding].person).collect();
    let whole = findings.iter().any(|&finding| marks[finding].person.is_none());
    let primary = here.iter().find(|&&(person, sample)| scene.people[person].samples()[sample].primary);
    let in_focus = |person: usize| {
        if about.is_empty() { primary.is_some_and(|primary| primary.0 == person) } else { about.contains(&person) }
    };
    let sample = |&(person, index): &(usize, usize)| &scene.people[person].samples()[index];
    let focus = here
        .iter()
        .filter(|(person, _)| !whole && in_focus(*person))
        .map(|at| sample(at).extent().map(|side| side as f32));
    let marked = findings.iter().flat_map(|&finding| {
        let at = here.iter().find(|(person, _)| marks[finding].person == Some(*person));
        at.into_iter()
            .flat_map(move |at| marks[finding].keypoint_indices().map(move |keypoint| sample(at).keypoints[keypoint]))
    });
    WorstFrame {
        frame: FrameIndex(scene.clock.frames[place]),
        time_s: scene.clock.times[place],
        confidence: primary.map(|at| sample(at).confidence()),
        tracks: here.iter().map(|at| (sample(at).person, scene.people[at.0].track.number)).collect(),
        focus: focus
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
            .filter(|sides| sides.iter().all(|side| side.is_finite())),
        keypoints: marked
            .map(|[x, y, _]| [x, y])
            .filter(|point| point.iter().all(|number| number.is_finite()))
            .collect(),
        findings,
    }
}
