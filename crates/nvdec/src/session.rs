//! A decoder and what a parser's callbacks do with it.
//!
//! The parser (`parser`) calls back with the state that stands here: a new sequence header makes or changes the decoder, a
//! picture goes to it, a picture to be shown is mapped and handed to the caller's closure. Callbacks run on the feeding
//! thread, inside its call; whatever fails in them, a panic included, is kept and told when that call is over.

#![expect(unsafe_code, reason = "the driver hands back the state as a raw pointer")]

use std::any::Any;
use std::ffi::c_int;
use std::ops::ControlFlow;
use std::ptr::NonNull;
use std::sync::Arc;

use nvdec_sys::cuviddec::PicParamsHead;
use nvdec_sys::nvcuvid::{ParserDispInfo, VideoFormat};

use crate::context::Context;
use crate::decoder::Decoder;
use crate::error::NvdecError;
use crate::format::{Codec, StreamFormat};
use crate::health::Health;
use crate::options::Options;
use crate::parser::Parser;
use crate::stream::Stream;
use crate::surface::{Status, Surface};

/// What takes the surfaces.
pub(crate) type Sink<'s> = dyn FnMut(Surface<'_>) -> ControlFlow<()> + 's;

/// What happened to one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets fed.
    pub packets: u64,
    /// Packets that the parser refused.
    pub packets_refused: u64,
    /// Pictures that the decoder took.
    pub pictures: u64,
    /// Pictures that the decoder refused.
    pub pictures_refused: u64,
    /// Surfaces handed out.
    pub shown: u64,
    /// Those among them that the driver met an error in.
    pub damaged: u64,
    /// Those among them that were decoded after damage.
    pub suspect: u64,
    /// Times that the stream changed what it is, after its beginning.
    pub format_changes: u64,
}

/// One decoder, kept from stream to stream.
#[derive(Debug)]
pub struct Session {
    /// Made from a box, and made one again in drop. A parser's callbacks are the only others that use it, during calls
    /// that borrow the session.
    state: NonNull<State>,
}

// SAFETY: the session owns its state, whose parts may all be used from any thread; `sink` is only set during a call.
unsafe impl Send for Session {}

impl Session {
    /// A session without a decoder, which the first stream makes.
    ///
    /// # Errors
    /// The failed call.
    pub fn new(context: &Arc<Context>, options: Options) -> Result<Self, NvdecError> {
        let stream = options.stream.clone().map_or_else(|| Stream::new(context), Ok)?;
        let state = State {
            context: Arc::clone(context),
            options,
            stream,
            codec: Codec::H264,
            decoder: None,
            decoders_made: 0,
            format: None,
            counts: Counts::default(),
            health: Health::default(),
            sink: None,
            stopped: false,
            failure: None,
            panic: None,
        };
        Ok(Self { state: NonNull::from(Box::leak(Box::new(state))) })
    }

    /// Makes the decoder ahead, unless there is one that suits `format`.
    ///
    /// # Errors
    /// The device decodes no such stream, or a call failed.
    pub fn prepare(&mut self, format: &StreamFormat) -> Result<(), NvdecError> {
        let state = self.state_mut();
        if state.decoder.as_ref().is_some_and(|decoder| decoder.suits(format)) {
            return Ok(());
        }
        state.make_decoder(format)
    }

    /// Begins a stream of `codec`. What the decoder still had of the stream before is forgotten.
    ///
    /// # Errors
    /// The failed call.
    pub fn start(&mut self, codec: Codec) -> Result<Parser<'_>, NvdecError> {
        Parser::new(self, codec)
    }

    /// The codec of the decoder that there is.
    #[must_use]
    pub fn decoder_codec(&self) -> Option<Codec> {
        self.state().decoder.as_ref().map(|decoder| decoder.format().codec)
    }

    /// How many decoders have been made so far; a stream that suits the one there is makes none.
    #[must_use]
    pub fn decoders_made(&self) -> u64 {
        self.state().decoders_made
    }

    pub(crate) const fn state_pointer(&self) -> *mut State {
        self.state.as_ptr()
    }

    pub(crate) const fn state(&self) -> &State {
        // SAFETY: live until drop (field invariant); callbacks only run in calls that borrow the session mutably.
        unsafe { self.state.as_ref() }
    }

    pub(crate) const fn state_mut(&mut self) -> &mut State {
        // SAFETY: as in `state`.
        unsafe { self.state.as_mut() }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: leaked from a box in `new`; parsers borrow the session, so none is left.
        drop(unsafe { Box::from_raw(self.state.as_ptr()) });
    }
}

/// What the callbacks work on.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) context: Arc<Context>,
    options: Options,
    stream: Stream,
    codec: Codec,
    decoder: Option<Decoder>,
    decoders_made: u64,
    /// What the stream said it is, last.
    format: Option<StreamFormat>,
    pub(crate) counts: Counts,
    pub(crate) health: Health,
    /// Where surfaces go: valid from its being set to the end of that call into the parser, which takes it out.
    pub(crate) sink: Option<NonNull<SinkPointee>>,
    /// The sink wants no more.
    pub(crate) stopped: bool,
    /// The first failure in a callback.
    pub(crate) failure: Option<NvdecError>,
    /// What a callback panicked with.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
}

/// A sink without its lifetime.
pub(crate) type SinkPointee = Sink<'static>;

impl State {
    /// Forgets the stream before.
    pub(crate) fn begin(&mut self, codec: Codec) {
        self.codec = codec;
        self.format = None;
        self.counts = Counts::default();
        self.health = Health::default();
        self.sink = None;
        self.stopped = false;
        self.failure = None;
        self.panic = None;
    }

    /// Pictures that the parser may hold back.
    pub(crate) const fn display_delay(&self) -> u32 {
        self.options.display_delay
    }

    /// Whether callbacks are to do nothing more.
    pub(crate) const fn is_over(&self) -> bool {
        self.stopped || self.failure.is_some() || self.panic.is_some()
    }

    fn make_decoder(&mut self, format: &StreamFormat) -> Result<(), NvdecError> {
        // The old one goes first: its memory may be what the new one needs.
        self.decoder = None;
        self.decoder = Some(Decoder::new(&self.context, format, &self.options)?);
        self.decoders_made += 1;
        Ok(())
    }

    /// The stream is, from here on, what `format` says. Gives the number of decode surfaces.
    pub(crate) fn on_sequence(&mut self, format: &VideoFormat) -> c_int {
        let format = StreamFormat::of(self.codec, format);
        if self.format.is_some_and(|before| before != format) {
            self.counts.format_changes += 1;
        }
        self.format = Some(format);
        match self.fit_decoder(&format) {
            Ok(surfaces) => c_int::try_from(surfaces).unwrap_or(c_int::MAX),
            Err(error) => self.fail(error),
        }
    }

    fn fit_decoder(&mut self, format: &StreamFormat) -> Result<u32, NvdecError> {
        let fits = match &mut self.decoder {
            Some(decoder) if decoder.suits(format) => true,
            Some(decoder) => decoder.reconfigure(format)?,
            None => false,
        };
        if !fits {
            self.make_decoder(format)?;
        }
        Ok(self.decoder.as_mut().map_or(0, |decoder| {
            decoder.describe(format);
            decoder.surfaces()
        }))
    }

    /// A picture is to be decoded. One that the decoder refuses is counted, and decoding goes on while there is a device.
    pub(crate) fn on_picture(&mut self, picture: *mut PicParamsHead) -> c_int {
        let Some(decoder) = &mut self.decoder else { return 0 };
        // SAFETY: the parser made it and waits for this call.
        let index = unsafe { (*picture).curr_pic_idx };
        let accepted = match decoder.decode(picture) {
            Err(error) if error.is_device_gone() => return self.fail(error),
            decoded => decoded.is_ok(),
        };
        self.health.submitted(index, accepted);
        if accepted {
            self.counts.pictures += 1;
        } else {
            self.counts.pictures_refused += 1;
        }
        1
    }

    /// A picture is to be shown: it goes to the sink, unless there is nothing of it.
    pub(crate) fn on_display(&mut self, shown: &ParserDispInfo) -> c_int {
        let index = shown.picture_index;
        let (Some(decoder), Some(mut sink)) = (&mut self.decoder, self.sink) else { return 0 };
        if self.health.is_refused(index) {
            return 1;
        }
        let mapped = match decoder.map(shown, &self.stream) {
            Ok(mapped) => mapped,
            Err(error) if error.is_damage() => {
                self.counts.pictures_refused += 1;
                self.health.lost();
                return 1;
            }
            Err(error) => return self.fail(error),
        };
        let status = self.health.judge(index, shown.timestamp, |index| decoder.status(index));
        self.counts.shown += 1;
        self.counts.damaged += u64::from(status == Status::Damaged);
        self.counts.suspect += u64::from(status == Status::Suspect);
        let surface = Surface::new(decoder, &self.stream, mapped, (shown.timestamp, status));
        // SAFETY: valid during the call into the parser that this callback is a part of (field invariant).
        let sink = unsafe { sink.as_mut() };
        self.stopped = sink(surface).is_break();
        c_int::from(!self.stopped)
    }

    fn fail(&mut self, error: NvdecError) -> c_int {
        self.failure = Some(error);
        0
    }
}
