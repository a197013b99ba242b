//! Label files: one Parquet table a video, and the exports that other programs read.
//!
//! In: [`FrameLabels`](swingpose_core::FrameLabels) from `pipeline`, one a frame, through a [`LabelSink`]. Out: files that
//! exist only when they are whole. [`table`] is the label file itself, [`partial`] what there is of one before it is whole,
//! [`export`] the other formats, [`path`] the rule that names a label file. Everything streams: memory does not grow with
//! the length of the video.

pub mod error;
pub mod export;
pub mod partial;
pub mod path;
#[cfg(test)]
mod sample;
pub mod sink;
pub mod table;
pub mod whole_file;
pub mod whole_folder;

pub use error::{Damage, LabelsError};
pub use partial::{Joined, SegmentWriter, Unfinished};
pub use path::{label_files, output_path, output_paths};
pub use sink::{Ending, LabelSink};
pub use table::{Frames, LabelWriter, Labels, read};
pub use whole_file::WholeFile;
pub use whole_folder::WholeFolder;
