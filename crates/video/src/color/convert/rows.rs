//! The rows of one picture, in order: which chroma rows each needs, and those kept at full width.

use super::level::{BLOCK, Sample};
use super::mix::{Factors, MixRow};
use super::stretch::Stretch;
use crate::color::resample::{self, Mix, PADDING, TAPS};
use crate::frame::{Chroma, Picture, Plane};
use pulp::Arch;

/// A chroma pair of rows at full width, in 1/128 level around 0.
#[derive(Clone, Default)]
struct ChromaRow {
    source: Option<usize>,
    u: Vec<i16>,
    v: Vec<i16>,
}

/// Converts the rows of one picture in order.
pub(super) struct Rows<'a, T> {
    arch: Arch,
    planes: &'a [Plane<T>; 3],
    width: usize,
    shift: u32,
    factors: Factors,
    chroma_size: (usize, usize),
    /// How columns are stretched; empty if chroma has full width.
    columns: Vec<Mix>,
    /// How rows are stretched; empty if chroma has full height.
    rows: Vec<Mix>,
    /// The last stretched rows, row `r` at `r % TAPS`.
    cache: [ChromaRow; TAPS],
    padded: Vec<i16>,
}

impl<'a, T: Sample> Rows<'a, T> {
    pub(super) fn new(picture: &Picture, planes: &'a [Plane<T>; 3]) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let chroma_size = picture.chroma().plane_size(width, height);
        let stretched = |n_in, n_out, yes| if yes { resample::mixes(n_in, n_out) } else { Vec::new() };
        let (half_width, half_height) = match picture.chroma() {
            Chroma::Mono | Chroma::Yuv444 => (false, false),
            Chroma::Yuv422 => (true, false),
            Chroma::Yuv420 => (true, true),
        };
        // Rows end on a whole block, of which only `width` samples count.
        let stretched_width = width.next_multiple_of(2 * BLOCK);
        let row = ChromaRow { source: None, u: vec![0; stretched_width], v: vec![0; stretched_width] };
        Self {
            arch: Arch::new(),
            planes,
            width,
            shift: 16 - u32::from(picture.bit_depth()),
            factors: Factors::new(picture.color()),
            chroma_size,
            columns: stretched(chroma_size.0, width, half_width),
            rows: stretched(chroma_size.1, height, half_height),
            cache: std::array::from_fn(|_| row.clone()),
            padded: vec![0; stretched_width / 2 + TAPS],
        }
    }

    /// Writes row `y` as BGR.
    pub(super) fn convert(&mut self, y: usize, out: &mut [u8]) {
        let mix = self.rows.get(y).copied();
        let sources = match mix {
            _ if self.chroma_size.1 == 0 => [0; TAPS],
            None => [y; TAPS],
            Some(mix) => {
                std::array::from_fn(|tap| (mix.first + tap).saturating_sub(PADDING).min(self.chroma_size.1 - 1))
            }
        };
        if self.chroma_size.1 > 0 {
            sources.iter().for_each(|&row| self.stretch(row));
        }
        let (out, _) = out.as_chunks_mut::<3>();
        let luma = self.planes[0].row(y, self.width);
        let u = sources.map(|row| self.cache[row % TAPS].u.as_slice());
        let v = sources.map(|row| self.cache[row % TAPS].v.as_slice());
        let (factors, shift) = (self.factors, self.shift);
        match mix {
            None => self.arch.dispatch(MixRow { luma, shift, chroma: ([u[0]], [v[0]]), weights: [0], factors, out }),
            Some(Mix { weights, .. }) => {
                self.arch.dispatch(MixRow { luma, shift, chroma: (u, v), weights, factors, out });
            }
        }
    }

    /// Brings chroma row `row` to full width in the cache.
    fn stretch(&mut self, row: usize) {
        let cached = &mut self.cache[row % TAPS];
        if cached.source == Some(row) {
            return;
        }
        cached.source = Some(row);
        for (plane, out) in [(&self.planes[1], &mut cached.u), (&self.planes[2], &mut cached.v)] {
            let samples = plane.row(row, self.chroma_size.0);
            let (columns, padded) = (&self.columns, &mut self.padded);
            self.arch.dispatch(Stretch { samples, shift: self.shift, columns, padded, out });
        }
    }
}
