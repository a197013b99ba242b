//! Greedy non-maximum suppression of a batch, with the rules and the bits of `swingpose_kernels::nms`: of equal scores the earlier
//! box is the better, an overlap of exactly the threshold is allowed, and a NaN in a box makes it harmless.
//!
//! In: [`Boxes`], in any order, some of them masked. Out: the kept, best first, in as many places as the limit; no count is
//! needed on the host. `rank` puts every box at its place in the order, by counting those before it; `suppress` then keeps one
//! box a round. On CUDA one kernel does both, in `nms.cu`, for as many boxes as fit a block.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;
mod launch;

#[cfg(feature = "cuda")]
use cubecl::server::Handle;

use crate::DeviceSlice;

pub use launch::batched_nms;
pub(crate) use launch::{Choice, suppress};

/// From this many boxes on, classes are suppressed one by one (mmcv's `split_thr`).
const SPLIT_BOXES: u32 = 10_000;

/// A fixed number of boxes for each image of a batch, on the device.
#[derive(Debug, Clone)]
pub struct Boxes {
    /// `[n, capacity, 4]`, x1, y1, x2, y2.
    pub corners: DeviceSlice<f32>,
    /// `[n, capacity]`.
    pub scores: DeviceSlice<f32>,
    /// `[n, capacity]`.
    pub labels: DeviceSlice<u32>,
    /// `[n, capacity]`, 1 where there is a box and 0 elsewhere.
    pub live: DeviceSlice<u32>,
    /// Images.
    pub n: usize,
    /// Places for boxes an image has.
    pub capacity: usize,
}

impl Boxes {
    #[cfg(feature = "cuda")]
    pub(crate) const fn handles(&self) -> [&Handle; 4] {
        [self.corners.handle(), self.scores.handle(), self.labels.handle(), self.live.handle()]
    }

    fn check(&self) {
        let places = self.n * self.capacity;
        let lengths = [self.corners.len() / 4, self.scores.len(), self.labels.len(), self.live.len()];
        assert!(lengths == [places; 4], "nms: {lengths:?} numbers for {} x {} places", self.n, self.capacity);
    }
}
