//! The numbers of a comparison as frames go by: what is added up, and the distances of which percentiles are taken at the end.

use super::CompareOptions;
use super::pairing::{Pair, pair, squared_distances};
use super::report::{Comparison, FrameList, KeypointDistances, KeypointReport, People, WorstFrame};
use crate::spread::{Agreement, Distances};
use swingpose_core::skeleton::{KEYPOINT_COUNT, KEYPOINT_NAMES};
use swingpose_core::{FrameLabels, PersonLabel, Point};

/// How many of the worst frames are told.
const WORST: usize = 10;
/// The keypoints between which a torso is measured, each pair left and right.
const SHOULDERS: [usize; 2] = [5, 6];
const HIPS: [usize; 2] = [11, 12];
/// A torso shorter than this, in pixels, is no measure: seen end on, or a failed label.
const SHORTEST_TORSO: f64 = 1.0;

/// What is known so far.
pub(super) struct Tally<'a> {
    options: &'a CompareOptions,
    frames: u64,
    people: People,
    oks: Vec<f64>,
    box_iou: Vec<f64>,
    px: [Vec<f64>; KEYPOINT_COUNT],
    torsos: [Vec<f64>; KEYPOINT_COUNT],
    far: u64,
    lost: u64,
    gained: u64,
    not_finite: u64,
    without_torso: u64,
    over_limit: FrameList,
    unmatched: FrameList,
    not_finite_frames: FrameList,
    /// The worst first.
    worst: Vec<WorstFrame>,
}

/// What stands out in one frame.
#[derive(Default)]
struct FrameNotes {
    worst: Option<WorstFrame>,
    not_finite: bool,
}

impl<'a> Tally<'a> {
    pub(super) fn new(options: &'a CompareOptions) -> Self {
        Self {
            options,
            frames: 0,
            people: People::default(),
            oks: Vec::new(),
            box_iou: Vec::new(),
            px: Default::default(),
            torsos: Default::default(),
            far: 0,
            lost: 0,
            gained: 0,
            not_finite: 0,
            without_torso: 0,
            over_limit: FrameList::default(),
            unmatched: FrameList::default(),
            not_finite_frames: FrameList::default(),
            worst: Vec::new(),
        }
    }

    /// Adds a frame as A and B label it.
    pub(super) fn add(&mut self, a: &FrameLabels, b: &FrameLabels) {
        let pairs = pair(&a.people, &b.people, self.options);
        let matched = pairs.len();
        let (missed, extra) = (a.people.len() - matched, b.people.len() - matched);
        self.frames += 1;
        self.people.add(a.people.len(), b.people.len(), matched);
        if missed + extra > 0 {
            self.unmatched.push(a.frame);
        }
        let mut notes = FrameNotes::default();
        for pair in &pairs {
            self.oks.push(pair.oks);
            self.box_iou.extend(pair.box_iou);
            self.add_keypoints(pair, a, b, &mut notes);
        }
        if notes.not_finite {
            self.not_finite_frames.push(a.frame);
        }
        if let Some(worst) = notes.worst {
            self.keep(WorstFrame { missed: missed as u64, extra: extra as u64, ..worst });
        }
    }

    fn add_keypoints(&mut self, pair: &Pair, a: &FrameLabels, b: &FrameLabels, notes: &mut FrameNotes) {
        let (one, other) = (&a.people[pair.a], &b.people[pair.b]);
        let torso = torso(one, self.options.min_score);
        self.without_torso += u64::from(torso.is_none());
        for (keypoint, distance) in squared_distances(one, other).into_iter().enumerate() {
            let [sure_a, sure_b] = [one, other].map(|side| side.keypoints[keypoint].score >= self.options.min_score);
            self.lost += u64::from(sure_a && !sure_b);
            self.gained += u64::from(sure_b && !sure_a);
            if !sure_a {
                continue;
            }
            let px = distance.sqrt();
            if !px.is_finite() {
                self.not_finite += 1;
                notes.not_finite = true;
                continue;
            }
            self.px[keypoint].push(px);
            self.far += u64::from(px > self.options.limit_px);
            self.torsos[keypoint].extend(torso.map(|torso| px / torso));
            if notes.worst.as_ref().is_none_or(|worst| px > worst.px) {
                notes.worst = Some(WorstFrame {
                    frame: a.frame,
                    time_s: a.time_s,
                    px,
                    keypoint: KEYPOINT_NAMES[keypoint],
                    person_a: one.person,
                    person_b: other.person,
                    missed: 0,
                    extra: 0,
                });
            }
        }
    }

    fn keep(&mut self, frame: WorstFrame) {
        if frame.px > self.options.limit_px {
            self.over_limit.push(frame.frame);
        }
        // Among equals the earlier frame stays before.
        let place = self.worst.partition_point(|worse| worse.px >= frame.px);
        // Where nothing has moved, no frame is worse than another.
        if place < WORST && frame.px > 0.0 {
            self.worst.truncate(WORST - 1);
            self.worst.insert(place, frame);
        }
    }

    /// What it all comes to.
    pub(super) fn finish(mut self) -> Comparison {
        let each = std::array::from_fn::<_, KEYPOINT_COUNT, _>(|k| KeypointDistances {
            keypoint: KEYPOINT_NAMES[k],
            px: Distances::of(&mut self.px[k]),
            torsos: Distances::of(&mut self.torsos[k]),
        });
        Comparison {
            options: *self.options,
            frames: self.frames,
            people: self.people,
            oks: Agreement::of(&mut self.oks),
            box_iou: Agreement::of(&mut self.box_iou),
            keypoints: KeypointReport {
                px: Distances::of(&mut self.px.concat()),
                torsos: Distances::of(&mut self.torsos.concat()),
                each: each.into(),
                over_limit: self.far,
                lost: self.lost,
                gained: self.gained,
                not_finite: self.not_finite,
                without_torso: self.without_torso,
            },
            over_limit: self.over_limit,
            unmatched: self.unmatched,
            not_finite: self.not_finite_frames,
            worst: self.worst,
        }
    }
}

/// The length of a person's torso in pixels, from the middle of the shoulders to the middle of the hips; `None` where one
/// of the four is not sure, or they are too close to measure by.
fn torso(person: &PersonLabel, min_score: f32) -> Option<f64> {
    let sure = SHOULDERS.iter().chain(&HIPS).all(|&k| person.keypoints[k].score >= min_score);
    let middle = |[left, right]: [usize; 2]| {
        let (Point { x: x1, y: y1, .. }, Point { x: x2, y: y2, .. }) =
            (person.keypoints[left].point, person.keypoints[right].point);
        [f64::midpoint(f64::from(x1), f64::from(x2)), f64::midpoint(f64::from(y1), f64::from(y2))]
    };
    let ([x1, y1], [x2, y2]) = (middle(SHOULDERS), middle(HIPS));
    let length = (x1 - x2).hypot(y1 - y2);
    (sure && length.is_finite() && length >= SHORTEST_TORSO).then_some(length)
}
