//! One input being labeled: decoding on its own thread, the networks on the caller's, a bounded queue in between.
//!
//! [`Labeling`] is an iterator of frames' labels. Frames go through the networks in batches; what a frame's labels are
//! does not depend on its neighbours in the batch.

use crate::batch::{DetectionBatch, Frame, FrameBatch, PersonBox};
use crate::error::PipelineError;
use crate::labeler::{BoxSource, Labeler};
use crate::reporter::{Stage, StageTimes};
use crate::schedule::Schedule;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use swingpose_core::{BoundingBox, FrameLabels, Origin};
use swingpose_video::{SourceOptions, SourceStats, VideoError, VideoInfo, VideoSource};

/// What the decoding thread sends.
enum Decoded {
    /// A frame, and how long it took.
    Frame(Box<Frame>, Duration),
    /// Frames were lost; others follow.
    Lost(VideoError),
    /// Nothing follows.
    Failed(VideoError),
}

/// The labels of one input, frame by frame. Dropping it stops the decoding.
pub struct Labeling<'a> {
    labeler: &'a Labeler,
    input: PathBuf,
    info: VideoInfo,
    decoded: Receiver<Decoded>,
    decoding: Option<JoinHandle<SourceStats>>,
    schedule: Schedule,
    ready: VecDeque<FrameLabels>,
    /// Set by the end of the input or by an error that ends it; nothing is decoded after it.
    ended: bool,
    tally: Tally,
}

/// What came of an input so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) frames: u64,
    pub(crate) people: u64,
    pub(crate) lost_frames: u64,
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
    pub(crate) fn start(labeler: &'a Labeler, input: &Path) -> Result<Self, PipelineError> {
        let threads = labeler.threads.map_or(0, std::num::NonZeroUsize::get);
        let options = SourceOptions { threads, frames: labeler.options.frames.bounds() };
        let source = VideoSource::open(input, &options)?;
        let info = source.info().clone();
        if let BoxSource::Given(boxes) = &labeler.boxes {
            boxes.check(info.frame_count, info.size)?;
        }
        // Twice the batch: one is being labeled while the next is decoded.
        let (sender, decoded) = sync_channel(2 * labeler.batch.get());
        let decoding = Some(std::thread::spawn(move || decode(source, &sender)));
        let schedule = Schedule::new(labeler.options.detect_every);
        let (ready, tally) = (VecDeque::new(), Tally::default());
        Ok(Self { labeler, input: input.to_owned(), info, decoded, decoding, schedule, ready, ended: false, tally })
    }

    /// What is known of the input.
    #[must_use]
    pub const fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// How many frames are expected.
    #[must_use]
    pub fn expected_frames(&self) -> u64 {
        self.labeler.options.frames.count(self.info.frame_count)
    }

    /// How many frames were labeled and taken so far.
    #[must_use]
    pub fn labeled(&self) -> u64 {
        self.tally.frames - self.ready.len() as u64
    }

    /// Labels the next batch; nothing is left to label when it leaves `ready` empty.
    fn advance(&mut self) -> Result<(), PipelineError> {
        let frames = self.next_batch()?;
        if frames.is_empty() {
            return self.end();
        }
        let labeler = self.labeler;
        let labels = labeler.pool.install(|| self.label_batch(frames));
        labels.iter().for_each(|frame| self.tally.count(frame));
        self.ready.extend(labels);
        Ok(())
    }

    /// The next frames, fewer at the end of the input. Where a frame's boxes come from the labels of the one before,
    /// each goes alone.
    fn next_batch(&mut self) -> Result<FrameBatch, PipelineError> {
        let wanted = if self.schedule.detects_always() { self.labeler.batch.get() } else { 1 };
        let mut frames = FrameBatch::with_capacity(wanted);
        while frames.len() < wanted {
            match self.decoded.recv() {
                Ok(Decoded::Frame(frame, time)) => {
                    self.tally.times.add(Stage::Decode, time);
                    frames.push(*frame);
                }
                Ok(Decoded::Lost(error)) => self.tally.notes.push(error.to_string()),
                Ok(Decoded::Failed(error)) => return Err(error.into()),
                Err(_ended) => break,
            }
        }
        Ok(frames)
    }

    fn label_batch(&mut self, frames: FrameBatch) -> Vec<FrameLabels> {
        let people = self.people(&frames).ranked(self.labeler.options.max_people);
        let poses = self.labeler.pose.estimate(&frames, people, &mut self.tally.times);
        let sizes: Vec<_> = frames.iter().map(Frame::size).collect();
        let labels = poses.into_labels(frames, self.info.timebase);
        for (frame, size) in labels.iter().zip(sizes) {
            self.schedule.learn(frame, size);
        }
        labels
    }

    /// Everybody's boxes, from wherever they come.
    fn people(&mut self, frames: &FrameBatch) -> DetectionBatch {
        match &self.labeler.boxes {
            BoxSource::WholeFrame => each(frames, |frame| vec![whole_frame(frame)]),
            BoxSource::Given(boxes) => each(frames, |frame| boxes.people(frame.index)),
            BoxSource::Detector(detector) => match frames.as_slice() {
                [frame] if let Some(carried) = self.schedule.carried(frame.index) => {
                    DetectionBatch { people: vec![carried] }
                }
                _ => detector.detect(frames, &mut self.tally.times),
            },
        }
    }

    /// Takes in what the decoding thread counted.
    fn end(&mut self) -> Result<(), PipelineError> {
        let Some(decoding) = self.decoding.take() else { return Ok(()) };
        let stats = decoding.join().map_err(|_panic| PipelineError::Decoding { path: self.input.clone() })?;
        self.tally.lost_frames = stats.lost_frames();
        self.tally.notes.extend(stats.notes.iter().cloned());
        if self.tally.frames == 0 {
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

/// Decodes until the end, an error that ends the input, or a receiver that is gone.
fn decode(mut source: VideoSource, sender: &SyncSender<Decoded>) -> SourceStats {
    loop {
        let start = Instant::now();
        let decoded = match source.next() {
            None => break,
            Some(Ok(frame)) => {
                let upright = Frame { index: frame.index, pts: frame.pts, image: frame.to_bgr() };
                Decoded::Frame(Box::new(upright), start.elapsed())
            }
            Some(Err(error)) if error.is_recoverable() => Decoded::Lost(error),
            Some(Err(error)) => Decoded::Failed(error),
        };
        let last = matches!(decoded, Decoded::Failed(_));
        if sender.send(decoded).is_err() || last {
            break;
        }
    }
    source.stats().clone()
}
