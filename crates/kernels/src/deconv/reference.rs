//! The transposed convolution as its definition has it: every input pixel stamps its filter on the output, summed in f64.

use super::Shape;
use crate::Activation;

/// `act(conv_transpose2d(x, weight, stride 2, padding 1) + bias)` over row-major slices.
pub fn deconv(x: &[f32], weight: &[f32], bias: &[f32], act: Activation, shape: Shape) -> Vec<f32> {
    let [images, height, width, inputs] = shape.image;
    let mut sums: Vec<f64> =
        bias.iter().map(|&bias| f64::from(bias)).cycle().take(shape.output().iter().product()).collect();
    for (index, pixel) in x.chunks_exact(inputs).enumerate().take(images * height * width) {
        let (image, row, col) = (index / (height * width), index / width % height, index % width);
        for tap in 0..16 {
            let (y, x_col) = ((2 * row + tap / 4).wrapping_sub(1), (2 * col + tap % 4).wrapping_sub(1));
            if y >= 2 * height || x_col >= 2 * width {
                continue;
            }
            let target = ((image * 2 * height + y) * 2 * width + x_col) * shape.outputs;
            for output in 0..shape.outputs {
                let filter = &weight[(output * 16 + tap) * inputs..][..inputs];
                sums[target + output] +=
                    pixel.iter().zip(filter).map(|(&x, &weight)| f64::from(x) * f64::from(weight)).sum::<f64>();
            }
        }
    }
    sums.into_iter().map(|sum| act.reference(sum) as f32).collect()
}
