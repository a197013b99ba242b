//! The elementwise functions an operation may apply to its sums before they are stored.

use cubecl::prelude::*;

use crate::elementary::{gelu, silu};

/// Applied to `sum + bias`, before a residual is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Activation {
    /// The identity.
    #[default]
    None,
    /// `max(x, 0)`.
    Relu,
    /// `x * sigmoid(x)` (RTMDet).
    Silu,
    /// `x * Φ(x)` with the exact error function, as the ViTPose checkpoints were trained; where cuBLASLt applies it to half types, by
    /// the tanh form, at most 5e-4 from it.
    Gelu,
}

/// Applies `act`.
#[cube]
pub(crate) fn activate(x: f32, #[comptime] act: Activation) -> f32 {
    if comptime!(act == Activation::Relu) {
        // Not a maximum, which would turn NaN into 0.
        select(x < 0.0, 0.0, x)
    } else if comptime!(act == Activation::Silu) {
        silu(x)
    } else if comptime!(act == Activation::Gelu) {
        gelu(x)
    } else {
        x
    }
}

/// Applies `act` to every number of a vector.
#[cube]
pub(crate) fn activate_each<N: Size>(x: Vector<f32, N>, #[comptime] act: Activation) -> Vector<f32, N> {
    let mut y = x;
    #[unroll]
    for i in 0..N::value() {
        y.insert(i, activate(x.extract(i), act));
    }
    y
}
