//! A unit a vector of channels of an output pixel.

use cubecl::prelude::*;

use crate::activation::{Activation, activate_each};
use crate::launch::item;

/// Writes `count` vectors of channels; `channels` counts vectors.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "an image, a filter, and their sizes")]
pub(super) fn depthwise_conv<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    bias: &[Vector<f32, N>],
    y: &mut [Vector<E, N>],
    count: u32,
    height: u32,
    width: u32,
    channels: u32,
    #[comptime] rows: u32,
    #[comptime] cols: u32,
    #[comptime] act: Activation,
) {
    let at = item();
    if at < count {
        let channel = at % channels;
        let pixel = at / channels;
        let col = pixel % width;
        let row = pixel / width % height;
        let image = pixel / width / height;
        let mut sum = bias[channel as usize];
        #[unroll]
        for tap_row in 0..rows {
            // Below zero is beyond any image, as a u32.
            let from_row = row + tap_row - comptime!(rows / 2);
            #[unroll]
            for tap_col in 0..cols {
                let from_col = col + tap_col - comptime!(cols / 2);
                if from_row < height && from_col < width {
                    let from = ((image * height + from_row) * width + from_col) * channels + channel;
                    let tap = (tap_row * cols + tap_col) * channels + channel;
                    let number = Vector::<f32, N>::cast_from(x[from as usize]);
                    sum += number * Vector::cast_from(weight[tap as usize]);
                }
            }
        }
        y[at as usize] = Vector::cast_from(activate_each::<N>(sum, act));
    }
}
