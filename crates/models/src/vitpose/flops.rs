//! How much arithmetic a ViTPose is.

use super::config::{GRID, HEATMAP, Head, VitPoseConfig};

/// Numbers of a patch.
const PATCH_LEN: usize = 16 * 16 * 3;

/// Taps of a transposed convolution that each input pixel meets.
const DECONV_TAPS: usize = 16;

impl VitPoseConfig {
    /// Floating-point operations of the matrix products for one crop, two a multiplication and addition.
    #[must_use]
    pub fn flops(&self) -> u64 {
        let (tokens, c) = (GRID[0] * GRID[1], self.embed_dims);
        let weights = 4 * c * c + 2 * c * self.feedforward_channels;
        let layer = tokens * weights + 2 * tokens * tokens * c;
        (2 * (tokens * c * PATCH_LEN + self.num_layers * layer + self.head_macs())) as u64
    }

    fn head_macs(&self) -> usize {
        let (tokens, pixels) = (GRID[0] * GRID[1], HEATMAP[0] * HEATMAP[1]);
        match self.head {
            Head::Classic { deconv_out_channels: [first, second] } => {
                let deconvs = tokens * self.embed_dims * first + 4 * tokens * first * second;
                DECONV_TAPS * deconvs + pixels * second * self.num_keypoints
            }
            Head::Simple => 9 * pixels * self.embed_dims * self.num_keypoints,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's 122.9 GMAC leave out the products within attention.
    #[test]
    fn vitpose_h_costs_what_mmpose_does() {
        let giga = VitPoseConfig::named("vitpose-h").unwrap().flops() as f64 / 1e9;
        assert!((giga - 251.66).abs() < 0.01, "{giga}");
    }
}
