//! Streams, and events in them: the order of work on a device.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ptr;
use std::sync::Arc;

use nvdec_sys::cuda;

use crate::context::Context;
use crate::error::NvdecError;

/// A queue of work on the device.
#[derive(Clone, Debug)]
pub struct Stream(Arc<StreamHandle>);

#[derive(Debug)]
struct StreamHandle {
    context: Arc<Context>,
    /// A stream of `context`, live while this value lives.
    raw: cuda::Stream,
    owned: bool,
}

// SAFETY: streams may be used from any thread.
unsafe impl Send for StreamHandle {}
// SAFETY: the driver orders what several threads put into one stream.
unsafe impl Sync for StreamHandle {}

impl Stream {
    /// A new stream.
    ///
    /// # Errors
    /// The failed call.
    pub fn new(context: &Arc<Context>) -> Result<Self, NvdecError> {
        let _current = context.enter()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` lives through the call and the context is current.
        let code = unsafe { (context.cuda().stream_create)(&raw mut raw, cuda::STREAM_NON_BLOCKING) };
        context.check("cuStreamCreate", code)?;
        Ok(Self(Arc::new(StreamHandle { context: Arc::clone(context), raw, owned: true })))
    }

    /// Another program part's stream, for example CubeCL's.
    ///
    /// # Safety
    /// `raw` must be a stream of `context` that lives as long as every clone of the result and every session made on it.
    #[must_use]
    pub unsafe fn from_raw(context: &Arc<Context>, raw: cuda::Stream) -> Self {
        Self(Arc::new(StreamHandle { context: Arc::clone(context), raw, owned: false }))
    }

    /// The `CUstream`, for other bindings.
    #[must_use]
    pub fn as_raw(&self) -> cuda::Stream {
        self.0.raw
    }

    /// Waits until everything put into the stream so far is done.
    ///
    /// # Errors
    /// What the stream's work failed with.
    pub fn synchronize(&self) -> Result<(), NvdecError> {
        let context = &self.0.context;
        let _current = context.enter()?;
        // SAFETY: the stream lives (field invariant).
        context.check("cuStreamSynchronize", unsafe { (context.cuda().stream_synchronize)(self.0.raw) })
    }
}

impl Drop for StreamHandle {
    fn drop(&mut self) {
        if self.owned
            && let Ok(_current) = self.context.enter()
        {
            // SAFETY: made in `Stream::new`, destroyed once, here; the driver finishes its work first.
            unsafe { (self.context.cuda().stream_destroy)(self.raw) };
        }
    }
}

/// A point in a stream that can be waited for.
#[derive(Debug)]
pub struct Event {
    context: Arc<Context>,
    /// An event of `context`, live while this value lives.
    raw: cuda::Event,
}

// SAFETY: events may be used from any thread.
unsafe impl Send for Event {}

impl Event {
    /// The point behind everything put into `stream` so far.
    ///
    /// # Errors
    /// The failed call.
    pub fn record(stream: &Stream) -> Result<Self, NvdecError> {
        let context = &stream.0.context;
        let _current = context.enter()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` lives through the call and the context is current.
        let code = unsafe { (context.cuda().event_create)(&raw mut raw, cuda::EVENT_DISABLE_TIMING) };
        context.check("cuEventCreate", code)?;
        let event = Self { context: Arc::clone(context), raw };
        // SAFETY: both handles live, in the same context.
        let code = unsafe { (context.cuda().event_record)(event.raw, stream.0.raw) };
        context.check("cuEventRecord", code)?;
        Ok(event)
    }

    /// Whether the point has been reached.
    pub(crate) fn is_reached(&self) -> bool {
        // SAFETY: the event lives (field invariant).
        unsafe { (self.context.cuda().event_query)(self.raw) != cuda::ERROR_NOT_READY }
    }

    /// Waits for the point.
    ///
    /// # Errors
    /// What the stream's work failed with.
    pub fn synchronize(&self) -> Result<(), NvdecError> {
        // SAFETY: the event lives (field invariant).
        self.context.check("cuEventSynchronize", unsafe { (self.context.cuda().event_synchronize)(self.raw) })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: made in `record`, destroyed once, here.
            unsafe { (self.context.cuda().event_destroy)(self.raw) };
        }
    }
}
