//! The One Euro filter (Casiez, Roussel and Vogel, "1 € Filter", CHI 2012): a first-order low-pass whose cutoff grows with speed.
//!
//! It only looks back, so it lags; the two others do not. Each step uses the true time since the last sample.

use crate::error::{SmoothError, positive};
use std::f64::consts::TAU;

/// The filter's parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneEuro {
    min_cutoff: f64,
    beta: f64,
    derivative_cutoff: f64,
}

impl OneEuro {
    /// A cutoff of `min_cutoff` Hz at rest, which grows by `beta` Hz for each px/s; the speed itself is smoothed at
    /// `derivative_cutoff` Hz.
    ///
    /// # Errors
    /// [`SmoothError::Parameter`] for cutoffs not above 0 and a `beta` below 0.
    pub fn new(min_cutoff: f64, beta: f64, derivative_cutoff: f64) -> Result<Self, SmoothError> {
        if !(beta.is_finite() && beta >= 0.0) {
            return Err(SmoothError::Parameter { name: "beta", value: beta, range: "0 or more" });
        }
        let min_cutoff = positive("the minimal cutoff", min_cutoff)?;
        let derivative_cutoff = positive("the derivative's cutoff", derivative_cutoff)?;
        Ok(Self { min_cutoff, beta, derivative_cutoff })
    }

    /// The parameters by name.
    pub(crate) fn parameters(self) -> Vec<(&'static str, f64)> {
        vec![("min-cutoff", self.min_cutoff), ("beta", self.beta), ("derivative-cutoff", self.derivative_cutoff)]
    }

    /// Smooths `values` at `times`, in seconds.
    pub(crate) fn apply(self, times: &[f64], values: &mut [f64]) {
        let Some(&first) = values.first() else { return };
        let (mut smooth, mut speed) = (first, 0.0);
        for (pair, value) in times.windows(2).zip(values.iter_mut().skip(1)) {
            let interval = pair[1] - pair[0];
            speed = towards(speed, (*value - smooth) / interval, self.derivative_cutoff, interval);
            smooth = towards(smooth, *value, self.min_cutoff + self.beta * speed.abs(), interval);
            *value = smooth;
        }
    }
}

/// One step of exponential smoothing from `from` to `to`.
fn towards(from: f64, to: f64, cutoff: f64, interval: f64) -> f64 {
    let alpha = 1.0 / (1.0 + 1.0 / (TAU * cutoff * interval));
    alpha * to + (1.0 - alpha) * from
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Algorithm 1 and 2 of the paper, word for word: `rate` is that of the moment, a low-pass filter knows its last output.
    fn paper(times: &[f64], values: &[f64], mincutoff: f64, beta: f64, dcutoff: f64) -> Vec<f64> {
        let alpha = |rate: f64, cutoff: f64| {
            let tau = 1.0 / (2.0 * std::f64::consts::PI * cutoff);
            let te = 1.0 / rate;
            1.0 / (1.0 + tau / te)
        };
        let (mut xfilt, mut dxfilt): (Option<f64>, Option<f64>) = (None, None);
        let lowpass = |hatxprev: &mut Option<f64>, x: f64, alpha: f64| {
            let hatx = hatxprev.map_or(x, |hatxprev| alpha * x + (1.0 - alpha) * hatxprev);
            *hatxprev = Some(hatx);
            hatx
        };
        let mut filtered = Vec::new();
        for (n, &x) in values.iter().enumerate() {
            let rate = if n == 0 { 1.0 } else { 1.0 / (times[n] - times[n - 1]) };
            let dx = xfilt.map_or(0.0, |hatxprev| (x - hatxprev) * rate);
            let edx = lowpass(&mut dxfilt, dx, alpha(rate, dcutoff));
            let cutoff = mincutoff + beta * edx.abs();
            filtered.push(lowpass(&mut xfilt, x, alpha(rate, cutoff)));
        }
        filtered
    }

    #[test]
    fn it_is_the_papers_filter_at_a_variable_rate() {
        let times: Vec<f64> = (0..200).map(|n| f64::from(n) / 60.0 + 0.004 * f64::from(n % 3)).collect();
        let raw: Vec<f64> = times.iter().map(|t| 300.0 * (3.0 * t).sin() + 5.0 * (211.0 * t).sin()).collect();
        for (mincutoff, beta, dcutoff) in [(1.0, 0.007, 1.0), (0.5, 0.0, 1.0), (4.0, 0.3, 2.5)] {
            let mut found = raw.clone();
            OneEuro::new(mincutoff, beta, dcutoff).unwrap().apply(&times, &mut found);
            let expected = paper(&times, &raw, mincutoff, beta, dcutoff);
            assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9));
        }
    }

    #[test]
    fn parameters_have_ranges() {
        assert!(OneEuro::new(0.0, 0.0, 1.0).is_err() && OneEuro::new(1.0, 0.0, f64::NAN).is_err());
        assert!(OneEuro::new(1.0, -0.1, 1.0).is_err());
    }
}
