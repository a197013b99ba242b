//! The decoding threads: each owns a decoder, takes a chunk, feeds it, and hands its frames out in display order.
//!
//! Chunks come from `source` and frames go back to it over the bounded [`OrderedQueue`]. What goes wrong in an access unit
//! is noted with the frame it costs; a decoder that panics is replaced. Nothing depends on which thread takes which chunk.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use swingpose_core::FrameIndex;

use crate::chunk::Chunk;
use crate::color::ColorDescription;
use crate::decode::{self, Decoder, TimedPicture};
use crate::demux::Media;
use crate::display_order::{DisplayOrder, Shown};
use crate::error::{DecodeError, VideoError};
use crate::frame::{DecodedFrame, Picture, Planes};
use crate::info::Codec;
use crate::queue::OrderedQueue;

/// What a thread gives: a frame, or an error that takes its place.
pub(crate) type Item = Result<DecodedFrame, VideoError>;

/// What all the threads of a source share.
pub(crate) struct Shared {
    pub(crate) media: Media,
    /// The colour that the container names.
    pub(crate) color: ColorDescription,
    /// The frames that are wanted; others are decoded where these need them, and dropped.
    pub(crate) wanted: Range<u64>,
    pub(crate) queue: OrderedQueue<Chunk, Item>,
}

/// The threads of a source; they end when it is dropped.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` threads; if the system refuses some, fewer, but at least one.
    pub(crate) fn start(shared: &Arc<Shared>, count: usize) -> Result<Self, VideoError> {
        let mut workers = Self { shared: Arc::clone(shared), threads: Vec::new() };
        for number in 0..count.max(1) {
            let shared = Arc::clone(shared);
            let spawned = thread::Builder::new().name(format!("decode-{number}")).spawn(move || work(&shared));
            match spawned {
                Ok(thread) => workers.threads.push(thread),
                Err(_) if number > 0 => break,
                Err(source) => {
                    return Err(VideoError::Open { path: workers.shared.media.file.path().to_owned(), source });
                }
            }
        }
        Ok(workers)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.queue.close();
        for thread in self.threads.drain(..) {
            // A thread catches its decoder's panics; one of our own has nothing more to say here.
            drop(thread.join());
        }
    }
}

fn work(shared: &Shared) {
    let mut decoder = None;
    while let Some((number, chunk)) = shared.queue.take_job() {
        let decoding = ChunkDecoding { shared, number, order: DisplayOrder::new(&chunk), decoder: &mut decoder };
        // Whatever happens the chunk is finished, so that the reader never waits for it; it tells missing frames itself.
        if catch_unwind(AssertUnwindSafe(|| decoding.run(&chunk))).is_err() {
            decoder = None;
        }
        shared.queue.finish(number);
    }
}

/// One chunk on its way through one decoder.
struct ChunkDecoding<'a> {
    shared: &'a Shared,
    number: u64,
    order: DisplayOrder,
    decoder: &'a mut Option<Box<dyn Decoder>>,
}

/// The chunk is over before its end: nobody wants more of it, or it cannot be decoded at all.
struct Over;

impl ChunkDecoding<'_> {
    fn run(mut self, chunk: &Chunk) {
        let ended = self.feed(chunk);
        if ended.is_err() {
            return;
        }
        let (_, mut ready) = self.guarded(|decoder, out| decoder.flush(out));
        // What an access unit could not give was noted with it; the rest of the frames are told lost by the order.
        drop(self.take(&mut ready, true));
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<(), Over> {
        let shared = self.shared;
        if let Some(decoder) = self.decoder {
            decoder.reset();
        }
        let mut unit = Vec::new();
        let samples = &shared.media.track.samples;
        for (number, (index, sample)) in samples.numbered(chunk.feed.clone()).enumerate() {
            if shared.queue.is_closed() || self.order.next_frame() >= shared.wanted.end {
                return Err(Over);
            }
            if chunk.skip.contains(&index) {
                continue;
            }
            if let Err(cause) = shared.media.access_unit(&sample, &mut unit) {
                self.order.failed(number, sample.pts, cause);
                self.interrupt()?;
                continue;
            }
            let (decoded, mut ready) = self.guarded(|decoder, out| decoder.decode(&unit, sample.pts, out));
            match decoded {
                Ok(()) => {}
                Err(source @ DecodeError::Unsupported { .. }) => return Err(self.refuse(source)),
                Err(error) => self.order.failed(number, sample.pts, error.into()),
            }
            self.take(&mut ready, false)?;
        }
        Ok(())
    }

    /// After a sample that could not be read, what follows has no references: the decoder starts anew.
    fn interrupt(&mut self) -> Result<(), Over> {
        let (_, mut ready) = self.guarded(|decoder, out| decoder.flush(out));
        if let Some(decoder) = self.decoder {
            decoder.reset();
        }
        self.take(&mut ready, false)
    }

    /// Calls the decoder, making one if there is none; returns what it said and the pictures that became ready.
    fn guarded(
        &mut self,
        call: impl FnOnce(&mut dyn Decoder, &mut Vec<TimedPicture>) -> Result<(), DecodeError>,
    ) -> (Result<(), DecodeError>, Vec<TimedPicture>) {
        let codec = &self.shared.media.track.codec;
        if self.decoder.is_none() {
            *self.decoder = decode::decoder(codec, self.shared.color);
        }
        let mut ready = Vec::new();
        let Some(decoder) = self.decoder else {
            let feature = "this codec".to_owned();
            return (Err(DecodeError::Unsupported { codec: codec.clone(), feature }), ready);
        };
        let said = catching(codec, || call(decoder.as_mut(), &mut ready));
        if matches!(said, Err(DecodeError::Panicked { .. })) {
            // What a panic leaves behind is thrown away: the decoder, and pictures it had begun to hand out.
            *self.decoder = None;
            ready.clear();
        }
        (said, ready)
    }

    /// Puts pictures into order and hands out what can be shown.
    fn take(&mut self, ready: &mut Vec<TimedPicture>, all: bool) -> Result<(), Over> {
        for (pts, picture) in ready.drain(..) {
            self.order.arrived(pts, picture);
        }
        while let Some(shown) = self.order.next(all) {
            let rotation = self.shared.media.track.rotation;
            let (item, bytes) = match shown {
                Shown::Frame(index, _, _) if !self.shared.wanted.contains(&index) => continue,
                Shown::Frame(index, pts, picture) => {
                    let bytes = size_of_picture(&picture);
                    (Ok(DecodedFrame { index: FrameIndex(index), pts, picture, rotation }), bytes)
                }
                Shown::Lost(frames, cause) => {
                    let wanted = &self.shared.wanted;
                    let frames = frames.start.max(wanted.start)..frames.end.min(wanted.end);
                    if frames.is_empty() {
                        continue;
                    }
                    let path = self.shared.media.file.path().to_owned();
                    (Err(VideoError::Lost { path, frames, cause }), 0)
                }
            };
            if !self.shared.queue.push(self.number, item, bytes) {
                return Err(Over);
            }
        }
        Ok(())
    }

    /// Ends the source: the stream is of a kind that the decoder will never take.
    fn refuse(&self, source: DecodeError) -> Over {
        let path = self.shared.media.file.path().to_owned();
        self.shared.queue.push(self.number, Err(VideoError::Decoder { path, source }), 0);
        Over
    }
}

/// Bytes that a picture's samples take.
fn size_of_picture(picture: &Picture) -> usize {
    match picture.planes() {
        Planes::U8(planes) => planes.iter().map(|plane| plane.samples.len()).sum(),
        Planes::U16(planes) => planes.iter().map(|plane| plane.samples.len() * 2).sum(),
        Planes::Bgr(samples) => samples.len(),
    }
}

/// Calls a decoder for `codec`, whose panic on damaged data becomes an error.
pub(crate) fn catching(codec: &Codec, call: impl FnOnce() -> Result<(), DecodeError>) -> Result<(), DecodeError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(DecodeError::Panicked { codec: codec.clone(), message: text.unwrap_or("no message").to_owned() })
    })
}
