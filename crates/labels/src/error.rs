//! Everything that can be wrong with a label file, its name or what goes into it. Each variant holds the facts.

use parquet::errors::ParquetError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why labels cannot be written or read.
#[derive(Debug, Error)]
pub enum LabelsError {
    /// The file could not be written.
    #[error("{}: cannot be written; see that its folder exists, may be written to and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A stream, of which only its owner knows the name, broke.
    #[error("the stream of labels broke")]
    Stream {
        /// Why.
        source: io::Error,
    },
    /// Not a Parquet file.
    #[error("{}: not a label file: it does not start as Parquet files do", path.display())]
    NotParquet {
        /// The file.
        path: PathBuf,
    },
    /// A Parquet file, but not one of labels.
    #[error(
        "{}: a Parquet file, but not one of labels as swingpose wrote it: it holds no `{missing}`; if another program \
         has saved it anew, use the original",
        path.display()
    )]
    NotLabels {
        /// The file.
        path: PathBuf,
        /// The metadata that should be there.
        missing: &'static str,
    },
    /// A part of labels that are not finished.
    #[error(
        "{}: one segment of labels that are not finished; label the input again as before, and they are",
        path.display()
    )]
    Segment {
        /// The file.
        path: PathBuf,
    },
    /// Someone else is at it.
    #[error(
        "{}: {} is labeling into it, and it is left alone",
        output.display(),
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("another process ({pid})"))
    )]
    InUse {
        /// The label file.
        output: PathBuf,
        /// The process, by its number, where that is known.
        holder: Option<u32>,
    },
    /// The thread that makes segments whole ended without a word.
    #[error("{}: making a segment whole ended unexpectedly; please report it", folder.display())]
    Segments {
        /// The folder of segments.
        folder: PathBuf,
    },
    /// Labels in a format of another time.
    #[error("{}: labels in format {found}, and this version of swingpose reads format {supported}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: String,
        /// The format that can be read.
        supported: &'static str,
    },
    /// A label file that is not as it was written.
    #[error("{}: damaged label file: {damage}; label the input again, or take the file from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        damage: Damage,
    },
    /// A frame that does not come after the one before it.
    #[error("frame {found} cannot follow frame {previous}: frames are written in increasing order")]
    Order {
        /// The last frame.
        previous: u64,
        /// The frame after it.
        found: u64,
    },
    /// A frame's number beyond what the table holds.
    #[error("frame {frame} cannot be written: the table numbers frames up to {}", i64::MAX)]
    FrameNumber {
        /// The frame.
        frame: u64,
    },
    /// Two inputs with one label file.
    #[error(
        "{} and {} would both be labeled in {}: label them in two runs, into two folders",
        first.display(), second.display(), output.display()
    )]
    SharedOutput {
        /// The input that came first.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
        /// The label file.
        output: PathBuf,
    },
    /// A path that ends in no file name.
    #[error("`{}` does not name a file", path.display())]
    NoFileName {
        /// The path.
        path: PathBuf,
    },
    /// A folder without label files.
    #[error("{}: neither the folder nor those within hold a label file, which ends in {}", path.display(), crate::path::SUFFIX)]
    NoLabelFiles {
        /// The folder.
        path: PathBuf,
    },
    /// Two inputs of one name in an export that tells inputs apart by name.
    #[error("{name}: another input of this name, or number, is in the same export: export the two in two runs")]
    SharedName {
        /// The name.
        name: String,
    },
    /// Nobody of the track that was asked for.
    #[error("nobody has track {track} in any frame: ask for another, or for the primary person")]
    NoTrack {
        /// The track.
        track: u32,
    },
    /// Something lies where a folder of exported files, or one of its files, is to go.
    #[error("{}: already there: remove it, or give --out another name", path.display())]
    FolderTaken {
        /// The folder or file.
        path: PathBuf,
    },
    /// A line of JSON that holds no frame.
    #[error("line {line}: not a frame of labels as `export --to jsonl` writes it")]
    JsonLine {
        /// The line, from 1.
        line: u64,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
}

/// What is wrong with a label file.
#[derive(Debug, Error)]
pub enum Damage {
    /// The end is missing.
    #[error("its end is missing: it was cut short at {bytes} bytes")]
    CutShort {
        /// What is left of it.
        bytes: u64,
    },
    /// Some byte differs from what was written.
    #[error("its bytes are not those that were written: their SHA-256 is {found}, and it should be {expected}")]
    Digest {
        /// The digest that the file names.
        expected: String,
        /// The digest of what it holds.
        found: String,
    },
    /// The Parquet reader refused it.
    #[error("the table cannot be decoded")]
    Table(#[from] ParquetError),
    /// The Parquet reader panicked over it.
    #[error("the table cannot be decoded: {message}")]
    Panic {
        /// What the panic said.
        message: String,
    },
    /// Other columns than a label file has.
    #[error("its columns are not those of a label file")]
    Columns,
    /// The provenance is not the JSON it should be.
    #[error("its provenance cannot be understood")]
    Provenance(#[source] serde_json::Error),
    /// Columns that do not belong to the same rows.
    #[error("column `{column}` does not fit the rows of the table")]
    Column {
        /// The column.
        column: &'static str,
    },
    /// An origin that no label has.
    #[error("there is no origin `{found}`")]
    Origin {
        /// What stands there.
        found: String,
    },
    /// Rows of a frame that contradict each other or the frame before.
    #[error("the rows of frame {frame} contradict each other or the frame before")]
    Frame {
        /// The frame.
        frame: i64,
    },
    /// Another number of frames than the provenance says.
    #[error("it holds {found} frames, and its provenance says {expected}")]
    FrameCount {
        /// What the provenance says.
        expected: u64,
        /// What there are.
        found: u64,
    },
}

impl Damage {
    /// The error for the file `path`.
    pub(crate) fn of(self, path: &std::path::Path) -> LabelsError {
        LabelsError::Damaged { path: path.to_owned(), damage: self }
    }
}
