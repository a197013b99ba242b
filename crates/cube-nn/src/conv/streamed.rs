//! The kernel that Hopper's copy engine feeds: the fastest for all of RTMDet's convolutions but those from few channels.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;

use super::Shape;
use super::cuda::HOPPER;
use crate::cuda::{
    Argument, Buffers, CudaError, Geometry, Kernel, ROW, Source, TensorMap, Window, act_macro, capability,
    multiprocessors,
};
use crate::product::{Bias, Epilogue};
use crate::{DeviceSlice, Element, Numbers};

static SOURCE: Source = Source {
    name: "streamed.cu",
    text: concat!(include_str!("../cuda/element.cuh"), include_str!("wgmma.cuh"), include_str!("streamed.cu")),
};

/// The dynamic shared memory that a block may have.
const SHARED: usize = 227 << 10;
/// Output pixels that a warpgroup multiplies by one instruction.
const BLOCK: usize = 64;
/// The most slots of a ring: further ones hide nothing more.
const MOST_SLOTS: usize = 12;
/// The most rows and columns of a window that a tensor map describes.
const MOST_TAPS: usize = 128;
/// Bytes of barriers: two for each slot, and one for each warpgroup's turn.
const BARRIERS: usize = 8 * (4 * MOST_SLOTS + 4);

/// What a warpgroup computes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tile {
    outputs: usize,
    /// Times [`BLOCK`] are its pixels.
    blocks: usize,
    /// Warpgroups that multiply: as many as have the registers for their sums.
    groups: usize,
}

/// For windows of several pixels, widest first: each tile reads the image again. Of those that fit the registers, the fastest over
/// RTMDet-M's convolutions.
const OF_WINDOWS: [Tile; 3] = [
    Tile { outputs: 192, blocks: 1, groups: 3 },
    Tile { outputs: 96, blocks: 2, groups: 3 },
    Tile { outputs: 48, blocks: 4, groups: 3 },
];

/// Likewise for pixels by themselves, whose sums are soon done: more warpgroups store.
const OF_PIXELS: [Tile; 3] = [
    Tile { outputs: 192, blocks: 1, groups: 3 },
    Tile { outputs: 96, blocks: 1, groups: 4 },
    Tile { outputs: 48, blocks: 2, groups: 4 },
];

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    tile: Tile,
    /// Tiles of patches of 8 by 8 pixels, which taps share.
    patches: bool,
    /// The weights stay in shared memory.
    resident: bool,
    /// Slots for the image and for the weights.
    slots: [usize; 2],
    /// Bytes.
    shared: usize,
}

impl Plan {
    /// `None` where another kernel is as fast, or this one does not take the shape.
    fn new(shape: &Shape, adds: bool) -> Option<Self> {
        let Shape { image: [.., inputs], kernel: [rows, columns], outputs, stride, padding } = *shape;
        let tiles = if rows * columns > 1 { OF_WINDOWS } else { OF_PIXELS };
        // A residual comes into shared memory, of which a wide tile has too little left.
        let widest = if adds { 96 } else { 192 };
        let tile = tiles.into_iter().find(|tile| tile.outputs <= widest && outputs.is_multiple_of(tile.outputs))?;
        // Of windows further apart, from few channels, no patch is shared and there is little to do with a row that is copied.
        let spread = rows * columns > 1 && stride > 1;
        if !inputs.is_multiple_of(8)
            || (spread && (inputs < 192 || outputs > 384))
            || stride > 8
            || padding > 15
            || rows.max(columns) > MOST_TAPS
        {
            return None;
        }
        let patches = (rows, columns, stride, padding) == (3, 3, 1, 1) && are_filled(shape);
        let steps = rows * columns * inputs.div_ceil(ROW);
        let fits = |resident| Self::with(tile, patches, resident, adds, steps);
        let stays = (outputs == tile.outputs && outputs < 192).then(|| fits(true)).flatten();
        stays.or_else(|| fits(false))
    }

    /// As many slots as there is room for; `None` if those are too few.
    fn with(tile: Tile, patches: bool, resident: bool, adds: bool, steps: usize) -> Option<Self> {
        let row = ROW * 2;
        let of_image = tile.blocks * if patches { 80 } else { BLOCK } * row;
        let of_weights = tile.outputs * row;
        let piece =
            if adds { tile.outputs } else { tile.outputs.min(if tile.outputs.is_multiple_of(64) { 64 } else { 48 }) };
        let staging = tile.groups * 4 * if adds { tile.blocks } else { 1 } * 16 * (2 * piece + 16);
        let room = SHARED - staging - BARRIERS;
        let slots = if resident {
            (steps <= MOST_SLOTS).then_some(())?;
            [room.checked_sub(steps * of_weights)? / of_image, steps]
        } else if patches {
            // Three steps to each slot of the image.
            let of_image_slots = if 4 * (of_image + of_weights) <= room { 4 } else { 3 };
            [of_image_slots, room.checked_sub(of_image_slots * of_image)? / of_weights]
        } else {
            [room / (of_image + of_weights); 2]
        };
        let slots = slots.map(|slots| slots.min(MOST_SLOTS));
        let shared = slots[0] * of_image + slots[1] * of_weights + staging + BARRIERS;
        (slots[0] >= 3 && (resident || slots[1] >= 3)).then_some(Self { tile, patches, resident, slots, shared })
    }

    fn tiles(&self, shape: &Shape) -> usize {
        let [images, down, across, outputs] = shape.output();
        let blocks = if self.patches {
            images * down.div_ceil(8) * across.div_ceil(8)
        } else {
            (images * down * across).div_ceil(BLOCK)
        };
        blocks.div_ceil(self.tile.blocks) * outputs.div_ceil(self.tile.outputs)
    }

    fn maps<E: Element>(&self, shape: &Shape, x: u64, weight: u64) -> Result<[TensorMap; 2], CudaError> {
        let Shape { image, kernel, outputs, stride, padding } = *shape;
        let [n, h, w, i] = image;
        let of_image = if self.patches {
            TensorMap::boxes::<E, 4>(x, [i, w, h, n], [ROW, 8, 10, 1])
        } else {
            TensorMap::columns::<E>(x, image, Window { kernel, stride, padding }, self.tile.blocks * BLOCK)
        };
        let taps = kernel[0] * kernel[1];
        Ok([of_image?, TensorMap::boxes::<E, 3>(weight, [i, taps, outputs], [ROW, 1, self.tile.outputs])?])
    }
}

/// Whether patches of 8 by 8 pixels that cover an image have few pixels beyond it.
const fn are_filled(shape: &Shape) -> bool {
    let [_, down, across, _] = shape.output();
    let covered = down.next_multiple_of(8) * across.next_multiple_of(8);
    10 * covered <= 11 * down * across
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
    let aligned = [x, weight, y].into_iter().chain(residual).all(|slice| slice.is_aligned(16)) && bias.is_aligned(8);
    let repeats = residual.is_some_and(|residual| residual.len() != y.len());
    let countable = i32::try_from(y.len() / shape.outputs.max(1)).is_ok();
    let fits = E::NUMBERS != Numbers::F32 && aligned && !repeats && countable && capability(client) == Some(HOPPER);
    let (Some(act), Some(plan), true) = (act_macro(act), Plan::new(shape, residual.is_some()), fits) else {
        return false;
    };
    let Shape { image: [images, .., inputs], kernel, outputs, stride, padding } = *shape;
    let Plan { tile, patches, resident, slots, shared } = plan;
    let tail = (inputs - 1) % ROW / 16 + 1;
    let [patches, resident, adds] = [patches, resident, residual.is_some()].map(u8::from);
    let defines: [(&str, &dyn std::fmt::Display); _] = [
        ("BN", &tile.outputs),
        ("BLOCKS", &tile.blocks),
        ("GROUPS", &tile.groups),
        ("PATCHES", &patches),
        ("RESIDENT", &resident),
        ("TAIL", &tail),
        ("SLOTS_A", &slots[0]),
        ("SLOTS_B", &slots[1]),
        ("ACT", &act),
        ("RESIDUAL", &adds),
    ];
    let blocks = plan.tiles(shape).min(multiprocessors(client).unwrap_or(1) as usize);
    let threads = 128 * (tile.groups + 1);
    let geometry = Geometry { grid: [blocks as u32, 1, 1], block: threads as u32, shared: shared as u32 };
    let [_, down, across, _] = shape.output();
    // Whole images: a pixel's numbers begin where those of the one before end.
    let sizes = [images, down, across, inputs, outputs, kernel[0], kernel[1], stride, padding, outputs, 0, outputs, 0];
    let buffers = Buffers {
        read: &[x.handle(), weight.handle(), bias.handle(), residual.unwrap_or(y).handle()],
        written: &[y.handle()],
    };
    let shape = *shape;
    // SAFETY: the callers have checked the buffers against the shape, by which the maps bound what is copied; the kernel counts the
    // result's pixels.
    unsafe {
        Kernel::new::<E>(&SOURCE, "convolve", &defines).launch_with(client, geometry, buffers, move |addresses| {
            let [x, weight, rest @ ..] = addresses else {
                return Err(CudaError::Buffers { reason: format!("{} addresses, not five", addresses.len()) });
            };
            let maps = plan.maps::<E>(&shape, *x, *weight)?.map(Argument::Map).into_iter();
            let rest = rest.iter().copied().map(Argument::Address);
            Ok(maps.chain(rest).chain(sizes.map(|size| Argument::U32(size as u32))).collect())
        });
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Plan, SHARED, Shape};

    const fn shape(side: usize, kernel: usize, stride: usize, [inputs, outputs]: [usize; 2]) -> Shape {
        let padding = kernel / 2;
        Shape { image: [32, side, side, inputs], kernel: [kernel; 2], outputs, stride, padding }
    }

    /// RTMDet-M's, and whether pixels are taken in patches and whether the weights stay.
    #[test]
    fn plans_are_those_that_are_fast() {
        for (shape, outputs, patches, resident) in [
            (shape(80, 3, 1, [192, 192]), 192, true, false),
            (shape(20, 3, 1, [384, 384]), 192, false, false),
            (shape(80, 3, 1, [96, 96]), 96, true, false),
            (shape(80, 1, 1, [96, 96]), 96, false, true),
            (shape(80, 1, 1, [192, 192]), 192, false, false),
            (shape(160, 1, 1, [48, 48]), 48, false, true),
            (shape(160, 3, 1, [48, 48]), 48, true, true),
        ] {
            let plan = Plan::new(&shape, false).unwrap();
            assert_eq!((plan.tile.outputs, plan.patches, plan.resident), (outputs, patches, resident), "{shape:?}");
            assert!(plan.shared <= SHARED, "{plan:?}");
            let adding = Plan::new(&shape, true).unwrap();
            assert!(adding.tile.outputs <= 96 && adding.shared <= SHARED, "{adding:?}");
        }
        assert_eq!(Plan::new(&shape(320, 3, 2, [48, 96]), false), None);
        assert_eq!(Plan::new(&shape(160, 3, 2, [96, 192]), false), None);
        assert_eq!(Plan::new(&shape(40, 3, 2, [384, 768]), false), None);
    }
}
