//! How many cubes cover a grid: what every operation's `launch.rs` counts with.

use cubecl::prelude::*;

/// Units of a cube that works along a line, of one that does so alone for a whole image, and a side of one that works on a picture.
pub(crate) const LINE: u32 = 256;
pub(crate) const WIDE: u32 = 1024;
pub(crate) const TILE: u32 = 16;

/// Cubes of [`LINE`] units over `count` items, for each of `rows`.
pub(crate) fn lines(count: usize, rows: usize) -> (CubeCount, CubeDim) {
    (CubeCount::Static((count as u32).div_ceil(LINE), rows as u32, 1), CubeDim::new_1d(LINE))
}

/// One cube of [`LINE`] units for each of `rows` x `columns`.
pub(crate) fn cubes(columns: usize, rows: usize) -> (CubeCount, CubeDim) {
    (CubeCount::Static(columns as u32, rows as u32, 1), CubeDim::new_1d(LINE))
}

/// One cube of [`WIDE`] units for each of `images`.
pub(crate) fn wide_cubes(images: usize) -> (CubeCount, CubeDim) {
    (CubeCount::Static(images as u32, 1, 1), CubeDim::new_1d(WIDE))
}

/// Square cubes over `images` pictures of `width` x `height`.
pub(crate) fn tiles(width: usize, height: usize, images: usize) -> (CubeCount, CubeDim) {
    let across = |side: usize| (side as u32).div_ceil(TILE);
    (CubeCount::Static(across(width), across(height), images as u32), CubeDim::new_2d(TILE, TILE))
}
