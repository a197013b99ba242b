//! A depthwise convolution that reads each row of the image once and walks down it with as many open sums as the kernel has rows.

#![expect(unsafe_code, reason = "launches a kernel that trusts its sizes")]

use cubecl::prelude::*;

use super::Shape;
use crate::cuda::{Argument, Buffers, Geometry, Kernel, Source, act_macro, capability};
use crate::{Activation, DeviceSlice, Element, Numbers};

static SOURCE: Source = Source {
    name: "depthwise_conv.cu",
    text: concat!(include_str!("../cuda/element.cuh"), include_str!("depthwise_conv.cu")),
};

/// The most threads of a block.
const THREADS: usize = 256;
/// Output columns of a thread.
const COLS: usize = 2;
/// Rows that a block holds in shared memory, all but one of them on their way.
const STAGES: usize = 8;
/// Threads that a multiprocessor's registers are enough for, and multiprocessors of an H100: together they tell how many blocks run at
/// once.
const RESIDENT: usize = 512;
const PROCESSORS: usize = 132;
/// Rows that filling a block's ring and registers takes as long as.
const START: usize = 8;
/// Pairs of channels that a block may have, the best first.
const PAIRS: [usize; 4] = [24, 16, 32, 8];

/// How an image is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tiling {
    /// Pairs of channels of a block.
    pairs: usize,
    /// Groups of [`COLS`] columns of a block.
    groups: usize,
    /// Blocks across, over the channels, and down.
    tiles: usize,
    chunks: usize,
    strips: usize,
    /// Rows of a block.
    strip: usize,
}

impl Tiling {
    /// Even blocks: columns as many as threads allow, and rows as many as leave no multiprocessor without work.
    fn new([images, height, width, channels]: [usize; 4], taps: usize) -> Self {
        let padded = |pairs: &usize| channels.next_multiple_of(2 * pairs);
        let pairs = PAIRS.into_iter().min_by_key(padded).unwrap_or(PAIRS[0]);
        let chunks = channels.div_ceil(2 * pairs);
        let all = width.div_ceil(COLS);
        let groups = all.div_ceil(all.div_ceil(THREADS / pairs));
        let tiles = all.div_ceil(groups);
        let room = PROCESSORS * (RESIDENT / (pairs * groups).next_multiple_of(32));
        let time = |strip: &usize| {
            let waves = (images * chunks * tiles * height.div_ceil(*strip)).div_ceil(room);
            // The rows of the next strip that the window reaches into are computed twice.
            waves * (strip + taps - 1 + START)
        };
        let strip = (1..=height).rev().min_by_key(time).unwrap_or(height);
        Self { pairs, groups, tiles, chunks, strips: height.div_ceil(strip), strip }
    }

    /// Bytes of shared memory of the widest block: a kernel is loaded once, whatever it is launched on first.
    const fn shared(self, taps: usize) -> usize {
        let pixel = match self.pairs {
            32 => 32,
            16 => 24,
            pairs => pairs + 4,
        };
        STAGES * (THREADS / self.pairs * COLS + taps - 1) * pixel * 4
    }
}

/// Puts it into the stream if the kernel takes the shape; `false`, and nothing done, otherwise.
pub(super) fn launch<E: Element>(
    client: &Client,
    (x, weight, bias): (&DeviceSlice<E>, &DeviceSlice<E>, &DeviceSlice<f32>),
    y: &DeviceSlice<E>,
    act: Activation,
    shape: Shape,
) -> bool {
    let Some(act) = act_macro(act) else { return false };
    let Shape { image: [_, height, width, channels], kernel: [taps, cols] } = shape;
    let square = taps == cols && [3, 5, 7].contains(&taps);
    // Channels that one copy moves.
    let Some(copied) = [8, 4, 2].into_iter().find(|copied| channels.is_multiple_of(*copied)) else {
        return false;
    };
    let aligned = x.is_aligned(16) && y.is_aligned(4) && weight.is_aligned(4) && bias.is_aligned(4);
    let countable = i32::try_from(x.len()).is_ok();
    // Asynchronous copies came with that generation.
    let able = || capability(client).is_some_and(|capability| capability >= 80);
    if E::NUMBERS == Numbers::F32 || !square || !aligned || !countable || !able() {
        return false;
    }
    let tiling = Tiling::new(shape.image, taps);
    let Tiling { pairs, groups, tiles, chunks, strips, strip } = tiling;
    let threads = pairs * groups;
    let copies = ((groups * COLS + taps - 1) * (2 * pairs / copied)).div_ceil(threads);
    let defines: [(&str, &dyn std::fmt::Display); _] = [
        ("KERNEL", &taps),
        ("ACT", &act),
        ("PAIRS", &pairs),
        ("WIDTH", &copied),
        ("SLOTS", &copies),
        ("COLS", &COLS),
        ("STAGES", &STAGES),
    ];
    let blocks = shape.image[0] * strips * chunks * tiles;
    let geometry = Geometry { grid: [blocks as u32, 1, 1], block: threads as u32, shared: tiling.shared(taps) as u32 };
    let sizes = [height, width, channels, tiles, chunks, strips, strip];
    let buffers = Buffers { read: &[x.handle(), weight.handle(), bias.handle()], written: &[y.handle()] };
    // SAFETY: `depthwise_conv` has checked the buffers against the shape; the grid covers the image, whose pixels the kernel counts.
    unsafe {
        let sizes = sizes.map(|size| Argument::U32(size as u32));
        Kernel::new::<E>(&SOURCE, "depthwise_conv", &defines).launch(client, geometry, buffers, sizes);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{COLS, PROCESSORS, THREADS, Tiling};

    /// RTMDet-M's images: one block each down the whole height fills the GPU; alone, an image is cut into strips.
    #[test]
    fn blocks_fill_the_gpu() {
        for (size, channels) in [(160, 48), (80, 96), (40, 192), (20, 384)] {
            let blocks = |images| {
                let Tiling { tiles, chunks, strips, .. } = Tiling::new([images, size, size, channels], 5);
                images * tiles * chunks * strips
            };
            assert_eq!(blocks(32), 256, "{size} {channels}");
            assert!((PROCESSORS..=2 * PROCESSORS).contains(&blocks(1)), "{size} {channels}: {}", blocks(1));
        }
    }

    #[test]
    fn blocks_cover_the_image() {
        for width in [1, 2, 19, 33, 161] {
            for channels in [2, 8, 20, 34, 64, 130] {
                let tiling = Tiling::new([3, 45, width, channels], 5);
                let Tiling { pairs, groups, tiles, chunks, strips, strip } = tiling;
                let covered = tiles * groups * COLS >= width && chunks * 2 * pairs >= channels && strips * strip >= 45;
                assert!(covered && pairs * groups <= THREADS, "{width} {channels}: {tiling:?}");
            }
        }
    }
}
