//! The square in one launch, with chroma stretched across once a tile.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;
use swingpose_cube_nn::cuda::{Argument, Buffers, Kernel, Source, capability};

use crate::frame::cuda::{defines, tiles};
use crate::{DeviceSlice, Element, FrameBatch};

static SOURCE: Source =
    Source { name: "letterbox.cu", text: concat!(include_str!("../frame/frame.cuh"), include_str!("letterbox.cu")) };

/// Puts it into the stream if the kernel takes the sizes; `false`, and nothing done, otherwise. `contents`, `[n, 4]`, is what the
/// portable kernel reads.
pub(super) fn launch<F: Element>(
    client: &Client,
    frames: &FrameBatch,
    contents: &DeviceSlice<i32>,
    out: &DeviceSlice<F>,
    size: usize,
) -> bool {
    let Some(geometry) = tiles(size, size, frames.len()) else { return false };
    if capability(client).is_none() || !out.is_aligned(16) {
        return false;
    }
    let read = [frames.words.handle(), frames.fields.handle(), contents.handle()];
    let buffers = Buffers { read: &read, written: &[out.handle()] };
    // SAFETY: the frames lie in their buffer (`FrameLayout::check`), and the grid covers the output, which the kernel knows the side of.
    unsafe {
        Kernel::new::<F>(&SOURCE, "letterbox", &defines::<F>()).launch(
            client,
            geometry,
            buffers,
            [Argument::U32(size as u32)],
        );
    }
    true
}
