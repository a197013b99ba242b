//! The resize one byte at a time, as OpenCV's scalar loops compute it.

use super::taps;

/// `bgr`, `[height, width, 3]`, resized to `[to_height, to_width, 3]`.
#[must_use]
pub fn resize(bgr: &[u8], [width, height]: [usize; 2], [to_width, to_height]: [usize; 2]) -> Vec<u8> {
    let (columns, rows) = (taps::columns(width, to_width), taps::rows(height, to_height));
    let mut out = Vec::with_capacity(3 * to_width * to_height);
    for row in &rows {
        for column in &columns {
            for channel in 0..3 {
                let byte = |y: usize, x: usize| i32::from(bgr[3 * (y * width + x) + channel]);
                let across =
                    |y: usize| byte(y, column.first) * column.weights[0] + byte(y, column.second) * column.weights[1];
                // Eight bits and eleven of weight, times eleven more, do not fit 32: OpenCV drops four bits, then sixteen, then two.
                let part = |y: usize, weight: i32| (weight * (across(y) >> 4)) >> 16;
                let sum = part(row.first, row.weights[0]) + part(row.second, row.weights[1]);
                out.push(((sum + 2) >> 2) as u8);
            }
        }
    }
    out
}
