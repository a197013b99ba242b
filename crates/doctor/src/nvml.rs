//! What NVIDIA's management library tells without a context: the driver's release, and how much memory is free. It comes
//! with the driver, except into containers without the `utility` capability.

#![expect(unsafe_code, reason = "calls into NVML")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr;

use crate::library::{Opened, Seen, table};
use crate::places::Places;

const LIBRARY: &str = "libnvidia-ml.so.1";

table! {
    Calls {
        init: "nvmlInit_v2" = fn() -> c_int;
        shutdown: "nvmlShutdown" = fn() -> c_int;
        driver_version: "nvmlSystemGetDriverVersion" = fn(*mut c_char, c_uint) -> c_int;
        by_bus: "nvmlDeviceGetHandleByPciBusId_v2" = fn(*const c_char, *mut *mut c_void) -> c_int;
        memory: "nvmlDeviceGetMemoryInfo" = fn(*mut c_void, *mut [u64; 3]) -> c_int;
    }
}

/// The library, at work until this is dropped.
pub(crate) struct Nvml(Calls);

impl Nvml {
    pub(crate) fn open(places: &Places) -> Option<Self> {
        let paths = places.by_loader(std::iter::once(LIBRARY.to_owned())).into_iter();
        let mut paths = paths.chain(places.driver_folders(LIBRARY));
        let library = paths.find_map(|path| Opened::open(&path, Seen::ByUs).ok())?;
        let calls = Calls::of(&library).ok()?;
        library.keep();
        // SAFETY: may be called at any time.
        let started = unsafe { (calls.init)() };
        (started == 0).then_some(Self(calls))
    }

    /// The driver's release.
    pub(crate) fn release(&self) -> Option<String> {
        let mut text: [c_char; 96] = [0; 96];
        // SAFETY: NVML writes at most the 95 characters it is told, so that the last stays zero.
        let status = unsafe { (self.0.driver_version)(text.as_mut_ptr(), 95) };
        // SAFETY: the last character is zero, and the array lives here.
        (status == 0).then(|| unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned())
    }

    /// The free bytes of the device at this PCI address.
    pub(crate) fn free(&self, bus: &str) -> Option<u64> {
        let bus = CString::new(bus).ok()?;
        let mut device = ptr::null_mut();
        // SAFETY: both arguments live through the call.
        let found = unsafe { (self.0.by_bus)(bus.as_ptr(), &raw mut device) } == 0;
        // `nvmlMemory_t`: total, free, used.
        let mut memory = [0; 3];
        // SAFETY: NVML gave the device, and `memory` lives through the call.
        let told = found && unsafe { (self.0.memory)(device, &raw mut memory) } == 0;
        told.then_some(memory[1])
    }
}

impl Drop for Nvml {
    fn drop(&mut self) {
        // SAFETY: started once, in `open`, and stopped once, here.
        unsafe { (self.0.shutdown)() };
    }
}
