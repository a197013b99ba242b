//! From crop pixels back to the frame, in OpenCV's fixed point (`cv::warpAffine`, imgproc/imgwarp.cpp): positions are rounded to
//! 1/1024 of a pixel a term, then to 1/32. Made from the warp matrix; used by the reference and the host form.

/// Positions have five bits below the pixel.
pub const POSITION_BITS: u32 = 5;

const TERM_SCALE: f64 = 1024.0;
/// From the terms' 1/1024 to the positions' 1/32, to the nearest.
const TERM_BITS: u32 = 5;
const HALF: i64 = 1 << (TERM_BITS - 1);
/// Further than any frame reaches, and far from overflowing in sums.
const FAR: f64 = (1_u64 << 52) as f64;

/// The inverse map, tabulated by column and by row.
#[derive(Debug)]
pub struct Inverse {
    columns: Vec<[i64; 2]>,
    rows: Vec<[i64; 2]>,
}

impl Inverse {
    /// Inverts `matrix` for a crop of `width` x `height`; `None` if it has no finite inverse.
    #[must_use]
    pub fn new(matrix: &[f32; 6], [width, height]: [usize; 2]) -> Option<Self> {
        let m = matrix.map(f64::from);
        let factor = 1.0 / (m[0] * m[4] - m[1] * m[3]);
        let (a, b, c, d) = (m[4] * factor, m[1] * -factor, m[3] * -factor, m[0] * factor);
        let (x, y) = (-a * m[2] - b * m[5], -c * m[2] - d * m[5]);
        if ![a, b, c, d, x, y].iter().all(|term| term.is_finite()) {
            return None;
        }
        let column = |i: usize| [fixed(a * i as f64 * TERM_SCALE), fixed(c * i as f64 * TERM_SCALE)];
        let row = |j: usize| {
            let j = j as f64;
            [fixed((b * j + x) * TERM_SCALE) + HALF, fixed((d * j + y) * TERM_SCALE) + HALF]
        };
        Some(Self { columns: (0..width).map(column).collect(), rows: (0..height).map(row).collect() })
    }

    /// The frame positions, in 1/32 pixel, of one row of the crop.
    pub fn row(&self, row: usize) -> impl Iterator<Item = [i64; 2]> {
        let [x, y] = self.rows[row];
        self.columns.iter().map(move |column| [(x + column[0]) >> TERM_BITS, (y + column[1]) >> TERM_BITS])
    }
}

fn fixed(term: f64) -> i64 {
    term.clamp(-FAR, FAR).round_ties_even() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_undone() {
        let inverse = Inverse::new(&[1.0, 0.0, 10.0, 0.0, 1.0, -20.5], [2, 2]).unwrap();
        assert_eq!(inverse.row(1).collect::<Vec<_>>(), [[-320, 688], [-288, 688]]);
    }

    #[test]
    fn a_flat_or_endless_matrix_has_no_inverse() {
        assert!(Inverse::new(&[1.0, 2.0, 0.0, 2.0, 4.0, 0.0], [1, 1]).is_none());
        assert!(Inverse::new(&[f32::NAN, 0.0, 0.0, 0.0, 1.0, 0.0], [1, 1]).is_none());
        assert!(Inverse::new(&[1.0, 0.0, f32::INFINITY, 0.0, 1.0, 0.0], [1, 1]).is_none());
    }
}
