//! Where a command speaks: data to `out`, words for a person to `err`. Handed in by `main`, or by a test that reads both.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// The streams of one run, and the flag that Ctrl-C raises.
pub struct Io<'a> {
    /// Data that could be piped on: standard output.
    pub out: &'a mut dyn Write,
    /// Everything said to a person: standard error.
    pub err: &'a mut dyn Write,
    /// Whether `err` is a terminal, where a progress bar may be drawn.
    pub err_is_terminal: bool,
    /// Raised once, by Ctrl-C; a command stops at the next frame, leaving nothing half-made.
    pub interrupted: &'a AtomicBool,
}

impl Io<'_> {
    /// Says a line to the person. A closed terminal is no reason to stop labeling, so a failed write is let go.
    pub fn say(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.err, "{line}");
    }

    /// Writes a line of data; unlike [`Io::say`] this can fail, as a closed pipe must end the command.
    ///
    /// # Errors
    /// Whatever the stream answers.
    pub fn print(&mut self, line: impl std::fmt::Display) -> std::io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Writes data that ends the command. Whoever reads it may have enough before its end, as `head` does, and then all is
    /// well.
    ///
    /// # Errors
    /// What else the stream answers.
    pub fn print_whole(&mut self, text: impl std::fmt::Display) -> std::io::Result<()> {
        match writeln!(self.out, "{}", text.to_string().trim_end()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether Ctrl-C was pressed.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
