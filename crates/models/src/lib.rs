//! RTMDet and ViTPose as Burn modules, and the checkpoints their weights come from.
//!
//! A network is written as its paper draws it: configuration, modules, `load`, `forward`. Fields carry the checkpoint's
//! names; where Rust has no such name (a number in a `Sequential`), the network's `checkpoint.rs` is the dictionary.
//! Activations are channels-last (`[n, h, w, c]`, tokens `[n, t, c]`), weights are repacked for that once, at load, and
//! batch normalisation is folded into the convolution before it.

pub mod checkpoint;
mod conv;
mod placement;
pub mod rtmdet;
mod scope;
pub mod vitpose;

pub use checkpoint::{CheckpointError, TensorSource};
pub use conv::Conv;
pub use placement::Placement;
pub use rtmdet::{RtmDet, RtmDetConfig, RtmDetOutput};
pub use vitpose::{Heatmaps, VitPose, VitPoseConfig};
