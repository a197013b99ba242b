//! The convolution as matrix products over pixels. A row of the kernel covers neighbouring pixels, whose channels lie one
//! after the other, so the left side of the product is read straight from the bordered image: no im2col.

use rayon::prelude::*;

use super::Shape;
use crate::Activation;
use crate::host::border::{Window, task_rows, with_border};
use crate::host::memory;
use crate::host::product::{Dense, Panels, Rows, Runs, Target, multiply};

/// `act(conv2d(x, weight) + bias) + residual` over row-major slices; a residual shorter than the result repeats.
pub fn conv(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    act: Activation,
    residual: Option<&[f32]>,
    shape: Shape,
) -> Vec<f32> {
    let [_, height, width, inputs] = shape.image;
    let depth = shape.kernel[0] * shape.kernel[1] * inputs;
    let panels = &Panels::pack(weight, shape.outputs, depth, &Runs { starts: &[0], len: depth });
    let mut y = memory::take(shape.output().iter().product());
    if shape.kernel == [1, 1] && shape.stride == 1 && shape.padding == 0 {
        Dense { x, panels, bias, act, residual, rows: height * width }.run(&mut y);
    } else {
        Windows { x, panels, bias, act, residual, shape }.run(&mut y);
    }
    y
}

/// A convolution whose pixels share inputs.
struct Windows<'a> {
    x: &'a [f32],
    panels: &'a Panels,
    bias: &'a [f32],
    act: Activation,
    residual: Option<&'a [f32]>,
    shape: Shape,
}

impl Windows<'_> {
    /// All images, a few rows of the result a task.
    fn run(&self, y: &mut [f32]) {
        let [_, rows, cols, outputs] = self.shape.output();
        let [_, height, width, inputs] = self.shape.image;
        let (x_len, y_len) = (height * width * inputs, rows * cols * outputs);
        let rows = task_rows(rows, (width + 2 * self.shape.padding) * inputs, self.shape.stride);
        y.par_chunks_mut(y_len.max(1)).enumerate().for_each(|(image, y)| {
            let x = &self.x[image * x_len..][..x_len];
            y.par_chunks_mut(rows * cols * outputs).enumerate().for_each(|(task, values)| {
                let residual = self.residual.map(|residual| {
                    let start = (image * y_len + task * rows * cols * outputs) % residual.len();
                    &residual[start..start + values.len()]
                });
                self.task(x, task * rows, values, residual);
            });
        });
    }

    /// The rows of one image's result from `first` on, as many as `values` holds.
    fn task(&self, x: &[f32], first: usize, values: &mut [f32], residual: Option<&[f32]>) {
        let Shape { image: [_, height, width, inputs], kernel, stride, padding, .. } = self.shape;
        let [_, _, cols, outputs] = self.shape.output();
        let count = values.len() / (cols * outputs);
        let window = Window {
            image: x,
            size: [height, width, inputs],
            rows: first * stride..(first + count - 1) * stride + kernel[0],
            border: padding,
        };
        let row_len = (width + 2 * padding) * inputs;
        let place = |pixel: usize| pixel / cols * stride * row_len + pixel % cols * stride * inputs;
        let x_starts: Vec<usize> = (0..count * cols).map(place).collect();
        let y_starts: Vec<usize> = (0..count * cols).map(|pixel| pixel * outputs).collect();
        with_border(&window, |bordered| {
            let run_len = kernel[1] * inputs;
            let rows = Rows { values: bordered, starts: &x_starts, runs: kernel[0], run_stride: row_len, run_len };
            multiply(&rows, self.panels, self.bias, self.act, &mut Target { values, starts: &y_starts, residual });
        });
    }
}
