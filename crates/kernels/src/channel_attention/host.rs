//! The channel gate: means over blocks of pixels, a small product, and one pass that scales.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::host::lanes::{load, store};
use crate::host::memory;

/// Pixels in one task; also the length of an f32 sum, before sums go on in f64.
const TASK_PIXELS: usize = 512;

/// `x * hardsigmoid(weight mean(x) + bias)` over row-major `[n, h, w, c]`.
pub fn channel_attention(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    [_, height, width, channels]: [usize; 4],
) -> Vec<f32> {
    let mut y = memory::take(x.len());
    let image_len = (height * width * channels).max(1);
    let task_len = (TASK_PIXELS * channels).max(1);
    y.par_chunks_mut(image_len).zip(x.par_chunks(image_len)).for_each(|(y, x)| {
        let sums: Vec<Vec<f32>> = x.par_chunks(task_len).map(|x| Arch::new().dispatch(Sum { x, channels })).collect();
        let gates = gates(&sums, weight, bias, height * width);
        y.par_chunks_mut(task_len).zip(x.par_chunks(task_len)).for_each(|(y, x)| {
            Arch::new().dispatch(Scale { x, y, gates: &gates });
        });
    });
    y
}

/// `hardsigmoid(weight mean + bias)` of one image, whose pixels `sums` add up.
fn gates(sums: &[Vec<f32>], weight: &[f32], bias: &[f32], pixels: usize) -> Vec<f32> {
    let mean = |channel: usize| sums.iter().map(|sum| f64::from(sum[channel])).sum::<f64>() / pixels as f64;
    let means: Vec<f64> = (0..bias.len()).map(mean).collect();
    weight
        .chunks_exact(bias.len())
        .zip(bias)
        .map(|(row, &bias)| {
            // Four chains, because one addition waits for the one before.
            let mut dot = [0.0; 4];
            for (row, means) in row.chunks(4).zip(means.chunks(4)) {
                dot.iter_mut()
                    .zip(row.iter().zip(means))
                    .for_each(|(dot, (&weight, mean))| *dot += f64::from(weight) * mean);
            }
            let sum = f64::from(bias) + (dot[0] + dot[1]) + (dot[2] + dot[3]);
            (sum / 6.0 + 0.5).clamp(0.0, 1.0) as f32
        })
        .collect()
}

/// The sum of pixels of `channels` channels.
struct Sum<'a> {
    x: &'a [f32],
    channels: usize,
}

impl WithSimd for Sum<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let mut sums = vec![0.0; self.channels];
        for pixel in self.x.chunks_exact(self.channels) {
            for (sum, x) in sums.chunks_mut(S::F32_LANES).zip(pixel.chunks(S::F32_LANES)) {
                let added = simd.add_f32s(load(simd, sum), load(simd, x));
                store(simd, sum, added);
            }
        }
        sums
    }
}

/// Each pixel of `x` times `gates`.
struct Scale<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    gates: &'a [f32],
}

impl WithSimd for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.gates.len();
        for (x, y) in self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels)) {
            let gates = self.gates.chunks(S::F32_LANES);
            for ((x, y), gates) in x.chunks(S::F32_LANES).zip(y.chunks_mut(S::F32_LANES)).zip(gates) {
                store(simd, y, simd.mul_f32s(load(simd, x), load(simd, gates)));
            }
        }
    }
}
