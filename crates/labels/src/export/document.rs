//! JSON and text documents whose parts come in another order than they are written in, at a constant cost of memory.

use super::broken;
use crate::error::LabelsError;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

/// The elements of a JSON array, one a line.
#[derive(Debug)]
pub(super) struct Array<W> {
    stream: W,
    is_empty: bool,
}

impl<W: Write> Array<W> {
    /// An array whose `[` is the caller's to write, as is its `]`.
    pub(super) const fn new(stream: W) -> Self {
        Self { stream, is_empty: true }
    }

    pub(super) fn push(&mut self, element: &impl Serialize) -> Result<(), LabelsError> {
        let separator: &[u8] = if self.is_empty { b"\n" } else { b",\n" };
        self.is_empty = false;
        self.stream.write_all(separator).map_err(broken)?;
        json(&mut self.stream, element)
    }

    pub(super) const fn stream(&mut self) -> &mut W {
        &mut self.stream
    }

    pub(super) fn into_stream(self) -> W {
        self.stream
    }
}

/// Writes `value` as JSON.
pub(super) fn json(stream: impl Write, value: &impl Serialize) -> Result<(), LabelsError> {
    serde_json::to_writer(stream, value).map_err(|error| broken(error.into()))
}

/// What must wait for something before it: kept in a temporary file that has no name and goes with the process.
#[derive(Debug)]
pub(super) struct Later(BufWriter<File>);

impl Later {
    pub(super) fn new() -> Result<Self, LabelsError> {
        Ok(Self(BufWriter::new(tempfile::tempfile().map_err(broken)?)))
    }

    /// Writes all that waited to `stream`.
    pub(super) fn pour(self, stream: &mut impl Write) -> Result<(), LabelsError> {
        let mut file = self.0.into_inner().map_err(|error| broken(error.into_error()))?;
        file.rewind().and_then(|()| io::copy(&mut file, stream)).map_err(broken)?;
        Ok(())
    }
}

impl Write for Later {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
