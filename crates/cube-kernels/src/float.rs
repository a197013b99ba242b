//! Rounding and functions that must come out as the host's on every device: built of f64 sums and products, which all round alike.

use cubecl::prelude::*;

const LN_2: f64 = std::f64::consts::LN_2;

/// To the nearest whole number, halves to the even one.
#[cube]
pub(crate) fn round_half_even(x: f64) -> f64 {
    let whole = f64::floor(x);
    let beyond = x - whole;
    let odd = whole - 2.0 * f64::floor(whole * 0.5) != 0.0;
    select(beyond > 0.5 || (beyond == 0.5 && odd), whole + 1.0, whole)
}

/// Whether `x` is a NaN. A comparison of `x` with itself would not tell: compilers take numbers for finite.
#[cube]
pub(crate) fn is_nan(x: f32) -> bool {
    (u32::reinterpret(x) & 0x7fff_ffff) > 0x7f80_0000
}

/// Whether `x` is a number, and not endless.
#[cube]
pub(crate) fn is_finite(x: f32) -> bool {
    (u32::reinterpret(x) & 0x7fff_ffff) < 0x7f80_0000
}

/// A NaN, made where the compiler does not see it.
#[cube]
pub(crate) fn nan_of(seed: u32) -> f32 {
    f32::reinterpret(seed | 0x7fc0_0000)
}

/// The natural logarithm of a positive, normal `x`, to the last bit of f32.
#[cube]
pub(crate) fn ln(x: f32) -> f32 {
    let bits = u32::reinterpret(x);
    // A mantissa between the root of a half and that of two, where the series is short.
    let above = (bits & 0x007f_ffff) > 0x0035_04f3;
    let exponent = i32::cast_from(bits >> 23) - 127 + select(above, 1i32, 0i32);
    let mantissa =
        f64::cast_from(f32::reinterpret((bits & 0x007f_ffff) | select(above, 0x3f00_0000u32, 0x3f80_0000u32)));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let mut series = f64::new(0.0);
    #[unroll]
    for term in 0..9u32 {
        series = series * z + comptime!(1.0 / f64::from(17 - 2 * term));
    }
    f32::cast_from(f64::cast_from(exponent) * comptime!(LN_2) + 2.0 * s * series)
}

/// `1 / (1 + e^-x)` to the last bit of f32; 0 for a NaN.
#[cube]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // Beyond, f32 holds 1, or nothing that a threshold lets through.
    let inside = select(is_nan(x), -87.0f32, x.clamp(-87.0, 87.0));
    let y = f64::cast_from(-inside);
    let power = f64::floor(y / comptime!(LN_2) + 0.5);
    let r = y - power * comptime!(LN_2);
    let mut series = f64::new(1.0);
    #[unroll]
    for term in 0..14u32 {
        series = 1.0 + series * r / comptime!(f64::from(14 - term));
    }
    let two = f32::reinterpret(u32::cast_from(i32::cast_from(power) + 127) << 23);
    let value = f32::cast_from(1.0 / (1.0 + series * f64::cast_from(two)));
    select(is_nan(x), 0.0, value)
}

/// `a * b`, rounded by itself: a plain product may be merged with the sum around it, where the device has such an instruction.
#[cube]
pub(crate) fn product(a: f32, b: f32) -> f32 {
    f32::cast_from(f64::cast_from(a) * f64::cast_from(b))
}

/// `a * b + c`, rounded once, as f64 has it to all but a hair. WGSL's `fma` may round twice, and lavapipe's does.
#[cube]
pub(crate) fn fused(a: f32, b: f32, c: f32) -> f32 {
    f32::cast_from(f64::cast_from(a) * f64::cast_from(b) + f64::cast_from(c))
}
