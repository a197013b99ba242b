//! Labels drawn over their frames, for a person to look at.
//!
//! In: an upright frame as an [`RgbImage`](image::RgbImage) and its [`FrameLabels`](swingpose_core::FrameLabels). Out: the
//! same picture with each person's box, limbs and keypoints ([`draw`]), or many such pictures on one [`Sheet`]. Which frames
//! are drawn, where they come from and what file they go to is for the caller to say. Nothing here prints, reads or writes
//! a file.
//!
//! `canvas` holds the anti-aliased primitives, `text` the letters, `person` one person, `draw` a frame, `sheet` many.

mod canvas;
mod draw;
mod error;
mod person;
mod sheet;
mod style;
mod text;

pub use draw::draw;
pub use error::OverlayError;
pub use sheet::{Layout, Sheet, Title};
pub use style::{LEFT, MIDDLE, RIGHT, Style};
