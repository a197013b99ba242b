//! Cubes in which a row of units works on a row of numbers, and what such units agree on.

use cubecl::prelude::*;

/// Units on a row.
pub(crate) const LANES: u32 = 32;
/// Rows of a cube.
pub(crate) const ROWS: u32 = 8;

/// Units of such a cube.
pub(crate) fn cube_dim() -> CubeDim {
    CubeDim::new_2d(LANES, ROWS)
}

/// Shared memory with a place for each unit of the cube.
#[cube]
pub(crate) fn places() -> Shared<[f32]> {
    Shared::<[f32]>::new_slice(comptime!((LANES * ROWS) as usize))
}

/// The sum of `own` over the units of a row, by halves, so in the same order on every device, whatever its planes. All units of the
/// cube take part; `shared` is free again afterwards.
#[cube]
pub(crate) fn sum(shared: &mut Shared<[f32]>, own: f32) -> f32 {
    let row = UNIT_POS_Y * comptime!(LANES);
    let place = (row + UNIT_POS_X) as usize;
    shared[place] = own;
    sync_cube();
    #[unroll]
    for step in 0..comptime!(LANES.ilog2()) {
        let half = comptime!(LANES >> (step + 1));
        if UNIT_POS_X < half {
            shared[place] += shared[place + comptime!(half as usize)];
        }
        sync_cube();
    }
    let all = shared[row as usize];
    sync_cube();
    all
}

/// The sum of a vector's numbers, in their order.
#[cube]
pub(crate) fn across<N: Size>(numbers: Vector<f32, N>) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..N::value() {
        sum += numbers.extract(i);
    }
    sum
}
