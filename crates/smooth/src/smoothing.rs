//! A whole video's labels, smoothed.

use crate::error::SmoothError;
use crate::filter::Filter;
use crate::identity::{Identities, Identity};
use crate::track::smooth_track;
use swingpose_core::{FrameLabels, Keypoint};

/// How to smooth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// What smooths.
    pub filter: Filter,
    /// The longest time, in seconds, from one sure sample to the next that is filled in between; longer ones are cuts, across
    /// which nothing is smoothed. Frames that follow each other directly are never cut.
    pub max_gap: f64,
    /// A keypoint that scores less is not used: it is drawn between those around it, or stays where the gap is too long.
    pub keypoint_threshold: f32,
    /// Who is who.
    pub identity: Identity,
}

impl Options {
    pub(crate) fn is_known(&self, keypoint: &Keypoint) -> bool {
        keypoint.point.x.is_finite() && keypoint.point.y.is_finite() && keypoint.score >= self.keypoint_threshold
    }
}

/// What smoothing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Different people.
    pub identities: u64,
    /// Stretches of a person without a long gap, each smoothed by itself.
    pub stretches: u64,
    /// People filled into frames; their origin is `interpolated`.
    pub people_filled: u64,
    /// Keypoints drawn between their neighbours in time, because they were unsure.
    pub keypoints_filled: u64,
}

/// Smooths the keypoints of `frames`, a whole video's in increasing order, in place. Scores stay. Memory beside the frames
/// is that of one person's places.
///
/// Where no tracker vouches for an identity, a person whose box does not overlap the one before is taken for somebody else.
///
/// # Errors
/// [`SmoothError::Time`] for times that do not grow, [`SmoothError::NoIdentity`], [`SmoothError::Twice`],
/// [`SmoothError::Cutoff`] for a Butterworth filter that these frames are too slow for. Then nothing was changed.
pub fn smooth(frames: &mut [FrameLabels], options: &Options) -> Result<Report, SmoothError> {
    check_times(frames)?;
    check_cutoff(frames, options.filter)?;
    let Identities { places, are_tracked } = Identities::find(frames, options.identity)?;
    let mut report = Report { identities: places.len() as u64, ..Report::default() };
    for places in &places {
        smooth_track(frames, places, are_tracked, options, &mut report);
    }
    Ok(report)
}

fn check_times(frames: &[FrameLabels]) -> Result<(), SmoothError> {
    let first = frames.first().filter(|frame| !frame.time_s.is_finite());
    let later = frames.windows(2).find(|pair| !(pair[1].time_s.is_finite() && pair[1].time_s > pair[0].time_s));
    match first.or(later.map(|pair| &pair[1])) {
        Some(frame) => Err(SmoothError::Time { frame: frame.frame.0, time_s: frame.time_s }),
        None => Ok(()),
    }
}

fn check_cutoff(frames: &[FrameLabels], filter: Filter) -> Result<(), SmoothError> {
    let (Filter::Butterworth(butterworth), [first, .., last]) = (filter, frames) else { return Ok(()) };
    let (cutoff, limit) = (butterworth.cutoff(), (frames.len() - 1) as f64 / (last.time_s - first.time_s) / 2.0);
    if cutoff < limit { Ok(()) } else { Err(SmoothError::Cutoff { cutoff, limit }) }
}
