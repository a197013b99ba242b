//! Bytes to the numbers a network was trained on: `(x - mean) / std` in f32, one mean and one deviation a channel, exactly
//! as torch computes it. Used by `letterbox` for the detector and by `crop_udp` for the pose network.

/// A byte has 256 values, so each channel's division is done once, at compile time.
pub(crate) struct Normalization {
    tables: [[f32; 256]; 3],
    source: [usize; 3],
}

impl Normalization {
    /// Output channel `c` is input channel `source[c]`, less `mean[c]`, over `std[c]`.
    pub(crate) const fn new(source: [usize; 3], mean: [f32; 3], std: [f32; 3]) -> Self {
        let mut tables = [[0.0; 256]; 3];
        let mut channel = 0;
        while channel < 3 {
            let mut byte = 0;
            while byte < 256 {
                tables[channel][byte] = (byte as f32 - mean[channel]) / std[channel];
                byte += 1;
            }
            channel += 1;
        }
        Self { tables, source }
    }

    /// Normalises interleaved three-channel `pixels` into `out`, of the same length.
    pub(crate) fn apply(&self, pixels: &[u8], out: &mut [f32]) {
        assert_eq!(pixels.len(), out.len(), "normalize: a number for every byte");
        assert_eq!(pixels.len() % 3, 0, "normalize: three channels a pixel");
        for (out, pixel) in out.chunks_exact_mut(3).zip(pixels.chunks_exact(3)) {
            for (channel, out) in out.iter_mut().enumerate() {
                *out = self.tables[channel][usize::from(pixel[self.source[channel]])];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_reordered_and_each_has_its_own_mean_and_deviation() {
        let normalization = Normalization::new([2, 1, 0], [1.0, 2.0, 3.0], [2.0, 4.0, 8.0]);
        let mut out = [0.0; 6];
        normalization.apply(&[11, 22, 33, 0, 255, 1], &mut out);
        assert_eq!(out, [16.0, 5.0, 1.0, 0.0, 63.25, -0.375]);
    }
}
