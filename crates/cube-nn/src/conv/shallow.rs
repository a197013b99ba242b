//! The kernel for 3x3 convolutions from few channels, whose patches of the image fit into shared memory whole: RTMDet's stem.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;

use super::Shape;
use super::cuda::HOPPER;
use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, act_macro, capability, multiprocessors};
use crate::product::{Bias, Epilogue};
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source = Source {
    name: "shallow.cu",
    text: concat!(include_str!("../cuda/element.cuh"), include_str!("wgmma.cuh"), include_str!("shallow.cu")),
};

/// Rows and columns of output pixels of a tile.
const TILE: [usize; 2] = [8, 32];
/// Threads of a block.
const THREADS: u32 = 128;
/// The most outputs whose sums fit into the registers.
const MOST_OUTPUTS: usize = 48;
/// The shared memory of a multiprocessor, and what each block takes of it beside what it asks for.
const SHARED: [usize; 2] = [228 << 10, 1 << 10];

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// Patches in shared memory: one is copied while another is multiplied.
    buffers: usize,
    /// Blocks that a multiprocessor holds.
    blocks: usize,
    /// Bytes.
    shared: usize,
}

impl Plan {
    /// `None` where the kernel does not take the shape.
    fn new(shape: &Shape) -> Option<Self> {
        let Shape { image: [.., inputs], kernel, outputs, stride, padding } = *shape;
        let narrow = inputs == 3;
        let few = narrow || (inputs.is_multiple_of(8) && inputs <= 24);
        let windows = kernel == [3, 3] && padding == 1 && matches!(stride, 1 | 2);
        if !few || !windows || !outputs.is_multiple_of(8) || outputs > MOST_OUTPUTS {
            return None;
        }
        let [down, across] = TILE.map(|side| (side - 1) * stride + 3);
        let padded = |bytes: usize, period: usize, of: [usize; 2]| if of.contains(&(bytes % period)) { 0 } else { 16 };
        let pixel = 2 * inputs + if inputs % 32 == 16 { 16 } else { 0 };
        let patch = (down * (across * pixel).next_multiple_of(4)).next_multiple_of(16);
        let filter = if narrow { 80 } else { 18 * inputs + padded(18 * inputs, 128, [48, 112]) };
        let staging = 4 * 16 * (2 * outputs + if outputs.is_multiple_of(16) { 16 } else { 0 });
        // Three channels go through registers, at once.
        let buffers = if narrow { 1 } else { 2 };
        let shared = buffers * patch + outputs * filter + staging;
        let by_registers = match (outputs <= 24, narrow) {
            (true, true) => 6,
            (true, false) => 4,
            (false, _) => 3,
        };
        Some(Self { buffers, blocks: by_registers.min(SHARED[0] / (shared + SHARED[1])), shared })
    }
}

/// Puts a convolution into the stream if the kernel takes it; `false`, and nothing done, otherwise.
pub(super) fn conv<E: Element>(
    client: &Client,
    (x, weight): (&DeviceSlice<E>, &DeviceSlice<E>),
    Epilogue { bias, act, residual }: Epilogue<'_, E>,
    y: &DeviceSlice<E>,
    shape: &Shape,
) -> bool {
    let Bias::Exact(bias) = bias else { return false };
    let Shape { image: [images, height, width, inputs], outputs, stride, .. } = *shape;
    let [_, down, across, _] = shape.output();
    let aligned =
        y.is_aligned(16) && bias.is_aligned(8) && (inputs == 3 || (x.is_aligned(16) && weight.is_aligned(16)));
    let countable = [height * width * inputs, images * down * across].map(i32::try_from).iter().all(Result::is_ok);
    let fits = E::NUMBERS != Numbers::F32 && aligned && countable && residual.is_none();
    let (Some(act), Some(plan), true) = (act_macro(act), Plan::new(shape), fits && capability(client) == Some(HOPPER))
    else {
        return false;
    };
    let defines: [(&str, &dyn std::fmt::Display); _] = [
        ("INPUTS", &inputs),
        ("FILTERS", &outputs),
        ("STRIDE", &stride),
        ("BUFFERS", &plan.buffers),
        ("MIN_BLOCKS", &plan.blocks),
        ("ACT", &act),
    ];
    let tiles = images * down.div_ceil(TILE[0]) * across.div_ceil(TILE[1]);
    let blocks = tiles.min(plan.blocks * multiprocessors(client).unwrap_or(1) as usize);
    let geometry = Geometry { grid: [blocks as u32, 1, 1], block: THREADS, shared: plan.shared as u32 };
    // Whole images: a pixel's numbers begin where those of the one before end.
    let sizes = [images, height, width, down, across, inputs, 0, outputs, 0];
    let buffers = Buffers { read: &[x.handle(), weight.handle(), bias.handle()], written: &[y.handle()] };
    // SAFETY: the callers have checked the buffers against the shape, outside of which the kernel reads and writes nothing.
    unsafe {
        let sizes = sizes.map(|size| Argument::U32(size as u32));
        Kernel::new::<E>(&SOURCE, "convolve", &defines).launch(client, geometry, buffers, sizes);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Plan, Shape};

    #[test]
    fn plans_are_those_that_are_fast() {
        for (inputs, outputs, stride, buffers, blocks) in [(3, 24, 2, 1, 6), (24, 24, 1, 2, 4), (24, 48, 1, 2, 3)] {
            let shape = Shape { image: [32, 320, 320, inputs], kernel: [3; 2], outputs, stride, padding: 1 };
            let plan = Plan::new(&shape).unwrap();
            assert_eq!((plan.buffers, plan.blocks), (buffers, blocks), "{shape:?}");
        }
        let deep = Shape { image: [32, 80, 80, 48], kernel: [3; 2], outputs: 48, stride: 1, padding: 1 };
        assert_eq!(Plan::new(&deep), None);
    }
}
