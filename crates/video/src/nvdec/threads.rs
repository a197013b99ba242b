//! The decoding threads: each has a session of the chip's and takes chunk after chunk, strictly in order.
//!
//! A thread waits for nothing but the sink, and holds nothing meanwhile that another one needs: its session is its own from
//! its first chunk to its last. What the chip does not give of a chunk, the same thread decodes on the CPU.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nvdec::{Chunk, ChunkReport, Lease, NvdecError, Samples, Surface, decode_chunk};

use super::answers::{Answers, Outlet};
use super::{FrameSink, NvdecVideo};
use crate::decode::{Decoder, strange_color, stream_header};
use crate::decoding::{Stream, catching};
use crate::error::LossCause;
use crate::packets::PacketChunk;
use crate::source::SourceStats;

/// What the threads share.
struct Shared<'a> {
    video: &'a NvdecVideo,
    outlet: Outlet<'a>,
    /// The chunk that the next thread takes that is free.
    next_chunk: AtomicUsize,
    /// Threads that take chunks.
    threads: AtomicUsize,
}

/// Decodes `video` with up to `decoders` threads, this one among them.
pub(super) fn decode(video: &NvdecVideo, decoders: usize, sink: &dyn FrameSink) -> SourceStats {
    let shared = Shared {
        video,
        outlet: Outlet::new(sink, video.file.media.file.path()),
        next_chunk: AtomicUsize::new(0),
        threads: AtomicUsize::new(1),
    };
    thread::scope(|scope| {
        for number in 1..decoders.min(video.chunks.len()) {
            shared.threads.fetch_add(1, Ordering::SeqCst);
            let named = thread::Builder::new().name(format!("nvdec-{number}"));
            if named.spawn_scoped(scope, || shared.work()).is_err() {
                // The system has no more: those that there are do it all.
                shared.threads.fetch_sub(1, Ordering::SeqCst);
                break;
            }
        }
        shared.work();
    });
    shared.outlet.finish(video.file.media.track.notes.clone())
}

impl Shared<'_> {
    fn work(&self) {
        let mut thread = Thread { shared: self, session: None, cpu: None, failed: false };
        while !self.outlet.is_over() {
            let number = self.next_chunk.fetch_add(1, Ordering::SeqCst);
            let Some(numbers) = self.video.chunks.get(number) else { return };
            let mut answers = Answers::new(&self.outlet, &self.video.frames_of(numbers), &self.video.wanted);
            let decoded = catching(&self.video.file.media.track.codec, || {
                thread.decode(numbers, &mut answers);
                Ok(())
            });
            answers.lose_rest(decoded.err().map_or(LossCause::NoPicture, LossCause::from));
            if thread.failed && self.may_leave() {
                return;
            }
        }
    }

    /// Whether there is another thread to take the chunks that are left; this one is no longer counted then.
    fn may_leave(&self) -> bool {
        let less = |threads| if threads > 1 { Some(threads - 1) } else { None };
        self.threads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

/// One thread and what it decodes with.
struct Thread<'a> {
    shared: &'a Shared<'a>,
    session: Option<Lease<'a>>,
    cpu: Option<Box<dyn Decoder>>,
    /// Whether its last chunk met a failure of the driver's.
    failed: bool,
}

impl Thread<'_> {
    fn decode(&mut self, numbers: &Range<usize>, answers: &mut Answers<'_>) {
        let Shared { video, outlet, .. } = self.shared;
        let whole = answers.left();
        if whole.is_empty() {
            return;
        }
        let outcome = self.decode_on_chip(video.file.chunk(numbers.clone()), answers);
        self.failed = matches!(&outcome, Err(error) if !error.is_unsupported());
        let why = match outcome {
            Err(error) if error.is_device_gone() => return outlet.end(error),
            Err(error) => error.to_string(),
            Ok(ChipReport { changed: Some(what), .. }) => what,
            Ok(ChipReport { report, .. }) => match (report.deviation, report.decoded_again) {
                (Some(why), _) => why.to_string(),
                (None, Some(why)) => {
                    return outlet.note(&whole, &format!("were decoded again, from before them: {why}"));
                }
                (None, None) => return,
            },
        };
        let left = answers.left();
        if left.is_empty() || outlet.is_over() {
            return;
        }
        outlet.note(&left, &format!("were decoded on the CPU: {why}"));
        let media = &video.file.media;
        let chunk = video.file.plan.chunk(&media.track.samples, numbers.clone());
        Stream { media, color: video.color, wanted: &left }.decode(&chunk, &mut self.cpu, answers);
    }

    fn decode_on_chip(&mut self, chunk: PacketChunk, answers: &mut Answers<'_>) -> Result<ChipReport, NvdecError> {
        let video = self.shared.video;
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(video.pool.take(video.codec)?),
        };
        let PacketChunk { times, hidden, feed, feed_again, before, .. } = chunk;
        let chunk = Chunk { times, hidden, feed, feed_again, before };
        let mut samples = SamplesOf { video, changed: None };
        let mut changed = None;
        let report = decode_chunk(session, video.codec, &chunk, &mut samples, &mut |surface| {
            changed = change(video, &surface);
            if changed.is_some() { ControlFlow::Break(()) } else { answers.surface(surface) }
        })?;
        Ok(ChipReport { report, changed: samples.changed.or(changed) })
    }
}

/// What became of a chunk on the chip.
struct ChipReport {
    report: ChunkReport,
    /// What the stream has become, if it is no longer what it began as.
    changed: Option<String>,
}

/// What the surface is, if that is not what the video's headers say.
fn change(video: &NvdecVideo, surface: &Surface<'_>) -> Option<String> {
    let depth = surface.format().bit_depth;
    let (width, height) = (surface.width(), surface.height());
    let as_said = (width, height) == video.header.size && depth == video.header.bit_depth;
    (!as_said).then(|| format!("the pictures are {width}x{height}, {depth}-bit there"))
}

/// The file's samples, as far as they belong to the stream that the video began as.
struct SamplesOf<'a> {
    video: &'a NvdecVideo,
    changed: Option<String>,
}

impl Samples for SamplesOf<'_> {
    fn read(&mut self, number: usize, data: &mut Vec<u8>) -> Option<(i64, bool)> {
        let track = &self.video.file.media.track;
        let (pts, sync) = self.video.file.read(number, data).ok()?;
        if sync {
            // The parameter sets of the container's record stand first, and are the same everywhere.
            let own = data.get(track.config.parameter_sets.len()..).unwrap_or_default();
            let is_other = stream_header(&track.codec, own).is_some_and(|header| header != self.video.header);
            if is_other || strange_color(&track.codec, own).is_some() {
                self.changed = Some("the stream's headers change there".to_owned());
                return None;
            }
        }
        Some((pts, sync))
    }
}
