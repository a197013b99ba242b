//! CubeCL's CUDA stream and buffers, for calls that CubeCL does not know.
//!
//! Work that is put into the stream here comes after everything that was launched before it from the same thread, and before
//! everything launched after it.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::any::{Any, TypeId};
use std::sync::Mutex;

use cubecl::client::Client;
use cubecl::device_handle::DeviceHandle;
use cubecl::server::{BufferBinding, Handle, ServerError, ServerStorage};
use cubecl_environment::backtrace::BackTrace;
use cubecl_environment::stream::StreamId;
use cubecl_server::command::DeviceStream;
use cubecl_server::runtime::Runtime;
use cubecl_server::stream::{WriteScoped, failed_writing};
use cudarc::driver::sys as driver;
use thiserror::Error;

/// The server behind a CUDA client, whose own name is private.
pub(super) type CudaServer = <cubecl::cuda::CudaRuntime as Runtime>::Server;

/// A `CUstream` of a device's primary context.
#[derive(Clone, Copy, Debug)]
pub struct RawStream(pub(super) driver::CUstream);

// SAFETY: a stream may be used from any thread.
unsafe impl Send for RawStream {}

impl RawStream {
    /// Another library's stream.
    ///
    /// # Safety
    /// `raw` is a live `CUstream` of the primary context of the device that it is used with.
    #[must_use]
    pub const unsafe fn new(raw: *mut std::ffi::c_void) -> Self {
        Self(raw.cast())
    }
}

/// What a call to CUDA, or to CubeCL for its sake, failed with.
#[derive(Clone, Debug, Error)]
pub enum CudaError {
    /// CubeCL could not give the buffers or the stream: an allocation failed, or the work that fills a buffer did.
    #[error("the GPU's buffers cannot be had: {reason}")]
    Buffers {
        /// CubeCL's words.
        reason: String,
    },
    /// A call of the driver failed.
    #[error("{call} failed with {code}")]
    Driver {
        /// Its name.
        call: &'static str,
        /// The driver's name for what went wrong.
        code: String,
    },
    /// A call of cuBLASLt failed.
    #[error("{call} failed with {status}")]
    Cublaslt {
        /// Its name.
        call: &'static str,
        /// cuBLAS's name for what went wrong.
        status: String,
    },
    /// A call of NVRTC failed.
    #[error("{call} failed: {said}")]
    Nvrtc {
        /// Its name.
        call: &'static str,
        /// What the compiler said.
        said: String,
    },
}

/// Turns a driver's answer into a result.
pub(super) fn check(call: &'static str, code: driver::CUresult) -> Result<(), CudaError> {
    code.result().map_err(|error| CudaError::Driver { call, code: format!("{:?}", error.0) })
}

/// Whether `client` is that of a CUDA device. It starts no CUDA where there is none.
pub(super) fn is_cuda(client: &Client) -> bool {
    client.service_id().service == TypeId::of::<CudaServer>()
}

/// Runs `work` with CUDA's primary context current, the stream that this thread's launches go to, and the address of each of
/// `handles`, whose memory stays where it is until `work`'s work in that stream is done.
///
/// # Errors
/// What went wrong where a buffer was allocated or filled.
///
/// # Panics
/// If `client` is not a CUDA device's, or `work` panics.
pub fn with_stream<R: Send>(
    client: &Client,
    handles: &[&Handle],
    work: impl FnOnce(RawStream, &[u64]) -> R + Send,
) -> Result<R, CudaError> {
    let stream_id = StreamId::current();
    let bindings: Vec<_> = handles.iter().map(|handle| (*handle).clone().binding()).collect();
    assert!(is_cuda(client), "{} is not CUDA", client.name());
    let device = DeviceHandle::<CudaServer>::new(client.service_id().device);
    let called = device.submit_blocking(move |server: &mut CudaServer| on_stream(server, stream_id, &bindings, work));
    called.unwrap_or_else(|error| std::panic::panic_any(error.message().unwrap_or("a CUDA call panicked").to_owned()))
}

/// The buffers of a piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Buffers<'a> {
    /// What it reads.
    pub read: &'a [&'a Handle],
    /// What it writes.
    pub written: &'a [&'a Handle],
}

/// As [`with_stream`], but `work` is only put into the device's queue, and gets the addresses of what it reads and then of what it
/// writes. What fails is told where what it should have written is read.
///
/// # Panics
/// If `client` is not a CUDA device's.
pub fn enqueue(
    client: &Client,
    buffers: Buffers<'_>,
    work: impl FnOnce(RawStream, &[u64]) -> Result<(), CudaError> + Send + 'static,
) {
    assert!(is_cuda(client), "{} is not CUDA", client.name());
    let stream_id = StreamId::current();
    let binding = |handle: &&Handle| (*handle).clone().binding();
    let written: Vec<_> = buffers.written.iter().map(binding).collect();
    let bindings: Vec<_> = buffers.read.iter().map(binding).chain(written.iter().cloned()).collect();
    let device = DeviceHandle::<CudaServer>::new(client.service_id().device);
    device.submit(move |server: &mut CudaServer| {
        if let Err(error) = on_stream(server, stream_id, &bindings, work).flatten() {
            let error = ServerError::Generic { reason: error.to_string(), backtrace: BackTrace::capture() };
            failed_writing(server, stream_id, written, error);
        }
    });
}

/// Runs `work` on the device's own thread, with the stream of `stream_id` and the addresses of what is behind `bindings`.
fn on_stream<R>(
    server: &mut CudaServer,
    stream_id: StreamId,
    bindings: &[BufferBinding],
    work: impl FnOnce(RawStream, &[u64]) -> R,
) -> Result<R, CudaError> {
    let failed = |error: &dyn std::fmt::Display| CudaError::Buffers { reason: error.to_string() };
    let resources = bindings.iter().map(|binding| server.get_resource(binding.clone(), stream_id));
    let resources = resources.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
    let addresses: Vec<u64> = resources.iter().map(|resource| resource.resource().ptr).collect();
    let streams = server.write_streams().resolve(stream_id, bindings.iter());
    let mut streams = streams.map_err(|error| failed(&error))?;
    // A graph that is being captured is to keep the memory where it is, as it does for CubeCL's own launches.
    for binding in bindings {
        streams.current().capturing().touch(binding.stream, binding.memory.descriptor().location());
    }
    let stream = RawStream(streams.current().signal());
    Ok(work(stream, &addresses))
}

/// Bytes of the device's memory that nobody has.
///
/// # Errors
/// The failed call.
pub fn free_memory(client: &Client) -> Result<usize, CudaError> {
    with_stream(client, &[], |_, _| {
        let (mut free, mut total) = (0, 0);
        // SAFETY: both live through the call; the primary context is current.
        check("cuMemGetInfo", unsafe { driver::cuMemGetInfo_v2(&raw mut free, &raw mut total) }).map(|()| free)
    })?
}

/// Copies `rows` rows of `row_bytes` bytes on the device, in `stream`: from `from`, rows `from_pitch` bytes apart, to `to`.
///
/// # Errors
/// The failed call.
///
/// # Safety
/// The rows lie in the device's memory, and do so until the stream has come this far. The primary context is current.
pub unsafe fn copy_rows(
    stream: RawStream,
    (from, from_pitch): (u64, usize),
    (to, to_pitch): (u64, usize),
    (row_bytes, rows): (usize, usize),
) -> Result<(), CudaError> {
    let copy = driver::CUDA_MEMCPY2D {
        srcXInBytes: 0,
        srcY: 0,
        srcMemoryType: driver::CUmemorytype::CU_MEMORYTYPE_DEVICE,
        srcHost: std::ptr::null(),
        srcDevice: from,
        srcArray: std::ptr::null_mut(),
        srcPitch: from_pitch,
        dstXInBytes: 0,
        dstY: 0,
        dstMemoryType: driver::CUmemorytype::CU_MEMORYTYPE_DEVICE,
        dstHost: std::ptr::null_mut(),
        dstDevice: to,
        dstArray: std::ptr::null_mut(),
        dstPitch: to_pitch,
        WidthInBytes: row_bytes,
        Height: rows,
    };
    // SAFETY: the caller vouches for the rows; the description is copied by the call.
    check("cuMemcpy2DAsync", unsafe { driver::cuMemcpy2DAsync_v2(&raw const copy, stream.0) })
}

/// A buffer that stays where it is, so that its address may be kept.
pub struct Pinned {
    address: u64,
    /// What keeps the buffer in its place; behind a lock that nobody takes, since only that can be shared.
    _resource: Mutex<Box<dyn Any + Send>>,
}

impl std::fmt::Debug for Pinned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pinned").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Pinned {
    /// Pins the buffer behind `handle`.
    ///
    /// # Errors
    /// It could not be allocated.
    pub fn new(client: &Client, handle: &Handle) -> Result<Self, CudaError> {
        let resource = client
            .get_resource::<CudaServer>(handle.clone())
            .map_err(|error| CudaError::Buffers { reason: error.to_string() })?;
        Ok(Self { address: resource.resource().ptr, _resource: Mutex::new(Box::new(resource)) })
    }

    /// The device address of the first byte.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }
}
