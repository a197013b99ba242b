//! One segment: its file's name, and which stretch of the input it is.

use crate::error::LabelsError;
use crate::table::{Labels, read_segment};
use serde::{Deserialize, Serialize};
use std::fs::read_dir;
use std::io;
use std::path::{Path, PathBuf};
use swingpose_core::provenance::{Input, Provenance};

/// What follows the number of the first frame in a segment's name; not the ending of label files, which it is none of.
const SUFFIX: &str = ".segment.parquet";

/// The ending of files that are being written.
const UNFINISHED: &str = ".unfinished";

/// A stretch of the input, kept in the segment's metadata. Frames of it that the table lacks were lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// The number of its first frame.
    pub(crate) start: u64,
    /// The number of the first frame after it.
    pub(crate) end: u64,
    /// Whether it reaches to the end of what was to be labeled.
    pub(crate) last: bool,
    /// What a person should know of it.
    pub(crate) notes: Vec<String>,
}

/// A whole segment on the disk.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) stretch: Stretch,
    /// Frames in its table.
    pub(super) frames: u64,
}

impl Segment {
    /// Frames that could not be decoded.
    pub(super) const fn lost_frames(&self) -> u64 {
        (self.stretch.end - self.stretch.start).saturating_sub(self.frames)
    }
}

/// The segment of `folder` that begins with frame `start`. Names sort as the frames do.
pub(super) fn segment_path(folder: &Path, start: u64) -> PathBuf {
    folder.join(format!("{start:020}{SUFFIX}"))
}

/// What a folder of segments holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Segments of one making, each of which begins where the one before ends.
    pub(super) whole: Vec<Segment>,
    /// What made them.
    pub(super) made: Option<Provenance>,
    /// Files that belong to nothing: unfinished ones, and segments that are damaged or that follow a gap.
    pub(super) strays: Vec<PathBuf>,
    /// What is wrong with those segments.
    pub(super) remarks: Vec<String>,
}

/// Looks through `folder`.
///
/// # Errors
/// [`LabelsError::Read`]; what can be read and is no segment is a stray.
pub(super) fn find(folder: &Path) -> Result<Found, LabelsError> {
    let mut found = Found::default();
    let mut names = names(folder).map_err(|source| LabelsError::Read { path: folder.to_owned(), source })?;
    names.sort_unstable();
    for name in names {
        let path = folder.join(&name);
        if name.ends_with(UNFINISHED) {
            found.strays.push(path);
        } else if name.ends_with(SUFFIX) {
            match read_segment(&path) {
                Ok((labels, stretch)) => found.add(path, labels, stretch),
                Err(error @ LabelsError::Read { .. }) => return Err(error),
                Err(error) => {
                    found.remarks.push(format!("{error}; its frames are labeled again"));
                    found.strays.push(path);
                }
            }
        }
    }
    Ok(found)
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

impl Found {
    fn add(&mut self, path: PathBuf, labels: Labels, stretch: Stretch) {
        let follows = match (self.whole.last(), &self.made) {
            (Some(last), Some(made)) => {
                let before = &last.stretch;
                !before.last && before.end == stretch.start && same_making(made, &labels.provenance)
            }
            _ => true,
        };
        if !follows || stretch.end < stretch.start {
            self.strays.push(path);
            return;
        }
        self.whole.push(Segment { path, stretch, frames: labels.provenance.input.frames });
        self.made.get_or_insert(labels.provenance);
    }
}

/// Whether two segments are of the same making; how many frames they have is their own.
fn same_making(one: &Provenance, other: &Provenance) -> bool {
    let uncounted = |made: &Provenance| {
        let input = Input { frames: 0, lost_frames: 0, ..made.input.clone() };
        Provenance { input, ..made.clone() }
    };
    uncounted(one) == uncounted(other)
}
