//! Where labeling stops and the caller begins: whatever takes the labels of one frame after another.

use crate::error::LabelsError;
use swingpose_core::FrameLabels;

/// What is known of an input only when it has been read to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Frames that could not be decoded.
    pub lost_frames: u64,
}

/// Takes labels frame by frame, in increasing order of the frames' numbers.
///
/// A sink that is dropped without [`LabelSink::finish`] leaves no file that looks finished.
pub trait LabelSink {
    /// Takes the labels of the next frame, people or not.
    ///
    /// # Errors
    /// [`LabelsError::Order`] for a frame that does not come after the last one; whatever keeps the labels from being
    /// written. After an error the sink is to be dropped.
    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError>;

    /// Makes what was written whole.
    ///
    /// # Errors
    /// Whatever keeps the labels from being written; then nothing is left of them.
    fn finish(self, ending: Ending) -> Result<(), LabelsError>
    where
        Self: Sized;
}
