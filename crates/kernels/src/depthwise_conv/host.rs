//! The depthwise convolution a vector of channels at a time. A run of output columns is summed in registers, and each
//! input column that is loaded serves all of them.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Shape;
use crate::Activation;
use crate::host::border::{Window, task_rows, with_border};
use crate::host::elementary;
use crate::host::lanes::{load, store, unrolled};
use crate::host::memory;

/// `act(depthwise conv2d(x, weight) + bias)` over row-major slices.
pub fn depthwise_conv(x: &[f32], weight: &[f32], bias: &[f32], act: Activation, shape: Shape) -> Vec<f32> {
    let [_, height, width, channels] = shape.image;
    // One border for both ways; what the narrower way does not need of it is skipped.
    let border = shape.kernel[0].max(shape.kernel[1]) / 2;
    let rows = task_rows(height, (width + 2 * border) * channels, 1);
    let image_len = (height * width * channels).max(1);
    let mut y = memory::take(x.len());
    y.par_chunks_mut(image_len).zip(x.par_chunks(image_len)).for_each(|(y, image)| {
        y.par_chunks_mut(rows * width * channels).enumerate().for_each(|(task, y)| {
            let (first, count) = (task * rows, y.len() / (width * channels));
            let skipped = border - shape.kernel[0] / 2;
            let window = Window {
                image,
                size: [height, width, channels],
                rows: first + skipped..first + skipped + count + shape.kernel[0] - 1,
                border,
            };
            with_border(&window, |x| {
                let x = &x[(border - shape.kernel[1] / 2) * channels..];
                Arch::new().dispatch(Convolve {
                    x,
                    y,
                    weight,
                    bias,
                    act,
                    shape,
                    row_len: (width + 2 * border) * channels,
                });
            });
        });
    });
    y
}

/// Some rows of one image.
struct Convolve<'a> {
    /// Bordered input, from the first tap of the first output pixel.
    x: &'a [f32],
    y: &'a mut [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    act: Activation,
    shape: Shape,
    /// Numbers from one input row to the next.
    row_len: usize,
}

impl WithSimd for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let [_, _, width, channels] = self.shape.image;
        for row in 0..self.y.len() / (width * channels) {
            for channel in (0..channels).step_by(S::F32_LANES) {
                // The last vector reaches back rather than be partly empty: those channels come out twice, the same.
                self.row(simd, row, channel.min(channels.saturating_sub(S::F32_LANES)));
            }
        }
    }
}

impl Convolve<'_> {
    /// One row and one vector of channels.
    #[inline(always)]
    fn row<S: Simd>(&mut self, simd: S, row: usize, channel: usize) {
        let width = self.shape.image[2];
        let (eights, fours) = (width & !7, width & !3);
        for col in (0..eights).step_by(8) {
            self.columns::<S, 8>(simd, row, col, channel);
        }
        for col in (eights..fours).step_by(4) {
            self.columns::<S, 4>(simd, row, col, channel);
        }
        for col in fours..width {
            self.columns::<S, 1>(simd, row, col, channel);
        }
    }

    /// `COLS` neighbouring pixels.
    #[inline(always)]
    fn columns<S: Simd, const COLS: usize>(&mut self, simd: S, row: usize, col: usize, channel: usize) {
        let [_, _, width, channels] = self.shape.image;
        let [kernel_rows, kernel_cols] = self.shape.kernel;
        let lanes = S::F32_LANES.min(channels);
        let mut sums = [load(simd, &self.bias[channel..channel + lanes]); COLS];
        for kernel_row in 0..kernel_rows {
            let x = &self.x[(row + kernel_row) * self.row_len + col * channels + channel..];
            let weight = &self.weight[kernel_row * kernel_cols * channels + channel..];
            if kernel_cols == 5 {
                sums = taps::<S, COLS, 5>(simd, x, weight, channels, lanes, sums);
            } else {
                for tap in 0..kernel_cols {
                    let (x, weight) = (&x[tap * channels..], &weight[tap * channels..]);
                    sums = taps::<S, COLS, 1>(simd, x, weight, channels, lanes, sums);
                }
            }
        }
        elementary::activate(simd, self.act, &mut sums);
        let start = (row * width + col) * channels + channel;
        for (index, sum) in sums.into_iter().enumerate() {
            store(simd, &mut self.y[start + index * channels..][..lanes], sum);
        }
    }
}

/// `COLS` neighbouring sums with one kernel row of `TAPS` taps added. Pixels and taps are `channels` apart.
#[inline(always)]
#[expect(clippy::absurd_extreme_comparisons, reason = "the indices are constants, and some of them are 0")]
fn taps<S: Simd, const COLS: usize, const TAPS: usize>(
    simd: S,
    x: &[f32],
    weight: &[f32],
    channels: usize,
    lanes: usize,
    mut sums: [S::f32s; COLS],
) -> [S::f32s; COLS] {
    let mut weights = [simd.splat_f32s(0.0); TAPS];
    unrolled!(TAP < TAPS => {
        weights[TAP] = load(simd, &weight[TAP * channels..][..lanes]);
    });
    unrolled!(COL < COLS + TAPS - 1 => {
        let x = load(simd, &x[COL * channels..][..lanes]);
        unrolled!(TAP < TAPS => {
            if COL >= TAP && COL - TAP < COLS {
                sums[COL - TAP] = simd.mul_add_e_f32s(x, weights[TAP], sums[COL - TAP]);
            }
        });
    });
    sums
}
