//! How a run ended, and the exit code that says so.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for was done.
    Done,
    /// It ran to the end, but some inputs failed; each was named on standard error.
    SomeFailed,
    /// Something was judged, and is over the limit that was given.
    OverLimit,
    /// It could not start: bad arguments, no weights, no device.
    CouldNotStart,
    /// Ctrl-C stopped it.
    Interrupted,
}

impl Exit {
    /// The process's exit code; for an interrupt, the shells' 128 + SIGINT.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed | Self::OverLimit => 1,
            Self::CouldNotStart => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
