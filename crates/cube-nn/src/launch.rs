//! How many cubes cover a line of items, which item a unit has, and how wide the vectors are that it moves.

use cubecl::prelude::*;

/// Units of a cube that works along a line.
const LINE: u32 = 256;
/// Cubes along an axis, of which no device takes fewer.
const MOST: u32 = 65_535;

/// Cubes of [`LINE`] units over `count` items; a unit finds its own with [`item`].
///
/// # Panics
/// If they are more than a u32 counts.
pub(crate) fn lines(count: usize) -> (CubeCount, CubeDim) {
    let count = u32::try_from(count).expect("fewer items than a u32 counts");
    let cubes = count.div_ceil(LINE);
    let across = cubes.min(MOST);
    (CubeCount::Static(across, cubes.div_ceil(across), 1), CubeDim::new_1d(LINE))
}

/// The unit's place in the line that [`lines`] laid out. Those of the last cubes may be beyond its end.
#[cube]
pub(crate) fn item() -> u32 {
    (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) * CUBE_DIM_X + UNIT_POS_X
}

/// The widest vectors of `E` that the device moves well and of which every one of `lengths` is a multiple.
pub(crate) fn vector_width<E: CubeElement>(client: &Client, lengths: &[usize]) -> usize {
    let fits = |width: &usize| lengths.iter().all(|length| length.is_multiple_of(*width));
    client.io_optimized_vector_sizes(size_of::<E>()).find(fits).unwrap_or(1)
}
