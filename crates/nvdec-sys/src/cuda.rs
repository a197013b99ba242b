//! What a decoder needs of the CUDA driver interface (`cuda.h`): contexts, streams, events, copies.

#![expect(missing_docs, reason = "fields and functions are cuda.h's, described in NVIDIA's documentation")]

use std::ffi::{c_char, c_int, c_uint, c_void};

use crate::library::table;

/// `CUresult`: 0 is success.
pub type CuResult = c_uint;
/// `CUdevice`: a device's number.
pub type Device = c_int;
/// `CUcontext`.
pub type Context = *mut c_void;
/// `CUstream`; null is the default stream.
pub type Stream = *mut c_void;
/// `CUevent`.
pub type Event = *mut c_void;
/// `CUdeviceptr`: an address on the device.
pub type DevicePointer = u64;

/// `CUDA_SUCCESS`.
pub const SUCCESS: CuResult = 0;
/// `CUDA_ERROR_NOT_READY`: what an event says whose work is not done.
pub const ERROR_NOT_READY: CuResult = 600;
/// `CU_STREAM_NON_BLOCKING`: a stream that does not wait for the default stream.
pub const STREAM_NON_BLOCKING: c_uint = 1;
/// `CU_EVENT_DISABLE_TIMING`: an event that only orders work.
pub const EVENT_DISABLE_TIMING: c_uint = 2;
/// `CU_MEMORYTYPE_HOST`.
pub const MEMORY_HOST: c_uint = 1;
/// `CU_MEMORYTYPE_DEVICE`.
pub const MEMORY_DEVICE: c_uint = 2;

/// `CUDA_MEMCPY2D`: rows from one pitch to another.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Memcpy2D {
    pub src_x_in_bytes: usize,
    pub src_y: usize,
    pub src_memory_type: c_uint,
    pub src_host: *const c_void,
    pub src_device: DevicePointer,
    pub src_array: *mut c_void,
    pub src_pitch: usize,
    pub dst_x_in_bytes: usize,
    pub dst_y: usize,
    pub dst_memory_type: c_uint,
    pub dst_host: *mut c_void,
    pub dst_device: DevicePointer,
    pub dst_array: *mut c_void,
    pub dst_pitch: usize,
    pub width_in_bytes: usize,
    pub height: usize,
}

table! {
    /// The functions of `libcuda.so.1`.
    Cuda in "libcuda" {
        init: "cuInit" = fn(c_uint);
        driver_get_version: "cuDriverGetVersion" = fn(*mut c_int);
        device_get_count: "cuDeviceGetCount" = fn(*mut c_int);
        device_get: "cuDeviceGet" = fn(*mut Device, c_int);
        device_get_name: "cuDeviceGetName" = fn(*mut c_char, c_int, Device);
        primary_ctx_retain: "cuDevicePrimaryCtxRetain" = fn(*mut Context, Device);
        primary_ctx_release: "cuDevicePrimaryCtxRelease_v2" = fn(Device);
        ctx_push_current: "cuCtxPushCurrent_v2" = fn(Context);
        ctx_pop_current: "cuCtxPopCurrent_v2" = fn(*mut Context);
        stream_create: "cuStreamCreate" = fn(*mut Stream, c_uint);
        stream_destroy: "cuStreamDestroy_v2" = fn(Stream);
        stream_synchronize: "cuStreamSynchronize" = fn(Stream);
        event_create: "cuEventCreate" = fn(*mut Event, c_uint);
        event_destroy: "cuEventDestroy_v2" = fn(Event);
        event_record: "cuEventRecord" = fn(Event, Stream);
        event_query: "cuEventQuery" = fn(Event);
        event_synchronize: "cuEventSynchronize" = fn(Event);
        memcpy_2d_async: "cuMemcpy2DAsync_v2" = fn(*const Memcpy2D, Stream);
        get_error_name: "cuGetErrorName" = fn(CuResult, *mut *const c_char);
        get_error_string: "cuGetErrorString" = fn(CuResult, *mut *const c_char);
    }
}
