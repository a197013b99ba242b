//! The top-down step as copies of whole pixels, a row a task.

use rayon::prelude::*;

use crate::host::memory;

/// `[nearest x2 of x, skip]` over row-major `x` `[n, h, w, c]` and `skip` `[n, 2h, 2w, skip_channels]`.
pub fn upsample_concat(x: &[f32], skip: &[f32], [_, _, width, channels]: [usize; 4], skip_channels: usize) -> Vec<f32> {
    let mut y = memory::take(4 * x.len() + skip.len());
    let y_channels = channels + skip_channels;
    // Two fine rows repeat one coarse row, also across images.
    let tasks =
        y.par_chunks_mut((2 * width * y_channels).max(1)).zip(skip.par_chunks((2 * width * skip_channels).max(1)));
    tasks.enumerate().for_each(|(row, (y, skip))| {
        let x = &x[row / 2 * width * channels..][..width * channels];
        for (col, (y, skip)) in y.chunks_exact_mut(y_channels).zip(skip.chunks_exact(skip_channels)).enumerate() {
            y[..channels].copy_from_slice(&x[col / 2 * channels..][..channels]);
            y[channels..].copy_from_slice(skip);
        }
    });
    y
}
