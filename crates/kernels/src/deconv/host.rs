//! The transposed convolution as four ordinary 2x2 convolutions, one for each parity of the output's row and column:
//! of the 4x4 filter, the taps that meet an output pixel are every second one.

use rayon::prelude::*;

use super::Shape;
use crate::Activation;
use crate::host::border::{Window, task_rows, with_border};
use crate::host::memory;
use crate::host::product::{Panels, Rows, Runs, Target, multiply};

/// The filter's rows (or columns) that meet output rows of one parity, in the order of the input rows they come from:
/// output row `2y + parity` is met by input rows `y + parity - 1` and `y + parity`.
const TAPS: [[usize; 2]; 2] = [[3, 1], [2, 0]];

/// `act(conv_transpose2d(x, weight, stride 2, padding 1) + bias)` over row-major slices.
pub fn deconv(x: &[f32], weight: &[f32], bias: &[f32], act: Activation, shape: Shape) -> Vec<f32> {
    let [_, height, width, inputs] = shape.image;
    let phases = &[[0, 0], [0, 1], [1, 0], [1, 1]].map(|parity| Phase::new(parity, weight, shape));
    let rows = task_rows(height, (width + 2) * inputs, 1);
    let (x_len, y_row_len) = (height * width * inputs, 2 * width * shape.outputs);
    let mut y = memory::take(shape.output().iter().product());
    y.par_chunks_mut((2 * height * y_row_len).max(1)).enumerate().for_each(|(image, y)| {
        let image = &x[image * x_len..][..x_len];
        y.par_chunks_mut(rows * 2 * y_row_len).enumerate().for_each(|(task, values)| {
            let (first, count) = (task * rows, values.len() / (2 * y_row_len));
            let window = Window { image, size: [height, width, inputs], rows: first..first + count + 2, border: 1 };
            with_border(&window, |bordered| {
                phases.iter().for_each(|phase| phase.run(bordered, bias, act, shape, values));
            });
        });
    });
    y
}

/// The output pixels of one parity.
struct Phase {
    parity: [usize; 2],
    panels: Panels,
}

impl Phase {
    fn new(parity: [usize; 2], weight: &[f32], shape: Shape) -> Self {
        let inputs = shape.image[3];
        let [rows, cols] = parity.map(|parity| TAPS[parity]);
        let starts =
            [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[row, col]: [usize; 2]| (rows[row] * 4 + cols[col]) * inputs);
        let panels = Panels::pack(weight, shape.outputs, 16 * inputs, &Runs { starts: &starts, len: inputs });
        Self { parity, panels }
    }

    /// This parity's pixels of the output rows in `values`.
    fn run(&self, bordered: &[f32], bias: &[f32], act: Activation, shape: Shape, values: &mut [f32]) {
        let [_, _, width, inputs] = shape.image;
        let pixels = values.len() / (4 * shape.outputs);
        let [row_parity, col_parity] = self.parity;
        let row_len = (width + 2) * inputs;
        let x_place = |pixel: usize| (pixel / width + row_parity) * row_len + (pixel % width + col_parity) * inputs;
        let y_place = |pixel: usize| {
            ((2 * (pixel / width) + row_parity) * 2 * width + 2 * (pixel % width) + col_parity) * shape.outputs
        };
        let x_starts: Vec<usize> = (0..pixels).map(x_place).collect();
        let y_starts: Vec<usize> = (0..pixels).map(y_place).collect();
        let rows = Rows { values: bordered, starts: &x_starts, runs: 2, run_stride: row_len, run_len: 2 * inputs };
        multiply(&rows, &self.panels, bias, act, &mut Target { values, starts: &y_starts, residual: None });
    }
}
