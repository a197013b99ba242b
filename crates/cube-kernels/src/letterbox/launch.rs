//! One launch a batch: a cube for 16 x 16 output pixels of a frame, or the form in CUDA C++.

use cubecl::prelude::*;

use super::kernel;
use crate::frame::MAX_SIDE;
use crate::launch::tiles;
use crate::{DeviceSlice, Element, FrameBatch, FrameLayout};
use swingpose_kernels::letterbox::content_size;

/// The detector's input: `[n, size, size, 3]`, BGR, `(x - mean) / std`, in `F` (f32, or f16 where the device has it).
///
/// # Panics
/// If a side of the square is beyond 16384 pixels, where positions would overflow.
#[must_use]
pub fn letterbox<F: Element>(client: &Client, frames: &FrameBatch, size: usize) -> DeviceSlice<F> {
    let n = frames.len();
    assert!(size <= MAX_SIDE, "letterbox: a square of {size}");
    let out = DeviceSlice::empty(client, n * size * size * 3);
    let content = |layout: &FrameLayout| {
        let (width, height) = layout.upright();
        let (to_width, to_height) = content_size(width, height, size);
        [width, height, to_width, to_height].map(|side| side as i32)
    };
    let contents: Vec<i32> = frames.layouts.iter().flat_map(content).collect();
    if out.is_empty() {
        return out;
    }
    let contents = DeviceSlice::new(client, &contents);
    #[cfg(feature = "cuda")]
    if super::cuda::launch(client, frames, &contents, &out, size) {
        return out;
    }
    let (count, dim) = tiles(size, size, n);
    kernel::letterbox::launch::<F>(
        client,
        count,
        dim,
        frames.words.arg(),
        frames.fields.arg(),
        contents.arg(),
        out.arg(),
        size as u32,
    );
    out
}
