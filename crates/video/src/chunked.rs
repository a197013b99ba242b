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
use crate::decoding::{Item, catching};
use crate::demux::{Media, PictureKind, Track};
use crate::error::{DecodeError, LossCause, VideoError};
use crate::info::{StreamHeader, VideoInfo};
use crate::queue::OrderedQueue;
use crate::workers::{Shared, Workers};

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
        let color = container_color(&media);
        let unit = first_unit(&media);
        check_decoder(&media, color, &unit)?;
        let header = first_header(&media, &unit)?;
        let info = describe(&media, &header, color, plan.frame_count());
        let budget = threads.saturating_mul(WAITING_BYTES_PER_THREAD);
        let chunks = Self {
            left: chunks_for(&media, &plan, &wanted),
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
            let numbers = next_of(&self.shared.media, &self.plan, &self.left);
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

/// The chunks in which the frames `wanted` are, from where decoding can start. Which chunks are decoded as one does not depend on
/// where the wanted frames begin, so neither does what is lost of a damaged file.
pub(crate) fn chunks_for(media: &Media, plan: &ChunkPlan, wanted: &Range<u64>) -> Range<usize> {
    let holding = plan.holding(wanted.start);
    let mut together = 0..0;
    while together.end <= holding {
        together = next_of(media, plan, &(together.end..plan.len()));
    }
    together.start..plan.holding(wanted.end - 1) + 1
}

/// The first of the chunks `left`, and those after it that are decoded as one with it.
pub(crate) fn next_of(media: &Media, plan: &ChunkPlan, left: &Range<usize>) -> Range<usize> {
    let samples = &media.track.samples;
    let start = plan.first_sample(left.start);
    let may_end = |&number: &usize| {
        let sample = plan.first_sample(number);
        samples.starts_run(sample) || sample - start >= FEWEST_SAMPLES && is_random_access(media, plan, number)
    };
    left.start..(left.start + 1..left.end).find(may_end).unwrap_or(left.end)
}

/// Whether chunk `number` begins where nothing before it is needed.
pub(crate) fn may_start(media: &Media, plan: &ChunkPlan, number: usize) -> bool {
    media.track.samples.starts_run(plan.first_sample(number)) || is_random_access(media, plan, number)
}

/// Whether the first picture of chunk `number` is what its sync flag says.
fn is_random_access(media: &Media, plan: &ChunkPlan, number: usize) -> bool {
    let sample = media.track.samples.get(plan.first_sample(number));
    media.picture_kind(&sample) == PictureKind::RandomAccess
}

/// What the stream's first access unit holds; only the parameter sets of its record, if it cannot be read.
pub(crate) fn first_unit(media: &Media) -> Vec<u8> {
    let mut unit = Vec::new();
    match media.access_unit(&media.track.samples.get(0), &mut unit) {
        Ok(()) => unit,
        Err(_) => media.track.config.parameter_sets.clone(),
    }
}

/// What the first parameter sets say: those of the first access unit, or of the container's record.
pub(crate) fn first_header(media: &Media, unit: &[u8]) -> Result<StreamHeader, VideoError> {
    let Track { codec, config, .. } = &media.track;
    let unreadable = || {
        let reason = "its first parameter sets cannot be read".to_owned();
        let source = DecodeError::Damaged { codec: codec.clone(), reason };
        VideoError::Decoder { path: media.file.path().to_owned(), source }
    };
    let from_record = || decode::stream_header(codec, &config.parameter_sets);
    decode::stream_header(codec, unit).or_else(from_record).ok_or_else(unreadable)
}

/// An error if there is no decoder for the stream: its first picture is decoded, so that a profile that no decoder takes
/// is told here and not with the first frame.
fn check_decoder(media: &Media, color: ColorDescription, unit: &[u8]) -> Result<(), VideoError> {
    let path = || media.file.path().to_owned();
    let codec = &media.track.codec;
    let none = || VideoError::NoDecoder { path: path(), codec: codec.clone() };
    let mut decoder = decode::decoder(codec, color).ok_or_else(none)?;
    match catching(codec, || decoder.decode(unit, 0, &mut Vec::new())) {
        Err(source @ DecodeError::Unsupported { .. }) => Err(VideoError::Decoder { path: path(), source }),
        _ => Ok(()),
    }
}

/// The colour that the container names.
pub(crate) fn container_color(media: &Media) -> ColorDescription {
    ColorDescription {
        matrix: media.track.color.matrix.and_then(|code| Matrix::from_code(code).ok().flatten()),
        range: media.track.color.full_range.map(ColorRange::from_flag),
    }
}

pub(crate) fn describe(
    media: &Media,
    header: &StreamHeader,
    container: ColorDescription,
    frame_count: u64,
) -> VideoInfo {
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
