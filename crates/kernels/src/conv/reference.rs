//! The convolution one output number at a time, summed in f64.

use super::Shape;
use crate::Activation;

/// `act(conv2d(x, weight) + bias) + residual` over row-major slices; a residual shorter than the result repeats.
pub fn conv(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    act: Activation,
    residual: Option<&[f32]>,
    shape: Shape,
) -> Vec<f32> {
    let [images, rows, cols, _] = shape.output();
    let mut y = Vec::with_capacity(images * rows * cols * shape.outputs);
    for image in 0..images {
        for row in 0..rows {
            for col in 0..cols {
                for (output, &bias) in bias.iter().enumerate() {
                    let sum = f64::from(bias) + dot(x, weight, shape, [image, row, col, output]);
                    let shift = residual.map_or(0.0, |residual| f64::from(residual[y.len() % residual.len()]));
                    y.push((act.reference(sum) + shift) as f32);
                }
            }
        }
    }
    y
}

/// The filter of one output laid over the image at one place.
fn dot(x: &[f32], weight: &[f32], shape: Shape, [image, row, col, output]: [usize; 4]) -> f64 {
    let [_, height, width, inputs] = shape.image;
    let [kernel_rows, kernel_cols] = shape.kernel;
    let mut sum = 0.0;
    for kernel_row in 0..kernel_rows {
        for kernel_col in 0..kernel_cols {
            let (y, x_col) = (row * shape.stride + kernel_row, col * shape.stride + kernel_col);
            let inside = (shape.padding..height + shape.padding).contains(&y)
                && (shape.padding..width + shape.padding).contains(&x_col);
            if !inside {
                continue;
            }
            let pixel = ((image * height + y - shape.padding) * width + x_col - shape.padding) * inputs;
            let tap = ((output * kernel_rows + kernel_row) * kernel_cols + kernel_col) * inputs;
            for input in 0..inputs {
                sum += f64::from(x[pixel + input]) * f64::from(weight[tap + input]);
            }
        }
    }
    sum
}
