//! Who is who from frame to frame, and whom the video is about: the `track` and the `primary` of each person.
//!
//! `pipeline` has every frame's labels go through a [`Tracker`] and a [`Primary`] in the order of frames. Both look only back:
//! what they say of a frame depends on the frames up to it, so that labels are written as they are made, and a run that goes on
//! with labels begun before feeds those to the tracker first.

mod primary;
mod track;
mod tracker;
mod wrists;

pub use primary::{Primary, UnknownPrimary};
pub use track::KEYPOINT_SCORE;
pub use tracker::{MEMORY_S, Tracker};
