//! Keypoints over time, smoothed after the fact: raw labels in, other labels out, nothing of the raw ones kept in place.
//!
//! [`smooth`] takes a whole video's [`FrameLabels`](swingpose_core::FrameLabels): `identity` says whose keypoints follow each
//! other, `track` fills short gaps and cuts at long ones, and a [`Filter`] smooths what lies between two cuts. All work on the
//! true times of frames, so a variable frame rate is no error. Scores stay as they were, boxes too but for the filled ones.

mod butterworth;
mod error;
mod filter;
mod identity;
mod one_euro;
mod savitzky_golay;
mod smoothing;
mod track;

pub use butterworth::Butterworth;
pub use error::SmoothError;
pub use filter::Filter;
pub use identity::Identity;
pub use one_euro::OneEuro;
pub use savitzky_golay::SavitzkyGolay;
pub use smoothing::{Options, Report, smooth};
