//! A device's primary context, through which everything else calls the driver.
//!
//! The context is retained, not made: it is the one that the CUDA runtime and CubeCL use, so that addresses are valid on
//! both sides. Everything that holds a handle of it holds an [`Arc`] of it, so nothing outlives it, in whatever order the
//! owners are dropped.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use nvdec_sys::cuda::{self, CuResult};
use nvdec_sys::{Cuda, Cuvid, Libraries};

use crate::error::NvdecError;

/// A device's primary context.
#[derive(Debug)]
pub struct Context {
    libraries: Libraries,
    device: cuda::Device,
    /// Retained once by this value, and released once by its drop.
    raw: cuda::Context,
}

// SAFETY: a CUDA context may be used and released from any thread.
unsafe impl Send for Context {}
// SAFETY: the driver's functions are thread-safe, and the fields never change.
unsafe impl Sync for Context {}

impl Context {
    /// The context of device number `device`, through the machine's driver.
    ///
    /// # Errors
    /// What is missing: the driver, its video part, the device.
    pub fn open(device: u32) -> Result<Arc<Self>, NvdecError> {
        Self::with(Libraries::load()?, device)
    }

    /// The same, through the libraries that lie in `folder`.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_in(folder: &Path, device: u32) -> Result<Arc<Self>, NvdecError> {
        Self::with(Libraries::load_from(folder)?, device)
    }

    fn with(libraries: Libraries, device: u32) -> Result<Arc<Self>, NvdecError> {
        let cuda = &libraries.cuda;
        // SAFETY: may be called at any time, from any thread.
        check(cuda, "cuInit", unsafe { (cuda.init)(0) })?;
        let mut count = 0;
        // SAFETY: `count` lives through the call.
        check(cuda, "cuDeviceGetCount", unsafe { (cuda.device_get_count)(&raw mut count) })?;
        let found = u32::try_from(count).unwrap_or(0);
        if device >= found {
            return Err(NvdecError::NoDevice { asked: device, found });
        }
        let mut number = 0;
        let ordinal = c_int::try_from(device).unwrap_or(c_int::MAX);
        // SAFETY: `number` lives through the call.
        check(cuda, "cuDeviceGet", unsafe { (cuda.device_get)(&raw mut number, ordinal) })?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` lives through the call, `number` is a device.
        check(cuda, "cuDevicePrimaryCtxRetain", unsafe { (cuda.primary_ctx_retain)(&raw mut raw, number) })?;
        Ok(Arc::new(Self { libraries, device: number, raw }))
    }

    /// The device's name, as the driver gives it.
    ///
    /// # Errors
    /// The failed call.
    pub fn device_name(&self) -> Result<String, NvdecError> {
        let mut name: [c_char; 128] = [0; 128];
        // SAFETY: the driver writes at most the 127 characters it is told, so that the last stays zero.
        let code = unsafe { (self.cuda().device_get_name)(name.as_mut_ptr(), 127, self.device) };
        self.check("cuDeviceGetName", code)?;
        // SAFETY: the last character is zero, and the array lives here.
        Ok(unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned())
    }

    /// The version of the driver's interface, as `(13, 0)`.
    ///
    /// # Errors
    /// The failed call.
    pub fn driver_version(&self) -> Result<(u32, u32), NvdecError> {
        let mut version = 0;
        // SAFETY: `version` lives through the call.
        self.check("cuDriverGetVersion", unsafe { (self.cuda().driver_get_version)(&raw mut version) })?;
        let version = u32::try_from(version).unwrap_or(0);
        Ok((version / 1000, version % 1000 / 10))
    }

    /// The `CUcontext`, for other bindings.
    #[must_use]
    pub const fn as_raw(&self) -> cuda::Context {
        self.raw
    }

    pub(crate) const fn cuda(&self) -> &Cuda {
        &self.libraries.cuda
    }

    pub(crate) const fn cuvid(&self) -> &Cuvid {
        &self.libraries.cuvid
    }

    /// An error of `call`, unless `code` is success.
    pub(crate) fn check(&self, call: &'static str, code: CuResult) -> Result<(), NvdecError> {
        check(self.cuda(), call, code)
    }

    /// Makes the context current on this thread while the result lives.
    pub(crate) fn enter(&self) -> Result<Current<'_>, NvdecError> {
        // SAFETY: the context is retained while `self` lives.
        self.check("cuCtxPushCurrent", unsafe { (self.cuda().ctx_push_current)(self.raw) })?;
        Ok(Current { context: self, of_this_thread: PhantomData })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: retained once, in `with`, and released once, here.
        unsafe { (self.cuda().primary_ctx_release)(self.device) };
    }
}

/// The context's time on top of this thread's stack of contexts.
pub(crate) struct Current<'c> {
    context: &'c Context,
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        let mut popped = ptr::null_mut();
        // SAFETY: `popped` lives through the call; this thread pushed the context that is popped.
        unsafe { (self.context.cuda().ctx_pop_current)(&raw mut popped) };
    }
}

fn check(cuda: &Cuda, call: &'static str, code: CuResult) -> Result<(), NvdecError> {
    if code == cuda::SUCCESS {
        return Ok(());
    }
    let text = |function: unsafe extern "C" fn(CuResult, *mut *const c_char) -> CuResult| {
        let mut text = ptr::null();
        // SAFETY: `text` lives through the call.
        let told = unsafe { function(code, &raw mut text) } == cuda::SUCCESS && !text.is_null();
        // SAFETY: the driver gives static strings.
        told.then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    };
    let name = match (text(cuda.get_error_name), text(cuda.get_error_string)) {
        (Some(name), Some(description)) => format!("{name}: {description}"),
        _ => "a code that this driver has no name for".to_owned(),
    };
    Err(NvdecError::Call { call, code, name })
}
