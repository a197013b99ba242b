//! Versions of CUDA, and the compute capabilities that are written the same way: a major and a minor number.

use std::fmt;

use serde::{Serialize, Serializer};

/// A version such as 13.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The number before the point.
    pub major: u32,
    /// The number after it.
    pub minor: u32,
}

impl Version {
    /// `major.minor`.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Of the driver's and the headers' one number, 13000 for 13.0.
    pub(crate) fn of_cuda(number: i32) -> Self {
        let number = u32::try_from(number).unwrap_or(0);
        Self::new(number / 1000, number % 1000 / 10)
    }

    /// Of two numbers as C gives them.
    pub(crate) fn of_parts(major: i32, minor: i32) -> Self {
        Self::new(u32::try_from(major).unwrap_or(0), u32::try_from(minor).unwrap_or(0))
    }

    /// The two numbers as one, 90 for 9.0: how compilers name an architecture.
    pub(crate) const fn architecture(self) -> u32 {
        self.major * 10 + self.minor
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
