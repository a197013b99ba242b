//! The product by tiles: a cube of 16x16 units sums 64x64 outputs in registers, 16 inputs at a time, which it reads into shared memory.
//!
//! The sum of an output is one chain over its inputs in their order, wherever the output lies in its tile.

use cubecl::prelude::*;

use super::Epilogue;
use crate::activation::{Activation, activate};
use crate::launch::vector_width;
use crate::linear::Shape;
use crate::{DeviceSlice, Element};

/// Rows and columns of outputs that a cube has.
const TILE: usize = 64;
/// Units along a side of it, and the distance between the outputs of a unit, so that neighbours read and write side by side.
const SIDE: usize = 16;
/// Outputs of a unit along a side.
const OWN: usize = TILE / SIDE;
/// Inputs in shared memory at a time, in fours.
const DEPTH: usize = 4;
/// Fours from a row in shared memory to the next: one more than it has, so that rows start in different banks.
const PITCH: usize = DEPTH + 1;

type Four = Vector<f32, Const<4>>;

/// One cube a tile. The caller has checked the buffers.
pub(super) fn launch<E: Element>(
    client: &Client,
    x: &DeviceSlice<E>,
    weight: &DeviceSlice<E>,
    epilogue: Epilogue<'_, E>,
    shape: Shape,
    y: &DeviceSlice<E>,
    first_row: usize,
) {
    let Epilogue { bias, act, residual } = epilogue;
    let bias = bias.exact(client);
    let tiles = |length: usize| length.div_ceil(TILE) as u32;
    let width = vector_width::<E>(client, &[4, shape.inputs]);
    // Four or one: the kernel knows no other.
    let width = if width == 4 { 4 } else { 1 };
    let added = residual.unwrap_or(weight);
    product::launch::<E>(
        client,
        CubeCount::Static(tiles(shape.outputs), tiles(shape.rows), 1),
        CubeDim::new_2d(SIDE as u32, SIDE as u32),
        width,
        x.vectors(width),
        weight.vectors(width),
        bias.arg(),
        added.arg(),
        y.arg(),
        shape.rows as u32,
        shape.inputs as u32,
        shape.outputs as u32,
        first_row as u32,
        added.len() as u32,
        act,
        residual.is_some(),
    );
}

/// Writes `rows` rows of `y`, `[.., outputs]`, from `first_row` on. `added` is read only where `add`.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "two matrices, what becomes of their product, and sizes")]
fn product<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    bias: &[f32],
    added: &[E],
    y: &mut [E],
    rows: u32,
    inputs: u32,
    outputs: u32,
    first_row: u32,
    repeat: u32,
    #[comptime] act: Activation,
    #[comptime] add: bool,
) {
    let mut x_tile = Shared::<[Four]>::new_slice(comptime!(TILE * PITCH));
    let mut weight_tile = Shared::<[Four]>::new_slice(comptime!(TILE * PITCH));
    let mut sums = Array::<f32>::new(comptime!(OWN * OWN));
    let top = CUBE_POS_Y * comptime!(TILE as u32);
    let left = CUBE_POS_X * comptime!(TILE as u32);
    // Each unit brings one four of either tile.
    let line = UNIT_POS / comptime!(DEPTH as u32);
    let four = UNIT_POS % comptime!(DEPTH as u32);
    let place = (line * comptime!(PITCH as u32) + four) as usize;
    let mut from = 0u32;
    while from < inputs {
        x_tile[place] = load::<E, N>(x, top + line, rows, from + 4 * four, inputs);
        weight_tile[place] = load::<E, N>(weight, left + line, outputs, from + 4 * four, inputs);
        sync_cube();
        sum_tile(&x_tile, &weight_tile, &mut sums);
        sync_cube();
        from += comptime!(4 * DEPTH as u32);
    }
    #[unroll]
    for i in 0..comptime!(OWN as u32) {
        #[unroll]
        for j in 0..comptime!(OWN as u32) {
            let row = top + UNIT_POS_Y + comptime!(i * SIDE as u32);
            let output = left + UNIT_POS_X + comptime!(j * SIDE as u32);
            if row < rows && output < outputs {
                let at = (first_row + row) * outputs + output;
                let sum = sums[comptime!((i * OWN as u32 + j) as usize)];
                let mut result = activate(sum + bias[output as usize], act);
                if add {
                    result += f32::cast_from(added[(at % repeat) as usize]);
                }
                y[at as usize] = E::cast_from(result);
            }
        }
    }
}

/// Numbers `at` to `at + 3` of a row; zeros outside of the matrix.
#[cube]
fn load<E: Float, N: Size>(matrix: &[Vector<E, N>], row: u32, rows: u32, at: u32, inputs: u32) -> Four {
    let mut found = Four::new(0.0);
    let width = N::value();
    if row < rows {
        if comptime!(width == 4) {
            if at < inputs {
                found = Four::cast_from(matrix[((row * inputs + at) / 4) as usize]);
            }
        } else {
            #[unroll]
            for i in 0..4usize {
                if at + comptime!(i as u32) < inputs {
                    let number = matrix[(row * inputs + at + comptime!(i as u32)) as usize];
                    found.insert(i, f32::cast_from(number.extract(0usize)));
                }
            }
        }
    }
    found
}

/// Adds what the tiles in shared memory give to the unit's outputs.
#[cube]
fn sum_tile(x: &Shared<[Four]>, weight: &Shared<[Four]>, sums: &mut Array<f32>) {
    #[unroll]
    for depth in 0..comptime!(DEPTH as u32) {
        let mut x_own = Array::<Four>::new(comptime!(OWN));
        let mut weight_own = Array::<Four>::new(comptime!(OWN));
        #[unroll]
        for i in 0..comptime!(OWN as u32) {
            let row = UNIT_POS_Y + comptime!(i * SIDE as u32);
            let output = UNIT_POS_X + comptime!(i * SIDE as u32);
            x_own[comptime!(i as usize)] = x[(row * comptime!(PITCH as u32) + depth) as usize];
            weight_own[comptime!(i as usize)] = weight[(output * comptime!(PITCH as u32) + depth) as usize];
        }
        #[unroll]
        for i in 0..OWN {
            #[unroll]
            for j in 0..OWN {
                #[unroll]
                for k in 0..4usize {
                    sums[comptime!(i * OWN + j)] += x_own[i].extract(k) * weight_own[j].extract(k);
                }
            }
        }
    }
}
