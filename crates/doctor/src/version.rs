//! Versions of CUDA, and the compute capabilities that are written the same way.

use std::fmt;

use serde::{Serialize, Serializer};

/// A version such as 13.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say all")]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl Version {
    /// `major.minor`, of numbers as C gives them.
    pub(crate) fn of(major: i32, minor: i32) -> Self {
        let part = |number| u32::try_from(number).unwrap_or(0);
        Self { major: part(major), minor: part(minor) }
    }

    /// 90 for 9.0: how compilers name a compute capability.
    pub(crate) fn architecture(self) -> i32 {
        i32::try_from(self.major * 10 + self.minor).unwrap_or(i32::MAX)
    }

    /// Of CUDA's one number, 13000 for 13.0.
    pub(crate) fn of_cuda(number: i32) -> Self {
        Self::of(number / 1000, number % 1000 / 10)
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
