//! NVIDIA's driver and the devices that it sees, asked without making a context.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::fs;
use std::path::{Path, PathBuf};
use std::ptr;

use serde::Serialize;

use crate::decoder::Decoder;
use crate::library::{Opened, Refusal, Seen, table};
use crate::missing::{Lack, Missing};
use crate::nvml::Nvml;
use crate::places::Places;
use crate::state;
use crate::version::Version;

/// `CUDA_ERROR_STUB_LIBRARY`, `CUDA_ERROR_NO_DEVICE`.
const STUB: c_int = 34;
const NO_DEVICE: c_int = 100;
/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR`, `..._MINOR`.
const CAPABILITY: (c_int, c_int) = (75, 76);

/// The driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Driver {
    /// `libcuda.so`.
    pub path: PathBuf,
    /// The newest CUDA that it takes.
    pub cuda: Version,
    /// Its own number, such as 580.95.05, where it can be read.
    pub release: Option<String>,
}

/// A GPU.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// Its number, as in `--device cuda:0`.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its compute capability.
    pub capability: Version,
    /// Its memory in bytes.
    pub memory: u64,
    /// What is free of it, where that can be read.
    pub free: Option<u64>,
    /// Its video decoder.
    #[serde(serialize_with = "state::decoder")]
    pub nvdec: Result<Decoder, Lack>,
}

table! {
    Cuda {
        init: "cuInit" = fn(c_uint) -> c_int;
        version: "cuDriverGetVersion" = fn(*mut c_int) -> c_int;
        count: "cuDeviceGetCount" = fn(*mut c_int) -> c_int;
        get: "cuDeviceGet" = fn(*mut c_int, c_int) -> c_int;
        name: "cuDeviceGetName" = fn(*mut c_char, c_int, c_int) -> c_int;
        bus: "cuDeviceGetPCIBusId" = fn(*mut c_char, c_int, c_int) -> c_int;
        attribute: "cuDeviceGetAttribute" = fn(*mut c_int, c_int, c_int) -> c_int;
        memory: "cuDeviceTotalMem_v2" = fn(*mut usize, c_int) -> c_int;
        error_name: "cuGetErrorName" = fn(c_int, *mut *const c_char) -> c_int;
    }
}

/// The driver, and the devices that it sees.
pub(crate) type Found = (Driver, Result<Vec<Device>, Missing>);

pub(crate) fn look(places: &Places) -> Result<Found, Missing> {
    let library = open(places)?;
    let path = library.file("cuInit");
    let cuda = Cuda::of(&library).map_err(|said| Missing::Broken(path.clone(), said))?;
    library.keep();
    let mut version = 0;
    // SAFETY: the number lives through the call.
    let versioned = unsafe { (cuda.version)(&raw mut version) };
    // SAFETY: may be called at any time.
    let started = unsafe { (cuda.init)(0) };
    if versioned == STUB || started == STUB {
        return Err(Missing::Stub(path));
    }
    cuda.check("cuDriverGetVersion", versioned)?;
    let nvml = Nvml::open(places);
    let release = kernel_release(&places.kernel_driver).or_else(|| nvml.as_ref()?.release());
    let devices = match started {
        NO_DEVICE => Err(Missing::NoDevice(places.visible_devices.clone())),
        started => cuda.check("cuInit", started).and_then(|()| cuda.devices(nvml.as_ref(), &path, places)),
    };
    Ok((Driver { path, cuda: Version::of_cuda(version), release }, devices))
}

/// By the names that cudarc tries, then where containers put the driver.
fn open(places: &Places) -> Result<Opened, Missing> {
    let mut paths = places.by_loader(["libcuda.so", "libcuda.so.1"].map(str::to_owned).into_iter());
    paths.extend(places.driver_folders("libcuda.so.1"));
    let (mut broken, mut absent) = (None, "libcuda.so.1 is nowhere".to_owned());
    for path in paths {
        match Opened::open(&path, Seen::ByAll) {
            Ok(library) => return Ok(library),
            Err(Refusal::Broken(said)) => broken = broken.or(Some(Missing::Broken(path, said))),
            Err(Refusal::Absent(said)) => absent = said,
        }
    }
    Err(broken.unwrap_or(Missing::NoDriver(absent)))
}

impl Cuda {
    fn devices(&self, nvml: Option<&Nvml>, path: &Path, places: &Places) -> Result<Vec<Device>, Missing> {
        let mut count = 0;
        // SAFETY: the number lives through the call.
        self.check("cuDeviceGetCount", unsafe { (self.count)(&raw mut count) })?;
        let mut devices: Vec<Device> = Vec::new();
        for number in 0..u32::try_from(count).unwrap_or(0) {
            let mut device = self.device(number, nvml)?;
            // A decoder is asked in a context, which takes a moment to make: not again for each of eight equal devices.
            let alike = devices.iter().find(|other| (&other.name, other.memory) == (&device.name, device.memory));
            device.nvdec = match alike {
                Some(alike) => alike.nvdec.clone(),
                None => Decoder::of(number, places.loader.as_ref().and(path.parent())),
            };
            devices.push(device);
        }
        if devices.is_empty() { Err(Missing::NoDevice(places.visible_devices.clone())) } else { Ok(devices) }
    }

    fn device(&self, number: u32, nvml: Option<&Nvml>) -> Result<Device, Missing> {
        let (mut device, mut memory) = (0, 0);
        let ordinal = c_int::try_from(number).unwrap_or(c_int::MAX);
        // SAFETY: the number lives through the call.
        self.check("cuDeviceGet", unsafe { (self.get)(&raw mut device, ordinal) })?;
        // SAFETY: the number lives through the call, and the device is one.
        self.check("cuDeviceTotalMem", unsafe { (self.memory)(&raw mut memory, device) })?;
        let memory = memory as u64;
        let capability = Version::of(self.attribute(CAPABILITY.0, device)?, self.attribute(CAPABILITY.1, device)?);
        let name = self.text("cuDeviceGetName", self.name, device)?;
        let bus = self.text("cuDeviceGetPCIBusId", self.bus, device).ok();
        // A part of a partitioned GPU is smaller than the whole, of which NVML speaks.
        let free = bus.and_then(|bus| nvml?.free(&bus)).filter(|free| *free <= memory);
        Ok(Device { number, name, capability, memory, free, nvdec: Err(Lack::NoEngine) })
    }

    fn attribute(&self, attribute: c_int, device: c_int) -> Result<c_int, Missing> {
        let mut value = 0;
        // SAFETY: the number lives through the call, and the device is one.
        self.check("cuDeviceGetAttribute", unsafe { (self.attribute)(&raw mut value, attribute, device) })?;
        Ok(value)
    }

    fn text(
        &self,
        call: &'static str,
        function: unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int,
        device: c_int,
    ) -> Result<String, Missing> {
        let mut text: [c_char; 128] = [0; 128];
        // SAFETY: the driver writes at most the 127 characters it is told, so that the last stays zero.
        self.check(call, unsafe { function(text.as_mut_ptr(), 127, device) })?;
        // SAFETY: the last character is zero, and the array lives here.
        Ok(unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned())
    }

    fn check(&self, call: &'static str, code: c_int) -> Result<(), Missing> {
        if code == 0 {
            return Ok(());
        }
        let mut text = ptr::null();
        // SAFETY: `text` lives through the call.
        let told = unsafe { (self.error_name)(code, &raw mut text) } == 0 && !text.is_null();
        // SAFETY: the driver gives static strings.
        let name = told.then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned());
        Err(Missing::Call(call, code, name.unwrap_or_else(|| "of no name".to_owned())))
    }
}

/// The release in the kernel module's line about itself: the first word that is a number with points.
fn kernel_release(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let is_release = |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    text.split_whitespace().find(is_release).map(str::to_owned)
}
