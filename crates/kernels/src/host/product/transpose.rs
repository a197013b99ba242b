//! Weights turned from output-by-output, as checkpoints store them, to input-by-input, as the tile loop reads them.

use super::Runs;

/// Inputs turned at a time, so that the part of a panel being written stays in the first-level cache.
const BLOCK: usize = 64;

/// Writes the inputs of `columns` outputs, `stride` apart in `weight`, as columns of `packed`, whose rows are `width` apart.
pub(super) fn transpose(weight: &[f32], columns: usize, stride: usize, runs: &Runs, packed: &mut [f32], width: usize) {
    for (run, &start) in runs.starts.iter().enumerate() {
        // The last row of `packed` may end early: only its first columns are ours.
        let packed = &mut packed[run * runs.len * width..];
        for (block, packed) in packed.chunks_mut(BLOCK * width).take(runs.len.div_ceil(BLOCK)).enumerate() {
            let depth = BLOCK.min(runs.len - block * BLOCK);
            let inputs = |column: usize| &weight[column * stride + start + block * BLOCK..][..depth];
            let fours = columns & !3;
            for column in (0..fours).step_by(4) {
                four_columns([0, 1, 2, 3].map(|next| inputs(column + next)), &mut packed[column..], width);
            }
            for column in fours..columns {
                let target = packed.iter_mut().skip(column).step_by(width);
                target.zip(inputs(column)).for_each(|(packed, &input)| *packed = input);
            }
        }
    }
}

/// Four neighbouring columns, by squares of four by four.
fn four_columns(inputs: [&[f32]; 4], packed: &mut [f32], width: usize) {
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = inputs.map(<[f32]>::as_chunks::<4>);
    let mut rows = packed.chunks_mut(width);
    for ((a, b), (c, d)) in a.iter().zip(b).zip(c.iter().zip(d)) {
        for (turned, row) in square([*a, *b, *c, *d]).iter().zip(&mut rows) {
            row[..4].copy_from_slice(turned);
        }
    }
    for (((a, b), (c, d)), row) in a_rest.iter().zip(b_rest).zip(c_rest.iter().zip(d_rest)).zip(rows) {
        row[..4].copy_from_slice(&[*a, *b, *c, *d]);
    }
}

/// The transpose of four rows of four, in eight shuffles.
#[cfg(target_arch = "x86_64")]
fn square(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    // Every x86-64 processor has SSE, so this is decided at compile time.
    let Some(sse) = pulp::core_arch::x86::Sse::try_new() else { return square_of_numbers(rows) };
    let [a, b, c, d]: [std::arch::x86_64::__m128; 4] = rows.map(bytemuck::cast);
    let (ab_low, ab_high) = (sse._mm_unpacklo_ps(a, b), sse._mm_unpackhi_ps(a, b));
    let (cd_low, cd_high) = (sse._mm_unpacklo_ps(c, d), sse._mm_unpackhi_ps(c, d));
    let turned = [
        sse._mm_movelh_ps(ab_low, cd_low),
        sse._mm_movehl_ps(cd_low, ab_low),
        sse._mm_movelh_ps(ab_high, cd_high),
        sse._mm_movehl_ps(cd_high, ab_high),
    ];
    turned.map(bytemuck::cast)
}

#[cfg(not(target_arch = "x86_64"))]
use square_of_numbers as square;

/// The transpose of four rows of four, number by number.
fn square_of_numbers(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    std::array::from_fn(|column| rows.map(|row| row[column]))
}
