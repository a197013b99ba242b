//! What `frame.cuh` wants of a launch: a block for each tile of a resized picture.

use swingpose_cube_nn::cuda::Geometry;
use swingpose_cube_nn::{Element, Numbers};

/// As in the source.
const THREADS: u32 = 256;
const WIDTH: u32 = 32;
const HEIGHT: u32 = 16;
/// What a grid's second and third axes take.
const MOST_BLOCKS: u32 = 65_535;

/// Blocks for the tiles of `pictures` of `width` x `height`; `None` if there are more than a grid takes.
pub(crate) fn tiles(width: usize, height: usize, pictures: usize) -> Option<Geometry> {
    let [width, height, pictures] = [width, height, pictures].map(|size| size as u32);
    let grid = [width.div_ceil(WIDTH), height.div_ceil(HEIGHT), pictures];
    let fits = grid[1..].iter().all(|&blocks| blocks <= MOST_BLOCKS);
    fits.then_some(Geometry { grid, block: THREADS, shared: 0 })
}

/// The macro that says what a tile is written as.
pub(crate) fn defines<F: Element>() -> Vec<(&'static str, &'static dyn std::fmt::Display)> {
    if F::NUMBERS == Numbers::F32 { vec![("OUTPUT_F32", &1)] } else { Vec::new() }
}
