//! Why labels cannot be smoothed.

use thiserror::Error;

/// Why labels cannot be smoothed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SmoothError {
    /// A frame at or before the time of the one before it.
    #[error("frame {frame} is at {time_s} s, not after the frame before it: smoothing needs times that grow")]
    Time {
        /// The frame.
        frame: u64,
        /// Its time, in seconds.
        time_s: f64,
    },
    /// Nobody can say whose keypoints follow whose.
    #[error(
        "frame {frame} has {people} people and not all have a track, so nobody can say who is who in the next frame: \
         smooth the primary person alone, or people by their number in the frame"
    )]
    NoIdentity {
        /// The first such frame.
        frame: u64,
        /// How many people are in it.
        people: usize,
    },
    /// A frame in which two people are said to be the same.
    #[error("frame {frame} has two people of one identity: smooth by another")]
    Twice {
        /// The frame.
        frame: u64,
    },
    /// A cutoff that the frames cannot carry.
    #[error("a cutoff of {cutoff} Hz is not under {limit} Hz, half of the frame rate: give a lower one")]
    Cutoff {
        /// The cutoff, in Hz.
        cutoff: f64,
        /// Half of the mean frame rate, in Hz.
        limit: f64,
    },
    /// A parameter outside its range.
    #[error("{name} is {value}, and must be {range}")]
    Parameter {
        /// Which.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

/// `value`, if it is finite and above 0.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, SmoothError> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(SmoothError::Parameter { name, value, range: "a number above 0" })
}
