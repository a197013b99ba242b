//! Heatmaps of a batch to keypoints in frame pixels: what `swingpose_kernels::dark_udp` does (`flip_average`, `decode`,
//! `to_frame`), in one pass over the maps.
//!
//! In: heatmaps, the mirrored crops' too where the flip test runs, and the parts of the frame the crops show. Out: x, y, score.
//! `read` blurs a map in shared memory and leaves the logarithms around its peak; `refine` takes the Newton step. Two kernels,
//! since a map without a positive value is refined with the last row of the map before it, as mmpose refines it.

#[cfg(feature = "cuda")]
mod cuda;
mod kernel;
mod launch;

use crate::DeviceSlice;

pub use launch::dark_udp;

/// The largest map: one blurred across must fit 32 KiB of shared memory, beside the search for its peak.
pub const MAX_AREA: usize = 7168;

/// The blur reaches this far: mmpose's `blur_kernel_size` 11.
const REACH: usize = 5;

/// The blur's weights at distances 0 to 5, those of `cv2.getGaussianKernel(11, 0)`.
const WEIGHTS: [f64; REACH + 1] = [
    0.200_565_414_238_820_8,
    0.176_998_356_831_355_67,
    0.121_649_073_013_809_59,
    0.065_114_056_599_382_66,
    0.027_143_577_143_479_366,
    0.008_812_229_292_562_283,
];

/// The heatmaps of the mirrored crops.
#[derive(Debug, Clone)]
pub struct Flipped<'a, E> {
    /// As the crops' own.
    pub heatmaps: DeviceSlice<E>,
    /// For each keypoint, the one that it is in the mirror.
    pub indices: &'a [usize],
}

/// The size of the heatmaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapShape {
    /// Maps a crop.
    pub keypoints: usize,
    /// Rows, 2 or more.
    pub height: usize,
    /// Columns, 2 or more.
    pub width: usize,
}
