//! How near labels that were made again come to those in the file, and how near they have to.

use anyhow::Context;
use std::fmt;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::{DeviceInfo, Provenance};
use swingpose_judge::{CompareOptions, Comparison, compare::compare_frames};

/// How far keypoints may move between devices.
pub(super) struct Limits {
    median_px: f64,
    p95_px: f64,
}

/// Between devices that both compute in single precision.
const SINGLE: Limits = Limits { median_px: 0.001, p95_px: 0.02 };

/// Where one of them computes in half precision.
const HALF: Limits = Limits { median_px: 0.06, p95_px: 0.25 };

/// A keypoint that has moved further is another one, in pixels; of so many there may be one.
const ASTRAY_PX: f64 = 5.0;
const ONE_ASTRAY_OF: u64 = 1000;

/// Of so many people one may be missed or extra, where a box scores just about the threshold.
const ONE_UNMATCHED_OF: u64 = 100;

/// What came of labeling a sample again.
pub(super) enum Verdict {
    /// All bits should be the same.
    Exact {
        frames: usize,
        /// The frames whose labels are others.
        differing: Vec<u64>,
    },
    /// Made elsewhere, or by another version of the program.
    Near { comparison: Box<Comparison>, limits: &'static Limits, there: String, here: String },
}

impl Verdict {
    /// Compares bit by bit.
    pub(super) fn exact(labels: &[FrameLabels], again: &[FrameLabels]) -> Self {
        let differing = labels.iter().zip(again).filter(|(one, other)| !same(one, other));
        Self::Exact { frames: labels.len(), differing: differing.map(|(labels, _)| labels.frame.0).collect() }
    }

    /// Compares labels of `made` with those made on the device `here`.
    pub(super) fn near(
        labels: Vec<FrameLabels>,
        again: Vec<FrameLabels>,
        made: &Provenance,
        here: &DeviceInfo,
    ) -> anyhow::Result<Self> {
        let options = CompareOptions { limit_px: ASTRAY_PX, ..CompareOptions::default() };
        let comparison = compare_frames(labels.into_iter().map(Ok), again.into_iter().map(Ok), &options);
        let comparison = comparison.context("the labels made again cannot be compared with those in the file")?;
        let single = made.device.precision == here.precision && here.precision == "fp32";
        let (there, here) = (made.device.name.clone(), here.name.clone());
        Ok(Self::Near { comparison: Box::new(comparison), limits: if single { &SINGLE } else { &HALF }, there, here })
    }

    /// Whether the labels are what they are said to be.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Exact { differing, .. } => differing.is_empty(),
            Self::Near { comparison, limits, .. } => {
                let (people, keypoints) = (&comparison.people, &comparison.keypoints);
                let near = |px: &swingpose_judge::spread::Distances| {
                    px.median <= limits.median_px
                        && px.p95 <= limits.p95_px
                        && keypoints.over_limit * ONE_ASTRAY_OF <= px.count
                };
                (people.missed + people.extra) * ONE_UNMATCHED_OF <= people.a
                    && keypoints.not_finite == 0
                    && keypoints.px.as_ref().is_none_or(near)
            }
        }
    }
}

/// Whether two frames' labels are the same by their bits; a number that is none equals itself here.
fn same(one: &FrameLabels, other: &FrameLabels) -> bool {
    let bits = |labels: &FrameLabels| {
        let people = labels.people.iter().map(|person| {
            let corners = <[f32; 4]>::from(person.bounding_box).map(f32::to_bits);
            let keypoints = person.keypoints.map(|k| [k.point.x, k.point.y, k.score].map(f32::to_bits));
            let said = (person.person, person.track, person.primary, person.origin);
            (said, corners, person.box_score.to_bits(), keypoints)
        });
        (labels.frame, labels.pts, labels.time_s.to_bits(), people.collect::<Vec<_>>())
    };
    bits(one) == bits(other)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact { frames, differing } if differing.is_empty() => {
                write!(f, "{frames} frames labeled again, the same to the last bit")
            }
            Self::Exact { frames, differing } => {
                let named: Vec<String> = differing.iter().take(10).map(u64::to_string).collect();
                let named = named.join(", ");
                write!(f, "{} of {frames} frames labeled again have other labels: {named}", differing.len())
            }
            Self::Near { comparison, limits, there, here } => {
                let Comparison { frames, people, keypoints, .. } = &**comparison;
                write!(f, "{frames} frames labeled again ({there} then, {here} now): ")?;
                match &keypoints.px {
                    Some(px) => write!(
                        f,
                        "keypoints moved by {:.4} px in the median and {:.4} px at the 95th percentile",
                        px.median, px.p95
                    )?,
                    None => write!(f, "no keypoint to compare")?,
                }
                write!(
                    f,
                    " (limits {} and {}), {} further than {ASTRAY_PX} px",
                    limits.median_px, limits.p95_px, keypoints.over_limit
                )?;
                write!(f, "; of {} people {} missed, {} extra", people.a, people.missed, people.extra)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingpose_core::{BoundingBox, FrameIndex, Keypoint, Origin, PersonLabel};

    fn frame(number: u64, moved: f32) -> FrameLabels {
        let keypoints =
            std::array::from_fn(|k| Keypoint::from([20.0 + 10.0 * k as f32 + moved, 30.0 + 15.0 * k as f32, 0.9]));
        let bounding_box = BoundingBox::new(10.0, 20.0, 200.0, 300.0);
        let person = PersonLabel {
            person: 0,
            track: None,
            primary: true,
            origin: Origin::Detected,
            bounding_box,
            box_score: 0.9,
            keypoints,
        };
        FrameLabels { frame: FrameIndex(number), pts: 0, time_s: 0.0, people: vec![person] }
    }

    fn near(moved: f32, limits: &'static Limits) -> bool {
        let frames = |moved| (0..4).map(|number| Ok(frame(number, moved))).collect::<Vec<_>>();
        let options = CompareOptions { limit_px: ASTRAY_PX, ..CompareOptions::default() };
        let comparison =
            Box::new(compare_frames(frames(0.0).into_iter(), frames(moved).into_iter(), &options).unwrap());
        Verdict::Near { comparison, limits, there: String::new(), here: String::new() }.passes()
    }

    #[test]
    fn the_last_bit_counts_on_the_same_device() {
        let labels = [frame(3, 0.0), frame(7, 0.0)];
        assert!(Verdict::exact(&labels, &labels.clone()).passes());
        let mut moved = labels.clone();
        let x = &mut moved[1].people[0].keypoints[4].point.x;
        *x = x.next_up();
        let verdict = Verdict::exact(&labels, &moved);
        assert!(!verdict.passes());
        assert_eq!(verdict.to_string(), "1 of 2 frames labeled again have other labels: 7");
    }

    #[test]
    fn elsewhere_the_limits_are_those_of_the_arithmetic() {
        assert!(near(0.0, &SINGLE) && near(0.0005, &SINGLE) && !near(0.01, &SINGLE));
        assert!(near(0.05, &HALF) && !near(0.1, &HALF));
    }

    #[test]
    fn a_person_who_is_not_found_again_is_a_failure() {
        let labels: Vec<_> = (0..4).map(|number| frame(number, 0.0)).collect();
        let mut again = labels.clone();
        again[2].people.clear();
        let options = CompareOptions::default();
        let comparison = compare_frames(labels.into_iter().map(Ok), again.into_iter().map(Ok), &options).unwrap();
        let (there, here) = (String::new(), String::new());
        assert!(!Verdict::Near { comparison: Box::new(comparison), limits: &HALF, there, here }.passes());
    }
}
