//! What all units of a cube agree on: each gives a number and learns the sum, the least or the largest of them.
//!
//! By halves in shared memory, so in the same order on every device, whatever its planes. `shared` has a place for each of `units`, a
//! power of two, and is free again afterwards.

use cubecl::prelude::*;

/// The sum of all `own`.
#[cube]
pub(crate) fn sum(shared: &mut Shared<[u32]>, own: u32, #[comptime] units: u32) -> u32 {
    shared[UNIT_POS as usize] = own;
    sync_cube();
    #[unroll]
    for step in 0..comptime!(units.ilog2()) {
        let half = comptime!(units >> (step + 1));
        if UNIT_POS < half {
            shared[UNIT_POS as usize] += shared[(UNIT_POS + half) as usize];
        }
        sync_cube();
    }
    let all = shared[0];
    sync_cube();
    all
}

/// The least of all `own`.
#[cube]
pub(crate) fn least(shared: &mut Shared<[u32]>, own: u32, #[comptime] units: u32) -> u32 {
    shared[UNIT_POS as usize] = own;
    sync_cube();
    #[unroll]
    for step in 0..comptime!(units.ilog2()) {
        let half = comptime!(units >> (step + 1));
        if UNIT_POS < half {
            shared[UNIT_POS as usize] = u32::min(shared[UNIT_POS as usize], shared[(UNIT_POS + half) as usize]);
        }
        sync_cube();
    }
    let all = shared[0];
    sync_cube();
    all
}

/// The largest of all `own`, none of which is a NaN.
#[cube]
pub(crate) fn largest(shared: &mut Shared<[f32]>, own: f32, #[comptime] units: u32) -> f32 {
    shared[UNIT_POS as usize] = own;
    sync_cube();
    #[unroll]
    for step in 0..comptime!(units.ilog2()) {
        let half = comptime!(units >> (step + 1));
        if UNIT_POS < half {
            shared[UNIT_POS as usize] = f32::max(shared[UNIT_POS as usize], shared[(UNIT_POS + half) as usize]);
        }
        sync_cube();
    }
    let all = shared[0];
    sync_cube();
    all
}
