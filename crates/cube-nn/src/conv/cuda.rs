//! Convolution as an implicit matrix product on Hopper's tensor cores, in half precision and bfloat16: nothing is unfolded, and bias,
//! activation and residual are added before a sum is stored. `shallow` and `streamed` are faster for what they take; the kernel
//! here takes the rest, and the phases of a transposed convolution.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;

use super::{Shape, shallow, streamed};
use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, act_macro, capability};
use crate::product::{Bias, Epilogue};
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source = Source {
    name: "conv.cu",
    text: concat!(include_str!("../cuda/element.cuh"), include_str!("wgmma.cuh"), include_str!("conv.cu")),
};

/// The instructions that the kernels are written in are this architecture's alone.
pub(super) const HOPPER: u32 = 90;
/// Output pixels of a tile.
const ROWS: usize = 128;
/// Threads of a block.
const THREADS: u32 = 256;
/// The most rows and columns of a window: a bit each in a mask.
const MOST_TAPS: usize = 15;

/// How outputs are tiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tiling {
    /// Outputs of a tile.
    outputs: usize,
    /// Slots of the ring that products are fed from.
    stages: usize,
    /// Blocks that a multiprocessor holds.
    blocks: usize,
}

/// By width. Of the ring's lengths that fit, the fastest over RTMDet-M's convolutions.
const TILINGS: [Tiling; 7] = [
    Tiling { outputs: 24, stages: 3, blocks: 3 },
    Tiling { outputs: 32, stages: 3, blocks: 3 },
    Tiling { outputs: 48, stages: 3, blocks: 3 },
    Tiling { outputs: 64, stages: 4, blocks: 2 },
    Tiling { outputs: 96, stages: 4, blocks: 2 },
    Tiling { outputs: 128, stages: 3, blocks: 2 },
    Tiling { outputs: 192, stages: 5, blocks: 1 },
];

/// For so many `outputs` of sums over `depth` products: the tiling that computes the fewest numbers for nothing, and of those that
/// do alike the widest, since each tile reads the image again. Sums that are soon done leave too little to do for one wide block
/// that waits alone.
fn tiling(outputs: usize, depth: usize) -> Tiling {
    let widest = if depth < 1024 { 96 } else { 192 };
    let allowed = TILINGS.into_iter().filter(|tiling| tiling.outputs <= widest);
    let computed = |tiling: &Tiling| outputs.next_multiple_of(tiling.outputs);
    let best = allowed.min_by_key(|tiling| (computed(tiling), std::cmp::Reverse(tiling.outputs)));
    best.unwrap_or(TILINGS[0])
}

/// What the kernel is to compute.
struct Task<'a, E> {
    x: &'a DeviceSlice<E>,
    weight: &'a DeviceSlice<E>,
    epilogue: Epilogue<'a, E>,
    y: &'a DeviceSlice<E>,
    shape: Shape,
    /// `[rows, columns]` of places where the window is laid.
    places: [usize; 2],
    /// Whether it is a transposed convolution of four phases, of which `shape` is one.
    phases: bool,
}

/// Puts a convolution into the stream if this is Hopper and the kernel takes the shape; `false`, and nothing done, otherwise.
pub(super) fn conv<E: Element>(
    client: &Client,
    (x, weight): (&DeviceSlice<E>, &DeviceSlice<E>),
    epilogue: Epilogue<'_, E>,
    y: &DeviceSlice<E>,
    shape: Shape,
) -> bool {
    if shallow::conv(client, (x, weight), epilogue, y, &shape)
        || streamed::conv(client, (x, weight), epilogue, y, &shape)
    {
        return true;
    }
    let [_, down, across, _] = shape.output();
    launch(client, &Task { x, weight, epilogue, y, shape, places: [down, across], phases: false })
}

/// Likewise the transposed convolution by `weight` `[o, 4, 4, i]`, of stride 2 and padding 1.
pub(crate) fn deconv<E: Element>(
    client: &Client,
    (x, weight): (&DeviceSlice<E>, &DeviceSlice<E>),
    epilogue: Epilogue<'_, E>,
    y: &DeviceSlice<E>,
    (image, outputs): ([usize; 4], usize),
) -> bool {
    let shape = Shape { image, kernel: [2, 2], outputs, stride: 1, padding: 1 };
    let task = Task { x, weight, epilogue, y, shape, places: [image[1], image[2]], phases: true };
    if epilogue.residual.is_none() { launch(client, &task) } else { false }
}

fn launch<E: Element>(client: &Client, task: &Task<'_, E>) -> bool {
    let Task { x, weight, epilogue: Epilogue { bias, act, residual }, y, shape, places: [down, across], phases } =
        *task;
    let (Some(act), Bias::Exact(bias)) = (act_macro(act), bias) else { return false };
    let Shape { image: [images, height, width, inputs], kernel, outputs, stride, padding } = shape;
    let repeats = residual.is_some_and(|residual| residual.len() != y.len() || !residual.is_aligned(4));
    let aligned = [x, weight, y].into_iter().all(|slice| slice.is_aligned(16)) && bias.is_aligned(8);
    let fits = inputs.is_multiple_of(8) && outputs.is_multiple_of(8) && aligned && !repeats;
    let countable = [height * width * inputs, y.len() / outputs.max(1)].map(i32::try_from).iter().all(Result::is_ok);
    let small = kernel.iter().all(|taps| *taps <= MOST_TAPS);
    if E::NUMBERS == Numbers::F32 || !fits || !countable || !small || capability(client) != Some(HOPPER) {
        return false;
    }
    let tiling = tiling(outputs, kernel[0] * kernel[1] * inputs);
    let [add, in_phases] = [residual.is_some(), phases].map(u8::from);
    let defines: [(&str, &dyn std::fmt::Display); _] = [
        ("BN", &tiling.outputs),
        ("STAGES", &tiling.stages),
        ("MIN_BLOCKS", &tiling.blocks),
        ("ACT", &act),
        ("RESIDUAL", &add),
        ("PHASES", &in_phases),
    ];
    let tiles = (images * down * across).div_ceil(ROWS) * outputs.div_ceil(tiling.outputs);
    // A slot is 64 products deep.
    let slot = (ROWS + tiling.outputs) * 64 * size_of::<E>();
    let phases = if phases { 4 } else { 1 };
    let geometry = Geometry { grid: [tiles as u32, phases, 1], block: THREADS, shared: (tiling.stages * slot) as u32 };
    let sizes = [images, height, width, inputs, outputs, kernel[0], kernel[1], stride, padding, down, across];
    // Whole images: a pixel's numbers begin where those of the one before end.
    let pitches = [inputs, 0, outputs, 0, outputs, 0];
    let others = sizes.into_iter().chain(pitches).map(|size| Argument::U32(size as u32));
    let buffers = Buffers {
        read: &[x.handle(), weight.handle(), bias.handle(), residual.unwrap_or(y).handle()],
        written: &[y.handle()],
    };
    // SAFETY: the callers have checked the buffers against the shape; the grid covers the result, whose pixels the kernel counts.
    unsafe {
        Kernel::new::<E>(&SOURCE, "convolve", &defines).launch(client, geometry, buffers, others);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::tiling;

    /// `[outputs, depth]` of RTMDet's convolutions and the width that was fastest for them.
    #[test]
    fn tiles_are_as_wide_as_is_fast() {
        for ([outputs, depth], width) in [
            ([48, 216], 48),
            ([96, 432], 96),
            ([96, 96], 96),
            ([192, 192], 96),
            ([384, 3456], 192),
            ([192, 1728], 192),
            ([256, 4608], 128),
            ([8, 72], 24),
            ([40, 72], 48),
        ] {
            assert_eq!(tiling(outputs, depth).outputs, width, "{outputs} of {depth}");
        }
    }
}
