//! One chunk through one decoder: access units in, the chunk's frames out in display order, each a frame or told lost.
//!
//! What goes wrong in an access unit is noted with the frame it costs; a decoder that panics is replaced. Driven by the
//! decoding threads (`workers`), and wherever a chunk must be decoded in another decoder's stead.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use swingpose_core::FrameIndex;

use crate::chunk::Chunk;
use crate::color::ColorDescription;
use crate::decode::{self, Decoder, TimedPicture};
use crate::demux::Media;
use crate::display_order::{DisplayOrder, Shown};
use crate::error::{DecodeError, VideoError};
use crate::frame::DecodedFrame;
use crate::info::Codec;

/// What comes of a chunk: a frame, or an error that takes its place.
pub(crate) type Item = Result<DecodedFrame, VideoError>;

/// Where the items of a chunk go.
pub(crate) trait ItemSink {
    /// Takes the next item; false if no more are wanted.
    fn take(&mut self, item: Item) -> bool;
    /// Whether no more items are wanted.
    fn is_over(&self) -> bool;
}

/// What is decoded, and which frames of it.
#[derive(Clone, Copy)]
pub(crate) struct Stream<'a> {
    pub(crate) media: &'a Media,
    /// The colour that the container names.
    pub(crate) color: ColorDescription,
    /// The frames that are wanted; others are decoded where these need them, and dropped.
    pub(crate) wanted: &'a Range<u64>,
}

impl Stream<'_> {
    /// Decodes `chunk` with `decoder`, which is made if there is none.
    pub(crate) fn decode(self, chunk: &Chunk, decoder: &mut Option<Box<dyn Decoder>>, sink: &mut dyn ItemSink) {
        ChunkDecoding { stream: self, order: DisplayOrder::new(chunk), decoder, sink }.run(chunk);
    }
}

/// One chunk on its way through one decoder.
struct ChunkDecoding<'a> {
    stream: Stream<'a>,
    order: DisplayOrder,
    decoder: &'a mut Option<Box<dyn Decoder>>,
    sink: &'a mut dyn ItemSink,
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
        let Stream { media, wanted, .. } = self.stream;
        if let Some(decoder) = self.decoder {
            decoder.reset();
        }
        let mut unit = Vec::new();
        let samples = &media.track.samples;
        for (number, (index, sample)) in samples.numbered(chunk.feed.clone()).enumerate() {
            if self.sink.is_over() || self.order.next_frame() >= wanted.end {
                return Err(Over);
            }
            if chunk.skip.contains(&index) {
                continue;
            }
            if let Err(cause) = media.access_unit(&sample, &mut unit) {
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
        let codec = &self.stream.media.track.codec;
        if self.decoder.is_none() {
            *self.decoder = decode::decoder(codec, self.stream.color);
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
        let Stream { media, wanted, .. } = self.stream;
        while let Some(shown) = self.order.next(all) {
            let item = match shown {
                Shown::Frame(index, _, _) if !wanted.contains(&index) => continue,
                Shown::Frame(index, pts, picture) => {
                    Ok(DecodedFrame { index: FrameIndex(index), pts, picture, rotation: media.track.rotation })
                }
                Shown::Lost(frames, cause) => {
                    let frames = frames.start.max(wanted.start)..frames.end.min(wanted.end);
                    if frames.is_empty() {
                        continue;
                    }
                    Err(VideoError::Lost { path: media.file.path().to_owned(), frames, cause })
                }
            };
            if !self.sink.take(item) {
                return Err(Over);
            }
        }
        Ok(())
    }

    /// Ends the source: the stream is of a kind that the decoder will never take.
    fn refuse(&mut self, source: DecodeError) -> Over {
        let path = self.stream.media.file.path().to_owned();
        self.sink.take(Err(VideoError::Decoder { path, source }));
        Over
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
