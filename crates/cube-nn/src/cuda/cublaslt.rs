//! Matrix products by cuBLASLt, on CubeCL's buffers and in its stream. Algorithms come from the library's heuristics, found once a
//! shape and never measured, so a run computes as the one before it.

#![expect(unsafe_code, reason = "calls into cuBLASLt")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, PoisonError};

use cubecl::prelude::*;
use cudarc::cublaslt::result as lt;
use cudarc::cublaslt::sys::{
    self, cublasLtEpilogue_t as LtEpilogue, cublasLtMatmulDescAttributes_t as DescAttribute,
    cublasLtMatmulPreferenceAttributes_t as Preference,
};

use super::stream::{Buffers, CudaError, RawStream, enqueue, is_cuda, with_stream};
use crate::linear::Shape;
use crate::product::{Bias, Epilogue, cast, finish};
use crate::{Activation, DeviceSlice, Element, Numbers};

/// Bytes that an algorithm may use besides: what NVIDIA recommends for Hopper.
const WORKSPACE: usize = 32 << 20;

/// The alignment that CubeCL's allocations have at least; parts of them may have less.
const ALIGNMENT: u64 = 256;

const fn data_type(numbers: Numbers) -> sys::cudaDataType {
    match numbers {
        Numbers::F32 => sys::cudaDataType::CUDA_R_32F,
        Numbers::F16 => sys::cudaDataType::CUDA_R_16F,
        Numbers::Bf16 => sys::cudaDataType::CUDA_R_16BF,
    }
}

/// What an algorithm is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    rows: usize,
    inputs: usize,
    outputs: usize,
    numbers: Numbers,
    act: Activation,
    residual: bool,
    alignment: [u32; 4],
}

/// A product, prepared. Never freed: as many as the networks have shapes.
#[derive(Clone, Copy)]
struct Plan {
    handle: sys::cublasLtHandle_t,
    desc: sys::cublasLtMatmulDesc_t,
    weight: sys::cublasLtMatrixLayout_t,
    x: sys::cublasLtMatrixLayout_t,
    y: sys::cublasLtMatrixLayout_t,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

// SAFETY: descriptors and handle may be used from any thread, one at a time: the device's own, which runs what is enqueued.
unsafe impl Send for Plan {}

/// The library's handle on one device, and what was prepared with it; `None` is a product that it has no algorithm for.
struct Library {
    handle: sys::cublasLtHandle_t,
    plans: HashMap<Key, Option<Plan>>,
}

// SAFETY: as above; the handle is behind a lock.
unsafe impl Send for Library {}

/// By device: a handle is one device's.
static LIBRARIES: LazyLock<Mutex<HashMap<u16, Library>>> = LazyLock::new(Mutex::default);

/// Whether cuBLASLt can be loaded.
fn has_cublaslt() -> bool {
    static FOUND: LazyLock<bool> = LazyLock::new(|| {
        // SAFETY: loading the library runs only its own initialisation.
        unsafe { sys::is_culib_present() }
    });
    *FOUND
}

/// As [`product_into`](crate::product::product_into), if this is a CUDA device and the library has an algorithm for it; `false`, and
/// nothing done, otherwise.
///
/// # Errors
/// What failed before it, or a call.
pub(crate) fn product<E: Element>(
    client: &Client,
    (x, weight): (&DeviceSlice<E>, &DeviceSlice<E>),
    epilogue: Epilogue<'_, E>,
    shape: Shape,
    (y, first_row): (&DeviceSlice<E>, usize),
) -> Result<bool, CudaError> {
    if !is_cuda(client) || !has_cublaslt() {
        return Ok(false);
    }
    let Epilogue { bias, act, residual } = epilogue;
    let bias = narrow(client, bias);
    // The library adds the bias, and a residual as long as the result if it comes right after.
    let summand = residual.filter(|residual| act == Activation::None && residual.len() == y.len());
    let fused = if within::<E>(act) { act } else { Activation::None };
    let buffers = [x, weight, &bias, summand.unwrap_or(y), y];
    if !multiply(client, buffers, shape, first_row, (fused, summand.is_some()))? {
        return Ok(false);
    }
    let act = if fused == act { Activation::None } else { act };
    let rest = if summand.is_some() { None } else { residual };
    finish(client, y, act, rest, shape.outputs, first_row..first_row + shape.rows);
    Ok(true)
}

/// Whether the library applies `act` itself. Its GELU is the approximation by a hyperbolic tangent, at most 5e-4 from the exact one:
/// good enough beside the rounding of the half types, and a whole pass over the result less.
fn within<E: Element>(act: Activation) -> bool {
    match act {
        Activation::Relu => true,
        Activation::Gelu => E::NUMBERS != Numbers::F32,
        _ => false,
    }
}

const fn epilogue(act: Activation) -> LtEpilogue {
    match act {
        Activation::Relu => LtEpilogue::CUBLASLT_EPILOGUE_RELU_BIAS,
        Activation::Gelu => LtEpilogue::CUBLASLT_EPILOGUE_GELU_BIAS,
        _ => LtEpilogue::CUBLASLT_EPILOGUE_BIAS,
    }
}

/// `act(x weightᵀ + bias) (+ summand)` into the rows of `y` from `first_row` on; `false` if there is no algorithm for it.
fn multiply<E: Element>(
    client: &Client,
    buffers: [&DeviceSlice<E>; 5],
    shape: Shape,
    first_row: usize,
    (act, residual): (Activation, bool),
) -> Result<bool, CudaError> {
    let Shape { rows, inputs, outputs } = shape;
    let before = (first_row * outputs * size_of::<E>()) as u64;
    let [x, weight, bias, summand, y] = buffers;
    let starts = [x.start(), weight.start(), summand.start() + before, y.start() + before];
    let alignment = starts.map(|start| (start | ALIGNMENT).trailing_zeros());
    let Some(plan) = plan(client, Key { rows, inputs, outputs, numbers: E::NUMBERS, act, residual, alignment })? else {
        return Ok(false);
    };
    let workspace = client.empty(WORKSPACE);
    let read = [x.handle(), weight.handle(), bias.handle(), summand.handle()];
    enqueue(client, Buffers { read: &read, written: &[y.handle(), &workspace] }, move |stream, addresses| {
        let [x, weight, bias, summand, y, workspace] = std::array::from_fn(|index| addresses[index]);
        let at = Addresses { x, weight, bias, summand: summand + before, y: y + before, workspace };
        run(&plan, at, residual, stream)
    });
    Ok(true)
}

/// How the library computes it, found out once; `None` if it does not.
fn plan(client: &Client, key: Key) -> Result<Option<Plan>, CudaError> {
    let device = client.service_id().device.index_id;
    let libraries = || LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plan) = libraries().get(&device).and_then(|library| library.plans.get(&key)) {
        return Ok(*plan);
    }
    with_stream(client, &[], |_, _| {
        let mut libraries = libraries();
        let library = library_of(device, &mut libraries)?;
        let handle = library.handle;
        match library.plans.entry(key) {
            Entry::Occupied(plan) => Ok(*plan.get()),
            Entry::Vacant(place) => Ok(*place.insert(prepare(handle, key)?)),
        }
    })?
}

/// The bias in the numbers' own type, which the library wants.
fn narrow<E: Element>(client: &Client, bias: Bias<'_, E>) -> DeviceSlice<E> {
    let bias = match bias {
        Bias::Rounded(bias) => return bias.clone(),
        Bias::Exact(bias) => bias,
    };
    if E::NUMBERS == Numbers::F32 {
        return DeviceSlice::from_handle(bias.handle().clone(), bias.len());
    }
    cast(client, bias)
}

/// The library on the device whose context is current.
fn library_of(device: u16, libraries: &mut HashMap<u16, Library>) -> Result<&mut Library, CudaError> {
    match libraries.entry(device) {
        Entry::Occupied(library) => Ok(library.into_mut()),
        Entry::Vacant(place) => {
            let handle = lt::create_handle().map_err(failed("cublasLtCreate"))?;
            Ok(place.insert(Library { handle, plans: HashMap::new() }))
        }
    }
}

fn failed(call: &'static str) -> impl Fn(lt::CublasError) -> CudaError {
    move |error| CudaError::Cublaslt { call, status: format!("{:?}", error.0) }
}

/// Row-major `y = x weightᵀ` is column-major `yᵀ = weight xᵀ`: the library's first matrix is the weight.
fn prepare(handle: sys::cublasLtHandle_t, key: Key) -> Result<Option<Plan>, CudaError> {
    let [rows, inputs, outputs] = [key.rows, key.inputs, key.outputs].map(|size| size as u64);
    let data = data_type(key.numbers);
    let compute = sys::cublasComputeType_t::CUBLAS_COMPUTE_32F;
    let desc =
        lt::create_matmul_desc(compute, sys::cudaDataType::CUDA_R_32F).map_err(failed("cublasLtMatmulDescCreate"))?;
    let transposed = 1_i32;
    describe(desc, DescAttribute::CUBLASLT_MATMUL_DESC_TRANSA, &transposed)?;
    describe(desc, DescAttribute::CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue(key.act))?;
    let layout = |rows, columns| {
        lt::create_matrix_layout(data, rows, columns, rows as i64).map_err(failed("cublasLtMatrixLayoutCreate"))
    };
    let (weight, x, y) = (layout(inputs, outputs)?, layout(inputs, rows)?, layout(outputs, rows)?);
    let preference = preference(key)?;
    // SAFETY: all of them were made above and are live.
    let found = unsafe { lt::get_matmul_algo_heuristic(handle, desc, weight, x, y, y, preference) };
    // SAFETY: made by `preference`, destroyed once, here.
    unsafe { lt::destroy_matmul_pref(preference) }.map_err(failed("cublasLtMatmulPreferenceDestroy"))?;
    match found {
        Ok(found) => Ok(Some(Plan { handle, desc, weight, x, y, algorithm: found.algo })),
        Err(lt::CublasError(sys::cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED)) => Ok(None),
        Err(error) => Err(failed("cublasLtMatmulAlgoGetHeuristic")(error)),
    }
}

/// What an algorithm may use and rely on.
fn preference(key: Key) -> Result<sys::cublasLtMatmulPreference_t, CudaError> {
    let preference = lt::create_matmul_pref().map_err(failed("cublasLtMatmulPreferenceCreate"))?;
    let set = |attribute, value: *const c_void, size| {
        // SAFETY: the preference is live and `value` points to `size` bytes.
        let set = unsafe { lt::set_matmul_pref_attribute(preference, attribute, value, size) };
        set.map_err(failed("cublasLtMatmulPreferenceSetAttribute"))
    };
    let workspace = WORKSPACE;
    set(Preference::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, (&raw const workspace).cast(), size_of::<usize>())?;
    let [x, weight, summand, y] = key.alignment.map(|zeros| 1_u32 << zeros);
    for (attribute, bytes) in [
        (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, weight),
        (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, x),
        (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, summand),
        (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, y),
    ] {
        set(attribute, (&raw const bytes).cast(), size_of::<u32>())?;
    }
    Ok(preference)
}

/// Sets one attribute of a product's description.
fn describe<T>(desc: sys::cublasLtMatmulDesc_t, attribute: DescAttribute, value: &T) -> Result<(), CudaError> {
    // SAFETY: the description is live and `value` is read during the call.
    let set = unsafe { lt::set_matmul_desc_attribute(desc, attribute, (&raw const *value).cast(), size_of::<T>()) };
    set.map_err(failed("cublasLtMatmulDescSetAttribute"))
}

/// Where everything lies on the device.
#[derive(Clone, Copy)]
struct Addresses {
    x: u64,
    weight: u64,
    bias: u64,
    summand: u64,
    y: u64,
    workspace: u64,
}

fn run(plan: &Plan, at: Addresses, residual: bool, stream: RawStream) -> Result<(), CudaError> {
    describe(plan.desc, DescAttribute::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &at.bias)?;
    let (one, beta) = (1.0_f32, if residual { 1.0_f32 } else { 0.0 });
    // SAFETY: the plan is live; the buffers have the sizes that the plan was made for, which the caller's slices hold.
    let multiplied = unsafe {
        lt::matmul(
            plan.handle,
            plan.desc,
            (&raw const one).cast(),
            (&raw const beta).cast(),
            at.weight as *const c_void,
            plan.weight,
            at.x as *const c_void,
            plan.x,
            at.summand as *const c_void,
            plan.y,
            at.y as *mut c_void,
            plan.y,
            &raw const plan.algorithm,
            at.workspace as *mut c_void,
            WORKSPACE,
            stream.0.cast(),
        )
    };
    multiplied.map_err(failed("cublasLtMatmul"))
}
