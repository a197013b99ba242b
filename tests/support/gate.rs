//! The gate that every faster way to compute must pass: its labels against those of f32 on the CPU.
//!
//! In: the labels of both, of the same frames of the same file with trained weights, as frames or as the comparison of two
//! label files. Out: how near they are, or which limits they are past. `swingpose-judge` pairs the people and measures.

use std::fmt;

use swingpose_core::FrameLabels;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_judge::{CompareError, CompareOptions, Comparison, compare::compare_frames};

/// How far labels may be from the reference's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccuracyGate {
    /// The most that the median distance of the joints may be, in pixels.
    pub median_px: f64,
    /// The most that the 95th percentile may be.
    pub p95_px: f64,
    /// A joint further away than this is far.
    pub far_px: f64,
    /// The share of joints that are far stays below this.
    pub far_share: f64,
    /// Joints count that score more than this in the reference.
    pub min_score: f32,
}

impl Default for AccuracyGate {
    /// The limits of f16 and bf16 against f32.
    fn default() -> Self {
        Self { median_px: 0.06, p95_px: 0.25, far_px: 5.0, far_share: 0.001, min_score: 0.3 }
    }
}

/// How near labels are to the reference's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Joints that counted.
    pub joints: u64,
    /// Half of them are no further away, in pixels.
    pub median_px: f64,
    /// 95 % of them are no further away.
    pub p95_px: f64,
    /// The furthest.
    pub max_px: f64,
    /// The share that is far. All joints of a person whom only one side has are counted, and are far.
    pub far_share: f64,
}

/// Why labels do not pass.
#[derive(Debug)]
pub enum Refusal {
    /// The two are not labels of the same frames.
    Incomparable(CompareError),
    /// No joint of the reference could be measured, so nothing is known.
    NothingMeasured,
    /// So many coordinates are no numbers.
    NotFinite(u64),
    /// Limits are passed.
    TooFar {
        /// What was measured.
        accuracy: Accuracy,
        /// Which limits, by the names of the gate's fields.
        limits: Vec<&'static str>,
    },
}

impl AccuracyGate {
    /// What label files are to be compared with, for [`Self::judge`].
    #[must_use]
    pub fn options(&self) -> CompareOptions {
        // The judge counts joints from a score on.
        CompareOptions { min_score: self.min_score.next_up(), limit_px: self.far_px, ..CompareOptions::default() }
    }

    /// How near the labels `fast` are to `reference`, frame by frame.
    ///
    /// # Errors
    /// [`Refusal`], if they do not pass.
    pub fn check(&self, reference: &[FrameLabels], fast: &[FrameLabels]) -> Result<Accuracy, Refusal> {
        let [reference, fast] = [reference, fast].map(|frames| frames.iter().cloned().map(Ok));
        self.judge(&compare_frames(reference, fast, &self.options()).map_err(Refusal::Incomparable)?)
    }

    /// The same of label files that were compared with [`Self::options`].
    ///
    /// # Errors
    /// [`Refusal`], if they do not pass.
    ///
    /// # Panics
    /// If they were compared with other options.
    pub fn judge(&self, comparison: &Comparison) -> Result<Accuracy, Refusal> {
        assert_eq!(comparison.options, self.options(), "a comparison made for this gate");
        let keypoints = &comparison.keypoints;
        if keypoints.not_finite > 0 {
            return Err(Refusal::NotFinite(keypoints.not_finite));
        }
        let px = keypoints.px.ok_or(Refusal::NothingMeasured)?;
        let unmatched = (comparison.people.missed + comparison.people.extra) * KEYPOINT_COUNT as u64;
        let joints = px.count + unmatched;
        let far_share = (keypoints.over_limit + unmatched) as f64 / joints as f64;
        let accuracy = Accuracy { joints, median_px: px.median, p95_px: px.p95, max_px: px.max, far_share };
        let limits = self.passed_limits(&accuracy);
        if limits.is_empty() { Ok(accuracy) } else { Err(Refusal::TooFar { accuracy, limits }) }
    }

    fn passed_limits(&self, accuracy: &Accuracy) -> Vec<&'static str> {
        let limits = [
            ("median_px", accuracy.median_px > self.median_px),
            ("p95_px", accuracy.p95_px > self.p95_px),
            ("far_share", accuracy.far_share >= self.far_share),
        ];
        limits.into_iter().filter(|(_, passed)| *passed).map(|(name, _)| name).collect()
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { joints, median_px, p95_px, max_px, far_share } = self;
        write!(f, "{joints} joints: median {median_px:.4} px, p95 {p95_px:.4} px, max {max_px:.4} px, ")?;
        write!(f, "{:.3} % far", far_share * 100.0)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomparable(error) => error.fmt(f),
            Self::NothingMeasured => f.write_str("no joint could be measured"),
            Self::NotFinite(joints) => write!(f, "{joints} joints have coordinates that are no numbers"),
            Self::TooFar { accuracy, limits } => write!(f, "past {}: {accuracy}", limits.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
