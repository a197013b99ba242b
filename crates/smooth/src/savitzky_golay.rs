//! Savitzky and Golay's filter (Analytical Chemistry 36, 1964): each sample becomes the value, at its time, of the polynomial that
//! fits its neighbours best in least squares.
//!
//! The fit is made at the true times, not at sample numbers, so a variable frame rate is treated exactly; at a constant one the
//! result is the classic filter's. The first and last half windows are values of the first and last whole window's polynomial
//! (`scipy.signal.savgol_filter` with `mode="interp"`). What is shorter than a window is one window, and stays as it is where
//! it has no more samples than the polynomial has coefficients.

use crate::error::SmoothError;

/// The filter's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavitzkyGolay {
    window: usize,
    order: usize,
}

impl SavitzkyGolay {
    /// Polynomials of degree `order` over `window` samples.
    ///
    /// # Errors
    /// [`SmoothError::Parameter`] for an even window, or one not longer than `order`.
    pub fn new(window: usize, order: usize) -> Result<Self, SmoothError> {
        if window % 2 == 1 && window > order {
            return Ok(Self { window, order });
        }
        Err(SmoothError::Parameter { name: "the window", value: window as f64, range: "odd and above the order" })
    }

    /// The parameters by name.
    pub(crate) fn parameters(self) -> Vec<(&'static str, f64)> {
        vec![("window", self.window as f64), ("order", self.order as f64)]
    }

    /// Smooths `values` at `times`, in seconds.
    pub(crate) fn apply(self, times: &[f64], values: &mut [f64]) {
        let count = values.len();
        let window = self.window.min(count);
        if window <= self.order + 1 {
            return;
        }
        let raw = values.to_vec();
        let mut basis = Basis::new(window);
        for (n, value) in values.iter_mut().enumerate() {
            let start = n.saturating_sub(self.window / 2).min(count - window);
            let range = start..start + window;
            *value = basis.fit(&times[range.clone()], &raw[range], self.order, n - start);
        }
    }
}

/// Polynomials that are orthogonal over the times of a window, made by their three-term recurrence (Forsythe, 1957), which
/// stays accurate where normal equations do not.
struct Basis {
    current: Vec<f64>,
    previous: Vec<f64>,
    offsets: Vec<f64>,
}

impl Basis {
    fn new(window: usize) -> Self {
        Self { current: vec![0.0; window], previous: vec![0.0; window], offsets: vec![0.0; window] }
    }

    /// The value at `times[at]` of the polynomial of degree `order` nearest to `values`.
    fn fit(&mut self, times: &[f64], values: &[f64], order: usize, at: usize) -> f64 {
        // Times as shares of the window keep the recurrence's numbers near 1.
        let span = times[times.len() - 1] - times[0];
        self.offsets.iter_mut().zip(times).for_each(|(offset, time)| *offset = (time - times[at]) / span);
        self.current.fill(1.0);
        self.previous.fill(0.0);
        let (mut norm_before, mut fitted) = (1.0, 0.0);
        for degree in 0..=order {
            let norm = dot(&self.current, &self.current);
            fitted += dot(&self.current, values) / norm * self.current[at];
            let center = self.current.iter().zip(&self.offsets).map(|(p, t)| p * p * t).sum::<f64>() / norm;
            let pull = if degree == 0 { 0.0 } else { norm / norm_before };
            for ((previous, current), offset) in self.previous.iter_mut().zip(&self.current).zip(&self.offsets) {
                *previous = (offset - center) * current - pull * *previous;
            }
            std::mem::swap(&mut self.current, &mut self.previous);
            norm_before = norm;
        }
        fitted
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_of_its_order_pass_unchanged_at_any_times() {
        let times: Vec<f64> = (0..60).map(|n| f64::from(n) / 30.0 + 0.01 * f64::from(n % 4)).collect();
        let raw: Vec<f64> = times.iter().map(|t| 900.0 - 40.0 * t + 250.0 * t * t).collect();
        let mut found = raw.clone();
        SavitzkyGolay::new(9, 2).unwrap().apply(&times, &mut found);
        assert!(found.iter().zip(raw).all(|(found, raw)| (found - raw).abs() < 1e-8), "{found:?}");
    }

    #[test]
    fn what_is_too_short_to_be_fitted_stays() {
        let mut values = [1.0, 5.0, 2.0];
        SavitzkyGolay::new(9, 2).unwrap().apply(&[0.0, 0.1, 0.2], &mut values);
        assert_eq!(values, [1.0, 5.0, 2.0]);
    }

    #[test]
    fn a_window_is_odd_and_longer_than_the_order() {
        assert!(SavitzkyGolay::new(8, 2).is_err() && SavitzkyGolay::new(3, 3).is_err());
        SavitzkyGolay::new(5, 4).unwrap();
    }
}
