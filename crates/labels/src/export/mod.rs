//! Labels in the formats of other programs, one module a format. Each is an [`Exporter`] over a stream or a folder, fed
//! from label files as they are read, frame by frame: memory does not grow with the video.
//!
//! | format | one file holds | what it cannot carry |
//! | --- | --- | --- |
//! | [`jsonl`] | one input | the provenance; infinities |
//! | [`csv`] | any inputs | the provenance beyond the input's name |
//! | [`coco`] | any inputs | unsure keypoints; people whose box is no box; origins |
//! | [`mmpose`] | one input | times, tracks, origins; infinities |
//! | [`openpose`] | a frame | times, tracks, boxes, origins; feet, which COCO's 17 keypoints lack |
//! | [`yolo`] | a frame | scores, times, tracks, origins; what lies outside the picture; six decimals remain |
//! | [`trc`] | one input | everybody but one person; scores, boxes, origins |

pub mod coco;
pub mod csv;
mod document;
pub mod jsonl;
pub mod mmpose;
pub mod openpose;
mod picture;
pub mod trc;
pub mod yolo;

pub use picture::frame_file;

use crate::error::LabelsError;
use std::fmt::Write as _;
use swingpose_core::provenance::Provenance;
use swingpose_core::{FrameLabels, Keypoint};

/// Takes the labels of one input after another: [`begin`](Self::begin), its frames, the next `begin`, and at last
/// [`finish`](Self::finish). Dropped before that, what it wrote is not whole.
pub trait Exporter {
    /// Starts the labels that `provenance` speaks of.
    ///
    /// # Errors
    /// [`LabelsError::SharedName`] where the format tells inputs apart by name and this name was there before;
    /// whatever keeps labels from being written. After any error the exporter is to be dropped.
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError>;

    /// Takes the next frame of the input that was begun, in the order of a label file.
    ///
    /// # Errors
    /// Whatever keeps labels from being written.
    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError>;

    /// Ends the last input and the export.
    ///
    /// # Errors
    /// Whatever keeps labels from being written.
    fn finish(self: Box<Self>) -> Result<(), LabelsError>;
}

/// From which score a keypoint counts as seen, for formats that say yes or no.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sure(pub f32);

impl Default for Sure {
    /// 0.3, from where mmpose draws keypoints.
    fn default() -> Self {
        Self(0.3)
    }
}

impl Sure {
    /// Whether `keypoint` is somewhere and scores enough.
    #[must_use]
    pub fn of(self, keypoint: &Keypoint) -> bool {
        is_somewhere(keypoint) && keypoint.score >= self.0
    }
}

fn is_somewhere(keypoint: &Keypoint) -> bool {
    keypoint.point.x.is_finite() && keypoint.point.y.is_finite()
}

fn broken(source: std::io::Error) -> LabelsError {
    LabelsError::Stream { source }
}

/// Appends `number` as the shortest text that reads back as the same float; nothing where it is not finite.
fn push_number(text: &mut String, number: f32) {
    if number.is_finite() {
        // A String takes whatever is written.
        let _ = write!(text, "{number}");
    }
}
