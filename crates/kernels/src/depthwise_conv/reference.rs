//! The depthwise convolution one output number at a time, summed in f64.

use super::Shape;
use crate::Activation;

/// `act(depthwise conv2d(x, weight) + bias)` over row-major slices.
pub fn depthwise_conv(x: &[f32], weight: &[f32], bias: &[f32], act: Activation, shape: Shape) -> Vec<f32> {
    let [images, height, width, _] = shape.image;
    let mut y = Vec::with_capacity(x.len());
    for image in 0..images {
        for row in 0..height {
            for col in 0..width {
                for (channel, &bias) in bias.iter().enumerate() {
                    let sum = dot(x, weight, shape, [image, row, col, channel]);
                    y.push(act.reference(sum + f64::from(bias)) as f32);
                }
            }
        }
    }
    y
}

/// The filter of one channel laid over the image at one place.
fn dot(x: &[f32], weight: &[f32], shape: Shape, [image, row, col, channel]: [usize; 4]) -> f64 {
    let [_, height, width, channels] = shape.image;
    let [kernel_rows, kernel_cols] = shape.kernel;
    let (top, left) = (kernel_rows / 2, kernel_cols / 2);
    let mut sum = 0.0;
    for kernel_row in 0..kernel_rows {
        for kernel_col in 0..kernel_cols {
            let (y, x_col) = (row + kernel_row, col + kernel_col);
            if (top..height + top).contains(&y) && (left..width + left).contains(&x_col) {
                let pixel = ((image * height + y - top) * width + x_col - left) * channels;
                let tap = (kernel_row * kernel_cols + kernel_col) * channels;
                sum += f64::from(x[pixel + channel]) * f64::from(weight[tap + channel]);
            }
        }
    }
    sum
}
