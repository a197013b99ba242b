//! Spread that outliers do not move: medians and median absolute deviations, of all values or of those near in time.

use std::ops::Range;
use swingpose_judge::spread::percentile;

/// From the median absolute deviation to the standard deviation of a normal distribution.
const NORMAL: f64 = 1.4826;
/// Of fewer values nothing is said.
const FEWEST: usize = 8;

/// Where values lie, and how far around.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// A standard deviation, if the values were normal.
    pub(crate) sigma: f64,
}

impl Spread {
    /// The spread of the finite ones of `values`; `None` where there are too few.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        if values.len() < FEWEST {
            return None;
        }
        let median = percentile(&mut values, 50.0)?;
        values.iter_mut().for_each(|value| *value = (*value - median).abs());
        Some(Self { median, sigma: NORMAL * percentile(&mut values, 50.0)? })
    }
}

/// The median of the finite ones of `values`; `None` without any.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(values, 50.0)
}

/// The number that `percent` of the finite ones of `values` do not pass.
pub(crate) fn quantile(values: impl Iterator<Item = f64>, percent: f64) -> Option<f64> {
    percentile(&mut values.filter(|value| value.is_finite()).collect::<Vec<_>>(), percent)
}

/// Cuts rising `times` into stretches of about `length`. Time that stands still or runs back ends no stretch.
pub(crate) fn blocks(times: &[f64], length: f64) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for (place, time) in times.iter().enumerate() {
        if time - times[start] >= length {
            blocks.push(start..place);
            start = place;
        }
    }
    if start < times.len() {
        blocks.push(start..times.len());
    }
    blocks
}

/// What `of` makes of each block and its two neighbours.
pub(crate) fn local<T>(values: &[f64], blocks: &[Range<usize>], of: impl Fn(&[f64]) -> T) -> Vec<T> {
    let around = |index: usize| {
        let (first, last) = (&blocks[index.saturating_sub(1)], &blocks[(index + 1).min(blocks.len() - 1)]);
        of(&values[first.start..last.end])
    };
    (0..blocks.len()).map(around).collect()
}

/// The stretches of places for which `holds`.
pub(crate) fn runs(length: usize, holds: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for place in (0..length).filter(|&place| holds(place)) {
        match runs.last_mut() {
            Some(run) if run.end == place => run.end += 1,
            _ => runs.push(place..place + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_half_of_the_values_may_be_anything() {
        let good = (0..11).map(|n| 5.0 + f64::from(n) / 10.0);
        let bad = std::iter::repeat_n(1e9, 9);
        let spread = Spread::of(good.chain(bad).chain([f64::NAN])).unwrap();
        assert!((5.0..=6.1).contains(&spread.median) && spread.sigma < 1.5, "{spread:?}");
        assert_eq!(Spread::of([1.0; 7].into_iter()), None);
    }

    #[test]
    fn blocks_are_cut_by_time_and_not_by_count() {
        let times = [0.0, 0.1, 0.2, 5.0, 5.9, 6.1];
        assert_eq!(blocks(&times, 1.0), [0..3, 3..5, 5..6]);
        assert_eq!(blocks(&[3.0, 2.0, 1.0], 1.0).first(), Some(&(0..3)));
        assert!(blocks(&[], 1.0).is_empty());
    }

    #[test]
    fn a_block_is_seen_with_its_neighbours() {
        let sums = local(&[1.0, 2.0, 4.0, 8.0], &[0..1, 1..2, 2..3, 3..4], |values| values.iter().sum::<f64>());
        assert_eq!(sums, [3.0, 7.0, 14.0, 12.0]);
    }

    #[test]
    fn runs_are_found_where_they_are() {
        assert_eq!(runs(6, |place| [0, 2, 3, 5].contains(&place)), [0..1, 2..4, 5..6]);
    }
}
