//! What happens before and after the products of the phases, a unit a vector of channels.

use cubecl::prelude::*;

use crate::launch::item;

/// Writes `[o, 2, 2, i]`, `count` vectors; `inputs` counts vectors.
///
/// Output row `2r + odd_row` is reached from input row `r - 1 + odd_row` by tap `3 - odd_row` and from the next by the tap two less.
#[cube(launch)]
pub(super) fn phase_weight<E: Float, N: Size>(
    weight: &[Vector<E, N>],
    taps: &mut [Vector<E, N>],
    count: u32,
    inputs: u32,
    odd_row: u32,
    odd_col: u32,
) {
    let at = item();
    if at < count {
        let input = at % inputs;
        let tap = at / inputs % 4;
        let output = at / inputs / 4;
        let row = 3 - odd_row - tap / 2 * 2;
        let col = 3 - odd_col - tap % 2 * 2;
        taps[at as usize] = weight[(((output * 4 + row) * 4 + col) * inputs + input) as usize];
    }
}

/// Writes `count` vectors of the image; `rows` are the input's rows of all images together, and `outputs` counts vectors.
#[cube(launch)]
pub(super) fn weave<E: Float, N: Size>(
    phases: &[Vector<E, N>],
    y: &mut [Vector<E, N>],
    count: u32,
    rows: u32,
    width: u32,
    outputs: u32,
) {
    let at = item();
    if at < count {
        let output = at % outputs;
        let col = at / outputs % (2 * width);
        let row = at / outputs / (2 * width);
        let phase = row % 2 * 2 + col % 2;
        y[at as usize] = phases[(((phase * rows + row / 2) * width + col / 2) * outputs + output) as usize];
    }
}
