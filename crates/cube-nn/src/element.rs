//! The types that activations and weights may have on a device.

use cubecl::prelude::*;
use half::{bf16, f16};

/// f32, f16 or bf16, where the device has it. Sums are f32 with each of them.
pub trait Element: Float + CubeElement + sealed::Sealed {}

impl Element for f32 {}
impl Element for f16 {}
impl Element for bf16 {}

mod sealed {
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
}
