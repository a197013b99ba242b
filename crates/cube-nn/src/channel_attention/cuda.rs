//! The channel gate with vectors of eight channels; `scale` begins where `sums` ended, with what the cache still holds.

#![expect(unsafe_code, reason = "launches kernels that trust their sizes")]

use cubecl::prelude::*;

use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source = Source {
    name: "channel_attention.cu",
    text: concat!(include_str!("../cuda/element.cuh"), include_str!("channel_attention.cu")),
};

/// The most threads of a block.
const THREADS: usize = 256;
/// Gates of a block.
const GATES: usize = 32;
/// Pixels of a thread at least, and blocks of an image at most.
const PIXELS: usize = 16;
const BLOCKS: usize = 128;

/// Puts it into the stream if the kernels take the shape; `false`, and nothing done, otherwise.
pub(super) fn launch<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    (weight, bias): (&DeviceSlice<E>, &DeviceSlice<f32>),
    y: &DeviceSlice<E>,
    [images, height, width, channels]: [usize; 4],
) -> bool {
    let pixels = height * width;
    let aligned = x.is_aligned(16) && y.is_aligned(16) && weight.is_aligned(16) && bias.is_aligned(4);
    let fits = channels.is_multiple_of(8) && channels <= 8 * THREADS && images <= 65_535;
    // The kernels count a block beyond the last.
    let countable = i32::try_from(2 * pixels).is_ok();
    // The head that it shares with others has instructions of that generation.
    let able = || capability(client).is_some_and(|capability| capability >= 80);
    if !fits || !aligned || !countable || !able() {
        return false;
    }
    let mut defines: Vec<(&str, &dyn std::fmt::Display)> = vec![];
    if E::NUMBERS == Numbers::F32 {
        defines.push(("INPUT_F32", &1));
    }
    let pieces = channels / 8;
    let rows = THREADS / pieces;
    // Of the image's size alone: the order of a sum does not depend on the batch.
    let block = (rows * PIXELS).max(pixels.div_ceil(BLOCKS));
    let blocks = pixels.div_ceil(block);
    let sums = DeviceSlice::<f32>::empty(client, images * blocks * channels);
    let gates = DeviceSlice::<f32>::empty(client, images * channels);
    let over_pixels = Geometry { grid: [blocks as u32, images as u32, 1], block: (rows * pieces) as u32, shared: 0 };
    let over_gates =
        Geometry { grid: [channels.div_ceil(GATES) as u32, images as u32, 1], block: THREADS as u32, shared: 0 };
    let [sums, gates, x, weight, bias, y] =
        [sums.handle(), gates.handle(), x.handle(), weight.handle(), bias.handle(), y.handle()];
    let run = |entry, geometry, read: &[_], written, sizes: [usize; 3]| {
        let (buffers, sizes) = (Buffers { read, written: &[written] }, sizes.map(|size| Argument::U32(size as u32)));
        // SAFETY: `channel_attention` has checked the buffers against the image; each grid covers what its kernel writes, and the
        // kernel counts.
        unsafe {
            Kernel::new::<E>(&SOURCE, entry, &defines).launch(client, geometry, buffers, sizes);
        }
    };
    run("sums", over_pixels, &[x], sums, [pixels, channels, block]);
    run("gates", over_gates, &[sums, weight, bias], gates, [pixels, channels, blocks]);
    run("scale", over_pixels, &[x, gates], y, [pixels, channels, block]);
    true
}
