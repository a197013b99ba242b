//! Attention on tensor cores (Ampere and later), in half precision and bfloat16.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use std::f32::consts::LOG2_E;

use cubecl::prelude::*;

use super::Shape;
use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, capability};
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source =
    Source { name: "attention.cu", text: concat!(include_str!("../cuda/element.cuh"), include_str!("attention.cu")) };

/// Warps of a block, each with a tile of 16 queries: of 4, 6 and 12 the fastest for 192 tokens.
const WARPS: usize = 6;
/// Keys of one step.
const KEYS: usize = 64;

/// Puts it into the stream if the device has the instructions and the kernel takes the shape; `false`, and nothing done, otherwise.
pub(super) fn launch<E: Element>(client: &Client, qkv: &DeviceSlice<E>, y: &DeviceSlice<E>, shape: Shape) -> bool {
    let Shape { images, tokens, heads, head_dim } = shape;
    let fits = head_dim.is_multiple_of(16) && head_dim <= 128 && qkv.is_aligned(16) && y.is_aligned(16);
    if E::NUMBERS == Numbers::F32 || !fits || capability(client).is_none_or(|capability| capability < 80) {
        return false;
    }
    // What fits the shared memory of every such device.
    let stages = if head_dim <= 96 { 3 } else { 2 };
    let defines: [(&str, &dyn std::fmt::Display); _] =
        [("HEAD_DIM", &head_dim), ("WARPS", &WARPS), ("KEYS", &KEYS), ("STAGES", &stages), ("MIN_BLOCKS", &1)];
    let rows = usize::max(stages * 2 * KEYS, 16 * WARPS);
    let geometry = Geometry {
        grid: [tokens.div_ceil(16 * WARPS) as u32, heads as u32, images as u32],
        block: 32 * WARPS as u32,
        shared: (rows * (head_dim + 8) * size_of::<E>()) as u32,
    };
    let scale = LOG2_E / (head_dim as f32).sqrt();
    // SAFETY: `attention` has checked both buffers against the shape, which the grid covers.
    unsafe {
        Kernel::new::<E>(&SOURCE, "attention", &defines).launch(
            client,
            geometry,
            Buffers { read: &[qkv.handle()], written: &[y.handle()] },
            [Argument::U32(tokens as u32), Argument::U32(shape.channels() as u32), Argument::F32(scale)],
        );
    }
    true
}
