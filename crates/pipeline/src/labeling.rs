//! One input being labeled: decoding on threads of its own (`decoding`), the networks on the caller's.
//!
//! [`Labeling`] is an iterator of frames' labels. Frames go through the networks in batches; what a frame's labels are
//! does not depend on its neighbours in the batch. On a GPU a batch's keypoints are read when those of the next batch
//! are being computed, and its boxes when the detector is at the next: the GPU has work while the host looks at them.
//! Finished labels come in the order of frames, and then everybody gets their track.

use crate::batch::{DetectionBatch, Frame, FrameBatch, PersonBox};
use crate::decoding::{Decoded, Decoding};
use crate::detect::Detecting;
use crate::error::PipelineError;
use crate::estimate::Estimating;
use crate::labeler::{BoxSource, Labeler};
use crate::options::FrameRange;
use crate::reporter::{Stage, StageTimes};
use crate::schedule::Schedule;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use swingpose_core::{BoundingBox, FrameLabels, Origin};
use swingpose_track::Tracker;
use swingpose_video::{SourceOptions, VideoInfo};

/// The labels of one input, frame by frame. Dropping it stops the decoding.
pub struct Labeling<'a> {
    labeler: &'a Labeler,
    input: PathBuf,
    decoding: Decoding,
    schedule: Schedule,
    tracker: Tracker,
    /// The frames whose labels are given; those of frames before only lead up to them.
    frames: FrameRange,
    /// A frame that came and could not go with those before it.
    next_frame: Option<Frame>,
    /// In the order of the frames, which come after those of `begun`.
    sought: VecDeque<Sought>,
    begun: VecDeque<Begun>,
    /// Whether no more frames are taken.
    drained: bool,
    /// What ends it all, once the labels before it are taken.
    failed: Option<PipelineError>,
    ready: VecDeque<FrameLabels>,
    /// Set by the end of the input or by an error that ends it; nothing is decoded after it.
    ended: bool,
    tally: Tally,
}

/// A batch in the detector.
struct Sought {
    frames: FrameBatch,
    people: Detecting,
}

/// A batch in the pose network.
struct Begun {
    frames: FrameBatch,
    poses: Estimating,
}

/// What came of an input so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) frames: u64,
    pub(crate) people: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) times: StageTimes,
}

impl Tally {
    pub(crate) fn count(&mut self, labels: &FrameLabels) {
        self.frames += 1;
        self.people += labels.people.len() as u64;
    }
}

impl<'a> Labeling<'a> {
    /// Labels `frames` of `input`, with the labels that they have among all those that the labeler is to label. `tracker` has
    /// followed people up to there.
    pub(crate) fn start(
        labeler: &'a Labeler,
        input: &Path,
        frames: FrameRange,
        tracker: Tracker,
    ) -> Result<Self, PipelineError> {
        let threads = labeler.threads.map_or(0, std::num::NonZeroUsize::get);
        let options = SourceOptions { threads, frames: labeler.options.leading_up_to(frames).bounds() };
        let decoding = labeler.decoding(input, &options)?;
        let info = decoding.info();
        if let BoxSource::Given(boxes) = &labeler.boxes {
            boxes.check(info.frame_count, info.size)?;
        }
        let schedule = Schedule::new(labeler.options.detect_every);
        let (ready, tally) = (VecDeque::new(), Tally::default());
        let (input, next_frame) = (input.to_owned(), None);
        let (sought, begun) = (VecDeque::new(), VecDeque::new());
        Ok(Self {
            labeler,
            input,
            decoding,
            schedule,
            tracker,
            frames,
            next_frame,
            sought,
            begun,
            drained: false,
            failed: None,
            ready,
            ended: false,
            tally,
        })
    }

    /// What is known of the input.
    #[must_use]
    pub const fn info(&self) -> &VideoInfo {
        self.decoding.info()
    }

    /// How many frames are expected.
    #[must_use]
    pub fn expected_frames(&self) -> u64 {
        self.frames.count(self.info().frame_count)
    }

    /// The number after the last frame.
    pub(crate) fn end_frame(&self) -> u64 {
        self.frames.end(self.info().frame_count)
    }

    /// What a person should know of the input so far.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.tally.notes.clone()
    }

    /// How many frames were labeled and taken so far.
    #[must_use]
    pub fn labeled(&self) -> u64 {
        self.tally.frames - self.ready.len() as u64
    }

    /// Labels more frames; nothing is left to label when it leaves `ready` empty.
    fn advance(&mut self) -> Result<(), PipelineError> {
        while self.ready.is_empty() {
            let sought = self.seek();
            let ahead = usize::from(sought && self.runs_ahead());
            let begun = self.sought.len() > ahead && self.begin();
            let behind = usize::from((sought || begun) && self.runs_ahead());
            if self.begun.len() > behind {
                self.finish()?;
            } else if !sought && !begun {
                return self.failed.take().map_or_else(|| self.end(), Err);
            }
        }
        Ok(())
    }

    /// Whether a batch is finished after the next is begun, and begun after the detector has seen the next: a GPU is to have work while
    /// the host looks at boxes and labels. Not where the next frame's boxes come from these labels.
    fn runs_ahead(&self) -> bool {
        self.labeler.is_on_gpu() && self.schedule.detects_always()
    }

    /// Frames that are in flight.
    fn held(&self) -> usize {
        let sought = self.sought.iter().map(|sought| sought.frames.len());
        sought.chain(self.begun.iter().map(|begun| begun.frames.len())).sum()
    }

    /// The next frames, fewer at the end of the input, and where frames on the GPU and on the host meet. Where a frame's boxes
    /// come from the labels of the one before, each goes alone.
    fn next_batch(&mut self) -> Result<FrameBatch, PipelineError> {
        let most = self.labeler.batch.get().min(self.decoding.room());
        let wanted = if self.schedule.detects_always() { most } else { 1 };
        let mut frames = FrameBatch::with_capacity(wanted);
        frames.extend(self.next_frame.take());
        while frames.len() < wanted {
            match self.decoding.next() {
                Some(Decoded::Frame(frame, time)) => {
                    self.tally.times.add(Stage::Decode, time);
                    if frames.last().is_some_and(|last| last.is_on_device() != frame.is_on_device()) {
                        self.next_frame = Some(*frame);
                        break;
                    }
                    frames.push(*frame);
                }
                Some(Decoded::Lost(error)) => self.tally.notes.push(error.to_string()),
                Some(Decoded::Failed(error)) => return Err(error),
                None => break,
            }
        }
        Ok(frames)
    }

    /// Begins to look for the people of the next frames, if there are any, and room for them; what fails is for later.
    fn seek(&mut self) -> bool {
        let held = self.held();
        if self.drained || held > 0 && held + self.labeler.batch.get() >= self.decoding.room() {
            return false;
        }
        let sought = self.next_batch().and_then(|frames| {
            if frames.is_empty() {
                return Ok(None);
            }
            let people = self.labeler.run(|| self.people(&frames))?;
            Ok(Some(Sought { frames, people }))
        });
        match sought {
            Ok(Some(sought)) => self.sought.push_back(sought),
            Ok(None) => self.drained = true,
            Err(error) => self.fail(error),
        }
        !self.drained
    }

    /// Begins with the keypoints of the people that the detector was first asked for; what fails is for later.
    fn begin(&mut self) -> bool {
        let Some(Sought { frames, people }) = self.sought.pop_front() else { return false };
        let labeler = self.labeler;
        let begun = labeler.run(|| {
            let people = people.finish(&mut self.tally.times)?.ranked(labeler.options.max_people);
            let poses = labeler.pose.begin(&frames, people, &mut self.tally.times)?;
            Ok(Begun { frames, poses })
        });
        match begun {
            Ok(begun) => self.begun.push_back(begun),
            Err(error) => {
                self.sought.clear();
                self.fail(error);
            }
        }
        !self.begun.is_empty()
    }

    /// Takes no more frames; the labels of those before come first.
    fn fail(&mut self, error: PipelineError) {
        self.failed = Some(error);
        self.drained = true;
    }

    /// Makes labels of the batch that was begun first.
    fn finish(&mut self) -> Result<(), PipelineError> {
        let Some(Begun { frames, poses }) = self.begun.pop_front() else { return Ok(()) };
        let labeler = self.labeler;
        let poses = labeler.run(|| poses.finish(&mut self.tally.times))?;
        let sizes: Vec<_> = frames.iter().map(Frame::size).collect();
        let labels = poses.into_labels(frames, self.info().timebase);
        for (mut labels, size) in labels.into_iter().zip(sizes) {
            self.schedule.learn(&labels, size);
            if labels.frame.0 >= self.frames.start() {
                self.tracker.follow(&mut labels);
                labeler.options.primary.mark(&mut labels, size, &self.tracker);
                self.tally.count(&labels);
                self.ready.push_back(labels);
            }
        }
        Ok(())
    }

    /// Everybody's boxes, from wherever they come.
    fn people(&mut self, frames: &FrameBatch) -> Result<Detecting, PipelineError> {
        let people = match &self.labeler.boxes {
            BoxSource::WholeFrame => each(frames, |frame| vec![whole_frame(frame)]),
            BoxSource::Given(boxes) => each(frames, |frame| boxes.people(frame.index)),
            BoxSource::Detector(detector) => match frames.as_slice() {
                [frame] if let Some(carried) = self.schedule.carried(frame.index) => {
                    DetectionBatch { people: vec![carried] }
                }
                _ => return detector.begin(frames, &mut self.tally.times),
            },
        };
        Ok(Detecting::Done(people))
    }

    /// Takes in what the decoding thread counted.
    fn end(&mut self) -> Result<(), PipelineError> {
        let Some(stats) = self.decoding.finish()? else { return Ok(()) };
        self.tally.notes.extend(stats.notes.iter().cloned());
        let begins = self.frames.start() == self.labeler.options.frames.start();
        if begins && self.tally.frames == 0 {
            let first_loss = self.tally.notes.first().cloned();
            return Err(PipelineError::NoFrames { path: self.input.clone(), first_loss });
        }
        Ok(())
    }

    /// What came of it, after the last frame.
    pub(crate) fn into_tally(mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// Where the caller counts its own time.
    pub(crate) const fn times(&mut self) -> &mut StageTimes {
        &mut self.tally.times
    }
}

impl Iterator for Labeling<'_> {
    type Item = Result<FrameLabels, PipelineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && !self.ended {
            match self.advance() {
                Ok(()) => self.ended = self.ready.is_empty(),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

fn each(frames: &FrameBatch, people: impl Fn(&Frame) -> Vec<PersonBox>) -> DetectionBatch {
    DetectionBatch { people: frames.iter().map(people).collect() }
}

fn whole_frame(frame: &Frame) -> PersonBox {
    let (width, height) = frame.size();
    let bounding_box = BoundingBox::new(0.0, 0.0, width as f32, height as f32);
    PersonBox { bounding_box, score: 1.0, origin: Origin::WholeFrame }
}
