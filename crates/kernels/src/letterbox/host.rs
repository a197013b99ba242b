//! The resize for processors: tables made once a frame, each source row mixed across once, rows mixed down in vectors.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{reference, taps};

/// Output rows a task resizes; fixed, though any number gives the same bytes.
const BLOCK_ROWS: usize = 32;

/// Resizes `bgr` of size `from` to size `to`, into the top left of a canvas whose rows are `pitch` bytes apart.
pub(super) fn resize_into(bgr: &[u8], from: [usize; 2], to: [usize; 2], canvas: &mut [u8], pitch: usize) {
    let line = 3 * to[0];
    if from[0] == 1 {
        // A column has no neighbour to be mixed with; no camera makes one.
        let resized = reference::resize(bgr, from, to);
        canvas
            .chunks_exact_mut(pitch)
            .zip(resized.chunks_exact(line))
            .for_each(|(out, row)| out[..line].copy_from_slice(row));
        return;
    }
    let columns: Vec<Column> = taps::columns(from[0], to[0]).iter().map(|tap| Column::new(tap, from[0])).collect();
    let rows = taps::rows(from[1], to[1]);
    let arch = Arch::new();
    canvas.par_chunks_mut(BLOCK_ROWS * pitch).zip(rows.par_chunks(BLOCK_ROWS)).for_each(|(block, rows)| {
        let mut cache = RowCache::new(bgr, 3 * from[0], &columns);
        for (out, row) in block.chunks_exact_mut(pitch).zip(rows) {
            let (first, second) = cache.pair(row.first, row.second);
            arch.dispatch(MixDown { first, second, weights: row.weights, out: &mut out[..line] });
        }
    });
}

/// A column's tap as six neighbouring bytes: two pixels, always both inside the row.
struct Column {
    offset: usize,
    weights: [i32; 2],
}

impl Column {
    fn new(tap: &taps::Tap, width: usize) -> Self {
        // The last pixel, which has no right neighbour, is taken as the second of its pair.
        if tap.first + 1 < width {
            Self { offset: 3 * tap.first, weights: tap.weights }
        } else {
            Self { offset: 3 * (width - 2), weights: [tap.weights[1], tap.weights[0]] }
        }
    }
}

/// The last two source rows mixed across. Rows needed together are neighbours, so one lives at the even place and one at the odd.
struct RowCache<'a> {
    bgr: &'a [u8],
    pitch: usize,
    columns: &'a [Column],
    mixed: [Vec<i16>; 2],
    holds: [Option<usize>; 2],
}

impl<'a> RowCache<'a> {
    fn new(bgr: &'a [u8], pitch: usize, columns: &'a [Column]) -> Self {
        let row = vec![0; 3 * columns.len()];
        Self { bgr, pitch, columns, mixed: [row.clone(), row], holds: [None; 2] }
    }

    fn pair(&mut self, first: usize, second: usize) -> (&[i16], &[i16]) {
        self.load(first);
        self.load(second);
        (&self.mixed[first % 2], &self.mixed[second % 2])
    }

    fn load(&mut self, row: usize) {
        let place = row % 2;
        if self.holds[place] != Some(row) {
            mix_across(&self.bgr[row * self.pitch..][..self.pitch], self.columns, &mut self.mixed[place]);
            self.holds[place] = Some(row);
        }
    }
}

/// One source row at the output's columns, in 1/128: 255 * 2049 / 16 still fits 16 bits.
fn mix_across(row: &[u8], columns: &[Column], out: &mut [i16]) {
    for (out, column) in out.chunks_exact_mut(3).zip(columns) {
        let pair = &row[column.offset..][..6];
        for channel in 0..3 {
            let sum = i32::from(pair[channel]) * column.weights[0] + i32::from(pair[channel + 3]) * column.weights[1];
            out[channel] = (sum >> 4) as i16;
        }
    }
}

/// Two rows mixed across, mixed down to bytes.
struct MixDown<'a> {
    first: &'a [i16],
    second: &'a [i16],
    weights: [i32; 2],
    out: &'a mut [u8],
}

impl WithSimd for MixDown<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let part = |mixed: i16, weight: i32| (i32::from(mixed) * weight) >> 16;
        for ((out, &first), &second) in self.out.iter_mut().zip(self.first).zip(self.second) {
            *out = ((part(first, self.weights[0]) + part(second, self.weights[1]) + 2) >> 2) as u8;
        }
    }
}
