//! When the detector looks, and what stands in for it in between (`--detect-every N`).
//!
//! It looks at every frame whose number is a multiple of N, at the first frame of all, and at any frame to which the
//! people of the frame before cannot be carried. The rule goes by the frame's number, so what is said of a frame never
//! depends on more than the N frames before it, nor on how frames were batched.
//!
//! A person is carried by the keypoints of the frame before: their bounding box, padded. Keypoints are joints and
//! eyes, and the person reaches further: 0.06 of the body's height above the eyes, 0.04 below the ankles, and, with an
//! arm stretched out, the 0.11 of a hand beyond the wrist (Drillis and Contini, "Body Segment Parameters", 1966).
//! Ankle to eye is about 0.9 of the height, so `PADDING` = 1/8 of the longer side of the keypoints' box, on each
//! side, covers the hand in any direction. Standing, that box is a tenth taller than a detector's tight one; the pose
//! networks were trained with boxes scaled by 0.5 to 1.5. It is made anew from keypoints in every frame, so the padding
//! does not add up.

use crate::batch::PersonBox;
use std::num::NonZeroU32;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, FramePx, Keypoint, Origin, PersonLabel};
use swingpose_track::KEYPOINT_SCORE;

/// Padding on each side, in lengths of the longer side of the keypoints' box.
const PADDING: f32 = 0.125;

/// Fewer keypoints than this, the majority of 17, are not enough of a person to know the whole one's box.
const MIN_KEYPOINTS: usize = 9;

/// A carried box overlaps the one it came from by at least this, as an intersection over union: nobody moves or grows
/// further between two frames, so less means that the keypoints went astray.
const MIN_OVERLAP: f32 = 0.3;

/// Two carried boxes that overlap by more than this have slid onto one person.
const MAX_MUTUAL_OVERLAP: f32 = 0.7;

/// Which frames the detector sees.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    every: u64,
    /// Which run of N frames the last labeled frame was in; `None` before the first.
    run: Option<u64>,
    /// Who can be carried into the next frame; empty where nobody was there or someone could not be carried.
    carried: Vec<PersonBox>,
}

impl Schedule {
    pub(crate) fn new(every: NonZeroU32) -> Self {
        Self { every: u64::from(every.get()), run: None, carried: Vec::new() }
    }

    /// Whether every frame is detected, so that no frame waits for the one before it.
    pub(crate) const fn detects_always(&self) -> bool {
        self.every == 1
    }

    /// The boxes carried into `frame`, or `None` where the detector has to look. `frame` follows the last frame given
    /// to [`Self::learn`]; frames that could not be decoded may lie in between.
    pub(crate) fn carried(&self, frame: FrameIndex) -> Option<Vec<PersonBox>> {
        let same_run = self.run == Some(frame.0 / self.every);
        (same_run && !self.carried.is_empty()).then(|| self.carried.clone())
    }

    /// Takes note of the labels of a frame of `size`.
    pub(crate) fn learn(&mut self, labels: &FrameLabels, size: (u32, u32)) {
        self.run = Some(labels.frame.0 / self.every);
        self.carried = carry_all(&labels.people, size).unwrap_or_default();
    }
}

/// Everybody's box in the next frame; `None` if one of them cannot be carried.
fn carry_all(people: &[PersonLabel], size: (u32, u32)) -> Option<Vec<PersonBox>> {
    let carried: Vec<PersonBox> = people.iter().map(|person| carry(person, size)).collect::<Option<_>>()?;
    let apart = carried.iter().enumerate().all(|(index, one)| {
        carried[..index].iter().all(|other| one.bounding_box.iou(other.bounding_box) <= MAX_MUTUAL_OVERLAP)
    });
    apart.then_some(carried)
}

fn carry(person: &PersonLabel, size: (u32, u32)) -> Option<PersonBox> {
    let bounding_box = padded_box(&person.keypoints, size)?;
    let stayed = bounding_box.iou(person.bounding_box) >= MIN_OVERLAP;
    stayed.then_some(PersonBox { bounding_box, score: person.box_score, origin: Origin::Carried })
}

/// The padded bounding box of the keypoints that count, within the picture.
fn padded_box(keypoints: &[Keypoint], size: (u32, u32)) -> Option<BoundingBox<FramePx>> {
    let points: Vec<_> = keypoints.iter().filter(|k| k.score > KEYPOINT_SCORE).map(|k| k.point).collect();
    if points.len() < MIN_KEYPOINTS {
        return None;
    }
    let extent = |values: &mut dyn Iterator<Item = f32>| {
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (x1, x2) = extent(&mut points.iter().map(|p| p.x));
    let (y1, y2) = extent(&mut points.iter().map(|p| p.y));
    let padding = PADDING * (x2 - x1).max(y2 - y1);
    let padded = BoundingBox::new(x1 - padding, y1 - padding, x2 + padding, y2 + padding);
    let clamped = clamp_to_picture(padded, size);
    clamped.is_proper().then_some(clamped)
}

/// The part of a box that lies in a picture of `size`.
pub(crate) fn clamp_to_picture(bounding_box: BoundingBox<FramePx>, size: (u32, u32)) -> BoundingBox<FramePx> {
    let (width, height) = (size.0 as f32, size.1 as f32);
    BoundingBox::new(
        bounding_box.x1.clamp(0.0, width),
        bounding_box.y1.clamp(0.0, height),
        bounding_box.x2.clamp(0.0, width),
        bounding_box.y2.clamp(0.0, height),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (640, 480);

    /// Keypoints on the diagonal of a box.
    fn diagonal(x: f32, y: f32, width: f32, height: f32) -> [Keypoint; 17] {
        std::array::from_fn(|i| {
            let t = i as f32 / 16.0;
            Keypoint::from([x + t * width, y + t * height, 0.9])
        })
    }

    fn person(bounding_box: [f32; 4], keypoints: [Keypoint; 17]) -> PersonLabel {
        PersonLabel {
            person: 0,
            track: None,
            primary: false,
            origin: Origin::Detected,
            bounding_box: bounding_box.into(),
            box_score: 0.8,
            keypoints,
        }
    }

    fn standing() -> PersonLabel {
        person([95.0, 90.0, 185.0, 310.0], diagonal(100.0, 100.0, 80.0, 200.0))
    }

    fn frame(index: u64, people: Vec<PersonLabel>) -> FrameLabels {
        FrameLabels { frame: FrameIndex(index), pts: 0, time_s: 0.0, people }
    }

    fn after(every: u32, labels: &FrameLabels) -> Schedule {
        let mut schedule = Schedule::new(NonZeroU32::new(every).unwrap());
        schedule.learn(labels, SIZE);
        schedule
    }

    #[test]
    fn the_first_frame_and_every_multiple_are_detected() {
        assert_eq!(Schedule::new(NonZeroU32::MIN).carried(FrameIndex(7)), None);
        let schedule = after(5, &frame(7, vec![standing()]));
        assert!(schedule.carried(FrameIndex(8)).is_some() && schedule.carried(FrameIndex(9)).is_some());
        assert_eq!(schedule.carried(FrameIndex(10)), None);
    }

    #[test]
    fn a_lost_multiple_is_made_up_for_at_the_next_frame() {
        assert_eq!(after(5, &frame(9, vec![standing()])).carried(FrameIndex(11)), None);
    }

    #[test]
    fn every_frame_is_detected_at_a_step_of_one() {
        assert_eq!(after(1, &frame(3, vec![standing()])).carried(FrameIndex(4)), None);
    }

    #[test]
    fn a_carried_box_is_that_of_the_keypoints_padded_by_an_eighth_of_the_longer_side() {
        let carried = after(9, &frame(0, vec![standing()])).carried(FrameIndex(1)).unwrap();
        let expected = BoundingBox::new(75.0, 75.0, 205.0, 325.0);
        assert_eq!(carried, [PersonBox { bounding_box: expected, score: 0.8, origin: Origin::Carried }]);
    }

    #[test]
    fn a_carried_box_ends_at_the_picture() {
        let cut = person([0.0, 300.0, 90.0, 480.0], diagonal(5.0, 320.0, 80.0, 155.0));
        let carried = after(9, &frame(0, vec![cut])).carried(FrameIndex(1)).unwrap();
        assert_eq!((carried[0].bounding_box.x1, carried[0].bounding_box.y2), (0.0, 480.0));
    }

    #[test]
    fn the_detector_looks_again_when_nobody_was_there() {
        assert_eq!(after(9, &frame(0, vec![])).carried(FrameIndex(1)), None);
    }

    #[test]
    fn the_detector_looks_again_when_keypoints_are_few() {
        let mut faint = standing();
        for keypoint in &mut faint.keypoints[..9] {
            keypoint.score = 0.3;
        }
        assert_eq!(after(9, &frame(0, vec![faint.clone()])).carried(FrameIndex(1)), None);
        faint.keypoints[0].score = 0.31;
        assert!(after(9, &frame(0, vec![faint])).carried(FrameIndex(1)).is_some());
    }

    #[test]
    fn the_detector_looks_again_when_keypoints_leave_their_box_or_shrink_to_a_point() {
        let astray = person([95.0, 90.0, 185.0, 310.0], diagonal(300.0, 100.0, 80.0, 200.0));
        let point = person([95.0, 90.0, 185.0, 310.0], diagonal(140.0, 200.0, 0.0, 0.0));
        let nowhere = person([95.0, 90.0, 185.0, 310.0], diagonal(f32::NAN, 100.0, 80.0, 200.0));
        for lost in [astray, point, nowhere] {
            let people = vec![standing(), lost];
            assert_eq!(after(9, &frame(0, people)).carried(FrameIndex(1)), None);
        }
    }

    #[test]
    fn the_detector_looks_again_when_two_boxes_slid_onto_one_person() {
        let mut other = standing();
        other.bounding_box = BoundingBox::new(110.0, 90.0, 230.0, 310.0);
        assert_eq!(after(9, &frame(0, vec![standing(), other])).carried(FrameIndex(1)), None);
    }
}
