//! All that is known of a label file after it was checked; field names are the words of the JSON.

use crate::clock::Clock;
use crate::finding::{Finding, Kind, Mark};
use crate::follow::Follower;
use crate::limits::SURE;
use crate::robust::median;
use crate::scene::{Followed, Scene};
use crate::series::Series;
use crate::verdict::{Verdict, covered, judge};
use crate::worst::{self, WorstFrame};
use crate::{checks, track};
use serde::Serialize;
use std::collections::BTreeMap;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;
use swingpose_core::skeleton::KEYPOINT_NAMES;
use swingpose_labels::{Labels, LabelsError};

/// A label file, checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What made the labels.
    pub provenance: Provenance,
    /// Whether they can be used as they are.
    pub verdict: Verdict,
    /// Why, the gravest first.
    pub reasons: Vec<String>,
    /// Frames with labels.
    pub frames: u64,
    /// How long they are shown, in seconds.
    pub duration_s: f64,
    /// The shortest, the usual and the longest time from frame to frame, in seconds; `None` of fewer than two frames.
    pub step_s: Option<[f64; 3]>,
    /// How many frames each kind of finding covers; kinds that were not found are left out.
    pub suspicious_frames: BTreeMap<Kind, u64>,
    /// The people, in the order in which they appear.
    pub people: Vec<Person>,
    /// The 17 keypoints of the person that the video is about; empty where there is nobody.
    pub keypoints: Vec<KeypointQuality>,
    /// Everything suspicious, by frame.
    pub findings: Vec<Finding>,
    /// The frames to look at first, in their order.
    pub worst: Vec<WorstFrame>,
    /// How it goes over time.
    pub series: Series,
}

/// A person, followed through the video.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    /// The number of the track: the file's, or one given here.
    pub track: u32,
    /// Whether the video is about this person.
    pub main: bool,
    /// Frames with labels of the person.
    pub frames: u64,
    /// The first and the last of them.
    pub span: [u64; 2],
    /// The usual mean score of the body's keypoints.
    pub confidence: f64,
    /// The usual length of the box's diagonal, in pixels; `None` where it has none.
    pub size_px: Option<f64>,
    /// How many findings there are.
    pub findings: u64,
}

/// How good the labels of a keypoint are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeypointQuality {
    /// Which.
    pub keypoint: &'static str,
    /// Its usual score.
    pub score: f64,
    /// The share of frames in which it is not sure, from 0 to 1.
    pub unsure: f64,
    /// Its highest speed, in sizes of the person a second; `None` where it is never sure.
    pub top_speed: Option<f64>,
    /// How many findings it is in.
    pub findings: u64,
}

/// Checks the label file `labels` and names at most `worst` frames to look at.
///
/// # Errors
/// A file that cannot be read.
pub fn check(labels: Labels, worst: usize) -> Result<Report, LabelsError> {
    check_frames(labels.provenance, labels.frames, worst)
}

/// Checks frames in increasing order, from wherever they come.
///
/// # Errors
/// The first error among them.
pub fn check_frames(
    provenance: Provenance,
    frames: impl Iterator<Item = Result<FrameLabels, LabelsError>>,
    worst: usize,
) -> Result<Report, LabelsError> {
    let mut clock = Clock::new(provenance.input.timebase);
    let mut follower = Follower::default();
    for frame in frames {
        let frame = frame?;
        let place = clock.add(&frame);
        follower.add(place, clock.times[place], &frame.people);
    }
    Ok(report(provenance, &Scene::new(clock, follower.finish()), worst))
}

fn report(provenance: Provenance, scene: &Scene, worst: usize) -> Report {
    let marks = checks::all(scene);
    let (verdict, reasons) = judge(scene, &marks, &provenance.input);
    let number = |person: usize| scene.people[person].track.number;
    let of_kind = |kind: Kind| covered(scene, marks.iter().filter(|mark| mark.kind == kind)) as u64;
    Report {
        provenance,
        verdict,
        reasons,
        frames: scene.clock.len() as u64,
        duration_s: scene.clock.duration(),
        step_s: steps(&scene.clock),
        suspicious_frames: Kind::ALL
            .map(|kind| (kind, of_kind(kind)))
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect(),
        people: (0..scene.people.len()).map(|index| person(scene, &marks, index)).collect(),
        keypoints: scene.main.map(|main| keypoints(&scene.people[main], &marks, main)).unwrap_or_default(),
        findings: marks.iter().map(|mark| mark.tell(&scene.clock, number)).collect(),
        worst: worst::frames(scene, &marks, worst),
        series: Series::of(scene),
    }
}

fn steps(clock: &Clock) -> Option<[f64; 3]> {
    let steps = || (1..clock.len()).map(|place| clock.step(place));
    Some([steps().reduce(f64::min)?, clock.median_step()?, steps().reduce(f64::max)?])
}

fn person(scene: &Scene, marks: &[Mark], index: usize) -> Person {
    let person = &scene.people[index];
    let frame = |sample: Option<&track::Sample>| sample.map_or(0, |sample| scene.clock.frames[sample.place()]);
    Person {
        track: person.track.number,
        main: scene.main == Some(index),
        frames: person.len() as u64,
        span: [frame(person.samples().first()), frame(person.samples().last())],
        confidence: median(person.samples().iter().map(track::Sample::confidence)).unwrap_or(0.0),
        size_px: median(person.samples().iter().map(track::Sample::diagonal)),
        findings: marks.iter().filter(|mark| mark.person == Some(index)).count() as u64,
    }
}

fn keypoints(person: &Followed, marks: &[Mark], index: usize) -> Vec<KeypointQuality> {
    let quality = |(keypoint, name)| {
        let scores = || person.samples().iter().map(move |sample| sample.score(keypoint));
        let unsure = scores().filter(|score| *score < SURE).count();
        let speeds = (0..person.len()).map(|sample| person.speed(sample, keypoint)).filter(|speed| speed.is_finite());
        let about = |mark: &&Mark| mark.person == Some(index) && mark.keypoint_indices().any(|one| one == keypoint);
        KeypointQuality {
            keypoint: name,
            score: median(scores()).unwrap_or(0.0),
            unsure: unsure as f64 / person.len().max(1) as f64,
            top_speed: speeds.reduce(f64::max),
            findings: marks.iter().filter(about).count() as u64,
        }
    };
    KEYPOINT_NAMES.into_iter().enumerate().map(quality).collect()
}
