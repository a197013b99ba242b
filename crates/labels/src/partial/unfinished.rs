//! What an earlier run has left of a label file, held by this process alone; and the join that makes a label file of it.

use super::lock::Lock;
use super::segment::{Found, Segment, find};
use super::writer::SegmentWriter;
use crate::error::LabelsError;
use crate::sink::{Ending, LabelSink};
use crate::table::{LabelWriter, read_segment};
use std::fs::{remove_dir, remove_file};
use std::path::{Path, PathBuf};
use std::time::Duration;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;

/// The extension of the folder of segments: `swing.poses.partial` beside `swing.poses.parquet`.
const EXTENSION: &str = "partial";

/// The unfinished labels of one label file. Nobody else writes to them until this is dropped; a folder without segments
/// goes then.
#[derive(Debug)]
pub struct Unfinished {
    pub(super) output: PathBuf,
    pub(super) folder: PathBuf,
    lock: Lock,
    pub(super) found: Found,
}

/// What a label file came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// Frames in it.
    pub frames: u64,
    /// People in it, over all frames.
    pub people: u64,
    /// Frames that could not be decoded.
    pub lost_frames: u64,
    /// What a person should know of the input.
    pub notes: Vec<String>,
}

impl Unfinished {
    /// The folder of segments of the label file `output`.
    #[must_use]
    pub fn folder_of(output: &Path) -> PathBuf {
        output.with_extension(EXTENSION)
    }

    /// Takes hold of what there is of the label file `output`, which may be nothing. Nothing that is there is changed.
    ///
    /// # Errors
    /// [`LabelsError::InUse`] where another process has it, [`LabelsError::Write`], [`LabelsError::Read`].
    pub fn open(output: &Path) -> Result<Self, LabelsError> {
        if output.file_name().is_none() {
            return Err(LabelsError::NoFileName { path: output.to_owned() });
        }
        let folder = Self::folder_of(output);
        let lock = Lock::take(&folder, output)?;
        let mut unfinished = Self { output: output.to_owned(), folder, lock, found: Found::default() };
        unfinished.found = find(&unfinished.folder)?;
        Ok(unfinished)
    }

    /// The folder of segments.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What made the segments; `None` where there are none.
    #[must_use]
    pub const fn made(&self) -> Option<&Provenance> {
        self.found.made.as_ref()
    }

    /// How many frames are labeled.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.found.whole.iter().map(|segment| segment.frames).sum()
    }

    /// What is labeled, in the order of frames. After an error there is nothing to go by.
    ///
    /// # Errors
    /// A segment that cannot be read after all.
    pub fn labeled(&self) -> impl Iterator<Item = Result<FrameLabels, LabelsError>> {
        self.found.whole.iter().flat_map(|segment| {
            let (frames, refusal) = match read_segment(&segment.path) {
                Ok((labels, _)) => (Some(labels.frames), None),
                Err(error) => (None, Some(Err(error))),
            };
            frames.into_iter().flatten().chain(refusal)
        })
    }

    /// Whether the segments reach to the end, and have only to be joined.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.found.whole.last().is_some_and(|segment| segment.stretch.last)
    }

    /// What a person should know of the folder: damaged segments, a file system without locks.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let lacking = self.lock.lacking.as_ref().map(|error| {
            let folder = self.folder.display();
            format!("{folder}: the file system keeps no locks ({error}): let only one process at a time label into it")
        });
        self.found.remarks.iter().cloned().chain(lacking).collect()
    }

    /// Takes all segments away.
    ///
    /// # Errors
    /// [`LabelsError::Write`].
    pub fn discard(&mut self) -> Result<(), LabelsError> {
        let segments = self.found.whole.drain(..).map(|segment| segment.path);
        self.found.strays.extend(segments);
        self.found.made = None;
        self.remove_strays()
    }

    /// The frame to go on with, where the first one to label is `first`. What does not reach from there is taken away.
    ///
    /// # Errors
    /// [`LabelsError::Write`].
    pub fn resume(&mut self, first: u64) -> Result<u64, LabelsError> {
        if self.found.whole.first().is_some_and(|segment| segment.stretch.start != first) {
            self.discard()?;
        }
        self.remove_strays()?;
        Ok(self.next_frame(first))
    }

    /// Goes on with frame `next`, as `provenance` says, in segments of so much of the input's time.
    #[must_use]
    pub fn write(self, next: u64, provenance: Provenance, length: Duration) -> SegmentWriter {
        SegmentWriter::new(self, next, provenance, length)
    }

    /// Joins the segments, which reach to the end, into the label file, and takes them away. `None` if `should_stop` says
    /// so before it is written; then all segments stay.
    ///
    /// # Errors
    /// A segment that cannot be read after all, or [`LabelsError::Write`].
    pub fn join(&mut self, should_stop: &dyn Fn() -> bool) -> Result<Option<Joined>, LabelsError> {
        let Some(made) = self.found.made.clone() else { return Ok(None) };
        let mut joined = Joined::default();
        let mut writer = LabelWriter::create(&self.folder.join("joined"), &made)?;
        for segment in &self.found.whole {
            let (labels, _) = read_segment(&segment.path)?;
            for frame in labels.frames {
                let frame = frame?;
                writer.write(&frame)?;
                joined.frames += 1;
                joined.people += frame.people.len() as u64;
            }
            joined.lost_frames += segment.lost_frames();
            let new = segment.stretch.notes.iter().filter(|note| !joined.notes.contains(note));
            let new: Vec<String> = new.cloned().collect();
            joined.notes.extend(new);
            if should_stop() {
                return Ok(None);
            }
        }
        writer.finish_as(&self.output, Ending { lost_frames: joined.lost_frames }, None)?;
        // The labels are whole: what stays of the segments, the next run takes away.
        let _ = self.discard();
        Ok(Some(joined))
    }

    /// Adds a segment that has come to be whole.
    pub(super) fn push(&mut self, segment: Segment, made: &Provenance) {
        self.found.whole.push(segment);
        self.found.made.get_or_insert_with(|| made.clone());
    }

    /// The frame after the last segment.
    fn next_frame(&self, first: u64) -> u64 {
        self.found.whole.last().map_or(first, |segment| segment.stretch.end)
    }

    fn remove_strays(&mut self) -> Result<(), LabelsError> {
        for path in self.found.strays.drain(..) {
            remove_file(&path).map_err(|source| LabelsError::Write { path, source })?;
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.found.whole.is_empty() {
            self.lock.remove();
            // It may hold somebody's files, or another process may have come in: then it stays.
            let _ = remove_dir(&self.folder);
        }
    }
}
