//! A limit that a comparison is held against, for scripts that must fail when labels have changed too much.

use super::report::Comparison;
use crate::spread::Distances;
use serde::Serialize;
use std::fmt;

/// How much may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// How far keypoints may have moved, in pixels.
    pub max_px: f64,
    /// Which of their distances is held against it.
    pub statistic: Statistic,
    /// How many people, missed and extra together, there may be.
    pub max_unmatched: u64,
}

/// One number for all distances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The median.
    Median,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// The largest.
    #[default]
    Max,
}

impl Statistic {
    /// This number of `distances`.
    #[must_use]
    pub const fn of(self, distances: &Distances) -> f64 {
        match self {
            Self::Median => distances.median,
            Self::P95 => distances.p95,
            Self::P99 => distances.p99,
            Self::Max => distances.max,
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::P95 => "95th percentile",
            Self::P99 => "99th percentile",
            Self::Max => "largest",
        }
    }
}

/// A way in which a comparison does not pass a [`Gate`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "breach", rename_all = "snake_case")]
pub enum Breach {
    /// Keypoints have moved too far.
    Distance {
        /// Which number is too large.
        statistic: Statistic,
        /// What it is.
        px: f64,
        /// What it may be.
        max_px: f64,
    },
    /// Too many people are missed or extra.
    Unmatched {
        /// In A only.
        missed: u64,
        /// In B only.
        extra: u64,
        /// How many there may be.
        max_unmatched: u64,
    },
    /// Keypoints are nowhere.
    NotFinite {
        /// How many.
        keypoints: u64,
    },
    /// There are people, and nothing of them could be measured.
    NothingMeasured,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distance { statistic, px, max_px } => {
                write!(f, "the {} distance is {px:.2} px, more than {max_px} px", statistic.as_str())
            }
            Self::Unmatched { missed, extra, max_unmatched } => {
                write!(f, "{missed} missed and {extra} extra people, more than {max_unmatched} together")
            }
            Self::NotFinite { keypoints } => write!(f, "{keypoints} keypoints have coordinates that are not numbers"),
            Self::NothingMeasured => f.write_str("there are people, but no keypoint that could be measured"),
        }
    }
}

impl Comparison {
    /// In which ways it does not pass `gate`; none if it does.
    #[must_use]
    pub fn breaches(&self, gate: &Gate) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let (people, keypoints) = (&self.people, &self.keypoints);
        if let Some(px) = keypoints.px.map(|px| gate.statistic.of(&px)).filter(|px| *px > gate.max_px) {
            breaches.push(Breach::Distance { statistic: gate.statistic, px, max_px: gate.max_px });
        }
        if people.missed + people.extra > gate.max_unmatched {
            let (missed, extra) = (people.missed, people.extra);
            breaches.push(Breach::Unmatched { missed, extra, max_unmatched: gate.max_unmatched });
        }
        if keypoints.not_finite > 0 {
            breaches.push(Breach::NotFinite { keypoints: keypoints.not_finite });
        }
        if people.a + people.b > 0 && keypoints.px.is_none() && breaches.is_empty() {
            breaches.push(Breach::NothingMeasured);
        }
        breaches
    }
}
