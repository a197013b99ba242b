//! The driver's parser: packets in, callbacks on the session's state out.

#![expect(unsafe_code, reason = "calls into the CUDA driver, which calls back")]

use std::ffi::{c_int, c_ulong, c_void};
use std::mem;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use nvdec_sys::cuviddec::PicParamsHead;
use nvdec_sys::nvcuvid::{ParserDispInfo, ParserParams, SourceDataPacket, VideoFormat, VideoParser, packet_flags};

use crate::context::Context;
use crate::error::NvdecError;
use crate::format::Codec;
use crate::session::{Counts, Session, Sink, SinkPointee, State};

/// Decode whatever is damaged: what comes of it is told by its status.
const DECODE_EVERYTHING: u32 = 100;

/// A compressed picture, as it goes to the parser.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'p> {
    /// One access unit: Annex B with its parameter sets at key packets for H.264 and HEVC, an OBU sequence for AV1, a
    /// frame for the others.
    pub data: &'p [u8],
    /// When it is shown; any number, which its surface gives back.
    pub pts: i64,
    /// Whether decoding can start here.
    pub key: bool,
}

/// One stream on its way through a session.
#[derive(Debug)]
pub struct Parser<'s> {
    session: &'s mut Session,
    context: Arc<Context>,
    codec: Codec,
    /// Live until drop; its user data is the session's state, which lives longer.
    raw: VideoParser,
}

impl<'s> Parser<'s> {
    pub(crate) fn new(session: &'s mut Session, codec: Codec) -> Result<Self, NvdecError> {
        let state = session.state_mut();
        state.begin(codec);
        let context = Arc::clone(&state.context);
        let mut parameters = ParserParams {
            codec_type: codec.number(),
            max_num_decode_surfaces: 1,
            error_threshold: DECODE_EVERYTHING,
            max_display_delay: state.display_delay(),
            user_data: session.state_pointer().cast(),
            sequence_callback: Some(on_sequence),
            decode_picture: Some(on_picture),
            display_picture: Some(on_display),
            ..ParserParams::default()
        };
        let current = context.enter()?;
        let mut raw = ptr::null_mut();
        // SAFETY: both live through the call; the state lives as long as the session, which is borrowed.
        let code = unsafe { (context.cuvid().create_video_parser)(&raw mut raw, &raw mut parameters) };
        context.check("cuvidCreateVideoParser", code)?;
        drop(current);
        Ok(Self { session, context, codec, raw })
    }

    /// Feeds one packet; the surfaces that are ready go to `sink`, before this returns. `Break` says that the sink has
    /// broken off: what is fed after that goes nowhere.
    ///
    /// # Errors
    /// The stream is one that the device does not decode, or a call failed. A packet that the parser refuses is counted,
    /// not an error.
    ///
    /// # Panics
    /// If `sink` does.
    pub fn feed(&mut self, packet: Packet<'_>, sink: &mut Sink<'_>) -> Result<ControlFlow<()>, NvdecError> {
        let state = self.session.state_mut();
        state.counts.packets += 1;
        state.health.packet(packet.key, packet.pts);
        if packet.data.is_empty() {
            return self.refuse();
        }
        let whole = if self.codec.has_start_codes() { packet_flags::END_OF_PICTURE } else { 0 };
        self.parse(packet.data, packet_flags::TIMESTAMP | whole, packet.pts, sink)
    }

    /// Ends the stream: the pictures still held back go to `sink`.
    ///
    /// # Errors
    /// As [`Parser::feed`].
    ///
    /// # Panics
    /// If `sink` does.
    pub fn finish(mut self, sink: &mut Sink<'_>) -> Result<Counts, NvdecError> {
        self.parse(&[], packet_flags::END_OF_STREAM, 0, sink).map(|_| self.counts())
    }

    /// What happened so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.session.state().counts
    }

    /// Counts a packet of which nothing comes.
    pub(crate) fn refuse(&mut self) -> Result<ControlFlow<()>, NvdecError> {
        let state = self.session.state_mut();
        state.counts.packets_refused += 1;
        state.health.lost();
        Ok(ControlFlow::Continue(()))
    }

    fn parse(
        &mut self,
        data: &[u8],
        flags: c_ulong,
        timestamp: i64,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, NvdecError> {
        if self.session.state().is_over() {
            return Ok(ControlFlow::Break(()));
        }
        let payload = if data.is_empty() { ptr::null() } else { data.as_ptr() };
        let mut packet = SourceDataPacket { flags, payload_size: data.len() as c_ulong, payload, timestamp };
        // SAFETY: only the lifetime changes, and `take_outcome` removes the pointer while `sink` is still borrowed.
        let sink = unsafe { mem::transmute::<&mut Sink<'_>, &'static mut SinkPointee>(sink) };
        let current = self.context.enter()?;
        self.session.state_mut().sink = Some(NonNull::from(sink));
        // SAFETY: the parser lives (field invariant), the packet's bytes through the call, and no reference to the state
        // is held here while callbacks make theirs.
        let code = unsafe { (self.context.cuvid().parse_video_data)(self.raw, &raw mut packet) };
        drop(current);
        self.take_outcome(code)
    }

    /// What a call into the parser came to, its callbacks included.
    fn take_outcome(&mut self, code: u32) -> Result<ControlFlow<()>, NvdecError> {
        let state = self.session.state_mut();
        state.sink = None;
        if let Some(panic) = state.panic.take() {
            state.stopped = true;
            resume_unwind(panic);
        }
        if let Some(failure) = state.failure.take() {
            state.stopped = true;
            return Err(failure);
        }
        if state.stopped {
            return Ok(ControlFlow::Break(()));
        }
        match self.context.check("cuvidParseVideoData", code) {
            Err(error) if error.is_damage() => self.refuse(),
            parsed => parsed.map(ControlFlow::Continue),
        }
    }
}

impl Drop for Parser<'_> {
    fn drop(&mut self) {
        self.session.state_mut().stopped = true;
        if let Ok(_current) = self.context.enter() {
            // SAFETY: made in `new` and destroyed once, here.
            unsafe { (self.context.cuvid().destroy_video_parser)(self.raw) };
        }
    }
}

/// Runs a callback on the state that `user_data` is; 0, which tells the parser of failure, if it is over or panics.
fn guarded(user_data: *mut c_void, act: impl FnOnce(&mut State) -> c_int) -> c_int {
    // SAFETY: a parser's user data is the state of the session that it borrows, and its callbacks run one after another
    // within calls during which nothing else refers to the state.
    let state = unsafe { &mut *user_data.cast::<State>() };
    if state.is_over() {
        return 0;
    }
    catch_unwind(AssertUnwindSafe(|| act(state))).unwrap_or_else(|panic| {
        state.panic = Some(panic);
        0
    })
}

unsafe extern "C" fn on_sequence(user_data: *mut c_void, format: *mut VideoFormat) -> c_int {
    guarded(user_data, |state| {
        // SAFETY: the parser's format lives through the callback.
        let format = unsafe { &*format };
        state.on_sequence(format)
    })
}

unsafe extern "C" fn on_picture(user_data: *mut c_void, picture: *mut PicParamsHead) -> c_int {
    guarded(user_data, |state| state.on_picture(picture))
}

unsafe extern "C" fn on_display(user_data: *mut c_void, shown: *mut ParserDispInfo) -> c_int {
    // Null marks the end of the stream, where that was asked for.
    NonNull::new(shown).map_or(1, |shown| {
        guarded(user_data, |state| {
            // SAFETY: the parser's information lives through the callback.
            let shown = unsafe { shown.as_ref() };
            state.on_display(shown)
        })
    })
}
