//! Judging labels: [`compare`](fn@compare) holds two label files of one video against each other.
//!
//! In: label files, as [`swingpose_labels::read`] opens them. Out: plain structs that serde can
//! write. Nothing is printed here; what a person reads is made of them elsewhere.

pub mod compare;
pub mod oks;
pub mod spread;

pub use compare::{CompareError, CompareOptions, Comparison, compare};
