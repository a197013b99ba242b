//! A unit a vector of channels of a patch.

use cubecl::prelude::*;

use crate::launch::item;

/// Writes the first `count` vectors of `patches`; `channels` counts vectors.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "where a window lies")]
pub(super) fn unfold<E: Float, N: Size>(
    x: &[Vector<E, N>],
    patches: &mut [Vector<E, N>],
    count: u32,
    first_image: u32,
    height: u32,
    width: u32,
    channels: u32,
    down: u32,
    across: u32,
    above: u32,
    left: u32,
    stride: u32,
    #[comptime] kernel_rows: u32,
    #[comptime] kernel_cols: u32,
) {
    let at = item();
    if at < count {
        let channel = at % channels;
        let tap = at / channels % comptime!(kernel_rows * kernel_cols);
        let place = at / channels / comptime!(kernel_rows * kernel_cols);
        let image = first_image + place / (down * across);
        // Below zero is beyond any image, as a u32.
        let row = place / across % down * stride + tap / kernel_cols - above;
        let col = place % across * stride + tap % kernel_cols - left;
        let mut found = Vector::<E, N>::new(E::new(0.0));
        if row < height && col < width {
            found = x[(((image * height + row) * width + col) * channels + channel) as usize];
        }
        patches[at as usize] = found;
    }
}
