//! exp, SiLU and the exact GELU a vector at a time, within 1e-6 of the true value.
//! The polynomials are minimax fits made for this file, in f64, against 40-digit arithmetic.

use pulp::Simd;

use crate::Activation;

/// 1.5 · 2²³ + 127: added to a small number it leaves its nearest integer, biased as an exponent, in the low bits.
const ROUND: f32 = 12_582_912.0 + 127.0;
const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts; products of the first with any exponent are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// `(exp(r) - 1 - r) / r²` for `|r| <= ln 2 / 2`, highest power first; relative error of exp 3e-9.
const EXP: [f32; 5] = [1.381_459_8e-3, 8.368_717e-3, 4.166_839e-2, 0.166_665_21, 0.499_999_94];
/// `Φ(-a) exp(a²/2)` in powers of `t = 1 / (1 + 0.3 a)` for `0 <= a <= 14`, highest first; relative error 6e-8.
const MILLS: [f32; 9] = [
    3.839_159e-2,
    -0.169_230_7,
    0.228_793_35,
    -7.665_87e-2,
    0.142_640_49,
    9.463_89e-2,
    0.121_931_73,
    0.119_486_09,
    7.261_986e-6,
];

/// Applies `act` to every number.
#[inline(always)]
pub(crate) fn activate<S: Simd>(simd: S, act: Activation, values: &mut [S::f32s]) {
    for x in values {
        *x = match act {
            Activation::None => *x,
            Activation::Relu => relu(simd, *x),
            Activation::Silu => silu(simd, *x),
            Activation::Gelu => gelu(simd, *x),
        };
    }
}

/// `max(x, 0)`.
#[inline(always)]
fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // The second operand is what x86's maximum returns when either is NaN.
    simd.max_f32s(simd.splat_f32s(0.0), x)
}

/// `exp(x)`; 0 below -87.7, infinite above 88.37.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.max_f32s(simd.splat_f32s(-88.0), simd.min_f32s(simd.splat_f32s(88.5), x));
    let biased = simd.mul_add_e_f32s(x, simd.splat_f32s(LOG2_E), simd.splat_f32s(ROUND));
    let exponent = simd.sub_f32s(biased, simd.splat_f32s(ROUND));
    let high = simd.mul_add_e_f32s(exponent, simd.splat_f32s(-LN_2_HIGH), x);
    let rest = simd.mul_add_e_f32s(exponent, simd.splat_f32s(-LN_2_LOW), high);
    scaled_exp(simd, rest, biased)
}

/// `x · sigmoid(x)`.
#[inline(always)]
fn silu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let exp = exp(simd, simd.neg_f32s(x));
    simd.div_f32s(x, simd.add_f32s(simd.splat_f32s(1.0), exp))
}

/// `x · Φ(x)`. Φ of the negative half is found as such, not as one minus the other half, so that its tail keeps its digits.
#[inline(always)]
fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let a = simd.min_f32s(simd.splat_f32s(14.0), simd.abs_f32s(x));
    let t = simd.div_f32s(one, simd.mul_add_e_f32s(a, simd.splat_f32s(0.3), one));
    let tail = simd.mul_f32s(exp_of_minus_half_square(simd, a), polynomial(simd, t, MILLS));
    let negative = simd.less_than_f32s(x, simd.splat_f32s(0.0));
    simd.mul_f32s(x, simd.select_f32s(negative, tail, simd.sub_f32s(one, tail)))
}

/// `exp(-a²/2)` for `0 <= a <= 14`, without rounding `a²` first.
#[inline(always)]
fn exp_of_minus_half_square<S: Simd>(simd: S, a: S::f32s) -> S::f32s {
    let half = simd.mul_f32s(a, simd.splat_f32s(-0.5));
    let square = simd.max_f32s(simd.splat_f32s(-88.0), simd.mul_f32s(a, half));
    let biased = simd.mul_add_e_f32s(square, simd.splat_f32s(LOG2_E), simd.splat_f32s(ROUND));
    let exponent = simd.sub_f32s(biased, simd.splat_f32s(ROUND));
    let high = simd.mul_add_e_f32s(a, half, simd.mul_f32s(exponent, simd.splat_f32s(-LN_2_HIGH)));
    let rest = simd.mul_add_e_f32s(exponent, simd.splat_f32s(-LN_2_LOW), high);
    scaled_exp(simd, rest, biased)
}

/// `exp(rest) · 2ⁿ` where `biased` holds `n` as [`ROUND`] leaves it.
#[inline(always)]
fn scaled_exp<S: Simd>(simd: S, rest: S::f32s, biased: S::f32s) -> S::f32s {
    let power = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(biased), simd.splat_u32s(23));
    let square = simd.mul_f32s(rest, rest);
    let exp = simd.mul_add_e_f32s(polynomial(simd, rest, EXP), square, simd.add_f32s(rest, simd.splat_f32s(1.0)));
    simd.mul_f32s(exp, simd.transmute_f32s_u32s(power))
}

/// Horner's rule, highest power first.
#[inline(always)]
fn polynomial<S: Simd, const TERMS: usize>(simd: S, x: S::f32s, terms: [f32; TERMS]) -> S::f32s {
    let mut sum = simd.splat_f32s(terms[0]);
    for term in &terms[1..] {
        sum = simd.mul_add_e_f32s(sum, x, simd.splat_f32s(*term));
    }
    sum
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct Apply<'a>(&'a mut [f32], Option<Activation>);

    impl WithSimd for Apply<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (vectors, rest) = S::as_mut_simd_f32s(self.0);
            assert!(rest.is_empty());
            match self.1 {
                Some(act) => activate(simd, act, vectors),
                None => {
                    for x in vectors {
                        *x = exp(simd, *x);
                    }
                }
            }
        }
    }

    /// Every 1021st of all f32, of both signs, from the smallest to the infinities.
    fn everywhere() -> Vec<f32> {
        (0..=(u32::MAX / 1021) & !15).map(|step| f32::from_bits(step * 1021)).filter(|x| !x.is_nan()).collect()
    }

    /// Asserts a relative error of 1e-6, and `floor` where the result all but vanishes.
    fn assert_accurate(act: Option<Activation>, floor: f64, range: f32, truth: impl Fn(f64) -> f64) {
        let mut x = everywhere();
        x.retain(|x| x.abs() <= range);
        x.truncate(x.len() & !15);
        let mut y = x.clone();
        Arch::new().dispatch(Apply(&mut y, act));
        for (x, y) in x.into_iter().zip(y) {
            let expected = truth(f64::from(x));
            let error = (f64::from(y) - expected).abs();
            assert!(error <= 1e-6 * expected.abs() + floor, "{act:?} of {x} is {y}, not {expected}");
        }
    }

    #[test]
    fn exp_is_accurate_to_a_millionth() {
        assert_accurate(None, 1e-37, 88.3, f64::exp);
    }

    #[test]
    fn activations_are_accurate_to_a_millionth() {
        for act in crate::check::ACTIVATIONS {
            assert_accurate(Some(act), 1e-35, f32::MAX, |x| act.reference(x));
        }
    }

    #[test]
    fn infinities_and_nan_are_what_the_formulas_say() {
        let apply = |x: f32, act| {
            let mut x = [x; 16];
            Arch::new().dispatch(Apply(&mut x, act));
            x[0]
        };
        assert_eq!([apply(f32::INFINITY, None), apply(f32::NEG_INFINITY, None)], [f32::INFINITY, 0.0]);
        assert!(apply(f32::NAN, None).is_nan());
        for act in crate::check::ACTIVATIONS {
            assert!(apply(f32::NAN, Some(act)).is_nan());
            assert_eq!(apply(f32::INFINITY, Some(act)), f32::INFINITY);
            let (found, expected) = (apply(f32::NEG_INFINITY, Some(act)), act.reference(f64::NEG_INFINITY));
            assert!(
                f64::from(found) == expected || found.is_nan() && expected.is_nan(),
                "{act:?}: {found} for {expected}"
            );
        }
    }
}
