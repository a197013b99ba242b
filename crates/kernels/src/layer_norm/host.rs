//! Layer normalisation a row at a time: the row is read three times, from the first-level cache.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::host::lanes::{load, store};
use crate::host::memory;

/// Rows in one task.
const TASK_ROWS: usize = 32;

/// `(x - mean) / sqrt(var + eps) * weight + bias` over rows of `weight.len()` numbers.
pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f64) -> Vec<f32> {
    let mut y = memory::take(x.len());
    let len = (TASK_ROWS * weight.len()).max(1);
    y.par_chunks_mut(len).zip(x.par_chunks(len)).for_each(|(y, x)| {
        Arch::new().dispatch(Normalize { x, y, weight, bias, eps });
    });
    y
}

struct Normalize<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    eps: f64,
}

impl WithSimd for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.weight.len();
        for (x, y) in self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels)) {
            let mean = sum_of_powers::<S, 1>(simd, x, 0.0) / channels as f64;
            // The second pass is about the mean, so nothing cancels; what rounding the mean left is taken out again.
            let left = sum_of_powers::<S, 1>(simd, x, mean as f32) / channels as f64;
            let variance = sum_of_powers::<S, 2>(simd, x, mean as f32) / channels as f64 - left * left;
            let scale = 1.0 / (variance + self.eps).sqrt();
            let (scale, mean) = (simd.splat_f32s(scale as f32), simd.splat_f32s(mean as f32));
            let affine = self.weight.chunks(S::F32_LANES).zip(self.bias.chunks(S::F32_LANES));
            for ((x, y), (weight, bias)) in x.chunks(S::F32_LANES).zip(y.chunks_mut(S::F32_LANES)).zip(affine) {
                let normal = simd.mul_f32s(simd.sub_f32s(load(simd, x), mean), scale);
                store(simd, y, simd.mul_add_e_f32s(normal, load(simd, weight), load(simd, bias)));
            }
        }
    }
}

/// The sum of `(x - centre)^POWER`, in four chains a vector wide that are added up in f64.
#[inline(always)]
fn sum_of_powers<S: Simd, const POWER: usize>(simd: S, x: &[f32], centre: f32) -> f64 {
    let (vectors, rest) = S::as_simd_f32s(x);
    let (fours, vectors) = pulp::as_arrays::<4, _>(vectors);
    let mut sums = [simd.splat_f32s(0.0); 4];
    let splat = simd.splat_f32s(centre);
    for four in fours {
        for (sum, vector) in sums.iter_mut().zip(four) {
            *sum = add_power::<S, POWER>(simd, *sum, simd.sub_f32s(*vector, splat));
        }
    }
    for vector in vectors {
        sums[0] = add_power::<S, POWER>(simd, sums[0], simd.sub_f32s(*vector, splat));
    }
    let mut total = 0.0;
    for sum in sums {
        total += f64::from(simd.reduce_sum_f32s(sum));
    }
    for x in rest {
        total += f64::from(x - centre).powi(POWER as i32);
    }
    total
}

#[inline(always)]
fn add_power<S: Simd, const POWER: usize>(simd: S, sum: S::f32s, x: S::f32s) -> S::f32s {
    if POWER == 1 { simd.add_f32s(sum, x) } else { simd.mul_add_e_f32s(x, x, sum) }
}
