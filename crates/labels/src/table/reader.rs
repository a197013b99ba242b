//! A label file into frames, one row group at a time.

use super::columns::read_rows;
use super::schema::schema;
use super::{FORMAT, FORMAT_KEY, PROVENANCE_KEY, SEGMENT_KEY, seal};
use crate::error::{Damage, LabelsError};
use crate::partial::Stretch;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use std::any::Any;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::vec;
use swingpose_core::provenance::Provenance;
use swingpose_core::{FrameIndex, FrameLabels};

/// A label file, open for reading.
#[derive(Debug)]
pub struct Labels {
    /// What made it.
    pub provenance: Provenance,
    /// Its frames, in increasing order.
    pub frames: Frames,
}

/// The frames of a label file. After an error there are no more.
pub struct Frames {
    path: PathBuf,
    file: SerializedFileReader<File>,
    groups: std::ops::Range<usize>,
    ready: vec::IntoIter<FrameLabels>,
    expected: u64,
    read: u64,
    last: Option<FrameIndex>,
    done: bool,
}

/// Opens the label file `path`. All its bytes are checked against its seal (a read of the file, a small part of the time
/// that decoding takes); the frames are decoded as they are asked for, in memory that does not grow with the file.
///
/// # Errors
/// [`LabelsError::Read`], [`LabelsError::NotParquet`], [`LabelsError::NotLabels`], [`LabelsError::Format`],
/// [`LabelsError::Damaged`], [`LabelsError::Segment`].
pub fn read(path: &Path) -> Result<Labels, LabelsError> {
    match open(path)? {
        (labels, None) => Ok(labels),
        (_, Some(_)) => Err(LabelsError::Segment { path: path.to_owned() }),
    }
}

/// Opens a segment of unfinished labels, as [`read`] opens whole ones.
pub(crate) fn read_segment(path: &Path) -> Result<(Labels, Stretch), LabelsError> {
    let (labels, stretch) = open(path)?;
    let json = stretch.ok_or_else(|| LabelsError::NotLabels { path: path.to_owned(), missing: SEGMENT_KEY })?;
    let stretch = serde_json::from_str(&json).map_err(|error| Damage::Provenance(error).of(path))?;
    Ok((labels, stretch))
}

/// A table, and what it says of the stretch that it is, if it is only that.
fn open(path: &Path) -> Result<(Labels, Option<String>), LabelsError> {
    let refusal = |source| LabelsError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(refusal)?;
    if file.metadata().map_err(refusal)?.is_dir() {
        return Err(refusal(std::io::ErrorKind::IsADirectory.into()));
    }
    seal::verify(&mut file, path)?;
    let file = contained(|| Ok(SerializedFileReader::new(file)?)).map_err(|damage| damage.of(path))?;
    let metadata = file.metadata().file_metadata();
    let provenance = provenance(metadata, path)?;
    let stretch = pair(metadata, SEGMENT_KEY).map(str::to_owned);
    let frames = Frames {
        path: path.to_owned(),
        groups: 0..file.num_row_groups(),
        file,
        ready: Vec::new().into_iter(),
        expected: provenance.input.frames,
        read: 0,
        last: None,
        done: false,
    };
    Ok((Labels { provenance, frames }, stretch))
}

fn provenance(metadata: &FileMetaData, path: &Path) -> Result<Provenance, LabelsError> {
    let format = value(metadata, FORMAT_KEY, path)?;
    if format != FORMAT {
        return Err(LabelsError::Format { path: path.to_owned(), found: format.to_owned(), supported: FORMAT });
    }
    let expected = schema().map_err(|error| Damage::Table(error).of(path))?;
    if metadata.schema() != &*expected {
        return Err(Damage::Columns.of(path));
    }
    let json = value(metadata, PROVENANCE_KEY, path)?;
    serde_json::from_str(json).map_err(|error| Damage::Provenance(error).of(path))
}

fn value<'a>(metadata: &'a FileMetaData, key: &'static str, path: &Path) -> Result<&'a str, LabelsError> {
    pair(metadata, key).ok_or_else(|| LabelsError::NotLabels { path: path.to_owned(), missing: key })
}

fn pair<'a>(metadata: &'a FileMetaData, key: &str) -> Option<&'a str> {
    let pair = metadata.key_value_metadata().into_iter().flatten().find(|pair| pair.key == key);
    pair.and_then(|pair| pair.value.as_deref())
}

impl Frames {
    /// The next frame; `None` at the end.
    fn advance(&mut self) -> Result<Option<FrameLabels>, Damage> {
        loop {
            if let Some(frame) = self.ready.next() {
                return self.follow(frame).map(Some);
            }
            let Some(group) = self.groups.next() else { return self.end() };
            let file = &self.file;
            let frames = contained(|| read_rows(&*file.get_row_group(group)?)?.into_frames())?;
            self.ready = frames.into_iter();
        }
    }

    /// Checks that `frame` comes after the one before it, which may be of another row group.
    fn follow(&mut self, frame: FrameLabels) -> Result<FrameLabels, Damage> {
        if self.last.is_some_and(|last| last >= frame.frame) {
            return Err(Damage::Frame { frame: frame.frame.0.cast_signed() });
        }
        self.last = Some(frame.frame);
        self.read += 1;
        Ok(frame)
    }

    fn end(&self) -> Result<Option<FrameLabels>, Damage> {
        if self.read == self.expected {
            return Ok(None);
        }
        Err(Damage::FrameCount { expected: self.expected, found: self.read })
    }
}

impl Iterator for Frames {
    type Item = Result<FrameLabels, LabelsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.advance().map_err(|damage| damage.of(&self.path)).transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frames").field("path", &self.path).field("read", &self.read).finish_non_exhaustive()
    }
}

/// Runs the Parquet decoder where a panic is an error like any other. The seal keeps damage from it, but not malice:
/// anyone can seal anything.
fn contained<T>(decode: impl FnOnce() -> Result<T, Damage>) -> Result<T, Damage> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| Err(Damage::Panic { message: message(&*panic) }))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
