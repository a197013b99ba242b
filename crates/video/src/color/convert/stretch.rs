//! A chroma row at half width brought to full width, with swscale's bicubic weights.

use super::level::{BLOCK, LACK, Sample, scale};
use crate::color::resample::{Mix, PADDING, TAPS};
use pulp::NullaryFnOnce;

/// Brings a chroma row to full width, with whatever vector instructions the machine has.
pub(super) struct Stretch<'a, T> {
    pub(super) samples: &'a [T],
    pub(super) shift: u32,
    /// Empty if the row has full width.
    pub(super) columns: &'a [Mix],
    pub(super) padded: &'a mut [i16],
    pub(super) out: &'a mut [i16],
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
