//! One input to one label file: [`Labeler::label_file`].
//!
//! Labels are written as they are made and get the file's name only when all are in it, with what made them. Where a
//! label file is there already, its provenance tells whether it is this very work, done before: a file that merely
//! exists says nothing.

use crate::error::PipelineError;
use crate::labeler::Labeler;
use crate::labeling::Tally;
use crate::provenance::{FileDigest, digest_file};
use crate::reporter::{Reporter, Stage, Summary};
use std::path::Path;
use std::time::Instant;
use swingpose_core::provenance::{Input, coco_image_id};
use swingpose_labels::{Ending, LabelSink, LabelWriter, Labels, read};
use swingpose_video::{Codec, VideoInfo};

/// What to do where a label file exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Leave it. If it was made from the same input in the same way, the work is done; if not, that is an error.
    #[default]
    Keep,
    /// Replace it, once the new one is whole.
    Overwrite,
}

impl Labeler {
    /// Labels `input` and writes `output`, telling `reporter` how it goes.
    ///
    /// # Errors
    /// An input that cannot be decoded, a label file that cannot be written or that holds other labels
    /// ([`PipelineError::Exists`]), or [`PipelineError::Interrupted`]. No label file is left or replaced then.
    pub fn label_file(
        &self,
        input: &Path,
        output: &Path,
        existing: Existing,
        reporter: &mut dyn Reporter,
    ) -> Result<Summary, PipelineError> {
        let start = Instant::now();
        let digest = digest_file(input)?;
        if existing == Existing::Keep && output.exists() {
            return self.labeled_before(input, output, &digest, start);
        }
        let mut labeling = self.label(input)?;
        reporter.started(input, labeling.expected_frames());
        let provenance = self.making.of(described(input, digest, labeling.info()));
        let mut writer = LabelWriter::create(output, &provenance)?;
        while let Some(labels) = labeling.next() {
            let labels = labels?;
            labeling.times().time(Stage::Write, || writer.write(&labels))?;
            reporter.progressed(labeling.labeled());
            if reporter.should_stop() {
                return Err(PipelineError::Interrupted);
            }
        }
        let mut tally = labeling.into_tally();
        let ending = Ending { lost_frames: tally.lost_frames };
        tally.times.time(Stage::Write, || writer.finish(ending))?;
        Ok(summary(input, output, tally, start))
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
        let mut tally = Tally { lost_frames: provenance.input.lost_frames, ..Tally::default() };
        for labels in frames {
            tally.count(&labels.map_err(refusal)?);
        }
        Ok(Summary { already_labeled: true, ..summary(input, output, tally, start) })
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

fn summary(input: &Path, output: &Path, tally: Tally, start: Instant) -> Summary {
    Summary {
        input: input.to_owned(),
        output: output.to_owned(),
        already_labeled: false,
        frames: tally.frames,
        people: tally.people,
        lost_frames: tally.lost_frames,
        notes: tally.notes,
        wall: start.elapsed(),
        stages: tally.times,
    }
}
