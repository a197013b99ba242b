//! Kernels in CUDA C++, for what is faster said so than as a `#[cube]` kernel: tensor cores, bulk copies, vectors of halves.
//!
//! NVRTC compiles one for the GPU at hand when it is first launched; `cache` keeps what it made for the next process.

#![expect(unsafe_code, reason = "calls into NVRTC and the CUDA driver")]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt::Write as _;
use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use cubecl::client::Client;
use cubecl_cuda::install;
use cudarc::driver::sys as driver;
use cudarc::nvrtc::{result as nvrtc, sys as nvrtc_sys};

use super::cache;
use super::stream::{Buffers, CudaError, RawStream, check, enqueue, with_stream};
use super::tensor_map::TensorMap;
use crate::{Activation, Element, Numbers};

/// A file of CUDA C++. It may include `cuda_fp16.h` and `cuda_bf16.h`.
#[derive(Debug)]
pub struct Source {
    /// The file's name, for the compiler's messages.
    pub name: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// One `extern "C"` kernel of a source, with the macros that it is compiled with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    /// By its address: there is one `static` for each.
    source: ByAddress,
    entry: &'static str,
    defines: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, Debug)]
struct ByAddress(&'static Source);

impl PartialEq for ByAddress {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

impl Eq for ByAddress {}

impl std::hash::Hash for ByAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        ptr::hash(self.0, state);
    }
}

/// How a kernel is spread over the GPU.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Blocks, along x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block, along x.
    pub block: u32,
    /// Bytes of dynamic shared memory of a block.
    pub shared: u32,
}

/// What a kernel is given.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A pointer into the device's memory.
    Address(u64),
    /// An `int` or `unsigned`.
    U32(u32),
    /// A `float`.
    F32(f32),
    /// What the copy engine reads from or writes to.
    Map(TensorMap),
}

/// A device's kernels and what they are compiled for.
struct Device {
    /// `90` for compute capability 9.0.
    capability: u32,
    multiprocessors: u32,
    kernels: Mutex<HashMap<Kernel, Arc<Making>>>,
}

/// A kernel that is loaded, or is being loaded.
type Making = OnceLock<Result<Loaded, CudaError>>;

/// A kernel on a device. Never unloaded.
#[derive(Clone, Copy)]
struct Loaded(driver::CUfunction);

// SAFETY: a function may be launched from any thread.
unsafe impl Send for Loaded {}
// SAFETY: as above.
unsafe impl Sync for Loaded {}

static DEVICES: LazyLock<Mutex<HashMap<u16, Arc<Device>>>> = LazyLock::new(Mutex::default);

impl Kernel {
    /// Kernel `entry` of `source`, which sees each of `defines` as a macro, and by `ELEMENT_BF16` whether its `Element`, if it has
    /// `element.cuh`, is bfloat16.
    #[must_use]
    pub fn new<E: Element>(
        source: &'static Source,
        entry: &'static str,
        defines: &[(&'static str, &dyn std::fmt::Display)],
    ) -> Self {
        let bf16 = (E::NUMBERS == Numbers::Bf16).then(|| ("ELEMENT_BF16", "1".to_owned()));
        let defines = defines.iter().map(|(name, value)| (*name, value.to_string())).chain(bf16).collect();
        Self { source: ByAddress(source), entry, defines }
    }

    /// Puts the kernel into the stream of this thread: its arguments are the addresses of what it reads and of what it writes, then
    /// `others`. That it could not be compiled, loaded or launched, or that what fills a buffer failed, is told where what it should
    /// have written is read.
    ///
    /// # Safety
    /// With these arguments and this geometry, the kernel stays within the buffers.
    pub unsafe fn launch(
        self,
        client: &Client,
        geometry: Geometry,
        buffers: Buffers<'_>,
        others: impl IntoIterator<Item = Argument>,
    ) {
        let others: Vec<_> = others.into_iter().collect();
        let arguments = move |addresses: &[u64]| {
            let addresses = addresses.iter().copied().map(Argument::Address);
            Ok(addresses.chain(others).collect())
        };
        // SAFETY: the caller vouches for the arguments.
        unsafe { self.launch_with(client, geometry, buffers, arguments) };
    }

    /// As [`launch`](Self::launch), with the arguments that `arguments` makes of the addresses.
    ///
    /// # Safety
    /// With these arguments and this geometry, the kernel stays within the buffers.
    pub unsafe fn launch_with(
        self,
        client: &Client,
        geometry: Geometry,
        buffers: Buffers<'_>,
        arguments: impl FnOnce(&[u64]) -> Result<Vec<Argument>, CudaError> + Send + 'static,
    ) {
        let ordinal = client.service_id().device.index_id;
        enqueue(client, buffers, move |stream, addresses| {
            let loaded = device(ordinal)?.load(&self, geometry.shared)?;
            launch(loaded, geometry, stream, &arguments(addresses)?)
        });
    }
}

/// The device's compute capability, `90` for 9.0; `None` if this is no CUDA device.
#[must_use]
pub fn capability(client: &Client) -> Option<u32> {
    Some(clients_device(client)?.capability)
}

/// How many multiprocessors the device has; `None` if this is no CUDA device.
#[must_use]
pub fn multiprocessors(client: &Client) -> Option<u32> {
    Some(clients_device(client)?.multiprocessors)
}

fn clients_device(client: &Client) -> Option<Arc<Device>> {
    if !super::stream::is_cuda(client) {
        return None;
    }
    let ordinal = client.service_id().device.index_id;
    let known = DEVICES.lock().unwrap_or_else(PoisonError::into_inner).get(&ordinal).cloned();
    known.or_else(|| with_stream(client, &[], |_, _| device(ordinal)).ok()?.ok())
}

/// The device whose context is current.
fn device(ordinal: u16) -> Result<Arc<Device>, CudaError> {
    let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = devices.get(&ordinal) {
        return Ok(Arc::clone(device));
    }
    let mut raw = 0;
    // SAFETY: `raw` lives through the call.
    check("cuCtxGetDevice", unsafe { driver::cuCtxGetDevice(&raw mut raw) })?;
    let attribute = |which| {
        let mut value = 0;
        // SAFETY: `value` lives through the call; the device is the context's.
        check("cuDeviceGetAttribute", unsafe { driver::cuDeviceGetAttribute(&raw mut value, which, raw) })?;
        Ok::<_, CudaError>(value.unsigned_abs())
    };
    let major = attribute(driver::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = attribute(driver::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    let multiprocessors = attribute(driver::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
    let device = Arc::new(Device { capability: 10 * major + minor, multiprocessors, kernels: Mutex::default() });
    devices.insert(ordinal, Arc::clone(&device));
    Ok(device)
}

impl Device {
    /// The kernel, compiled once. Other kernels may be loaded meanwhile.
    fn load(&self, kernel: &Kernel, shared: u32) -> Result<Loaded, CudaError> {
        let place = {
            let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(kernels.entry(kernel.clone()).or_default())
        };
        place.get_or_init(|| self.make(kernel, shared)).clone()
    }

    fn make(&self, kernel: &Kernel, shared: u32) -> Result<Loaded, CudaError> {
        let options = options(self.capability, &kernel.defines);
        let key = cache::Key::new(&[kernel.source.0.text, &options.join("\n"), &versions()?]);
        let cubin = match cache::read(&key) {
            Some(cubin) => cubin,
            None => {
                let cubin = compile(kernel.source.0, &options)?;
                cache::write(&key, &cubin);
                cubin
            }
        };
        load(&cubin, kernel.entry, shared)
    }
}

/// What the compiler is told.
fn options(capability: u32, defines: &[(&'static str, String)]) -> Vec<String> {
    // Hopper's matrix and copy engines are only in the architecture's own set of instructions.
    let own = if capability == 90 { "a" } else { "" };
    let mut options = vec![
        format!("--gpu-architecture=sm_{capability}{own}"),
        "--std=c++17".to_owned(),
        format!("--include-path={}", install::include_path().display()),
    ];
    options.extend(defines.iter().map(|(name, value)| format!("-D{name}={value}")));
    options
}

/// What else a compiled kernel depends on: the compiler, and, for what it makes of it, the driver.
fn versions() -> Result<String, CudaError> {
    let (mut major, mut minor, mut release) = (0, 0, 0);
    // SAFETY: both live through the call.
    compiled("nvrtcVersion", unsafe { nvrtc_sys::nvrtcVersion(&raw mut major, &raw mut minor) })?;
    // SAFETY: it lives through the call.
    check("cuDriverGetVersion", unsafe { driver::cuDriverGetVersion(&raw mut release) })?;
    Ok(format!("nvrtc {major}.{minor}, driver {release}"))
}

fn compiled(call: &'static str, code: nvrtc_sys::nvrtcResult) -> Result<(), CudaError> {
    code.result().map_err(|error| CudaError::Nvrtc { call, said: format!("{:?}", error.0) })
}

/// The source as a cubin.
fn compile(source: &Source, options: &[String]) -> Result<Vec<u8>, CudaError> {
    let refused = |call| move |error: nvrtc::NvrtcError| CudaError::Nvrtc { call, said: format!("{:?}", error.0) };
    let inner_nul = |_: std::ffi::NulError| CudaError::Nvrtc { call: "nvrtcCreateProgram", said: "a zero".to_owned() };
    let text = CString::new(source.text).map_err(inner_nul)?;
    let name = CString::new(source.name).map_err(inner_nul)?;
    let program = Program(nvrtc::create_program(&text, Some(&name)).map_err(refused("nvrtcCreateProgram"))?);
    // SAFETY: the program lives.
    if let Err(error) = unsafe { nvrtc::compile_program(program.0, options) } {
        let mut said = format!("{:?} for {} with {}", error.0, source.name, options.join(" "));
        // SAFETY: the program lives.
        if let Ok(log) = unsafe { nvrtc::get_program_log(program.0) } {
            let log: Vec<u8> = log.iter().map(|c| *c as u8).collect();
            let _always = write!(said, ":\n{}", CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy());
        }
        return Err(CudaError::Nvrtc { call: "nvrtcCompileProgram", said });
    }
    let mut size = 0;
    // SAFETY: the program is compiled; `size` lives through the call.
    compiled("nvrtcGetCUBINSize", unsafe { nvrtc_sys::nvrtcGetCUBINSize(program.0, &raw mut size) })?;
    let mut cubin = vec![0_u8; size];
    // SAFETY: there is room for as many bytes as the library asked for.
    compiled("nvrtcGetCUBIN", unsafe { nvrtc_sys::nvrtcGetCUBIN(program.0, cubin.as_mut_ptr().cast::<c_char>()) })?;
    Ok(cubin)
}

struct Program(nvrtc_sys::nvrtcProgram);

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: made by `create_program`, destroyed once, here.
        let _gone = unsafe { nvrtc::destroy_program(self.0) };
    }
}

/// Loads kernel `entry` into the current context, with `shared` bytes of dynamic shared memory allowed.
fn load(cubin: &[u8], entry: &str, shared: u32) -> Result<Loaded, CudaError> {
    let name = CString::new(entry)
        .map_err(|error| CudaError::Driver { call: "cuModuleGetFunction", code: error.to_string() })?;
    let (mut module, mut function) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the image is whole: it comes from the compiler, or from the cache, which checks it.
    check("cuModuleLoadData", unsafe { driver::cuModuleLoadData(&raw mut module, cubin.as_ptr().cast()) })?;
    // SAFETY: the module is loaded and never unloaded.
    check("cuModuleGetFunction", unsafe { driver::cuModuleGetFunction(&raw mut function, module, name.as_ptr()) })?;
    let most = driver::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    let bytes = i32::try_from(shared)
        .map_err(|error| CudaError::Driver { call: "cuFuncSetAttribute", code: error.to_string() })?;
    // SAFETY: the function is loaded.
    check("cuFuncSetAttribute", unsafe { driver::cuFuncSetAttribute(function, most, bytes) })?;
    Ok(Loaded(function))
}

fn launch(kernel: Loaded, geometry: Geometry, stream: RawStream, arguments: &[Argument]) -> Result<(), CudaError> {
    let mut pointers: Vec<*mut c_void> = arguments
        .iter()
        .map(|argument| match argument {
            Argument::Address(value) => (&raw const *value).cast_mut().cast(),
            Argument::U32(value) => (&raw const *value).cast_mut().cast(),
            Argument::F32(value) => (&raw const *value).cast_mut().cast(),
            Argument::Map(map) => (&raw const map.0).cast_mut().cast(),
        })
        .collect();
    let Geometry { grid: [x, y, z], block, shared } = geometry;
    // SAFETY: the pointers point to arguments that live through the call, which copies them; the caller of `Kernel::launch`
    // vouches for what the kernel does with them.
    let launched = unsafe {
        driver::cuLaunchKernel(kernel.0, x, y, z, block, 1, 1, shared, stream.0, pointers.as_mut_ptr(), ptr::null_mut())
    };
    check("cuLaunchKernel", launched)
}

/// The macro `ACT` of the kernels that end with an activation; `None` for one that they do not have.
pub(crate) const fn act_macro(act: Activation) -> Option<u8> {
    match act {
        Activation::None => Some(0),
        Activation::Silu => Some(1),
        Activation::Relu => Some(2),
        Activation::Gelu => None,
    }
}
