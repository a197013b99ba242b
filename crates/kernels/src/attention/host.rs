//! Attention a head at a time: two matrix products and a softmax between them, on a few queries that stay cached.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Shape;
use crate::Activation;
use crate::host::elementary;
use crate::host::lanes::{load, store};
use crate::host::memory;
use crate::host::product::{Panels, Rows, Runs, Target, multiply};

/// Queries whose scores are held at once: a multiple of every tile height.
const QUERIES: usize = 48;

/// `softmax(q kᵀ / sqrt(head_dim)) v` of each head over a row-major `[n, t, 3c]` slice.
pub fn attention(qkv: &[f32], shape: Shape) -> Vec<f32> {
    let (channels, head_dim) = (shape.channels(), shape.head_dim);
    let mut y = memory::take(shape.images * shape.tokens * channels);
    let image_len = (shape.tokens * channels).max(1);
    y.par_chunks_mut(image_len).zip(qkv.par_chunks(3 * image_len)).for_each(|(y, qkv)| {
        let heads: Vec<Vec<f32>> = (0..shape.heads).into_par_iter().map(|head| attend(qkv, shape, head)).collect();
        for (token, y) in y.chunks_exact_mut(channels).enumerate() {
            for (y, head) in y.chunks_exact_mut(head_dim).zip(&heads) {
                y.copy_from_slice(&head[token * head_dim..][..head_dim]);
            }
        }
    });
    y
}

/// One head of one image: `[t, head_dim]`.
fn attend(qkv: &[f32], shape: Shape, head: usize) -> Vec<f32> {
    let Shape { tokens, head_dim, .. } = shape;
    let stride = 3 * shape.channels();
    let part = |part: usize| part * shape.channels() + head * head_dim;
    let keys = Panels::pack_here(&qkv[part(1)..], tokens, stride, &Runs { starts: &[0], len: head_dim });
    let values = Panels::copy_here(&qkv[part(2)..], head_dim, stride, tokens);
    let mut y = vec![0.0; tokens * head_dim];
    let mut scores = vec![0.0; QUERIES.min(tokens) * tokens];
    for first in (0..tokens).step_by(QUERIES) {
        let queries = first..tokens.min(first + QUERIES);
        let query_starts: Vec<usize> = queries.clone().map(|token| token * stride + part(0)).collect();
        let score_starts: Vec<usize> = (0..queries.len()).map(|query| query * tokens).collect();
        let y_starts: Vec<usize> = queries.map(|token| token * head_dim).collect();
        let rows = Rows { values: qkv, starts: &query_starts, runs: 1, run_stride: 0, run_len: head_dim };
        let target = &mut Target { values: &mut scores, starts: &score_starts, residual: None };
        multiply(&rows, &keys, &[], Activation::None, target);
        let scores = &mut scores[..score_starts.len() * tokens];
        Arch::new().dispatch(Softmax { rows: scores, len: tokens, scale: 1.0 / (head_dim as f32).sqrt() });
        let rows = Rows { values: scores, starts: &score_starts, runs: 1, run_stride: 0, run_len: tokens };
        let target = &mut Target { values: &mut y, starts: &y_starts, residual: None };
        multiply(&rows, &values, &[], Activation::None, target);
    }
    y
}

/// Rows of `len` scores become weights that sum to one: `exp(scale (score - largest))` over its sum.
struct Softmax<'a> {
    rows: &'a mut [f32],
    len: usize,
    scale: f32,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let scale = simd.splat_f32s(self.scale);
        for row in self.rows.chunks_exact_mut(self.len) {
            let mut largest = simd.splat_f32s(f32::NEG_INFINITY);
            let (vectors, rest) = S::as_simd_f32s(row);
            for score in vectors {
                largest = simd.max_f32s(largest, *score);
            }
            let largest = rest.iter().copied().fold(simd.reduce_max_f32s(largest), f32::max);
            let largest = simd.splat_f32s(largest);
            let mut sum = simd.splat_f32s(0.0);
            let (vectors, rest) = S::as_mut_simd_f32s(row);
            for score in vectors {
                *score = elementary::exp(simd, simd.mul_f32s(scale, simd.sub_f32s(*score, largest)));
                sum = simd.add_f32s(sum, *score);
            }
            let mut sum = simd.reduce_sum_f32s(sum);
            let last = simd.sub_f32s(simd.partial_load_f32s(rest), largest);
            simd.partial_store_f32s(rest, elementary::exp(simd, simd.mul_f32s(scale, last)));
            for weight in rest {
                sum += *weight;
            }
            let factor = simd.splat_f32s(1.0 / sum);
            for weights in row.chunks_mut(S::F32_LANES) {
                let scaled = simd.mul_f32s(factor, load(simd, weights));
                store(simd, weights, scaled);
            }
        }
    }
}
