//! Events: what lets one stream wait for another without the host.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ptr;

use cudarc::driver::sys as driver;

use super::stream::{CudaError, RawStream, check};

/// A point in a stream.
#[derive(Debug)]
pub struct Event {
    /// Live while this value lives.
    raw: driver::CUevent,
    /// The context that it was made in: a device's primary one, which is never released here.
    context: driver::CUcontext,
}

// SAFETY: an event may be used from any thread.
unsafe impl Send for Event {}
// SAFETY: the driver orders the calls of several threads.
unsafe impl Sync for Event {}

impl Event {
    /// The point behind everything put into `stream` so far. The primary context is current.
    ///
    /// # Errors
    /// The failed call.
    pub fn record(stream: RawStream) -> Result<Self, CudaError> {
        let (mut raw, mut context) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: `context` lives through the call.
        check("cuCtxGetCurrent", unsafe { driver::cuCtxGetCurrent(&raw mut context) })?;
        let flags = driver::CUevent_flags::CU_EVENT_DISABLE_TIMING as u32;
        // SAFETY: `raw` lives through the call.
        check("cuEventCreate", unsafe { driver::cuEventCreate(&raw mut raw, flags) })?;
        let event = Self { raw, context };
        // SAFETY: both live, the stream as `RawStream` says.
        check("cuEventRecord", unsafe { driver::cuEventRecord(event.raw, stream.0) })?;
        Ok(event)
    }

    /// What is put into `stream` from now on waits for the point.
    ///
    /// # Errors
    /// The failed call.
    pub fn hold_back(&self, stream: RawStream) -> Result<(), CudaError> {
        // SAFETY: both live, the stream as `RawStream` says.
        check("cuStreamWaitEvent", unsafe { driver::cuStreamWaitEvent(stream.0, self.raw, 0) })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // The thread that drops it may have no context, or another. What fails here fails where the context is gone, and the event
        // with it.
        // SAFETY: the context lives, as its field says.
        let entered = unsafe { driver::cuCtxPushCurrent_v2(self.context) };
        if entered != driver::CUresult::CUDA_SUCCESS {
            return;
        }
        // SAFETY: made in `record`, destroyed once, here; the driver keeps it as long as a stream waits for it.
        let _gone = unsafe { driver::cuEventDestroy_v2(self.raw) };
        let mut left = ptr::null_mut();
        // SAFETY: `left` lives through the call; it was pushed above.
        let _left = unsafe { driver::cuCtxPopCurrent_v2(&raw mut left) };
    }
}
