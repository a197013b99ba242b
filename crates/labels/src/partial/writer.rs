//! Frames into segments. The caller says where a segment ends; making it whole, which waits for the disk, happens on a
//! thread of its own.

use super::segment::{Segment, Stretch, segment_path};
use super::unfinished::{Joined, Unfinished};
use crate::error::LabelsError;
use crate::sink::{Ending, LabelSink};
use crate::table::LabelWriter;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;

/// Writes segments. Dropped, it leaves those that are whole, and nothing of the one in hand.
pub struct SegmentWriter {
    unfinished: Unfinished,
    provenance: Provenance,
    length: Duration,
    /// The first frame of the segment in hand.
    start: u64,
    in_hand: Option<InHand>,
    /// The segment before it, on its way to the disk.
    settling: Option<JoinHandle<Result<Segment, LabelsError>>>,
}

/// A segment that frames are still written to.
struct InHand {
    writer: LabelWriter,
    /// The time of its first frame, in seconds.
    began_s: f64,
    /// The number of its last frame.
    last: u64,
    frames: u64,
    people: u64,
}

impl SegmentWriter {
    pub(super) const fn new(unfinished: Unfinished, start: u64, provenance: Provenance, length: Duration) -> Self {
        Self { unfinished, provenance, length, start, in_hand: None, settling: None }
    }

    /// Whether the segment in hand is as long as it is to be, so that `labels` begin another.
    #[must_use]
    pub fn is_due(&self, labels: &FrameLabels) -> bool {
        let began_s = self.in_hand.as_ref().map(|segment| segment.began_s);
        began_s.is_some_and(|began_s| labels.time_s - began_s >= self.length.as_secs_f64())
    }

    /// Takes the labels of the next frame.
    ///
    /// # Errors
    /// As [`LabelSink::write`].
    pub fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        if self.in_hand.is_none() {
            self.in_hand = Some(self.begin(labels.time_s)?);
        }
        if let Some(segment) = &mut self.in_hand {
            segment.writer.write(labels)?;
            segment.last = labels.frame.0;
            segment.frames += 1;
            segment.people += labels.people.len() as u64;
        }
        Ok(())
    }

    fn begin(&self, began_s: f64) -> Result<InHand, LabelsError> {
        let path = segment_path(&self.unfinished.folder, self.start);
        let writer = LabelWriter::create(&path, &self.provenance)?;
        Ok(InHand { writer, began_s, last: self.start, frames: 0, people: 0 })
    }

    /// Ends the segment in hand before frame `end`, and begins to make it whole. `notes` are what a person should know of it.
    ///
    /// # Errors
    /// What kept the segment before it from becoming whole.
    pub fn cut(&mut self, end: u64, notes: Vec<String>) -> Result<(), LabelsError> {
        self.settle()?;
        let Some(segment) = self.in_hand.take() else { return Ok(()) };
        self.give_away(segment, Stretch { start: self.start, end, last: false, notes });
        Ok(())
    }

    /// Makes whole what is in hand, to go on from it another time.
    ///
    /// # Errors
    /// [`LabelsError::Write`]; then only the segment in hand is gone.
    pub fn keep(mut self, notes: Vec<String>) -> Result<(), LabelsError> {
        let end = self.in_hand.as_ref().map(|segment| segment.last + 1);
        if let Some(end) = end {
            self.cut(end, notes)?;
        }
        self.settle()
    }

    /// Makes the label file, at the end of the input, which is before frame `end`. `None` if `should_stop` says so before it is
    /// written; then all segments stay.
    ///
    /// # Errors
    /// [`LabelsError::Write`], or a segment that cannot be read after all.
    pub fn finish(
        mut self,
        end: u64,
        notes: Vec<String>,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Option<Joined>, LabelsError> {
        self.settle()?;
        let segment = match self.in_hand.take() {
            Some(segment) => segment,
            None => self.begin(0.0)?,
        };
        let end = if segment.frames == 0 { end.max(self.start) } else { end.max(segment.last + 1) };
        if self.unfinished.made().is_some() {
            self.give_away(segment, Stretch { start: self.start, end, last: true, notes });
            self.settle()?;
            return self.unfinished.join(should_stop);
        }
        // All of it in one segment: that is the label file already.
        let InHand { writer, frames, people, .. } = segment;
        let lost_frames = end - self.start - frames;
        writer.finish_as(&self.unfinished.output, Ending { lost_frames }, None)?;
        Ok(Some(Joined { frames, people, lost_frames, notes }))
    }

    /// Has the segment made whole.
    fn give_away(&mut self, segment: InHand, stretch: Stretch) {
        let InHand { writer, frames, .. } = segment;
        let path = segment_path(&self.unfinished.folder, self.start);
        self.start = stretch.end;
        self.settling = Some(spawn(move || {
            let segment = Segment { path, stretch, frames };
            let ending = Ending { lost_frames: segment.lost_frames() };
            writer.finish_as(&segment.path, ending, Some(&segment.stretch))?;
            Ok(segment)
        }));
    }

    /// Waits for the segment on its way to the disk.
    fn settle(&mut self) -> Result<(), LabelsError> {
        let Some(settling) = self.settling.take() else { return Ok(()) };
        let settled = settling.join();
        let segment = settled.map_err(|_panic| LabelsError::Segments { folder: self.unfinished.folder.clone() })??;
        self.unfinished.push(segment, &self.provenance);
        Ok(())
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        self.in_hand = None;
        // The lock must outlive the thread that writes under it; what went wrong there is told elsewhere.
        let _ = self.settle();
    }
}
