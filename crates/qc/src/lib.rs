//! Which labels not to trust: what in a label file cannot be so, or can hardly be, without looking at the video.
//!
//! In: a label file, as [`swingpose_labels::read`] opens it ([`check`]). Out: a [`Report`] of plain structs that serde can
//! write, with a [`Finding`] for everything suspicious and a [`Verdict`] over all
//! Nothing here prints, decodes a video or writes a file.
//!
//! `clock` is the frames' times, `follow` says who is who from frame to frame, `checks` has one file a kind of finding, `limits`
//! every number that decides, with its reason. Memory grows with the labels: about 240 bytes a person and frame, and 40 a frame.

mod checks;
mod clock;
mod finding;
mod follow;
mod limits;
pub mod page;
mod report;
mod robust;
mod scene;
mod series;
mod track;
mod verdict;
mod worst;

pub use finding::{Finding, Kind};
pub use limits::{LIMITS, Limit};
pub use report::{KeypointQuality, Person, Report, check, check_frames};
pub use series::{Column, Series};
pub use verdict::Verdict;
pub use worst::WorstFrame;
