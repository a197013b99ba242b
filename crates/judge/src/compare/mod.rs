//! Two label files of the same video, A and B: who is missed, who is extra, how far keypoints have moved.
//!
//! A is the reference, B what is judged: people of A without a counterpart are missed, people of B without one are extra,
//! and distances are measured at the keypoints that A is sure of. `align` sees that the two speak of the same frames, `pairing`
//! finds who is who, `tally` gathers the numbers, `report` is what they come to, `gate` holds that against a limit.

mod align;
mod error;
mod gate;
mod pairing;
mod report;
mod tally;
#[cfg(test)]
mod tests;

pub use error::{CompareError, Side};
pub use gate::{Breach, Gate, Statistic};
pub use report::{Comparison, FrameList, KeypointDistances, KeypointReport, People, WorstFrame};

use align::Aligned;
use serde::Serialize;
use swingpose_core::FrameLabels;
use swingpose_labels::{Labels, LabelsError};
use tally::Tally;

/// What counts as the same person, as a sure keypoint, as far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CompareOptions {
    /// Two people are one from this OKS on.
    pub min_oks: f64,
    /// A keypoint is sure from this score on.
    pub min_score: f32,
    /// A frame is over the limit if a measured keypoint in it has moved more than this, in pixels.
    pub limit_px: f64,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { min_oks: 0.5, min_score: 0.3, limit_px: 5.0 }
    }
}

/// Compares label file `b` with the reference `a`. The frames are read side by side; what is kept of them is two numbers a
/// keypoint.
///
/// # Errors
/// [`CompareError`]: labels of different inputs, frames that do not line up, a file that cannot be read.
pub fn compare(a: Labels, b: Labels, options: &CompareOptions) -> Result<Comparison, CompareError> {
    align::check_inputs(&a.provenance.input, &b.provenance.input)?;
    compare_frames(a.frames, b.frames, options)
}

/// Compares frames with the reference's frames `a`, from wherever they come. That they are of one video is not looked at.
///
/// # Errors
/// [`CompareError`]: frames that do not line up, frames that cannot be read.
pub fn compare_frames(
    a: impl Iterator<Item = Result<FrameLabels, LabelsError>>,
    b: impl Iterator<Item = Result<FrameLabels, LabelsError>>,
    options: &CompareOptions,
) -> Result<Comparison, CompareError> {
    let mut tally = Tally::new(options);
    for frames in Aligned::new(a, b) {
        let (a, b) = frames?;
        tally.add(&a, &b);
    }
    Ok(tally.finish())
}
