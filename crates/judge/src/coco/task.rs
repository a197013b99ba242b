//! What is evaluated, boxes or poses: the ranges of area, the numbers of detections, and how alike each detection of a
//! picture is to each person in it.

use super::annotations::{Annotated, Pose};
use super::predictions::Detection;
use crate::oks::oks;
use std::cmp::Ordering;
use swingpose_core::skeleton::KEYPOINT_COUNT;

/// The areas that are counted, in square pixels, both ends included.
pub(super) type AreaRange = [f64; 2];

const ALL: AreaRange = [0.0, 1e5 * 1e5];
const SMALL: AreaRange = [0.0, 32.0 * 32.0];
const MEDIUM: AreaRange = [32.0 * 32.0, 96.0 * 96.0];
const LARGE: AreaRange = [96.0 * 96.0, 1e5 * 1e5];

/// What pycocotools' `Params` hold.
pub(super) struct Task {
    /// The ranges of area, in the order of the curves.
    pub(super) areas: &'static [AreaRange],
    /// How many detections of a picture are counted, in increasing order.
    pub(super) most: &'static [usize],
}

/// `iouType='bbox'`.
pub(super) const BOXES: Task = Task { areas: &[ALL, SMALL, MEDIUM, LARGE], most: &[1, 10, 100] };
/// `iouType='keypoints'`.
pub(super) const KEYPOINTS: Task = Task { areas: &[ALL, MEDIUM, LARGE], most: &[20] };

impl Task {
    /// How many detections of a picture are looked at.
    const fn largest(&self) -> usize {
        self.most[self.most.len() - 1]
    }
}

/// A detection, as far as matching sees it.
pub(super) struct Candidate {
    pub(super) score: f64,
    pub(super) area: f64,
}

/// An annotated person, as far as matching sees it.
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) area: f64,
    pub(super) crowd: bool,
    /// Whether it is no fault to find it, and none to miss it.
    pub(super) ignored: bool,
}

/// One picture: its detections by falling score, its people, and how alike they are.
pub(super) struct Case {
    pub(super) candidates: Vec<Candidate>,
    pub(super) people: Vec<Person>,
    /// A row of as many as there are people for each candidate.
    pub(super) likeness: Vec<f64>,
}

/// The boxes of a picture, alike by intersection over union.
pub(super) fn box_case(people: &[Annotated], detections: &[&Detection]) -> Case {
    let ranked = ranked(detections, Detection::has_box, |detection| detection.box_score, &BOXES);
    let likeness = ranked.iter().flat_map(|detection| people.iter().map(|person| box_iou(detection.bbox, person)));
    Case {
        likeness: likeness.collect(),
        candidates: ranked
            .iter()
            .map(|detection| Candidate { score: detection.box_score, area: detection.bbox[2] * detection.bbox[3] })
            .collect(),
        people: people.iter().map(|person| found(person, person.crowd)).collect(),
    }
}

/// The poses of a picture, alike by OKS.
pub(super) fn pose_case(people: &[Annotated], detections: &[&Detection]) -> Case {
    let ranked = ranked(detections, Detection::has_pose, |detection| detection.pose_score, &KEYPOINTS);
    let likeness =
        ranked.iter().flat_map(|detection| people.iter().map(|person| pose_oks(&detection.keypoints, person)));
    Case {
        likeness: likeness.collect(),
        candidates: ranked
            .iter()
            .map(|detection| Candidate { score: detection.pose_score, area: extent(&detection.keypoints) })
            .collect(),
        people: people
            .iter()
            .map(|person| found(person, person.crowd || person.pose.as_ref().is_none_or(|pose| pose.count == 0)))
            .collect(),
    }
}

const fn found(person: &Annotated, ignored: bool) -> Person {
    Person { id: person.id, area: person.area, crowd: person.crowd, ignored }
}

/// The detections that count, by falling score; those of one score keep their order.
fn ranked<'a>(
    detections: &[&'a Detection],
    usable: fn(&Detection) -> bool,
    score: fn(&Detection) -> f64,
    task: &Task,
) -> Vec<&'a Detection> {
    let mut ranked: Vec<&Detection> = detections.iter().copied().filter(|detection| usable(detection)).collect();
    ranked.sort_by(|one, other| falling(score(one), score(other)));
    ranked.truncate(task.largest());
    ranked
}

/// The order of finite scores, the highest first.
pub(super) fn falling(one: f64, other: f64) -> Ordering {
    // Not `total_cmp`, to which 0 and -0 differ.
    other.partial_cmp(&one).unwrap_or(Ordering::Equal)
}

/// `bbIou` of pycocotools' `maskApi.c`: in a crowd, the share of the detection that lies in it.
fn box_iou([x, y, width, height]: [f64; 4], person: &Annotated) -> f64 {
    let [px, py, pwidth, pheight] = person.bbox;
    let w = (width + x).min(pwidth + px) - x.max(px);
    let h = (height + y).min(pheight + py) - y.max(py);
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    let intersection = w * h;
    let union = if person.crowd { width * height } else { width * height + pwidth * pheight - intersection };
    intersection / union
}

/// `computeOks` of pycocotools' `cocoeval.py`.
fn pose_oks(points: &[[f64; 2]; KEYPOINT_COUNT], person: &Annotated) -> f64 {
    let Some(pose) = &person.pose else { return 0.0 };
    let offsets =
        if pose.labeled.contains(&true) { from_points(points, pose) } else { from_region(points, person.bbox) };
    oks(&offsets.map(|[dx, dy]| dx * dx + dy * dy), &pose.labeled, person.area)
}

fn from_points(points: &[[f64; 2]; KEYPOINT_COUNT], pose: &Pose) -> [[f64; 2]; KEYPOINT_COUNT] {
    std::array::from_fn(|k| std::array::from_fn(|axis| points[k][axis] - pose.points[k][axis]))
}

/// Where no keypoint is annotated, how far each lies outside the box, which is grown by its own size on every side.
fn from_region(points: &[[f64; 2]; KEYPOINT_COUNT], bbox: [f64; 4]) -> [[f64; 2]; KEYPOINT_COUNT] {
    let outside = |value: f64, start: f64, size: f64| {
        let (low, high) = (start - size, start + size * 2.0);
        (low - value).max(0.0) + (value - high).max(0.0)
    };
    points.map(|[x, y]| [outside(x, bbox[0], bbox[2]), outside(y, bbox[1], bbox[3])])
}

/// The area of the box around the keypoints, which is what pycocotools' `loadRes` gives poses.
fn extent(points: &[[f64; 2]; KEYPOINT_COUNT]) -> f64 {
    let side = |axis: usize| {
        let values = || points.iter().map(|point| point[axis]);
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    side(0) * side(1)
}
