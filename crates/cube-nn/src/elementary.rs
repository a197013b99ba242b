//! exp, SiLU and the exact GELU, within 1e-6 of the true value on every device; what NaN and the infinities give.
//!
//! The polynomials are those of the host forms in `swingpose-kernels`: minimax fits, in f64, against 40-digit arithmetic.

#![expect(clippy::needless_range_loop, reason = "a kernel's loops count")]

use cubecl::prelude::*;

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

/// Whether `x` is a NaN. A comparison of `x` with itself would not tell: compilers take numbers for finite.
#[cube]
pub(crate) fn is_nan(x: f32) -> bool {
    (u32::reinterpret(x) & 0x7fff_ffff) > 0x7f80_0000
}

/// `exp(x)`; 0 below -87.7, infinite above 88.37.
#[cube]
pub(crate) fn exp(x: f32) -> f32 {
    let near = x.clamp(-88.0, 88.5);
    let exponent = f32::floor(near * comptime!(LOG2_E) + 0.5);
    let rest = near - exponent * comptime!(LN_2_HIGH) - exponent * comptime!(LN_2_LOW);
    let mut series = f32::new(comptime!(EXP[0]));
    #[unroll]
    for term in 1..5usize {
        series = series * rest + comptime!(EXP[term]);
    }
    let power = f32::reinterpret(u32::cast_from(i32::cast_from(exponent) + 127) << 23);
    // The bounds above are where a NaN would get lost.
    select(is_nan(x), x, (1.0 + rest + rest * rest * series) * power)
}

/// `x · sigmoid(x)`.
#[cube]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(0.0 - x))
}

/// `x · Φ(x)`. Φ of the negative half is found as such, not as one minus the other half, so that its tail keeps its digits.
#[cube]
pub(crate) fn gelu(x: f32) -> f32 {
    let a = f32::min(f32::abs(x), 14.0);
    let t = 1.0 / (1.0 + 0.3 * a);
    let mut series = f32::new(comptime!(MILLS[0]));
    #[unroll]
    for term in 1..9usize {
        series = series * t + comptime!(MILLS[term]);
    }
    let tail = exp(0.0 - 0.5 * a * a) * series;
    x * select(x < 0.0, tail, 1.0 - tail)
}
