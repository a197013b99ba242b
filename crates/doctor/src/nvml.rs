//! What NVIDIA's management library tells without a context: the driver's release, and how much memory is free. It comes
//! with the driver, except into containers without the `utility` capability.

#![expect(unsafe_code, reason = "calls into NVML")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::path::PathBuf;
use std::ptr;

use crate::library::{Opened, Seen, is_fine, table};
use crate::places::Places;

const LIBRARY: &str = "libnvidia-ml.so.1";

/// `nvmlMemory_t`.
#[repr(C)]
#[derive(Default)]
struct Memory {
    total: u64,
    free: u64,
    used: u64,
}

table! {
    /// Of `libnvidia-ml.so.1`.
    Calls {
        init: "nvmlInit_v2" = fn() -> c_int;
        shutdown: "nvmlShutdown" = fn() -> c_int;
        driver_version: "nvmlSystemGetDriverVersion" = fn(*mut c_char, c_uint) -> c_int;
        by_bus: "nvmlDeviceGetHandleByPciBusId_v2" = fn(*const c_char, *mut *mut c_void) -> c_int;
        memory: "nvmlDeviceGetMemoryInfo" = fn(*mut c_void, *mut Memory) -> c_int;
    }
}

/// The library, at work until this is dropped.
pub(crate) struct Nvml {
    calls: Calls,
}

impl Nvml {
    pub(crate) fn open(places: &Places) -> Option<Self> {
        let paths = places.by_loader(std::iter::once(LIBRARY.to_owned()));
        let elsewhere = nvdec_sys::library::FOLDERS.iter().map(|folder| PathBuf::from(folder).join(LIBRARY));
        let elsewhere = elsewhere.filter(|path| places.loader.is_none() && path.exists());
        let library = paths.into_iter().chain(elsewhere).find_map(|path| Opened::open(&path, Seen::ByUs).ok())?;
        let calls = Calls::of(&library).ok()?;
        library.keep();
        // SAFETY: may be called at any time.
        let started = is_fine(unsafe { (calls.init)() });
        started.then_some(Self { calls })
    }

    /// The driver's release.
    pub(crate) fn release(&self) -> Option<String> {
        let mut text: [c_char; 96] = [0; 96];
        // SAFETY: NVML writes at most the 95 characters it is told, so that the last stays zero.
        let told = is_fine(unsafe { (self.calls.driver_version)(text.as_mut_ptr(), 95) });
        // SAFETY: the last character is zero, and the array lives here.
        told.then(|| unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned())
    }

    /// The free bytes of the device at this PCI address.
    pub(crate) fn free(&self, bus: &str) -> Option<u64> {
        let bus = CString::new(bus).ok()?;
        let mut device = ptr::null_mut();
        // SAFETY: both arguments live through the call.
        let found = is_fine(unsafe { (self.calls.by_bus)(bus.as_ptr(), &raw mut device) });
        let mut memory = Memory::default();
        // SAFETY: NVML gave the device, and `memory` lives through the call.
        let told = found && is_fine(unsafe { (self.calls.memory)(device, &raw mut memory) });
        told.then_some(memory.free)
    }
}

impl Drop for Nvml {
    fn drop(&mut self) {
        // SAFETY: started once, in `open`, and stopped once, here.
        unsafe { (self.calls.shutdown)() };
    }
}
