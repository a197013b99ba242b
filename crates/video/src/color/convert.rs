//! Planes to upright BGR, row by row, in 16-bit integers that compilers turn into vector code.
//!
//! A sample becomes an `i16` in 1/128 of an 8-bit level, whatever its depth. Chroma rows are stretched to full width once
//! each and kept while they are in use; every output row mixes up to four of them and applies the matrix. The result
//! stays within one level of the same formula in `f64` (the tests hold it to that).

use pulp::{Arch, NullaryFnOnce};

use super::resample::{self, Mix, PADDING, TAPS};
use super::{ColorSpec, Range};
use crate::frame::{BgrImage, Chroma, Picture, Plane, Planes};
use crate::info::Rotation;

/// Rows converted before they are turned: small enough to stay in the second-level cache.
const BAND: usize = 16;

/// Samples handled together: some vector registers full, and a size that the compiler knows.
const BLOCK: usize = 64;

/// The upright 8-bit BGR image of a picture.
#[must_use]
pub fn to_bgr(picture: &Picture, rotation: Rotation) -> BgrImage {
    let (width, height) = (picture.width(), picture.height());
    let (turned_width, turned_height) = rotation.turned((width, height));
    let mut data = vec![0; width * height * 3];
    match (picture.planes(), rotation) {
        (Planes::Bgr(bgr), Rotation::None) => data.copy_from_slice(bgr),
        (Planes::Bgr(bgr), _) => {
            let bands = bgr.chunks(BAND * width * 3).enumerate();
            bands.for_each(|(i, band)| turn_band(band, i * BAND, (width, height), rotation, &mut data));
        }
        (Planes::U8(planes), _) => convert(picture, planes, rotation, &mut data),
        (Planes::U16(planes), _) => convert(picture, planes, rotation, &mut data),
    }
    BgrImage { width: turned_width, height: turned_height, data }
}

fn convert<T: Sample>(picture: &Picture, planes: &[Plane<T>; 3], rotation: Rotation, out: &mut [u8]) {
    let (width, height) = (picture.width(), picture.height());
    let mut rows = Rows::new(picture, planes);
    if rotation == Rotation::None {
        out.chunks_exact_mut(width * 3).enumerate().for_each(|(y, row)| rows.convert(y, row));
        return;
    }
    let mut band = vec![0; BAND.min(height) * width * 3];
    for top in (0..height).step_by(BAND) {
        let band = &mut band[..BAND.min(height - top) * width * 3];
        band.chunks_exact_mut(width * 3).enumerate().for_each(|(i, row)| rows.convert(top + i, row));
        turn_band(band, top, (width, height), rotation, out);
    }
}

/// Writes the rows `top..` of a `width` x `height` image to where `rotation` turns them.
fn turn_band(band: &[u8], top: usize, (width, height): (usize, usize), rotation: Rotation, out: &mut [u8]) {
    let (band, _) = band.as_chunks::<3>();
    let (out, _) = out.as_chunks_mut::<3>();
    let rows = band.len() / width;
    match rotation {
        Rotation::None => out[top * width..][..band.len()].copy_from_slice(band),
        Rotation::Cw180 => {
            let end = (height - top) * width;
            out[end - band.len()..end].iter_mut().zip(band.iter().rev()).for_each(|(out, pixel)| *out = *pixel);
        }
        Rotation::Cw90 => {
            let upward: Vec<_> = band.chunks_exact(width).rev().collect();
            turn_columns(&upward, out.chunks_exact_mut(height).map(|row| &mut row[height - top - rows..][..rows]));
        }
        Rotation::Cw270 => {
            let downward: Vec<_> = band.chunks_exact(width).collect();
            let columns = out.chunks_exact_mut(height).rev().map(|row| &mut row[top..][..rows]);
            turn_columns(&downward, columns);
        }
    }
}

/// Writes column after column of `rows` into the runs that `columns` yields.
fn turn_columns<'a>(rows: &[&[[u8; 3]]], columns: impl Iterator<Item = &'a mut [[u8; 3]]>) {
    let Ok(rows): Result<&[&[[u8; 3]]; BAND], _> = rows.try_into() else {
        columns.enumerate().for_each(|(x, run)| run.iter_mut().zip(rows).for_each(|(out, row)| *out = row[x]));
        return;
    };
    // A full band in squares, whose size the compiler knows.
    let mut columns = columns.enumerate();
    for square in 0..rows[0].len() / BAND {
        let square = rows.map(|row| &row.as_chunks::<BAND>().0[square]);
        for (i, (_, run)) in columns.by_ref().take(BAND).enumerate() {
            run.iter_mut().zip(&square).for_each(|(out, row)| *out = row[i]);
        }
    }
    columns.for_each(|(x, run)| run.iter_mut().zip(rows).for_each(|(out, row)| *out = row[x]));
}

/// A stored sample, of whatever width.
trait Sample: Copy + Send + Sync {
    /// The sample in 1/256 of an 8-bit level, as 16 bits without sign; `shift` is 16 less the bit depth.
    fn level(self, shift: u32) -> u16;
}

impl Sample for u8 {
    #[inline(always)]
    fn level(self, _: u32) -> u16 {
        u16::from(self) << 8
    }
}

impl Sample for u16 {
    #[inline(always)]
    fn level(self, shift: u32) -> u16 {
        self << shift
    }
}

/// The factors of ITU-T H.273 (equations 36 to 46 solved for R, G, B) in 1/16384.
#[derive(Clone, Copy)]
struct Factors {
    /// In 1/128 level.
    black: i16,
    luma: i16,
    red_v: i16,
    green_u: i16,
    green_v: i16,
    /// Less 1, because the factor itself may be more than 2.
    blue_u_less_one: i16,
}

impl Factors {
    fn new(color: ColorSpec) -> Self {
        let (kr, kb) = color.matrix.luma_weights();
        let kg = 1.0 - kr - kb;
        let (black, luma, chroma) = match color.range {
            Range::Limited => (16 << 7, 255.0 / 219.0, 255.0 / 224.0),
            Range::Full => (0, 1.0, 1.0),
        };
        let q14 = |factor: f64| (factor * 16384.0).round() as i16;
        Self {
            black,
            luma: q14(luma),
            red_v: q14(chroma * 2.0 * (1.0 - kr)),
            green_u: q14(chroma * -2.0 * kb * (1.0 - kb) / kg),
            green_v: q14(chroma * -2.0 * kr * (1.0 - kr) / kg),
            blue_u_less_one: q14(chroma * 2.0 * (1.0 - kb) - 1.0),
        }
    }
}

/// `a * b / 65536`, rounded down: one instruction on x86, where the rounded form is not found by the compiler.
#[inline(always)]
fn scale(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// What four products rounded down lack on average.
const LACK: i16 = 2;

/// A chroma pair of rows at full width, in 1/128 level around 0.
#[derive(Clone, Default)]
struct ChromaRow {
    source: Option<usize>,
    u: Vec<i16>,
    v: Vec<i16>,
}

/// Converts the rows of one picture in order.
struct Rows<'a, T> {
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
    fn new(picture: &Picture, planes: &'a [Plane<T>; 3]) -> Self {
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
    fn convert(&mut self, y: usize, out: &mut [u8]) {
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

/// Brings a chroma row to full width, with whatever vector instructions the machine has.
struct Stretch<'a, T> {
    samples: &'a [T],
    shift: u32,
    /// Empty if the row has full width.
    columns: &'a [Mix],
    padded: &'a mut [i16],
    out: &'a mut [i16],
}

impl<T: Sample> NullaryFnOnce for Stretch<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { samples, shift, columns, padded, out } = self;
        if columns.is_empty() {
            center(samples, shift, out);
            out.iter_mut().for_each(|level| *level >>= 1);
            return;
        }
        center(samples, shift, &mut padded[PADDING..]);
        pad(padded, samples.len());
        if let Some(phases) = repeating(columns) {
            double(padded, phases, out);
            [0, 2].into_iter().for_each(|x| out[x] = stretch_one(padded, &columns[x]));
        } else {
            out.iter_mut().zip(columns).for_each(|(out, mix)| *out = stretch_one(padded, mix));
        }
    }
}

/// Samples in 1/256 level around the chroma zero.
#[inline(always)]
fn center<T: Sample>(samples: &[T], shift: u32, out: &mut [i16]) {
    out.iter_mut().zip(samples).for_each(|(out, sample)| *out = sample.level(shift).wrapping_sub(128 << 8) as i16);
}

/// Repeats the first and the last of `n` samples into the padding around them.
#[inline(always)]
fn pad(padded: &mut [i16], n: usize) {
    let (first, last) = (padded[PADDING], padded[PADDING + n - 1]);
    padded[..PADDING].fill(first);
    padded[PADDING + n..][..PADDING].fill(last);
}

/// The highest level that swscale's 15-bit rows hold; overshoot of the cubic beyond it is cut there, and below not at all.
const CEILING: i16 = i16::MAX - (128 << 7);

/// The weights of even and odd outputs, if all but outputs 0 and 2 share them: exactly twice the columns.
fn repeating(columns: &[Mix]) -> Option<[[i16; TAPS]; 2]> {
    match columns {
        [_, _, _, _, even, odd, ..] if columns.len().is_multiple_of(2) => Some([even.weights, odd.weights]),
        _ => None,
    }
}

/// Twice the columns.
#[inline(always)]
fn double(padded: &[i16], [even, odd]: [[i16; TAPS]; 2], out: &mut [i16]) {
    let (out, _) = out.as_chunks_mut::<2>();
    let (blocks, _) = out.as_chunks_mut::<BLOCK>();
    for (i, out) in blocks.iter_mut().enumerate() {
        let s: &[i16; BLOCK + TAPS] = padded[i * BLOCK..].first_chunk().expect("a padded row outlasts its blocks");
        let mix = |at: usize, w: [i16; TAPS]| {
            let low = scale(s[at], w[0]).wrapping_add(scale(s[at + 1], w[1]));
            let high = scale(s[at + 2], w[2]).wrapping_add(scale(s[at + 3], w[3]));
            low.wrapping_add(high).wrapping_add(LACK).min(CEILING)
        };
        for (k, pair) in out.iter_mut().enumerate() {
            *pair = [mix(k, even), mix(k + 1, odd)];
        }
    }
}

/// One output.
#[inline(always)]
fn stretch_one(padded: &[i16], mix: &Mix) -> i16 {
    let products = padded[mix.first..][..TAPS].iter().zip(mix.weights);
    products.fold(LACK, |sum: i16, (&s, w)| sum.wrapping_add(scale(s, w))).min(CEILING)
}

/// Mixes the chroma rows and applies the matrix, a block at a time.
struct MixRow<'a, T, const N: usize> {
    luma: &'a [T],
    shift: u32,
    chroma: ([&'a [i16]; N], [&'a [i16]; N]),
    weights: [i16; N],
    factors: Factors,
    out: &'a mut [[u8; 3]],
}

impl<T: Sample, const N: usize> NullaryFnOnce for MixRow<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { luma, shift, chroma: (u, v), weights, factors, out } = self;
        let (u, v) = (u.map(|row| row.as_chunks().0), v.map(|row| row.as_chunks().0));
        let at = |i: usize| (u.map(|row| &row[i]), v.map(|row| &row[i]));
        let (whole, rest) = luma.as_chunks::<BLOCK>();
        let (out, out_rest) = out.as_chunks_mut::<BLOCK>();
        for (i, (luma, out)) in whole.iter().zip(out).enumerate() {
            mix_block(luma, shift, at(i), weights, factors, out);
        }
        if let Some(&last) = rest.last() {
            let mut luma = [last; BLOCK];
            luma[..rest.len()].copy_from_slice(rest);
            let mut block = [[0; 3]; BLOCK];
            mix_block(&luma, shift, at(whole.len()), weights, factors, &mut block);
            out_rest.copy_from_slice(&block[..rest.len()]);
        }
    }
}

#[inline(always)]
fn mix_block<T: Sample, const N: usize>(
    luma: &[T; BLOCK],
    shift: u32,
    (u, v): ([&[i16; BLOCK]; N], [&[i16; BLOCK]; N]),
    weights: [i16; N],
    factors: Factors,
    out: &mut [[u8; 3]; BLOCK],
) {
    let mut levels = [[0_u8; BLOCK]; 3];
    let [blue, green, red] = &mut levels;
    for x in 0..BLOCK {
        let mix = |rows: [&[i16; BLOCK]; N]| {
            if N == 1 {
                return rows[0][x];
            }
            (0..N).fold(LACK, |sum: i16, tap| sum.wrapping_add(scale(rows[tap][x], weights[tap]))) << 1
        };
        let (u, v) = (mix(u), mix(v));
        // In 1/32 of an output level from here: the sums stay within 23000.
        let luma = scale((luma[x].level(shift) >> 1) as i16 - factors.black, factors.luma);
        let u_blue = scale(u, factors.blue_u_less_one).wrapping_add(u >> 2);
        blue[x] = output(luma.wrapping_add(u_blue));
        green[x] = output(luma.wrapping_add(scale(u, factors.green_u)).wrapping_add(scale(v, factors.green_v)));
        red[x] = output(luma.wrapping_add(scale(v, factors.red_v)));
    }
    for x in 0..BLOCK {
        out[x] = [levels[0][x], levels[1][x], levels[2][x]];
    }
}

#[inline(always)]
fn output(level: i16) -> u8 {
    // A half to round, and what two or three products rounded down lack on average.
    (level.wrapping_add(16 + 1) >> 5).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::color::Matrix;

    const MATRICES: [Matrix; 3] = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020];
    const RANGES: [Range; 2] = [Range::Limited, Range::Full];
    const TURNS: [Rotation; 4] = [Rotation::None, Rotation::Cw90, Rotation::Cw180, Rotation::Cw270];

    fn split<T>(mut samples: Vec<T>, chroma: Chroma, width: usize, height: usize) -> [Plane<T>; 3] {
        let (columns, rows) = chroma.plane_size(width, height);
        let v = samples.split_off(width * height + columns * rows);
        let u = samples.split_off(width * height);
        [Plane { samples, stride: width }, Plane { samples: u, stride: columns }, Plane { samples: v, stride: columns }]
    }

    fn picture(bytes: &[u8], chroma: Chroma, depth: u8, size: (usize, usize), color: ColorSpec) -> Picture {
        let planes = if depth == 8 {
            Planes::U8(split(bytes.to_vec(), chroma, size.0, size.1))
        } else {
            let samples = bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
            Planes::U16(split(samples, chroma, size.0, size.1))
        };
        Picture::new(size, chroma, depth, planes, color).unwrap()
    }

    /// The conversion as formulas: every output from all inputs, in f64.
    fn reference(picture: &Picture) -> Vec<u8> {
        let (width, height) = (picture.width(), picture.height());
        let (columns, rows) = picture.chroma().plane_size(width, height);
        let unit = f64::from(1 << (picture.bit_depth() - 8));
        let sample = |plane: usize, x: usize, y: usize| match picture.planes() {
            Planes::U8(planes) => f64::from(planes[plane].row(y, x + 1)[x]) / unit,
            Planes::U16(planes) => f64::from(planes[plane].row(y, x + 1)[x]) / unit,
            Planes::Bgr(_) => unreachable!(),
        };
        let taps = |i: usize, n_in: usize, n_out: usize| -> Vec<(usize, f64)> {
            if n_in == n_out {
                return vec![(i, 1.0)];
            }
            let step = (n_in as f64 * 65536.0 / n_out as f64).round() / 65536.0;
            let position = (i as f64 + 0.5) * step - 0.5;
            let first = position.floor() - 1.0;
            let weight = |tap: f64| match (position - tap).abs() {
                _ if tap < (position - 1.5).trunc() => 0.0,
                d if d < 1.0 => 1.4 * d.powi(3) - 2.4 * d.powi(2) + 1.0,
                d => -0.6 * d.powi(3) + 3.0 * d.powi(2) - 4.8 * d + 2.4,
            };
            let taps = [0.0, 1.0, 2.0, 3.0].map(|tap| first + tap);
            let sum: f64 = taps.iter().map(|&tap| weight(tap)).sum();
            taps.iter().map(|&tap| (tap.clamp(0.0, n_in as f64 - 1.0) as usize, weight(tap) / sum)).collect()
        };
        let chroma = |plane: usize, x: usize, y: usize| -> f64 {
            if rows == 0 {
                return 0.0;
            }
            let across = taps(x, columns, width);
            let row = |y| across.iter().map(|&(x, w)| w * (sample(plane, x, y) - 128.0)).sum::<f64>().min(128.0);
            taps(y, rows, height).iter().map(|&(y, w)| w * row(y)).sum()
        };
        let (kr, kb) = picture.color().matrix.luma_weights();
        let (black, luma_gain, chroma_gain) = match picture.color().range {
            Range::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            Range::Full => (0.0, 1.0, 1.0),
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        pixels
            .flat_map(|(x, y)| {
                let luma = (sample(0, x, y) - black) * luma_gain;
                let (u, v) = (chroma(1, x, y) * chroma_gain, chroma(2, x, y) * chroma_gain);
                let (blue, red) = (luma + 2.0 * (1.0 - kb) * u, luma + 2.0 * (1.0 - kr) * v);
                let green = (luma - kr * red - kb * blue) / (1.0 - kr - kb);
                [blue, green, red].map(|level| level.round().clamp(0.0, 255.0) as u8)
            })
            .collect()
    }

    fn farthest(a: &[u8], b: &[u8]) -> u8 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    #[test]
    fn swscale_agrees_within_two_levels_for_every_matrix_range_depth_and_parity() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/color");
        let mut seen = 0;
        for (format, chroma, depth) in [
            ("yuv420p", Chroma::Yuv420, 8),
            ("yuv420p10le", Chroma::Yuv420, 10),
            ("yuv420p12le", Chroma::Yuv420, 12),
            ("yuv422p", Chroma::Yuv422, 8),
            ("yuv444p", Chroma::Yuv444, 8),
        ] {
            for size in [(34, 18), (33, 17), (34, 17), (33, 18)] {
                let Ok(bytes) = fs::read(format!("{folder}/{format}_{}x{}.bin", size.0, size.1)) else { continue };
                let (columns, rows) = chroma.plane_size(size.0, size.1);
                let stored = (size.0 * size.1 + 2 * columns * rows) * if depth == 8 { 1 } else { 2 };
                let (planes, goldens) = bytes.split_at(stored);
                let spaces = MATRICES.into_iter().flat_map(|matrix| RANGES.map(|range| ColorSpec { matrix, range }));
                for (color, golden) in spaces.zip(goldens.chunks_exact(size.0 * size.1 * 3)) {
                    let bgr = to_bgr(&picture(planes, chroma, depth, size, color), Rotation::None);
                    let distance = farthest(&bgr.data, golden);
                    assert!(distance <= 2, "{format} {size:?} {color:?}: {distance} levels apart");
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 14 * 6);
    }

    fn any_picture() -> impl Strategy<Value = Picture> {
        let chroma = prop_oneof![Just(Chroma::Mono), Just(Chroma::Yuv420), Just(Chroma::Yuv422), Just(Chroma::Yuv444)];
        let matrix = prop_oneof![
            Just(Matrix::Bt601),
            Just(Matrix::Bt709),
            Just(Matrix::Bt2020),
            Just(Matrix::Fcc),
            Just(Matrix::Smpte240m)
        ];
        let color =
            (matrix, any::<bool>()).prop_map(|(matrix, full)| ColorSpec { matrix, range: Range::from_flag(full) });
        (1..40_usize, 1..40_usize, chroma, prop_oneof![Just(8_u8), Just(10), Just(12)], color).prop_flat_map(
            |(width, height, chroma, depth, color)| {
                let (columns, rows) = chroma.plane_size(width, height);
                let count = width * height + 2 * columns * rows;
                let mask = (1_u16 << depth) - 1;
                proptest::collection::vec(any::<u16>(), count).prop_map(move |samples| {
                    let bytes: Vec<u8> = samples
                        .iter()
                        .flat_map(|&sample| match depth {
                            8 => vec![sample as u8],
                            _ => (sample & mask).to_le_bytes().to_vec(),
                        })
                        .collect();
                    picture(&bytes, chroma, depth, (width, height), color)
                })
            },
        )
    }

    proptest! {
        #[test]
        fn the_integers_stay_within_one_level_of_the_formulas(picture in any_picture()) {
            let bgr = to_bgr(&picture, Rotation::None);
            prop_assert!(farthest(&bgr.data, &reference(&picture)) <= 1);
        }

        #[test]
        fn a_turn_moves_every_pixel_to_its_place(picture in any_picture()) {
            let upright = to_bgr(&picture, Rotation::None);
            let as_file = Picture::from_bgr(upright.clone()).unwrap();
            let (width, height) = (upright.width, upright.height);
            for rotation in TURNS {
                let turned = to_bgr(&picture, rotation);
                prop_assert_eq!(&turned, &to_bgr(&as_file, rotation));
                for (i, pixel) in upright.data.as_chunks::<3>().0.iter().enumerate() {
                    let (x, y) = (i % width, i / width);
                    let (to_x, to_y) = match rotation {
                        Rotation::None => (x, y),
                        Rotation::Cw90 => (height - 1 - y, x),
                        Rotation::Cw180 => (width - 1 - x, height - 1 - y),
                        Rotation::Cw270 => (y, width - 1 - x),
                    };
                    prop_assert_eq!(&turned.data.as_chunks::<3>().0[to_y * turned.width + to_x], pixel);
                }
            }
        }
    }

    #[test]
    fn padding_between_rows_is_not_read() {
        let padded = |width: usize, rows: usize| Plane {
            samples: (0..rows * (width + 5)).map(|i| if i % (width + 5) < width { 90 } else { 255 }).collect(),
            stride: width + 5,
        };
        let planes = Planes::U8([padded(6, 4), padded(3, 2), padded(3, 2)]);
        let picture = Picture::new((6, 4), Chroma::Yuv420, 8, planes, ColorSpec::default()).unwrap();
        let bgr = to_bgr(&picture, Rotation::None);
        assert!(bgr.data.as_chunks::<3>().0.iter().all(|pixel| pixel == &bgr.data[..3]));
    }
}
