//! Judging labels: [`compare`](fn@compare) holds two label files of one video against each other, [`coco`] holds labels of
//! pictures against the annotations of a COCO data set.
//!
//! In: label files, as [`swingpose_labels::read`] opens them, and annotations as JSON. Out: plain structs that serde can
//! write. Nothing is printed here; what a person reads is made of them elsewhere. [`oks`] is the measure that both use.

pub mod coco;
pub mod compare;
pub mod oks;
pub mod spread;

pub use compare::{CompareError, CompareOptions, Comparison, compare};
