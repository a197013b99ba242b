//! One input to one label file: [`Labeler::label_file`].
//!
//! Labels are written as they are made, in segments of some seconds, and become the label file when all are there, with what
//! made them. Where a label file or a part of it is there already, its provenance tells whether it is this very work, done or
//! begun before: a file that merely exists says nothing.

use crate::error::PipelineError;
use crate::labeler::Labeler;
use crate::labeling::Labeling;
use crate::provenance::{FileDigest, HashedInput};
use crate::reporter::{Reporter, Stage, StageTimes, Summary};
use std::path::Path;
use std::time::Instant;
use swingpose_core::provenance::{Input, coco_image_id};
use swingpose_labels::{Joined, Labels, SegmentWriter, Unfinished, read};
use swingpose_track::Tracker;
use swingpose_video::{Codec, VideoInfo};

/// What to do where a label file exists, or was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Leave it, if it was made from the same input in the same way: then the work is done, or goes on. If not, that is an
    /// error.
    #[default]
    Keep,
    /// Replace it, once the new one is whole. What was begun in the same way goes on all the same.
    Overwrite,
}

impl Labeler {
    /// Labels `input` and writes `output`, telling `reporter` how it goes. What an earlier call has labeled of it before it
    /// was stopped or killed is not labeled again.
    ///
    /// # Errors
    /// An input that cannot be decoded or that changes on the way, a label file that cannot be written, that holds other
    /// labels ([`PipelineError::Exists`], [`PipelineError::Begun`]) or that another process is at
    /// ([`LabelsError::InUse`](swingpose_labels::LabelsError::InUse)), or [`PipelineError::Interrupted`]. No label file is left
    /// or replaced then; what is labeled stays beside it for the next call.
    pub fn label_file(
        &self,
        input: &Path,
        output: &Path,
        existing: Existing,
        reporter: &mut dyn Reporter,
    ) -> Result<Summary, PipelineError> {
        let start = Instant::now();
        let source = HashedInput::read(input, &|| reporter.should_stop())?;
        let keep = existing == Existing::Keep;
        if keep && output.exists() {
            return self.labeled_before(input, output, &source.digest, start);
        }
        let mut unfinished = Unfinished::open(output)?;
        // Another process may have finished it just now.
        if keep && output.exists() {
            drop(unfinished);
            return self.labeled_before(input, output, &source.digest, start);
        }
        self.claim(&mut unfinished, &source.digest, existing)?;
        let (frames_before, remarks) = (unfinished.frames(), unfinished.remarks());
        let (joined, stages) = if unfinished.is_complete() {
            (unfinished.join(&|| reporter.should_stop())?, StageTimes::default())
        } else {
            self.go_on(&source, input, unfinished, reporter)?
        };
        let mut joined = joined.ok_or(PipelineError::Interrupted)?;
        joined.notes.splice(0..0, remarks);
        let summary = summary(input, output, joined, start);
        Ok(Summary { frames_before, stages, ..summary })
    }

    /// Makes sure that what was begun is the work that this labeler would do.
    fn claim(&self, begun: &mut Unfinished, digest: &FileDigest, existing: Existing) -> Result<(), PipelineError> {
        let difference = begun.made().and_then(|made| self.making.difference(made, digest));
        match (difference, existing) {
            (None, _) => {}
            (Some(_), Existing::Overwrite) => begun.discard()?,
            (Some(difference), Existing::Keep) => {
                return Err(PipelineError::Begun { path: begun.folder().to_owned(), difference });
            }
        }
        Ok(())
    }

    /// Labels what is missing. Whatever ends that too early, the labels up to there are kept.
    fn go_on(
        &self,
        source: &HashedInput,
        input: &Path,
        mut unfinished: Unfinished,
        reporter: &mut dyn Reporter,
    ) -> Result<(Option<Joined>, StageTimes), PipelineError> {
        let first = unfinished.resume(self.options.frames.start())?;
        let tracker = followed(&unfinished)?;
        let mut labeling = Labeling::start(self, input, self.options.frames.from(first), tracker)?;
        reporter.started(input, labeling.expected_frames());
        let provenance = self.making.of(described(input, source.digest.clone(), labeling.info()));
        let mut segments = unfinished.write(first, provenance, self.segment);
        match fill(&mut segments, &mut labeling, source, reporter) {
            Ok(()) => {
                let end = labeling.end_frame();
                let mut tally = labeling.into_tally();
                let finish = || segments.finish(end, tally.notes, &|| reporter.should_stop());
                Ok((tally.times.time(Stage::Write, finish)?, tally.times))
            }
            Err(error) => {
                let sound = !matches!(error, PipelineError::Labels(_)) && source.check().is_ok();
                if sound {
                    segments.keep(labeling.notes())?;
                }
                Err(error)
            }
        }
    }

    /// The summary of finished work, if `output` is that.
    fn labeled_before(
        &self,
        input: &Path,
        output: &Path,
        digest: &FileDigest,
        start: Instant,
    ) -> Result<Summary, PipelineError> {
        let refusal = |source| PipelineError::ExistsDamaged { path: output.to_owned(), source };
        let Labels { provenance, frames } = read(output).map_err(refusal)?;
        if let Some(difference) = self.making.difference(&provenance, digest) {
            return Err(PipelineError::Exists { path: output.to_owned(), difference });
        }
        let mut joined = Joined { lost_frames: provenance.input.lost_frames, ..Joined::default() };
        for labels in frames {
            joined.frames += 1;
            joined.people += labels.map_err(refusal)?.people.len() as u64;
        }
        tidy(output);
        Ok(Summary { already_labeled: true, ..summary(input, output, joined, start) })
    }
}

/// A tracker that has seen all that is labeled, as if it had never stopped.
fn followed(unfinished: &Unfinished) -> Result<Tracker, PipelineError> {
    let mut tracker = Tracker::default();
    for labels in unfinished.labeled() {
        tracker.follow(&mut labels?);
    }
    Ok(tracker)
}

/// Writes all that `labeling` gives. A segment is made whole only if the input is still the one that was hashed.
fn fill(
    segments: &mut SegmentWriter,
    labeling: &mut Labeling<'_>,
    source: &HashedInput,
    reporter: &mut dyn Reporter,
) -> Result<(), PipelineError> {
    while let Some(labels) = labeling.next() {
        let labels = labels?;
        if segments.is_due(&labels) {
            source.check()?;
            segments.cut(labels.frame.0, labeling.notes())?;
        }
        labeling.times().time(Stage::Write, || segments.write(&labels))?;
        reporter.progressed(labeling.labeled());
        if reporter.should_stop() {
            return Err(PipelineError::Interrupted);
        }
    }
    source.check()
}

/// Takes away segments that a process killed at its very end has left beside a whole label file.
fn tidy(output: &Path) {
    if Unfinished::folder_of(output).is_dir() {
        // They stand in nobody's way: whatever keeps them may do so.
        let _ = Unfinished::open(output).and_then(|mut unfinished| unfinished.discard());
    }
}

/// The input as the provenance tells it. What is known only at its end, how many frames there are and how many are lost,
/// the label file's writer fills in.
fn described(path: &Path, digest: FileDigest, info: &VideoInfo) -> Input {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let is_picture = matches!(info.codec, Codec::Png | Codec::Jpeg);
    Input {
        image_id: if is_picture { coco_image_id(&name) } else { None },
        name,
        sha256: digest.sha256,
        bytes: digest.bytes,
        size: info.size,
        codec: info.codec.to_string(),
        rotation: info.rotation.degrees(),
        timebase: info.timebase,
        frames: 0,
        lost_frames: 0,
        matrix: info.color.matrix.name().to_owned(),
        range: info.color.range.name().to_owned(),
        bit_depth: info.bit_depth,
    }
}

fn summary(input: &Path, output: &Path, joined: Joined, start: Instant) -> Summary {
    Summary {
        input: input.to_owned(),
        output: output.to_owned(),
        already_labeled: false,
        frames: joined.frames,
        frames_before: 0,
        people: joined.people,
        lost_frames: joined.lost_frames,
        notes: joined.notes,
        wall: start.elapsed(),
        stages: StageTimes::default(),
    }
}
