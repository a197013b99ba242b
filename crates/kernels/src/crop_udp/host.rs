//! The crop for processors: a pixel whose four neighbours lie inside the frame reads them as two runs of six bytes.

use super::inverse::{Inverse, POSITION_BITS};

/// What a pair of shares of 1/32 each adds up to, and half of it.
const WEIGHT_BITS: u32 = 2 * POSITION_BITS;
const HALF: u32 = 1 << (WEIGHT_BITS - 1);

pub(super) fn crop(bgr: &[u8], [width, height]: [usize; 2], matrix: &[f32; 6], size: [usize; 2]) -> Vec<u8> {
    let mut out = vec![0; 3 * size[0] * size[1]];
    let Some(inverse) = Inverse::new(matrix, size) else { return out };
    let frame = Frame { bgr, width, height };
    for (row, out) in out.chunks_exact_mut((3 * size[0]).max(1)).enumerate() {
        for (pixel, [x, y]) in out.chunks_exact_mut(3).zip(inverse.row(row)) {
            let (top, bottom) = frame.neighbours(x >> POSITION_BITS, y >> POSITION_BITS);
            let (across, down) = ((x & 31) as u32, (y & 31) as u32);
            for channel in 0..3 {
                let mix =
                    |pair: &[u8; 6]| u32::from(pair[channel]) * (32 - across) + u32::from(pair[channel + 3]) * across;
                pixel[channel] = ((mix(&top) * (32 - down) + mix(&bottom) * down + HALF) >> WEIGHT_BITS) as u8;
            }
        }
    }
    out
}

struct Frame<'a> {
    bgr: &'a [u8],
    width: usize,
    height: usize,
}

impl Frame<'_> {
    /// The pixels at (`x`, `y`) and right of it, and the two below; black where outside.
    fn neighbours(&self, x: i64, y: i64) -> ([u8; 6], [u8; 6]) {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x + 1 < self.width && y + 1 < self.height => {
                let at = 3 * (y * self.width + x);
                (self.run(at), self.run(at + 3 * self.width))
            }
            _ => (self.edge(x, y), self.edge(x, y + 1)),
        }
    }

    fn run(&self, at: usize) -> [u8; 6] {
        core::array::from_fn(|i| self.bgr[at + i])
    }

    #[cold]
    fn edge(&self, x: i64, y: i64) -> [u8; 6] {
        let mut pair = [0; 6];
        for (pixel, x) in pair.chunks_exact_mut(3).zip(x..) {
            if (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y) {
                let at = 3 * (y as usize * self.width + x as usize);
                pixel.copy_from_slice(&self.bgr[at..at + 3]);
            }
        }
        pair
    }
}
