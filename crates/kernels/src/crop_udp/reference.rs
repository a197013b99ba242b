//! The crop one byte at a time: four source bytes, weighted in 1/32768 as OpenCV's table holds them.

use super::inverse::{Inverse, POSITION_BITS};

/// What `crop` returns, computed plainly.
#[must_use]
pub fn crop(bgr: &[u8], [width, height]: [usize; 2], matrix: &[f32; 6], size: [usize; 2]) -> Vec<u8> {
    let Some(inverse) = Inverse::new(matrix, size) else { return vec![0; 3 * size[0] * size[1]] };
    let byte = |x: i64, y: i64, channel: usize| {
        let inside = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
        if inside { i64::from(bgr[3 * (y as usize * width + x as usize) + channel]) } else { 0 }
    };
    let mut out = Vec::with_capacity(3 * size[0] * size[1]);
    for [x, y] in (0..size[1]).flat_map(|row| inverse.row(row)) {
        let (left, top) = (x >> POSITION_BITS, y >> POSITION_BITS);
        let (right_share, bottom_share) = (x & 31, y & 31);
        let (left_share, top_share) = (32 - right_share, 32 - bottom_share);
        for channel in 0..3 {
            let sum = byte(left, top, channel) * left_share * top_share
                + byte(left + 1, top, channel) * right_share * top_share
                + byte(left, top + 1, channel) * left_share * bottom_share
                + byte(left + 1, top + 1, channel) * right_share * bottom_share;
            out.push(((sum * 32 + (1 << 14)) >> 15) as u8);
        }
    }
    out
}
