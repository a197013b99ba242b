//! The positions and weights that stretch a chroma plane over its luma plane, as swscale's bicubic scaler places them.
//!
//! Both planes cover the same rectangle, so output sample `i` of `n_out` lies at `(i + 0.5) * n_in / n_out - 0.5` among
//! the input samples (for odd sizes `n_in / n_out` is a little over a half). Weights are Keys' cubic convolution
//! (R. Keys, 1981) with a = -0.6, swscale's default. swscale rounds the first tap towards zero, so that outputs 0 and 2
//! leave out a tap before the first sample; the remaining weights are brought to a sum of one. Its narrower kernels for
//! planes of fewer than seven samples are not followed.

/// Input samples that one output sample is mixed from.
pub(super) const TAPS: usize = 4;

/// How many times the first and the last input sample must stand again before and after the others.
pub(super) const PADDING: usize = 2;

/// One output sample: the first of its [`TAPS`] inputs, counted in the padded input, and their weights in 1/32768.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mix {
    pub(super) first: usize,
    pub(super) weights: [i16; TAPS],
}

/// The mix for each of `n_out` outputs over `n_in` inputs; neither is 0 and `n_in <= n_out`.
pub(super) fn mixes(n_in: usize, n_out: usize) -> Vec<Mix> {
    // swscale steps in 1/65536 of an input sample; rounding the step as it does keeps the far edge of wide planes equal.
    let step = (((n_in << 16) + n_out / 2) / n_out) as f64 / 65536.0;
    (0..n_out).map(|i| mix((i as f64 + 0.5) * step - 0.5)).collect()
}

fn mix(position: f64) -> Mix {
    let first = position.floor() - 1.0;
    let left_out_below = (position - 1.5).trunc();
    let taps: [f64; TAPS] = std::array::from_fn(|tap| first + tap as f64);
    let weights = taps.map(|tap| if tap < left_out_below { 0.0 } else { keys((position - tap).abs()) });
    let sum: f64 = weights.iter().sum();
    // The position is never below -0.5, so the first tap is at least -2.
    Mix { first: (first + PADDING as f64) as usize, weights: weights.map(|weight| q15(weight / sum)) }
}

/// Keys' cubic at distance `d` in 0..=2.
fn keys(d: f64) -> f64 {
    const A: f64 = -0.6;
    if d < 1.0 { ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0 } else { ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A }
}

fn q15(weight: f64) -> i16 {
    (weight * 32768.0).round().min(32767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_has_two_phases_a_quarter_from_a_sample() {
        let mixes = mixes(8, 16);
        assert_eq!(mixes[4], Mix { first: 2, weights: [-922, 7885, 28570, -2765] });
        assert_eq!(mixes[5], Mix { first: 3, weights: [-2765, 28570, 7885, -922] });
        assert_eq!(mixes[2], Mix { first: 1, weights: [0, 7669, 27788, -2689] });
    }

    #[test]
    fn weights_sum_to_one_and_stay_inside_the_padding() {
        for n_out in 1_usize..200 {
            let n_in = n_out.div_ceil(2);
            for mix in mixes(n_in, n_out) {
                let sum: i32 = mix.weights.iter().map(|&weight| i32::from(weight)).sum();
                assert!((sum - 32768).abs() <= 2, "{n_out}: {mix:?}");
                assert!(mix.first + TAPS <= n_in + 2 * PADDING, "{n_out}: {mix:?}");
            }
        }
    }
}
