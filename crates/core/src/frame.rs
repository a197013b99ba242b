//! Which frame, and when: a displayed frame's number and its integer presentation time.
//!
//! Filled by `video` from the container; carried untouched to the label file. Time is ticks of the stream's timebase,
//! never a frame number over a frame rate: phone video has a variable one.

use serde::{Deserialize, Serialize};

/// The number of a frame in display order, from 0, counting every displayed frame of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameIndex(pub u64);

/// The length of one tick in seconds, `num / den`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timebase {
    /// Seconds in `den` ticks.
    pub num: u32,
    /// Ticks in `num` seconds; never 0.
    pub den: u32,
}

impl Timebase {
    /// A timebase of `num / den` seconds a tick; `None` if either is 0.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 { None } else { Some(Self { num, den }) }
    }

    /// `ticks` in seconds, rounded once, to the nearest f64.
    #[must_use]
    pub fn seconds(self, ticks: i64) -> f64 {
        // i128 holds any i64 x u32 product, so the only roundings are the conversion and the division.
        (i128::from(ticks) * i128::from(self.num)) as f64 / f64::from(self.den)
    }
}

/// A presentation time: ticks of the stream's [`Timebase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timestamp {
    /// Ticks since the start of the presentation, edit list applied.
    pub ticks: i64,
    /// What a tick is.
    pub timebase: Timebase,
}

impl Timestamp {
    /// Seconds since the start of the presentation.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.timebase.seconds(self.ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timebase_has_no_zero() {
        assert_eq!(Timebase::new(0, 1), None);
        assert_eq!(Timebase::new(1, 0), None);
        assert_eq!(Timebase::new(1, 600), Some(Timebase { num: 1, den: 600 }));
    }

    #[test]
    fn ntsc_ticks_are_exact_to_the_last_bit() {
        let timestamp = Timestamp { ticks: 30_000, timebase: Timebase { num: 1001, den: 30_000 } };
        assert_eq!(timestamp.seconds(), 1001.0);
    }
}
