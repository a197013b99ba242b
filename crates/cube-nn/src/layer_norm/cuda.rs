//! Layer normalisation that reads a token once and keeps it in registers.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;

use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source =
    Source { name: "layer_norm.cu", text: concat!(include_str!("../cuda/element.cuh"), include_str!("layer_norm.cu")) };

/// Warps of a block.
const WARPS: usize = 4;
/// The longest row that stays in registers.
const MOST_CHANNELS: usize = 4096;

/// Puts it into the stream if the kernel takes the shape; `false`, and nothing done, otherwise.
pub(super) fn launch<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    (weight, bias): (&DeviceSlice<f32>, &DeviceSlice<f32>),
    y: &DeviceSlice<E>,
    eps: f64,
    channels: usize,
) -> bool {
    let aligned = x.is_aligned(16) && y.is_aligned(16) && weight.is_aligned(16) && bias.is_aligned(16);
    let fits = channels.is_multiple_of(8) && channels <= MOST_CHANNELS && aligned;
    // The head that it shares with others has instructions of that generation.
    if !fits || capability(client).is_none_or(|capability| capability < 80) {
        return false;
    }
    let row_warps = if channels > 512 { 2 } else { 1 };
    let mut defines: Vec<(&str, &dyn std::fmt::Display)> =
        vec![("CHANNELS", &channels), ("ROW_WARPS", &row_warps), ("BLOCK_WARPS", &WARPS)];
    if E::NUMBERS == Numbers::F32 {
        defines.extend([("INPUT_F32", &1 as _), ("OUTPUT_F32", &1 as _)]);
    }
    let rows = x.len() / channels;
    let geometry =
        Geometry { grid: [rows.div_ceil(WARPS / row_warps) as u32, 1, 1], block: 32 * WARPS as u32, shared: 0 };
    let buffers = Buffers { read: &[x.handle(), weight.handle(), bias.handle()], written: &[y.handle()] };
    // SAFETY: `layer_norm` has checked the buffers against the channels; the grid covers the rows, which the kernel counts.
    unsafe {
        Kernel::new::<E>(&SOURCE, "layer_norm", &defines).launch(
            client,
            geometry,
            buffers,
            [Argument::U32(rows as u32), Argument::F32(eps as f32)],
        );
    }
    true
}
