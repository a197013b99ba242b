//! The pyramid one window at a time.

/// `[x, maxpool5, maxpool9, maxpool13]` over row-major `[n, h, w, c]`.
pub fn spp(x: &[f32], [images, height, width, channels]: [usize; 4]) -> Vec<f32> {
    let mut y = Vec::with_capacity(4 * x.len());
    for image in x.chunks_exact((height * width * channels).max(1)).take(images) {
        for row in 0..height {
            for col in 0..width {
                for reach in [0, 2, 4, 6] {
                    y.extend((0..channels).map(|channel| {
                        let rows = row.saturating_sub(reach)..(row + reach + 1).min(height);
                        let cols = col.saturating_sub(reach)..(col + reach + 1).min(width);
                        let window = rows.flat_map(|row| {
                            cols.clone().map(move |col| image[(row * width + col) * channels + channel])
                        });
                        window.fold(f32::NEG_INFINITY, |largest, x| if x > largest || x.is_nan() { x } else { largest })
                    }));
                }
            }
        }
    }
    y
}
