//! The tile loop: a few rows times one panel, held in registers from the bias to the store.

use pulp::{Arch, Simd, WithSimd};

use super::panels::{Panel, Panels};
use crate::Activation;
use crate::host::elementary;
use crate::host::lanes::{load, store, unrolled};

/// The left side of a product: row `r` is `runs` runs of `run_len` numbers, `run_stride` apart, from `starts[r]`.
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) starts: &'a [usize],
    pub(crate) runs: usize,
    pub(crate) run_stride: usize,
    pub(crate) run_len: usize,
}

/// Where the result goes: row `r` from `starts[r]` of `values`, with what is added to it at the same places.
pub(crate) struct Target<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) starts: &'a [usize],
    pub(crate) residual: Option<&'a [f32]>,
}

/// `act(rows · panels + bias) + residual` into `target`; as many rows as `rows` and `target` have starts.
/// An empty bias is zero.
pub(crate) fn multiply(rows: &Rows, panels: &Panels, bias: &[f32], act: Activation, target: &mut Target) {
    Arch::new().dispatch(Multiply { rows, panels, bias, act, target });
}

struct Multiply<'a, 'b> {
    rows: &'a Rows<'a>,
    panels: &'a Panels,
    bias: &'a [f32],
    act: Activation,
    target: &'a mut Target<'b>,
}

impl WithSimd for Multiply<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, panels, bias, act, target } = self;
        for (panel, packed) in panels.iter() {
            let mut sweep = Sweep { rows, panel, packed, bias, act, target, outputs: panels.vector_outputs() };
            // Tile heights: as many sums as the registers hold beside one row of weights and one input.
            match (S::REGISTER_COUNT >= 32, panel.vectors) {
                (true, 1) => sweep.run::<S, 12, 1>(simd),
                (true, 2) => sweep.run::<S, 8, 2>(simd),
                (true, 3) => sweep.run::<S, 8, 3>(simd),
                (true, _) => sweep.run::<S, 6, 4>(simd),
                (false, 1) => sweep.run::<S, 8, 1>(simd),
                (false, 2) => sweep.run::<S, 6, 2>(simd),
                (false, 3) => sweep.run::<S, 4, 3>(simd),
                (false, _) => sweep.run::<S, 3, 4>(simd),
            }
        }
    }
}

/// One panel and all rows.
struct Sweep<'a, 'b> {
    rows: &'a Rows<'a>,
    panel: Panel,
    packed: &'a [f32],
    bias: &'a [f32],
    act: Activation,
    target: &'a mut Target<'b>,
    /// Outputs of a vector.
    outputs: usize,
}

impl Sweep<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S) {
        let (packed, _) = S::as_simd_f32s(self.packed);
        let (packed, _) = pulp::as_arrays::<VECTORS, _>(packed);
        let mut bias = [simd.splat_f32s(0.0); VECTORS];
        if !self.bias.is_empty() {
            for (vector, bias) in bias.iter_mut().enumerate() {
                *bias = load(simd, &self.bias[self.column::<S>(vector)..]);
            }
        }
        let count = self.rows.starts.len();
        for first in (0..count).step_by(ROWS) {
            // Rows past the end repeat the last one; their sums are not stored.
            let mut starts = [0; ROWS];
            for (row, start) in starts.iter_mut().enumerate() {
                *start = self.rows.starts[(first + row).min(count - 1)];
            }
            let mut sums = tile::<S, ROWS, VECTORS>(simd, self.rows, starts, packed, bias);
            let sums = &mut sums[..ROWS.min(count - first)];
            // Called by its name: a function that is handed on is compiled for any processor, and its vectors go
            // through memory.
            for sums in &mut *sums {
                elementary::activate(simd, self.act, sums);
            }
            self.finish(simd, sums, first);
        }
    }

    /// First output of a vector.
    #[inline(always)]
    fn column<S: Simd>(&self, vector: usize) -> usize {
        if vector + 1 == self.panel.vectors { self.panel.last } else { self.panel.column + vector * S::F32_LANES }
    }

    /// Adds the residual and stores one tile.
    #[inline(always)]
    fn finish<S: Simd, const VECTORS: usize>(&mut self, simd: S, sums: &[[S::f32s; VECTORS]], first: usize) {
        for (sums, start) in sums.iter().zip(&self.target.starts[first..]) {
            for (vector, sum) in sums.iter().enumerate() {
                let place = start + self.column::<S>(vector);
                let mut value = *sum;
                if let Some(residual) = self.target.residual {
                    value = simd.add_f32s(value, load(simd, &residual[place..][..self.outputs]));
                }
                store(simd, &mut self.target.values[place..][..self.outputs], value);
            }
        }
    }
}

/// The sums of `ROWS` rows and `VECTORS` vectors of outputs.
#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    rows: &Rows,
    starts: [usize; ROWS],
    packed: &[[S::f32s; VECTORS]],
    bias: [S::f32s; VECTORS],
) -> [[S::f32s; VECTORS]; ROWS] {
    let (values, run_len) = (rows.values, rows.run_len);
    let mut sums = [bias; ROWS];
    for run in 0..rows.runs {
        let mut inputs: [&[f32]; ROWS] = [&[]; ROWS];
        unrolled!(ROW < ROWS => {
            inputs[ROW] = &values[starts[ROW] + run * rows.run_stride..][..run_len];
        });
        let weights = &packed[run * run_len..][..run_len];
        for k in 0..run_len {
            unrolled!(ROW < ROWS => {
                let input = simd.splat_f32s(inputs[ROW][k]);
                unrolled!(VECTOR < VECTORS => {
                    sums[ROW][VECTOR] = simd.mul_add_e_f32s(input, weights[k][VECTOR], sums[ROW][VECTOR]);
                });
            });
        }
    }
    // A copy, because the caller addresses its sums by variables.
    let mut tile = [bias; ROWS];
    unrolled!(ROW < ROWS => {
        unrolled!(VECTOR < VECTORS => {
            tile[ROW][VECTOR] = sums[ROW][VECTOR];
        });
    });
    tile
}
