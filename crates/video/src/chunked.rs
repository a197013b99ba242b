//! The frames of a video track, chunk by chunk over the decoding threads.
//!
//! Chunks go to the threads (`workers`) in order, only as many at once as their frames fit the memory bound, and their
//! frames come back in order. Decoding begins with the first frame asked for.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::chunk::ChunkPlan;
use crate::color::{ColorDescription, Matrix, Range as ColorRange};
use crate::decode;
use crate::demux::{Media, PictureKind};
use crate::error::{DecodeError, LossCause, VideoError};
use crate::info::{StreamHeader, VideoInfo};
use crate::queue::OrderedQueue;
use crate::workers::{Item, Shared, Workers, catching};

/// Bytes of frames that may wait for each decoding thread: a second of 1080p at 40 fps.
const WAITING_BYTES_PER_THREAD: usize = 128 << 20;

/// Chunks of fewer samples are decoded together: handing them over would cost more than it gains.
const FEWEST_SAMPLES: usize = 16;

/// The frames of a track.
pub(crate) struct ChunkedFrames {
    shared: Arc<Shared>,
    plan: ChunkPlan,
    /// Chunks of the plan that no thread has been given yet.
    left: Range<usize>,
    /// The end frames of the chunks that threads have been given, the one being read first.
    in_flight: VecDeque<u64>,
    /// The frame that comes next.
    next_frame: u64,
    threads: usize,
    /// Frames that may wait in memory.
    most_waiting: u64,
    workers: Option<Workers>,
    /// Whether there may be room for another chunk.
    room: bool,
}

impl ChunkedFrames {
    /// Cuts the track and looks at its first picture; `choose` picks the wanted frames when their number is known.
    pub(crate) fn open(
        media: Media,
        threads: usize,
        choose: impl FnOnce(&Path, u64) -> Result<Range<u64>, VideoError>,
    ) -> Result<(VideoInfo, Self), VideoError> {
        let plan = ChunkPlan::new(&media.track.samples);
        if plan.frame_count() == 0 {
            return Err(VideoError::NoFrames { path: media.file.path().to_owned() });
        }
        let wanted = choose(media.file.path(), plan.frame_count())?;
        let color = ColorDescription {
            matrix: media.track.color.matrix.and_then(|code| Matrix::from_code(code).ok().flatten()),
            range: media.track.color.full_range.map(ColorRange::from_flag),
        };
        let header = first_header(&media, color)?;
        let info = describe(&media, &header, color, plan.frame_count());
        let budget = threads.saturating_mul(WAITING_BYTES_PER_THREAD);
        let chunks = Self {
            left: start_for(&media, &plan, wanted.start)..plan.holding(wanted.end - 1) + 1,
            in_flight: VecDeque::new(),
            next_frame: wanted.start,
            threads,
            most_waiting: (budget / frame_bytes(&header).max(1)) as u64,
            workers: None,
            room: true,
            shared: Arc::new(Shared { media, color, wanted, queue: OrderedQueue::new(budget) }),
            plan,
        };
        Ok((info, chunks))
    }

    /// Gives chunks to the threads while there is room for their frames.
    fn hand_out(&mut self) -> Result<(), VideoError> {
        if self.workers.is_none() {
            let count = self.threads.min(self.left.len());
            self.workers = Some(Workers::start(&self.shared, count)?);
        }
        while self.in_flight.len() < self.threads && !self.left.is_empty() {
            let numbers = self.left.start..self.end_of_next();
            let end_frame = self.plan.first_frame(numbers.end);
            // The frames of the chunk being read do not wait; those after it do.
            if self.in_flight.len() > 1 && end_frame.saturating_sub(self.in_flight[0]) > self.most_waiting {
                break;
            }
            self.left.start = numbers.end;
            self.in_flight.push_back(end_frame);
            self.shared.queue.submit(self.plan.chunk(&self.shared.media.track.samples, numbers));
        }
        Ok(())
    }

    /// Where the chunks end that are decoded as one from the first of those left.
    fn end_of_next(&self) -> usize {
        let samples = &self.shared.media.track.samples;
        let start = self.plan.first_sample(self.left.start);
        let may_end = |&number: &usize| {
            let sample = self.plan.first_sample(number);
            samples.starts_run(sample)
                || sample - start >= FEWEST_SAMPLES && is_random_access(&self.shared.media, &self.plan, number)
        };
        (self.left.start + 1..self.left.end).find(may_end).unwrap_or(self.left.end)
    }

    /// The chunk being read is over: any frame of it that neither came nor was told lost is lost.
    fn end_chunk(&mut self) -> Option<Item> {
        let end = self.in_flight.pop_front()?.min(self.shared.wanted.end);
        let frames = self.next_frame..end;
        self.room = true;
        self.next_frame = self.next_frame.max(end);
        let path = || self.shared.media.file.path().to_owned();
        (!frames.is_empty()).then(|| Err(VideoError::Lost { path: path(), frames, cause: LossCause::NoPicture }))
    }
}

impl Iterator for ChunkedFrames {
    type Item = Item;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if std::mem::take(&mut self.room)
                && let Err(error) = self.hand_out()
            {
                return Some(Err(error));
            }
            if self.in_flight.is_empty() {
                return None;
            }
            let item = self.shared.queue.next().or_else(|| self.end_chunk());
            match &item {
                Some(Ok(frame)) => self.next_frame = frame.index.0 + 1,
                Some(Err(VideoError::Lost { frames, .. })) => self.next_frame = frames.end,
                Some(Err(_)) => {}
                None => continue,
            }
            return item;
        }
    }
}

/// The chunk to begin with for `frame`: the nearest before it whose first picture needs nothing else.
fn start_for(media: &Media, plan: &ChunkPlan, frame: u64) -> usize {
    let may_start = |&number: &usize| {
        media.track.samples.starts_run(plan.first_sample(number)) || is_random_access(media, plan, number)
    };
    (0..=plan.holding(frame)).rev().find(may_start).unwrap_or(0)
}

/// Whether the first picture of chunk `number` is what its sync flag says.
fn is_random_access(media: &Media, plan: &ChunkPlan, number: usize) -> bool {
    let sample = media.track.samples.get(plan.first_sample(number));
    media.picture_kind(&sample) == PictureKind::RandomAccess
}

/// What the first parameter sets say; an error if there is no decoder for the stream.
///
/// The first picture is decoded, so that a profile that no decoder takes is told here and not with the first frame.
fn first_header(media: &Media, color: ColorDescription) -> Result<StreamHeader, VideoError> {
    let path = || media.file.path().to_owned();
    let track = &media.track;
    let none = || VideoError::NoDecoder { path: path(), codec: track.codec.clone() };
    let mut decoder = decode::decoder(&track.codec, color).ok_or_else(none)?;
    let mut unit = track.config.parameter_sets.clone();
    let from_record = decode::stream_header(&track.codec, &unit);
    let first = track.samples.get(0);
    if media.access_unit(&first, &mut unit).is_ok() {
        let decoded = catching(&track.codec, || decoder.decode(&unit, first.pts, &mut Vec::new()));
        if let Err(source @ DecodeError::Unsupported { .. }) = decoded {
            return Err(VideoError::Decoder { path: path(), source });
        }
    }
    let unreadable = || {
        let reason = "its first parameter sets cannot be read".to_owned();
        VideoError::Decoder { path: path(), source: DecodeError::Damaged { codec: track.codec.clone(), reason } }
    };
    decode::stream_header(&track.codec, &unit).or(from_record).ok_or_else(unreadable)
}

fn describe(media: &Media, header: &StreamHeader, container: ColorDescription, frame_count: u64) -> VideoInfo {
    let track = &media.track;
    VideoInfo {
        codec: track.codec.clone(),
        coded_size: header.coded_size,
        size: track.rotation.turned(header.size),
        rotation: track.rotation,
        timebase: track.timebase,
        bit_depth: header.bit_depth,
        color: ColorDescription { matrix: header.matrix, range: header.range }.or(container).spec(),
        frame_count,
    }
}

/// Bytes of a decoded picture.
fn frame_bytes(header: &StreamHeader) -> usize {
    let (width, height) = (header.coded_size.0 as usize, header.coded_size.1 as usize);
    let (columns, rows) = header.chroma.plane_size(width, height);
    let samples = width.saturating_mul(height).saturating_add(columns.saturating_mul(rows).saturating_mul(2));
    samples.saturating_mul(if header.bit_depth > 8 { 2 } else { 1 })
}
