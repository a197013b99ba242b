//! One hardware decoder: made for a format, changed for another where the driver can, with its mapped surfaces.
//!
//! It is driven by the parser's callbacks (`session`), which run on whatever thread feeds the parser, with the context
//! current there.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::collections::VecDeque;
use std::ffi::c_int;
use std::ptr;
use std::sync::Arc;

use nvdec_sys::cuviddec::{
    ContextLock, GetDecodeStatus, PicParamsHead, ProcParams, ReconfigureDecoderInfo, VideoDecoder,
};
use nvdec_sys::nvcuvid::ParserDispInfo;

use crate::capabilities::Capabilities;
use crate::context::Context;
use crate::error::NvdecError;
use crate::format::StreamFormat;
use crate::options::{Deinterlace, Options, creation, even, rectangle};
use crate::stream::{Event, Stream};

/// A decoder of one codec, chroma format and bit depth.
#[derive(Debug)]
pub(crate) struct Decoder {
    context: Arc<Context>,
    /// Live until drop.
    raw: VideoDecoder,
    /// Made before `raw`, and destroyed after it.
    _lock: Lock,
    format: StreamFormat,
    /// Decoded pictures that there is memory for.
    surfaces: u32,
    /// Output surfaces, each of which `pending` or one `Surface` may hold.
    outputs: usize,
    deinterlace: Deinterlace,
    /// The largest coded size that `raw` can be changed to.
    room: (u32, u32),
    /// Mapped surfaces that are to be unmapped after their events, the oldest first.
    pending: VecDeque<(Mapped, Event)>,
}

// SAFETY: the driver's handles may be used from any thread, one at a time, which `&mut` ensures.
unsafe impl Send for Decoder {}

/// A mapped output surface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapped {
    pub(crate) pointer: u64,
    pub(crate) pitch: u32,
}

impl Decoder {
    /// A decoder for `format`, if the device has one.
    pub(crate) fn new(context: &Arc<Context>, format: &StreamFormat, options: &Options) -> Result<Self, NvdecError> {
        Capabilities::check(context, format)?;
        let _current = context.enter()?;
        let lock = Lock::new(context)?;
        let surfaces = format.min_surfaces.saturating_add(options.extra_surfaces);
        let outputs = options.output_surfaces.max(1);
        let room = (format.coded_size.0.max(options.room_for.0), format.coded_size.1.max(options.room_for.1));
        let mut info = creation(format, options, (room, surfaces));
        info.num_output_surfaces = outputs.into();
        info.vid_lock = lock.raw;
        let mut raw = ptr::null_mut();
        // SAFETY: both live through the call and the context is current.
        let code = unsafe { (context.cuvid().create_decoder)(&raw mut raw, &raw mut info) };
        context.check("cuvidCreateDecoder", code)?;
        Ok(Self {
            context: Arc::clone(context),
            raw,
            _lock: lock,
            format: *format,
            surfaces,
            outputs: outputs as usize,
            deinterlace: options.deinterlace,
            room,
            pending: VecDeque::new(),
        })
    }

    pub(crate) const fn format(&self) -> &StreamFormat {
        &self.format
    }

    pub(crate) const fn surfaces(&self) -> u32 {
        self.surfaces
    }

    /// Whether pictures of `format` can be decoded without a change.
    pub(crate) fn suits(&self, format: &StreamFormat) -> bool {
        self.is_of_the_kind_of(format)
            && (self.format.coded_size, self.format.shown) == (format.coded_size, format.shown)
    }

    fn is_of_the_kind_of(&self, format: &StreamFormat) -> bool {
        let kind = |format: &StreamFormat| (format.codec, format.chroma_format, format.bit_depth);
        let filtered_alike = self.deinterlace == Deinterlace::Weave || self.format.progressive == format.progressive;
        kind(&self.format) == kind(format) && format.min_surfaces <= self.surfaces && filtered_alike
    }

    /// Changes to `format`, in the sequence callback; false if that takes a new decoder.
    pub(crate) fn reconfigure(&mut self, format: &StreamFormat) -> Result<bool, NvdecError> {
        let (width, height) = format.coded_size;
        if !self.is_of_the_kind_of(format) || width > self.room.0 || height > self.room.1 {
            return Ok(false);
        }
        Capabilities::check(&self.context, format)?;
        self.release_all()?;
        let area = even(format.shown, format.coded_size);
        let mut info = ReconfigureDecoderInfo {
            width,
            height,
            target_width: area.width,
            target_height: area.height,
            num_decode_surfaces: self.surfaces,
            display_area: rectangle(area),
            ..ReconfigureDecoderInfo::default()
        };
        // SAFETY: the decoder lives (field invariant) and nothing of it is mapped.
        let code = unsafe { (self.context.cuvid().reconfigure_decoder)(self.raw, &raw mut info) };
        let changed = self.context.check("cuvidReconfigureDecoder", code).is_ok();
        if changed {
            self.format = *format;
        }
        Ok(changed)
    }

    /// Takes what the stream says beyond its size: colours, whether it is progressive.
    pub(crate) const fn describe(&mut self, format: &StreamFormat) {
        self.format = *format;
    }

    /// Queues a picture for decoding.
    pub(crate) fn decode(&mut self, picture: *mut PicParamsHead) -> Result<(), NvdecError> {
        // SAFETY: the decoder lives (field invariant); the parser made `picture` and waits for this call.
        let code = unsafe { (self.context.cuvid().decode_picture)(self.raw, picture) };
        self.context.check("cuvidDecodePicture", code)
    }

    /// Waits for a picture and makes it readable.
    pub(crate) fn map(&mut self, shown: &ParserDispInfo, stream: &Stream) -> Result<Mapped, NvdecError> {
        self.release(self.outputs - 1)?;
        let mut processing = ProcParams {
            progressive_frame: shown.progressive_frame,
            top_field_first: shown.top_field_first,
            unpaired_field: c_int::from(shown.repeat_first_field < 0),
            output_stream: stream.as_raw(),
            ..ProcParams::default()
        };
        let mut mapped = Mapped { pointer: 0, pitch: 0 };
        // SAFETY: the decoder lives (field invariant), and what the others point at lives through the call.
        let code = unsafe {
            (self.context.cuvid().map_video_frame)(
                self.raw,
                shown.picture_index,
                &raw mut mapped.pointer,
                &raw mut mapped.pitch,
                &raw mut processing,
            )
        };
        self.context.check("cuvidMapVideoFrame64", code)?;
        Ok(mapped)
    }

    /// How decoding a picture went: `cuvidDecodeStatus`, if the driver tells it for this codec.
    pub(crate) fn status(&self, picture: c_int) -> Option<u32> {
        let mut status = GetDecodeStatus::default();
        // SAFETY: the decoder lives (field invariant) and `status` through the call.
        let code = unsafe { (self.context.cuvid().get_decode_status)(self.raw, picture, &raw mut status) };
        (code == 0).then_some(status.decode_status)
    }

    pub(crate) fn unmap(&self, mapped: Mapped) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: the decoder lives (field invariant); a `Mapped` is given back once, by what holds it.
            unsafe { (self.context.cuvid().unmap_video_frame)(self.raw, mapped.pointer) };
        }
    }

    pub(crate) fn unmap_after(&mut self, mapped: Mapped, event: Event) {
        self.pending.push_back((mapped, event));
    }

    /// Unmaps what may be, waiting until at most `keep` surfaces are pending.
    fn release(&mut self, keep: usize) -> Result<(), NvdecError> {
        while let Some((_, event)) = self.pending.front() {
            let must = self.pending.len() > keep;
            if !must && !event.is_reached() {
                break;
            }
            let waited = event.synchronize();
            if let Some((mapped, _)) = self.pending.pop_front() {
                self.unmap(mapped);
            }
            waited?;
        }
        Ok(())
    }

    pub(crate) fn release_all(&mut self) -> Result<(), NvdecError> {
        self.release(0)
    }

    pub(crate) const fn context(&self) -> &Arc<Context> {
        &self.context
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        while !self.pending.is_empty() {
            // An event that failed was taken off with its surface; the next is tried all the same.
            drop(self.release_all());
        }
        if let Ok(_current) = self.context.enter() {
            // SAFETY: made in `new` and destroyed once, here; no surface of it is mapped.
            unsafe { (self.context.cuvid().destroy_decoder)(self.raw) };
        }
    }
}

/// The lock that lets the driver's own threads use the context.
#[derive(Debug)]
struct Lock {
    context: Arc<Context>,
    /// Live until drop.
    raw: ContextLock,
}

impl Lock {
    fn new(context: &Arc<Context>) -> Result<Self, NvdecError> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` lives through the call, the context while retained.
        let code = unsafe { (context.cuvid().ctx_lock_create)(&raw mut raw, context.as_raw()) };
        context.check("cuvidCtxLockCreate", code)?;
        Ok(Self { context: Arc::clone(context), raw })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: made in `new` and destroyed once, here.
        unsafe { (self.context.cuvid().ctx_lock_destroy)(self.raw) };
    }
}
