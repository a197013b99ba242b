//! One identity over time: cut where it was gone for too long, filled where it was gone for a moment.

use crate::identity::Place;
use crate::smoothing::{Options, Report};
use std::ops::Range;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{BoundingBox, FrameLabels, FramePx, Keypoint, Origin, PersonLabel};

/// Smooths the person who is at `places`.
pub(crate) fn smooth_track(
    frames: &mut [FrameLabels],
    places: &[Place],
    is_tracked: bool,
    options: &Options,
    report: &mut Report,
) {
    for stretch in stretches(frames, places, is_tracked, options, report) {
        let times: Vec<f64> = stretch.iter().map(|place| frames[place.frame].time_s).collect();
        report.stretches += 1;
        for keypoint in 0..KEYPOINT_COUNT {
            smooth_keypoint(frames, &stretch, &times, keypoint, options, report);
        }
    }
}

/// The stretches in which the person is there without a long gap; in the short ones somebody is filled in.
fn stretches(
    frames: &mut [FrameLabels],
    places: &[Place],
    is_tracked: bool,
    options: &Options,
    report: &mut Report,
) -> Vec<Vec<Place>> {
    let mut stretches: Vec<Vec<Place>> = Vec::new();
    for &place in places {
        let Some((stretch, last)) =
            stretches.last_mut().and_then(|stretch| stretch.last().copied().map(|last| (stretch, last)))
        else {
            stretches.push(vec![place]);
            continue;
        };
        let (before, after) = (&frames[last.frame], &frames[place.frame]);
        let is_next = before.frame.0 + 1 == after.frame.0;
        let is_short = after.time_s - before.time_s <= options.max_gap;
        let overlap = before.people[last.person].bounding_box.iou(after.people[place.person].bounding_box);
        if !(is_next || is_short) || (!is_tracked && overlap <= 0.0) {
            stretches.push(vec![place]);
            continue;
        }
        for frame in last.frame + 1..place.frame {
            stretch.push(fill(frames, last, place, frame));
            report.people_filled += 1;
        }
        stretch.push(place);
    }
    stretches
}

/// Puts the person who is at `before` and `after` into `frame` between them.
fn fill(frames: &mut [FrameLabels], before: Place, after: Place, frame: usize) -> Place {
    let [from, to] = [before, after].map(|place| frames[place.frame].time_s);
    let share = (frames[frame].time_s - from) / (to - from);
    let [from, to] = [before, after].map(|place| &frames[place.frame].people[place.person]);
    let people = &frames[frame].people;
    let person = PersonLabel {
        person: free_number(people, from.person),
        track: from.track.filter(|_| from.track == to.track),
        primary: from.primary && to.primary && !people.iter().any(|person| person.primary),
        origin: Origin::Interpolated,
        bounding_box: between_boxes(from.bounding_box, to.bounding_box, share),
        box_score: from.box_score.min(to.box_score),
        keypoints: std::array::from_fn(|k| between_keypoints(from.keypoints[k], to.keypoints[k], share)),
    };
    frames[frame].people.push(person);
    Place { frame, person: frames[frame].people.len() - 1 }
}

/// `wanted`, if nobody of `people` has it, or the number after the last.
fn free_number(people: &[PersonLabel], wanted: u32) -> u32 {
    if people.iter().all(|person| person.person != wanted) {
        return wanted;
    }
    people.iter().map(|person| person.person.saturating_add(1)).max().unwrap_or(0)
}

fn between_boxes(from: BoundingBox<FramePx>, to: BoundingBox<FramePx>, share: f64) -> BoundingBox<FramePx> {
    let [from, to]: [[f32; 4]; 2] = [from, to].map(Into::into);
    std::array::from_fn(|n| between(from[n], to[n], share)).into()
}

/// As sure as the less sure of the two.
fn between_keypoints(from: Keypoint, to: Keypoint, share: f64) -> Keypoint {
    let (a, b) = (from.point, to.point);
    Keypoint::from([between(a.x, b.x, share), between(a.y, b.y, share), from.score.min(to.score)])
}

fn between(from: f32, to: f32, share: f64) -> f32 {
    line(f64::from(from), f64::from(to), share) as f32
}

fn line(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

/// Smooths one keypoint over a stretch, in the runs that its own unsure moments leave.
fn smooth_keypoint(
    frames: &mut [FrameLabels],
    stretch: &[Place],
    times: &[f64],
    keypoint: usize,
    options: &Options,
    report: &mut Report,
) {
    let at = |place: &Place| frames[place.frame].people[place.person].keypoints[keypoint];
    let points: Vec<Keypoint> = stretch.iter().map(at).collect();
    let known: Vec<usize> = (0..points.len()).filter(|&n| options.is_known(&points[n])).collect();
    let mut x: Vec<f64> = points.iter().map(|keypoint| f64::from(keypoint.point.x)).collect();
    let mut y: Vec<f64> = points.iter().map(|keypoint| f64::from(keypoint.point.y)).collect();
    for run in runs(&known, times, options.max_gap) {
        report.keypoints_filled += bridge(&known, times, &run, [&mut x, &mut y]);
        options.filter.apply(&times[run.clone()], &mut x[run.clone()]);
        options.filter.apply(&times[run.clone()], &mut y[run.clone()]);
        for n in run {
            let place = stretch[n];
            let point = &mut frames[place.frame].people[place.person].keypoints[keypoint].point;
            (point.x, point.y) = (x[n] as f32, y[n] as f32);
        }
    }
}

/// The ranges of samples between gaps that are too long, each from a known sample to a known one.
fn runs(known: &[usize], times: &[f64], max_gap: f64) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for &n in known {
        match runs.last_mut() {
            Some(run) if run.end == n || times[n] - times[run.end - 1] <= max_gap => run.end = n + 1,
            _ => runs.push(n..n + 1),
        }
    }
    runs
}

/// Draws straight lines over the unknown samples of `run` and says how many there were.
fn bridge(known: &[usize], times: &[f64], run: &Range<usize>, axes: [&mut Vec<f64>; 2]) -> u64 {
    let known = &known[known.partition_point(|&n| n < run.start)..known.partition_point(|&n| n < run.end)];
    for values in axes {
        for pair in known.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            for n in from + 1..to {
                let share = (times[n] - times[from]) / (times[to] - times[from]);
                values[n] = line(values[from], values[to], share);
            }
        }
    }
    (run.len() - known.len()) as u64
}
