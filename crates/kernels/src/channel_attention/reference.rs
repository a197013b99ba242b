//! The channel gate in f64.

/// `x * hardsigmoid(weight mean(x) + bias)` over row-major `[n, h, w, c]`.
pub fn channel_attention(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    [images, height, width, channels]: [usize; 4],
) -> Vec<f32> {
    let pixels = height * width;
    let mut y = Vec::with_capacity(x.len());
    for image in x.chunks_exact((pixels * channels).max(1)).take(images) {
        let mut means = vec![0.0; channels];
        for pixel in image.chunks_exact(channels) {
            means.iter_mut().zip(pixel).for_each(|(mean, &x)| *mean += f64::from(x) / pixels as f64);
        }
        let gates: Vec<f64> = weight
            .chunks_exact(channels)
            .zip(bias)
            .map(|(row, &bias)| {
                f64::from(bias) + row.iter().zip(&means).map(|(&weight, mean)| f64::from(weight) * mean).sum::<f64>()
            })
            .map(|sum| (sum / 6.0 + 0.5).clamp(0.0, 1.0))
            .collect();
        y.extend(
            image
                .chunks_exact(channels)
                .flat_map(|pixel| pixel.iter().zip(&gates).map(|(&x, gate)| (f64::from(x) * gate) as f32)),
        );
    }
    y
}
