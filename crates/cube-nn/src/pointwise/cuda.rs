//! All outputs of a pixel in one pass over its channels.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;

use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};
use crate::linear::Shape;
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source =
    Source { name: "pointwise.cu", text: concat!(include_str!("../cuda/element.cuh"), include_str!("pointwise.cu")) };

/// Threads of a block, eight of which share some pixels.
const THREADS: usize = 256;
/// Pixels that eight threads share: what their registers hold.
const PIXELS: usize = 2;
/// The most channels whose pixels the registers hold.
const MOST_INPUTS: usize = 256;
/// Blocks that go through all pixels.
const BLOCKS: usize = 528;
/// Bytes of shared memory that every such device grants a block.
const MOST_SHARED: usize = 96 << 10;

/// Puts it into the stream if the kernel takes the shape; `false`, and nothing done, otherwise.
pub(super) fn launch<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    (weight, bias): (&DeviceSlice<f32>, &DeviceSlice<f32>),
    y: &DeviceSlice<f32>,
    Shape { rows, inputs, outputs }: Shape,
) -> bool {
    let (input_groups, output_groups) = (inputs.div_ceil(64), outputs.div_ceil(8));
    let shared = 2048 * input_groups * output_groups;
    let fits = inputs.is_multiple_of(8) && inputs <= MOST_INPUTS && shared <= MOST_SHARED && x.is_aligned(16);
    let countable = i32::try_from(rows).is_ok();
    // The head that it shares with others has instructions of that generation.
    let able = || capability(client).is_some_and(|capability| capability >= 80);
    if E::NUMBERS == Numbers::F32 || !fits || !countable || !able() {
        return false;
    }
    let defines: [(&str, &dyn std::fmt::Display); _] = [
        ("INPUTS", &inputs),
        ("OUTPUTS", &outputs),
        ("INPUT_GROUPS", &input_groups),
        ("OUTPUT_GROUPS", &output_groups),
        ("PIXELS", &PIXELS),
    ];
    let blocks = rows.div_ceil(THREADS / 8 * PIXELS).min(BLOCKS);
    let geometry = Geometry { grid: [blocks as u32, 1, 1], block: THREADS as u32, shared: shared as u32 };
    let buffers = Buffers { read: &[x.handle(), weight.handle(), bias.handle()], written: &[y.handle()] };
    // SAFETY: `pointwise` has checked the buffers against the shape; the kernel counts the pixels.
    unsafe {
        Kernel::new::<E>(&SOURCE, "pointwise", &defines).launch(
            client,
            geometry,
            buffers,
            [Argument::U32(rows as u32)],
        );
    }
    true
}
