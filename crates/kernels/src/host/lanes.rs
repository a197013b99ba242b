//! Vectors in and out of slices, and loops whose indices are constants.

use pulp::Simd;

/// Repeats a block for every index below a constant of at most 12, with the index a constant in each:
/// an array of vectors stays in registers only if nothing addresses it by a variable.
macro_rules! unrolled {
    ($index:ident < $count:expr => $body:block) => {
        $crate::host::lanes::unrolled!($index ($count) $body 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    ($index:ident ($count:expr) $body:block $($value:literal)*) => {
        $(if $value < $count {
            const $index: usize = $value;
            $body
        })*
    };
}
pub(crate) use unrolled;

/// The first vector of `x`; zeros where `x` is shorter.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, x: &[f32]) -> S::f32s {
    match S::as_simd_f32s(x) {
        ([first, ..], _) => *first,
        ([], rest) => {
            let mut vector = simd.splat_f32s(0.0);
            copy_short(rest, bytemuck::cast_slice_mut(std::slice::from_mut(&mut vector)));
            vector
        }
    }
}

/// Overwrites the start of `y`, as far as it and a vector reach.
#[inline(always)]
pub(crate) fn store<S: Simd>(_: S, y: &mut [f32], x: S::f32s) {
    match S::as_mut_simd_f32s(y) {
        ([first, ..], _) => *first = x,
        ([], rest) => copy_short(bytemuck::cast_slice(std::slice::from_ref(&x)), rest),
    }
}

/// Copies as many numbers as the shorter has, fewer than a vector: by fours, where a call to copy memory would cost more.
#[inline(always)]
fn copy_short(from: &[f32], to: &mut [f32]) {
    let ((from_fours, from_rest), (to_fours, to_rest)) = (from.as_chunks::<4>(), to.as_chunks_mut::<4>());
    let fours = from_fours.len().min(to_fours.len());
    for (to, from) in to_fours.iter_mut().zip(from_fours) {
        *to = *from;
    }
    let from_rest = if fours < from_fours.len() { from_fours[fours].as_slice() } else { from_rest };
    if fours < to_fours.len() {
        for (to, from) in to_fours[fours].iter_mut().zip(from_rest) {
            *to = *from;
        }
    } else {
        for (to, from) in to_rest.iter_mut().zip(from_rest) {
            *to = *from;
        }
    }
}
