//! Butterworth's low-pass filter (Wireless Engineer 7, 1930), run forwards and then backwards, so that nothing is delayed.
//!
//! Twice through squares the gain: at the cutoff it is 1/2, and the order is doubled. Design, extension of the ends and initial
//! states are those of `scipy.signal.butter` with `filtfilt`, of which the ends are extended by point reflection over three
//! times (order + 1) samples; what is shorter is extended by all it has. The filter is a cascade of second-order sections.
//!
//! Its theory wants a constant rate. So samples are first taken to equal steps of their mean interval by cubic interpolation, and
//! the filtered ones back to the true times; at a constant rate both change nothing.

use crate::error::{SmoothError, positive};
use std::f64::consts::PI;

/// The filter's parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Butterworth {
    cutoff: f64,
    order: usize,
}

/// The highest order that is of any use, and well within what sections compute accurately.
const HIGHEST_ORDER: usize = 12;

impl Butterworth {
    /// The filter of this `order` whose gain, once through, is 1/√2 at `cutoff` Hz.
    ///
    /// # Errors
    /// [`SmoothError::Parameter`] for a cutoff not above 0 and an order outside 1..=12.
    pub fn new(cutoff: f64, order: usize) -> Result<Self, SmoothError> {
        if !(1..=HIGHEST_ORDER).contains(&order) {
            return Err(SmoothError::Parameter { name: "the order", value: order as f64, range: "from 1 to 12" });
        }
        Ok(Self { cutoff: positive("the cutoff", cutoff)?, order })
    }

    /// The cutoff in Hz.
    pub(crate) const fn cutoff(self) -> f64 {
        self.cutoff
    }

    /// The parameters by name.
    pub(crate) fn parameters(self) -> Vec<(&'static str, f64)> {
        vec![("cutoff", self.cutoff), ("order", self.order as f64)]
    }

    /// Smooths `values` at `times`, in seconds. A stretch whose own mean rate does not reach twice the cutoff stays: it
    /// has nothing above it.
    pub(crate) fn apply(self, times: &[f64], values: &mut [f64]) {
        let [first, .., last] = *times else { return };
        let interval = (last - first) / (times.len() - 1) as f64;
        if self.cutoff * interval >= 0.5 {
            return;
        }
        let even: Vec<f64> = (0..times.len()).map(|n| first + n as f64 * interval).collect();
        let mut samples = interpolated(times, values, &even);
        filter_twice(&sections(self.order, self.cutoff * interval), &mut samples, 3 * (self.order + 1));
        values.copy_from_slice(&interpolated(&even, &samples, times));
    }
}

/// A filter of second order, or of first with zeros at the end: `y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''`.
#[derive(Clone, Copy, Debug)]
struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

/// The sections of the filter whose cutoff is `share` of the sampling rate: the analog filter's poles on a circle, two
/// by two, and the bilinear transform of each pair. The gain of each section is 1 at 0 Hz.
fn sections(order: usize, share: f64) -> Vec<Section> {
    let warped = (PI * share).tan();
    let pair = |k: usize| {
        // The pair's poles are at this angle from the negative real axis.
        let damping = 2.0 * (PI * (2 * k + 1) as f64 / (2 * order) as f64).sin();
        let scale = 1.0 + damping * warped + warped * warped;
        let gain = warped * warped / scale;
        let a = [2.0 * (warped * warped - 1.0) / scale, (1.0 - damping * warped + warped * warped) / scale];
        Section { b: [gain, 2.0 * gain, gain], a }
    };
    let gain = warped / (1.0 + warped);
    let real = Section { b: [gain, gain, 0.0], a: [(warped - 1.0) / (warped + 1.0), 0.0] };
    (0..order / 2).map(pair).chain((order % 2 == 1).then_some(real)).collect()
}

/// Runs `samples` through the sections and, reversed, through them again.
fn filter_twice(sections: &[Section], samples: &mut [f64], padding: usize) {
    let padding = padding.min(samples.len() - 1);
    let mut extended = reflected(samples, padding);
    for _ in 0..2 {
        sections.iter().for_each(|section| section.run(&mut extended));
        extended.reverse();
    }
    samples.copy_from_slice(&extended[padding..padding + samples.len()]);
}

impl Section {
    /// Filters in place, starting as if the first sample had been there for ever.
    fn run(&self, samples: &mut [f64]) {
        let ([b0, b1, b2], [a1, a2]) = (self.b, self.a);
        let Some(&first) = samples.first() else { return };
        let mut second = (b2 - a2) * first;
        let mut next = (b1 - a1) * first + second;
        for sample in samples {
            let input = *sample;
            *sample = b0 * input + next;
            next = b1 * input - a1 * *sample + second;
            second = b2 * input - a2 * *sample;
        }
    }
}

/// `samples` with `padding` more at either end, which are the neighbours of the end turned about it.
fn reflected(samples: &[f64], padding: usize) -> Vec<f64> {
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    let before = samples[1..=padding].iter().rev().map(|sample| 2.0 * first - sample);
    let after = samples.iter().rev().skip(1).take(padding).map(|sample| 2.0 * last - sample);
    before.chain(samples.iter().copied()).chain(after).collect()
}

/// `values` at `times`, taken to the times `wanted` within: a cubic between two samples, whose slope at each sample is
/// that of the parabola through it and its neighbours.
fn interpolated(times: &[f64], values: &[f64], wanted: &[f64]) -> Vec<f64> {
    let slopes = slopes(times, values);
    let mut n = 0;
    let mut at = |time: f64| {
        while n + 2 < times.len() && times[n + 1] <= time {
            n += 1;
        }
        let width = times[n + 1] - times[n];
        let u = ((time - times[n]) / width).clamp(0.0, 1.0);
        let (from, to) = (values[n], values[n + 1]);
        let (leaving, arriving) = (slopes[n] * width, slopes[n + 1] * width);
        let rise = to - from;
        from + u * (leaving + u * ((3.0 * rise - 2.0 * leaving - arriving) + u * (leaving + arriving - 2.0 * rise)))
    };
    wanted.iter().map(|&time| at(time)).collect()
}

fn slopes(times: &[f64], values: &[f64]) -> Vec<f64> {
    let secants: Vec<(f64, f64)> = times
        .windows(2)
        .zip(values.windows(2))
        .map(|(times, values)| (times[1] - times[0], (values[1] - values[0]) / (times[1] - times[0])))
        .collect();
    let inner = secants.windows(2).map(|pair| {
        let [(before, left), (after, right)] = [pair[0], pair[1]];
        (left * after + right * before) / (before + after)
    });
    let ends = [secants.first(), secants.last()].map(|secant| secant.map(|(_, slope)| *slope));
    ends[0].into_iter().chain(inner).chain(ends[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_passes_unchanged_at_any_times_away_from_its_ends() {
        let times: Vec<f64> = (0..400).map(|n| f64::from(n) / 60.0 + 0.005 * f64::from(n % 3)).collect();
        for order in 1..=HIGHEST_ORDER {
            let mut found: Vec<f64> = times.iter().map(|t| 100.0 + 50.0 * t).collect();
            Butterworth::new(6.0, order).unwrap().apply(&times, &mut found);
            let straight =
                times.iter().zip(&found).skip(150).take(100).all(|(t, found)| (found - 100.0 - 50.0 * t).abs() < 1e-6);
            assert!(straight, "order {order}: {found:?}");
        }
    }

    #[test]
    fn short_stretches_and_slow_ones_are_safe() {
        for count in 0..6_u32 {
            let times: Vec<f64> = (0..count).map(|n| f64::from(n) / 60.0).collect();
            let mut values: Vec<f64> = times.iter().map(|t| 1.0 + t).collect();
            Butterworth::new(6.0, 4).unwrap().apply(&times, &mut values);
            assert!(values.iter().all(|value| value.is_finite()));
        }
        let mut values = [1.0, 9.0, 1.0];
        Butterworth::new(6.0, 4).unwrap().apply(&[0.0, 0.1, 0.2], &mut values);
        assert_eq!(values, [1.0, 9.0, 1.0]);
    }

    #[test]
    fn parameters_have_ranges() {
        assert!(Butterworth::new(6.0, 0).is_err() && Butterworth::new(6.0, 13).is_err());
        assert!(Butterworth::new(0.0, 4).is_err());
    }
}
