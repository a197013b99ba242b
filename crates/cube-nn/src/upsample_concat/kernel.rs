//! A unit a vector of the result.

use cubecl::prelude::*;

use crate::launch::item;

/// Writes `count` vectors; `width` is that of `x`, and channels are counted in vectors.
#[cube(launch)]
pub(super) fn upsample_concat<E: Float, N: Size>(
    x: &[Vector<E, N>],
    skip: &[Vector<E, N>],
    y: &mut [Vector<E, N>],
    count: u32,
    width: u32,
    channels: u32,
    skip_channels: u32,
) {
    let at = item();
    if at < count {
        let channel = at % (channels + skip_channels);
        let fine = at / (channels + skip_channels);
        if channel < channels {
            let col = fine % (2 * width) / 2;
            // Images lie below one another, and an even number of fine rows each.
            let row = fine / (2 * width) / 2;
            y[at as usize] = x[((row * width + col) * channels + channel) as usize];
        } else {
            y[at as usize] = skip[(fine * skip_channels + channel - channels) as usize];
        }
    }
}
