//! Concatenation as copies of whole pixels.

use rayon::prelude::*;

use crate::host::memory;

/// Pixels in one task.
const TASK_PIXELS: usize = 1024;

/// `[a, b]` over pixels of `a_channels` and `b_channels`.
pub fn concat(a: &[f32], b: &[f32], a_channels: usize, b_channels: usize) -> Vec<f32> {
    let mut y = memory::take(a.len() + b.len());
    let tasks = y.par_chunks_mut((TASK_PIXELS * (a_channels + b_channels)).max(1));
    let sources = a.par_chunks((TASK_PIXELS * a_channels).max(1)).zip(b.par_chunks((TASK_PIXELS * b_channels).max(1)));
    tasks.zip(sources).for_each(|(y, (a, b))| {
        for (y, (a, b)) in
            y.chunks_exact_mut(a_channels + b_channels).zip(a.chunks_exact(a_channels).zip(b.chunks_exact(b_channels)))
        {
            y[..a_channels].copy_from_slice(a);
            y[a_channels..].copy_from_slice(b);
        }
    });
    y
}
