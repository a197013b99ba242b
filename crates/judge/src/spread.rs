//! How numbers spread: percentiles by linear interpolation between the two nearest of them, numpy's default.

use serde::Serialize;

/// Numbers of which few should be large, such as distances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distances {
    /// How many there are.
    pub count: u64,
    /// Half of them are no larger.
    pub median: f64,
    /// 95 % of them are no larger.
    pub p95: f64,
    /// 99 % of them are no larger.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Distances {
    /// The spread of `values`, which are put into another order; `None` where there are none. None may be NaN.
    pub fn of(values: &mut [f64]) -> Option<Self> {
        Some(Self {
            count: values.len() as u64,
            median: percentile(values, 50.0)?,
            p95: percentile(values, 95.0)?,
            p99: percentile(values, 99.0)?,
            max: percentile(values, 100.0)?,
        })
    }
}

/// Numbers of which few should be small, such as overlaps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// How many there are.
    pub count: u64,
    /// Half of them are no smaller.
    pub median: f64,
    /// 95 % of them are no smaller.
    pub p5: f64,
    /// 99 % of them are no smaller.
    pub p1: f64,
    /// The smallest.
    pub min: f64,
}

impl Agreement {
    /// The spread of `values`, which are put into another order; `None` where there are none. None may be NaN.
    pub fn of(values: &mut [f64]) -> Option<Self> {
        Some(Self {
            count: values.len() as u64,
            median: percentile(values, 50.0)?,
            p5: percentile(values, 5.0)?,
            p1: percentile(values, 1.0)?,
            min: percentile(values, 0.0)?,
        })
    }
}

/// The number that `percent` of `values` do not pass, as `numpy.percentile` gives it; `None` where there are no values.
pub fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = percent / 100.0 * last as f64;
    let below = (place.floor() as usize).min(last);
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(interpolate(low, high, place - below as f64))
}

/// numpy's `_lerp`, which goes from the nearer end.
fn interpolate(low: f64, high: f64, share: f64) -> f64 {
    let step = high - low;
    if share < 0.5 { low + step * share } else { high - step * (1.0 - share) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        // numpy.percentile([3, 1, 2, 10], [0, 5, 50, 95, 99, 100])
        for (percent, expected) in [(0.0, 1.0), (5.0, 1.15), (50.0, 2.5), (95.0, 8.95), (99.0, 9.79), (100.0, 10.0)] {
            let found = percentile(&mut [3.0, 1.0, 2.0, 10.0], percent).unwrap();
            assert!((found - expected).abs() < 1e-12, "{percent} %: {found}");
        }
    }

    #[test]
    fn of_one_number_every_percentile_is_that_number_and_of_none_there_is_none() {
        let one = Distances { count: 1, median: 4.5, p95: 4.5, p99: 4.5, max: 4.5 };
        assert_eq!(Distances::of(&mut [4.5]), Some(one));
        assert_eq!((Distances::of(&mut []), Agreement::of(&mut [])), (None, None));
    }

    proptest! {
        #[test]
        fn percentiles_rise_within_the_extremes(mut values in proptest::collection::vec(-1e6_f64..1e6, 1..40)) {
            let spread = Distances::of(&mut values).unwrap();
            let agreement = Agreement::of(&mut values).unwrap();
            let rising = [agreement.min, agreement.p1, agreement.p5, spread.median, spread.p95, spread.p99, spread.max];
            prop_assert!(rising.is_sorted(), "{rising:?}");
            prop_assert_eq!(agreement.median, spread.median);
        }
    }
}
