//! Concatenation one pixel at a time.

/// `[a, b]` over pixels of `a_channels` and `b_channels`.
pub fn concat(a: &[f32], b: &[f32], a_channels: usize, b_channels: usize) -> Vec<f32> {
    a.chunks_exact(a_channels).zip(b.chunks_exact(b_channels)).flat_map(|(a, b)| [a, b].concat()).collect()
}
