//! NVIDIA's driver and the devices that it sees, asked without making a context.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::fs;
use std::path::{Path, PathBuf};
use std::ptr;

use serde::Serialize;

use crate::decoder::Decoder;
use crate::library::{Opened, Refusal, Seen, is_fine, table};
use crate::missing::{Lack, Missing};
use crate::nvml::Nvml;
use crate::places::Places;
use crate::state::as_state;
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
    #[serde(serialize_with = "as_state")]
    pub nvdec: Result<Decoder, Lack>,
}

table! {
    /// Of `libcuda.so.1`.
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
    let cuda = Cuda::of(&library).map_err(|said| Missing::Broken { path: path.clone(), said })?;
    library.keep();
    let mut number = 0;
    // SAFETY: the number lives through the call.
    let status = unsafe { (cuda.version)(&raw mut number) };
    // SAFETY: may be called at any time.
    let started = unsafe { (cuda.init)(0) };
    if status == STUB || started == STUB {
        return Err(Missing::Stub { path });
    }
    cuda.check("cuDriverGetVersion", status)?;
    let nvml = Nvml::open(places);
    let release = kernel_release(&places.kernel_driver).or_else(|| nvml.as_ref()?.release());
    let devices = match started {
        NO_DEVICE => Err(no_device(places)),
        started => cuda.check("cuInit", started).and_then(|()| devices(&cuda, nvml.as_ref(), &path, places)),
    };
    Ok((Driver { path, cuda: Version::of_cuda(number), release }, devices))
}

/// By the names that cudarc tries, then in the folders where containers put the driver.
fn open(places: &Places) -> Result<Opened, Missing> {
    let mut paths = places.by_loader(["libcuda.so", "libcuda.so.1"].map(str::to_owned).into_iter());
    if places.loader.is_none() {
        let elsewhere = nvdec_sys::library::FOLDERS.map(|folder| Path::new(folder).join("libcuda.so.1"));
        paths.extend(elsewhere.into_iter().filter(|path| path.exists()));
    }
    let (mut refused, mut last) = (None, "libcuda.so.1 is nowhere".to_owned());
    for path in paths {
        match Opened::open(&path, Seen::ByAll) {
            Ok(library) => return Ok(library),
            Err(Refusal::Broken(said)) => refused = refused.or(Some(Missing::Broken { path, said })),
            Err(Refusal::Absent(said)) => last = said,
        }
    }
    Err(refused.unwrap_or(Missing::NoDriver { said: last }))
}

fn no_device(places: &Places) -> Missing {
    Missing::NoDevice { visible: places.visible_devices.clone() }
}

fn devices(cuda: &Cuda, nvml: Option<&Nvml>, path: &Path, places: &Places) -> Result<Vec<Device>, Missing> {
    let mut count = 0;
    // SAFETY: the number lives through the call.
    cuda.check("cuDeviceGetCount", unsafe { (cuda.count)(&raw mut count) })?;
    let mut devices: Vec<Device> = Vec::new();
    for number in 0..u32::try_from(count).unwrap_or(0) {
        let mut device = cuda.device(number, nvml)?;
        // A decoder is asked in a context, which takes a moment to make: not again for each of eight equal devices.
        let alike = devices.iter().find(|other| (&other.name, other.memory) == (&device.name, device.memory));
        device.nvdec = match alike {
            Some(alike) => alike.nvdec.clone(),
            None => Decoder::of(number, places.loader.as_ref().and(path.parent())),
        };
        devices.push(device);
    }
    if devices.is_empty() { Err(no_device(places)) } else { Ok(devices) }
}

impl Cuda {
    fn device(&self, number: u32, nvml: Option<&Nvml>) -> Result<Device, Missing> {
        let (mut device, mut memory) = (0, 0);
        let ordinal = c_int::try_from(number).unwrap_or(c_int::MAX);
        // SAFETY: the number lives through the call.
        self.check("cuDeviceGet", unsafe { (self.get)(&raw mut device, ordinal) })?;
        // SAFETY: the number lives through the call, and the device is one.
        self.check("cuDeviceTotalMem", unsafe { (self.memory)(&raw mut memory, device) })?;
        let memory = memory as u64;
        let capability =
            Version::of_parts(self.attribute(CAPABILITY.0, device)?, self.attribute(CAPABILITY.1, device)?);
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
        if is_fine(code) {
            return Ok(());
        }
        let mut text = ptr::null();
        // SAFETY: `text` lives through the call.
        let told = is_fine(unsafe { (self.error_name)(code, &raw mut text) }) && !text.is_null();
        // SAFETY: the driver gives static strings.
        let name = told.then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| "a code that this driver has no name for".to_owned());
        Err(Missing::Driver { call, code, name, remedy: remedy(code) })
    }
}

/// What to do about a `CUresult`.
const fn remedy(code: c_int) -> &'static str {
    match code {
        // CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
        803 => "libcuda and the kernel's module are of different releases: restart after the update of the driver",
        // CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE
        804 => "cuda-compat does not support this GPU: take it out of LD_LIBRARY_PATH, or update the driver",
        // CUDA_ERROR_SYSTEM_NOT_READY
        802 => "the fabric manager is not ready: start `nvidia-fabricmanager`",
        _ => "see what `nvidia-smi` and the kernel's log (`dmesg | grep NVRM`) say",
    }
}

/// The release in the kernel module's line about itself: the first word that is a number with points.
fn kernel_release(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let is_release = |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    text.split_whitespace().find(is_release).map(str::to_owned)
}
