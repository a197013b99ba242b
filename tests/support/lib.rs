//! What tests across the crates share: the reference's recorded results, its weights made again from formulas, and the
//! measures of how far a result is from it.

pub mod closeness;
pub mod device;
pub mod fixture;
pub mod formula;
pub mod gate;
pub mod memory;
pub mod repository;
pub mod weights;
