//! Attention one query at a time, in f64.

use super::Shape;

/// `softmax(q kᵀ / sqrt(head_dim)) v` of each head over a row-major `[n, t, 3c]` slice.
pub fn attention(qkv: &[f32], shape: Shape) -> Vec<f32> {
    let mut y = vec![0.0; shape.images * shape.tokens * shape.channels()];
    for image in 0..shape.images {
        for head in 0..shape.heads {
            for token in 0..shape.tokens {
                let attended = attend(qkv, shape, image, head, token);
                let start = (image * shape.tokens + token) * shape.channels() + head * shape.head_dim;
                y[start..start + shape.head_dim].copy_from_slice(&attended);
            }
        }
    }
    y
}

/// The values of one head, averaged with the weights that one token's query gives them.
fn attend(qkv: &[f32], shape: Shape, image: usize, head: usize, token: usize) -> Vec<f32> {
    let part = |token: usize, part: usize| {
        let start = ((image * shape.tokens + token) * 3 + part) * shape.channels() + head * shape.head_dim;
        qkv[start..start + shape.head_dim].iter().map(|&x| f64::from(x))
    };
    let scale = 1.0 / (shape.head_dim as f64).sqrt();
    let scores: Vec<f64> = (0..shape.tokens)
        .map(|key| scale * part(token, 0).zip(part(key, 1)).map(|(q, k)| q * k).sum::<f64>())
        .collect();
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mut sums = vec![0.0; shape.head_dim];
    for (key, weight) in weights.iter().enumerate() {
        for (sum, value) in sums.iter_mut().zip(part(key, 2)) {
            *sum += weight * value;
        }
    }
    sums.iter().map(|sum| (sum / total) as f32).collect()
}
