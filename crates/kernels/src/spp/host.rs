//! The pyramid as a cascade: a 5x5 maximum of 5x5 maxima is a 9x9 maximum, and once more a 13x13 one; each as a row of
//! five and a column of five.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::host::lanes::{load, store};
use crate::host::memory;

/// `[x, maxpool5, maxpool9, maxpool13]` over row-major `[n, h, w, c]`.
pub fn spp(x: &[f32], [_, height, width, channels]: [usize; 4]) -> Vec<f32> {
    let mut y = memory::take(4 * x.len());
    let image_len = (height * width * channels).max(1);
    y.par_chunks_mut(4 * image_len).zip(x.par_chunks(image_len)).for_each(|(y, x)| {
        let mut level = x.to_vec();
        for part in 0..4 {
            if part > 0 {
                level = pool(&pool(&level, width, channels), height, width * channels);
            }
            for (y, pixel) in y.chunks_exact_mut(4 * channels).zip(level.chunks_exact(channels)) {
                y[part * channels..][..channels].copy_from_slice(pixel);
            }
        }
    });
    y
}

/// The maximum of each item and up to two items on either side, in every group of `items` items of `len` numbers.
fn pool(x: &[f32], items: usize, len: usize) -> Vec<f32> {
    let mut y = x.to_vec();
    let group_len = (items * len).max(1);
    y.par_chunks_mut(group_len).zip(x.par_chunks(group_len)).for_each(|(y, x)| {
        for (item, y) in y.chunks_exact_mut(len).enumerate() {
            for near in item.saturating_sub(2)..(item + 3).min(items) {
                Arch::new().dispatch(Larger { x: &x[near * len..][..len], y });
            }
        }
    });
    y
}

/// Each number of `y` becomes the larger of itself and that of `x`; NaN counts as the largest.
struct Larger<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Larger<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (x, y) in self.x.chunks(S::F32_LANES).zip(self.y.chunks_mut(S::F32_LANES)) {
            let (new, old) = (load(simd, x), load(simd, y));
            // True for numbers alone: false where either is NaN.
            let keep = simd.greater_than_or_equal_f32s(old, new);
            let is_number = simd.equal_f32s(old, old);
            let larger = simd.select_f32s(keep, old, new);
            store(simd, y, simd.select_f32s(is_number, larger, old));
        }
    }
}
