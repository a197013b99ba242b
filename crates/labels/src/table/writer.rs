//! Frames into a label file: rows gather until a row group is full, and the file gets its name at the end.

use super::columns::write_rows;
use super::rows::Rows;
use super::schema::{properties, schema};
use super::{FORMAT, FORMAT_KEY, PROVENANCE_KEY, SEGMENT_KEY, seal};
use crate::error::LabelsError;
use crate::partial::Stretch;
use crate::sink::{Ending, LabelSink};
use crate::whole_file::WholeFile;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use swingpose_core::provenance::Provenance;
use swingpose_core::{FrameIndex, FrameLabels};

/// A row group is closed with the frame that brings it to this many rows: about 2 MB, all that is ever held.
const GROUP_ROWS: usize = 8192;

/// Writes a label file, which appears under its name only with [`LabelSink::finish`].
pub struct LabelWriter {
    path: PathBuf,
    provenance: Provenance,
    file: WholeFile,
    /// Writes to the same open file.
    table: SerializedFileWriter<File>,
    rows: Rows,
    frames: u64,
    last: Option<FrameIndex>,
}

impl LabelWriter {
    /// Starts the label file that will be `path`; one that stands there stays until [`LabelSink::finish`]. Of
    /// `provenance`, the numbers of frames and of lost frames are filled in at the end.
    ///
    /// # Errors
    /// [`LabelsError::Write`], [`LabelsError::NoFileName`].
    pub fn create(path: &Path, provenance: &Provenance) -> Result<Self, LabelsError> {
        let program = &provenance.program;
        // "name version number" is the form that readers of Parquet look for.
        let created_by = format!("{} version {}", program.name, program.version);
        let mut file = WholeFile::create(path)?;
        let same =
            file.file_mut().try_clone().map_err(|source| LabelsError::Write { path: path.to_owned(), source })?;
        let table = schema()
            .and_then(|schema| SerializedFileWriter::new(same, schema, properties(created_by)?))
            .map_err(|error| write_error(path, error))?;
        let provenance = provenance.clone();
        Ok(Self { path: path.to_owned(), provenance, file, table, rows: Rows::default(), frames: 0, last: None })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        write_rows(&rows, self.table.next_row_group()?)
    }

    /// Makes the file whole under the name `path`: a label file, or with a `stretch` one segment of it.
    pub(crate) fn finish_as(
        mut self,
        path: &Path,
        ending: Ending,
        stretch: Option<&Stretch>,
    ) -> Result<(), LabelsError> {
        if self.rows.len() > 0 {
            self.write_group().map_err(|error| write_error(path, error))?;
        }
        self.append_metadata(ending, stretch)
            .map_err(|error| LabelsError::Write { path: path.to_owned(), source: error.into() })?;
        self.table.finish().map_err(|error| write_error(path, error))?;
        seal::apply(self.file.file_mut(), path)?;
        self.file.rename(path);
        self.file.finish()
    }

    fn append_metadata(&mut self, ending: Ending, stretch: Option<&Stretch>) -> Result<(), serde_json::Error> {
        self.provenance.input.frames = self.frames;
        self.provenance.input.lost_frames = ending.lost_frames;
        let provenance = serde_json::to_string(&self.provenance)?;
        self.table.append_key_value_metadata(KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_owned()));
        self.table.append_key_value_metadata(KeyValue::new(PROVENANCE_KEY.to_owned(), provenance));
        if let Some(stretch) = stretch {
            let stretch = serde_json::to_string(stretch)?;
            self.table.append_key_value_metadata(KeyValue::new(SEGMENT_KEY.to_owned(), stretch));
        }
        self.table.append_key_value_metadata(seal::blank());
        Ok(())
    }
}

impl LabelSink for LabelWriter {
    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        if let Some(previous) = self.last.filter(|last| *last >= labels.frame) {
            return Err(LabelsError::Order { previous: previous.0, found: labels.frame.0 });
        }
        self.rows.push(labels)?;
        self.last = Some(labels.frame);
        self.frames += 1;
        if self.rows.len() >= GROUP_ROWS {
            self.write_group().map_err(|error| write_error(&self.path, error))?;
        }
        Ok(())
    }

    fn finish(self, ending: Ending) -> Result<(), LabelsError> {
        let path = self.path.clone();
        self.finish_as(&path, ending, None)
    }
}

/// The error for `path`; what the disk had to say is freed of Parquet's wrapping.
fn write_error(path: &Path, error: ParquetError) -> LabelsError {
    let source = match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    };
    LabelsError::Write { path: path.to_owned(), source }
}
