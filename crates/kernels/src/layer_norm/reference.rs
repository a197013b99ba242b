//! Layer normalisation in two passes a token, in f64.

/// `(x - mean) / sqrt(var + eps) * weight + bias` over rows of `weight.len()` numbers.
pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f64) -> Vec<f32> {
    x.chunks_exact(weight.len()).flat_map(|row| normalize(row, weight, bias, eps)).collect()
}

/// One token.
fn normalize(row: &[f32], weight: &[f32], bias: &[f32], eps: f64) -> Vec<f32> {
    let count = row.len() as f64;
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    let scale = 1.0 / (variance + eps).sqrt();
    let affine = weight.iter().zip(bias).map(|(&weight, &bias)| (f64::from(weight), f64::from(bias)));
    row.iter().zip(affine).map(|(&x, (weight, bias))| ((f64::from(x) - mean) * scale * weight + bias) as f32).collect()
}
