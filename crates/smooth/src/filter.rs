//! Which filter, and what a label file says of it.

use crate::{Butterworth, OneEuro, SavitzkyGolay};

/// What smooths a stretch without gaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filter {
    /// A low-pass whose cutoff grows with speed; it lags.
    OneEuro(OneEuro),
    /// Local polynomials; keeps peaks.
    SavitzkyGolay(SavitzkyGolay),
    /// A low-pass without lag; the usual one in biomechanics.
    Butterworth(Butterworth),
}

impl Filter {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OneEuro(_) => "one-euro",
            Self::SavitzkyGolay(_) => "savitzky-golay",
            Self::Butterworth(_) => "butterworth",
        }
    }

    /// Its parameters by name.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        match self {
            Self::OneEuro(filter) => filter.parameters(),
            Self::SavitzkyGolay(filter) => filter.parameters(),
            Self::Butterworth(filter) => filter.parameters(),
        }
    }

    /// Smooths `values`, which were taken at `times`, in seconds and growing; both are of one length.
    pub fn apply(&self, times: &[f64], values: &mut [f64]) {
        match self {
            Self::OneEuro(filter) => filter.apply(times, values),
            Self::SavitzkyGolay(filter) => filter.apply(times, values),
            Self::Butterworth(filter) => filter.apply(times, values),
        }
    }
}
