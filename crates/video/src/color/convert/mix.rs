//! Luma and chroma rows into a row of BGR: up to four chroma rows mixed, then the matrix.

use super::level::{BLOCK, LACK, Sample, scale};
use crate::color::{ColorSpec, Range};
use pulp::NullaryFnOnce;

/// The factors of ITU-T H.273 (equations 36 to 46 solved for R, G, B) in 1/16384.
#[derive(Clone, Copy)]
pub(super) struct Factors {
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
    pub(super) fn new(color: ColorSpec) -> Self {
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

/// Mixes the chroma rows and applies the matrix, a block at a time.
pub(super) struct MixRow<'a, T, const N: usize> {
    pub(super) luma: &'a [T],
    pub(super) shift: u32,
    pub(super) chroma: ([&'a [i16]; N], [&'a [i16]; N]),
    pub(super) weights: [i16; N],
    pub(super) factors: Factors,
    pub(super) out: &'a mut [[u8; 3]],
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
