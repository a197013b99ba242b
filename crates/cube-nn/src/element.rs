//! The types that activations and weights may have on a device.

use cubecl::prelude::*;
use half::{bf16, f16};

/// f32, f16 or bf16, where the device has it. Sums are f32 with each of them.
pub trait Element: Float + CubeElement + sealed::Sealed {
    /// Which of them it is, for libraries that name types by values.
    const NUMBERS: Numbers;
}

/// A type of [`Element`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Numbers {
    /// Single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
}

impl Element for f32 {
    const NUMBERS: Numbers = Numbers::F32;
}

impl Element for f16 {
    const NUMBERS: Numbers = Numbers::F16;
}

impl Element for bf16 {
    const NUMBERS: Numbers = Numbers::Bf16;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
}
