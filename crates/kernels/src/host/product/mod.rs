//! The matrix product under every dense operation: `act(rows · weightᵀ + bias) + residual`, tile by tile.
//!
//! The left side is read where it lies: a row is any number of equally long runs of an existing slice ([`Rows`]), so a
//! convolution needs no im2col, only an image with its zero border. The right side is repacked once a call ([`Panels`])
//! into the order the tile loop reads it. Every number of the result is one chain of fused multiply-adds, from the bias
//! through the inputs in their order: the same bits whatever the tiling, the number of threads or the vector width.

mod panels;
mod tile;
mod transpose;

pub(crate) use panels::{Panels, Runs};
use rayon::prelude::*;
pub(crate) use tile::{Rows, Target, multiply};

use crate::Activation;

/// A product whose rows lie one after the other, on both sides.
pub(crate) struct Dense<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) panels: &'a Panels,
    pub(crate) bias: &'a [f32],
    pub(crate) act: Activation,
    /// As long as the result, or shorter and repeating: one image's.
    pub(crate) residual: Option<&'a [f32]>,
    /// Rows of one image.
    pub(crate) rows: usize,
}

impl Dense<'_> {
    /// `act(x · weightᵀ + bias) + residual` of all images.
    pub(crate) fn run(&self, y: &mut [f32]) {
        let (inputs, outputs) = (self.panels.depth(), self.bias.len());
        let (image_len, task_rows) = ((self.rows * outputs).max(1), self.task_rows());
        y.par_chunks_mut(image_len).enumerate().for_each(|(image, y)| {
            y.par_chunks_mut(task_rows * outputs).enumerate().for_each(|(task, values)| {
                let first = task * task_rows;
                let rows = values.len() / outputs;
                let x = &self.x[(image * self.rows + first) * inputs..][..rows * inputs];
                let residual = self.residual.map(|residual| {
                    let start = (image * image_len + first * outputs) % residual.len();
                    &residual[start..start + values.len()]
                });
                let x_starts: Vec<usize> = (0..rows).map(|row| row * inputs).collect();
                let y_starts: Vec<usize> = (0..rows).map(|row| row * outputs).collect();
                let rows = Rows { values: x, starts: &x_starts, runs: 1, run_stride: 0, run_len: inputs };
                multiply(&rows, self.panels, self.bias, self.act, &mut Target { values, starts: &y_starts, residual });
            });
        });
    }

    /// Rows in one task: a multiple of every tile height. Large weights are read once a task, so tasks are larger then.
    fn task_rows(&self) -> usize {
        const TILES: usize = 24;
        let weights = self.panels.depth() * self.bias.len();
        let least = if weights > 128 << 10 { 2 * TILES } else { TILES };
        ((1 << 20) / weights.max(1)).next_multiple_of(TILES).clamp(least, 20 * TILES)
    }
}
