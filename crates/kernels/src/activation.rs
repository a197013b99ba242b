//! The elementwise functions an operation may apply to its sums before they are stored.

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
    /// `x * Φ(x)` with the exact error function, as the ViTPose checkpoints were trained; not the tanh form.
    Gelu,
}

impl Activation {
    /// The function in f64: what the fast forms are measured against.
    pub fn reference(self, x: f64) -> f64 {
        match self {
            Self::None => x,
            // Not f64::max, which would turn NaN into 0.
            Self::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Self::Silu => x / (1.0 + (-x).exp()),
            // erfc, because 1 + erf has no digits left where both cancel.
            Self::Gelu => 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2),
        }
    }
}
