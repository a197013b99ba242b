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
        let mut raw = ptr::null_mut();
        let flags = driver::CUevent_flags::CU_EVENT_DISABLE_TIMING as u32;
        // SAFETY: `raw` lives through the call.
        check("cuEventCreate", unsafe { driver::cuEventCreate(&raw mut raw, flags) })?;
        let event = Self { raw };
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
        // SAFETY: made in `record`, destroyed once, here; the driver keeps it as long as a stream waits for it. It can fail only
        // where the context is gone, and the event with it.
        let _gone = unsafe { driver::cuEventDestroy_v2(self.raw) };
    }
}
