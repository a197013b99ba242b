//! The top-down step one pixel at a time.

/// `[nearest x2 of x, skip]` over row-major `x` `[n, h, w, c]` and `skip` `[n, 2h, 2w, skip_channels]`.
pub fn upsample_concat(
    x: &[f32],
    skip: &[f32],
    [images, height, width, channels]: [usize; 4],
    skip_channels: usize,
) -> Vec<f32> {
    let mut y = Vec::with_capacity(4 * x.len() + skip.len());
    for image in 0..images {
        for row in 0..2 * height {
            for col in 0..2 * width {
                let coarse = ((image * height + row / 2) * width + col / 2) * channels;
                let fine = ((image * 2 * height + row) * 2 * width + col) * skip_channels;
                y.extend_from_slice(&x[coarse..coarse + channels]);
                y.extend_from_slice(&skip[fine..fine + skip_channels]);
            }
        }
    }
    y
}
