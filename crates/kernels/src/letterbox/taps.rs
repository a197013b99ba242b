//! Which source pixels an output pixel is mixed of, and with what weights: OpenCV's tables for `INTER_LINEAR` on bytes
//! (`cv::resize`, imgproc/resize.cpp). Made from the two lengths of an axis; used by the reference and the host form.

/// Weights are in units of 1/2048.
pub const WEIGHT_BITS: u32 = 11;

/// The two source pixels, along one axis, that an output pixel lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tap {
    /// The nearer to 0; inside the source.
    pub first: usize,
    /// Its neighbour, or the same pixel at an edge.
    pub second: usize,
    /// How much of each, in 1/2048. They may add up to 2047 or 2049: each is rounded by itself.
    pub weights: [i32; 2],
}

impl Tap {
    fn new(cell: i64, fraction: f32, length: usize) -> Self {
        let inside = |cell: i64| cell.clamp(0, length as i64 - 1) as usize;
        let weight = |share: f32| (share * (1 << WEIGHT_BITS) as f32).round_ties_even() as i32;
        Self { first: inside(cell), second: inside(cell + 1), weights: [weight(1.0 - fraction), weight(fraction)] }
    }
}

/// Taps of `to` output columns over `from` source columns. Beyond the outermost pixel centres there is one source pixel.
#[must_use]
pub fn columns(from: usize, to: usize) -> Vec<Tap> {
    let between = 0..from as i64 - 1;
    positions(from, to)
        .map(|(cell, fraction)| Tap::new(cell, if between.contains(&cell) { fraction } else { 0.0 }, from))
        .collect()
}

/// Taps of `to` output rows over `from` source rows. Unlike a column, a row at the edge is mixed of the edge row twice.
#[must_use]
pub fn rows(from: usize, to: usize) -> Vec<Tap> {
    positions(from, to).map(|(cell, fraction)| Tap::new(cell, fraction, from)).collect()
}

/// Where each output pixel's centre falls on the source: the pixel at or before it, and how far beyond that.
fn positions(from: usize, to: usize) -> impl Iterator<Item = (i64, f32)> {
    // Divided twice, and rounded to f32 where OpenCV rounds, so that the weights are OpenCV's to the last bit.
    let step = 1.0 / (to as f64 / from as f64);
    (0..to).map(move |index| {
        let position = ((index as f64 + 0.5) * step - 0.5) as f32;
        (position.floor() as i64, position - position.floor())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_mixes_pairs_evenly() {
        let even = |first| Tap { first, second: first + 1, weights: [1024, 1024] };
        assert_eq!(columns(6, 3), [even(0), even(2), even(4)]);
        assert_eq!(rows(6, 3), columns(6, 3));
    }

    #[test]
    fn at_the_edges_columns_drop_the_fraction_and_rows_keep_it() {
        let (columns, rows) = (columns(2, 4), rows(2, 4));
        assert_eq!(columns[0], Tap { first: 0, second: 0, weights: [2048, 0] });
        assert_eq!(rows[0], Tap { first: 0, second: 0, weights: [512, 1536] });
        assert_eq!(columns[3], Tap { first: 1, second: 1, weights: [2048, 0] });
        assert_eq!(rows[3], Tap { first: 1, second: 1, weights: [1536, 512] });
    }
}
