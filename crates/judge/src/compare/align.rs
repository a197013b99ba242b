//! Two streams of frames as one stream of pairs: the same frame number, the same time, in both or not at all.

use super::error::{CompareError, Side};
use std::cmp::Ordering;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Input;
use swingpose_labels::LabelsError;

/// Refuses labels of different inputs, or of one input that was decoded in different ways.
pub(super) fn check_inputs(a: &Input, b: &Input) -> Result<(), CompareError> {
    if a.sha256 != b.sha256 {
        return Err(CompareError::Inputs {
            a_name: a.name.clone(),
            a_sha256: a.sha256.clone(),
            b_name: b.name.clone(),
            b_sha256: b.sha256.clone(),
        });
    }
    if a.size != b.size {
        return Err(CompareError::Sizes { a: a.size, b: b.size });
    }
    if a.timebase != b.timebase {
        return Err(CompareError::Timebases { a: a.timebase, b: b.timebase });
    }
    Ok(())
}

/// The frames of both, side by side. After an error there are no more.
pub(super) struct Aligned<A, B> {
    a: A,
    b: B,
    done: bool,
}

impl<A, B> Aligned<A, B>
where
    A: Iterator<Item = Result<FrameLabels, LabelsError>>,
    B: Iterator<Item = Result<FrameLabels, LabelsError>>,
{
    pub(super) const fn new(a: A, b: B) -> Self {
        Self { a, b, done: false }
    }

    fn advance(&mut self) -> Result<Option<(FrameLabels, FrameLabels)>, CompareError> {
        match (self.a.next().transpose()?, self.b.next().transpose()?) {
            (Some(a), Some(b)) => same_moment(&a, &b).map(|()| Some((a, b))),
            (Some(a), None) => Err(alone(&a, Side::A)),
            (None, Some(b)) => Err(alone(&b, Side::B)),
            (None, None) => Ok(None),
        }
    }
}

impl<A, B> Iterator for Aligned<A, B>
where
    A: Iterator<Item = Result<FrameLabels, LabelsError>>,
    B: Iterator<Item = Result<FrameLabels, LabelsError>>,
{
    type Item = Result<(FrameLabels, FrameLabels), CompareError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.advance().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

fn same_moment(a: &FrameLabels, b: &FrameLabels) -> Result<(), CompareError> {
    match a.frame.cmp(&b.frame) {
        Ordering::Less => Err(alone(a, Side::A)),
        Ordering::Greater => Err(alone(b, Side::B)),
        Ordering::Equal if a.pts != b.pts => Err(CompareError::Times { frame: a.frame.0, a: a.pts, b: b.pts }),
        Ordering::Equal => Ok(()),
    }
}

const fn alone(frame: &FrameLabels, side: Side) -> CompareError {
    CompareError::Frames { frame: frame.frame.0, side }
}
