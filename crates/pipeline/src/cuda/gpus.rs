//! The GPUs of this machine that labels can be made on: looked for once, before CubeCL is called.

use crate::cuda::Engine;
use crate::device::{CudaDevices, DeviceChoice, Precision, Resolved};
use crate::error::{NoGpu, PipelineError};
use burn::tensor::{Device, FloatDType};
use std::sync::OnceLock;
use swingpose_core::provenance::DeviceInfo;
use swingpose_doctor::{Findings, Places};
use swingpose_models::Placement;

/// What was found.
struct Gpus {
    /// By number.
    names: Vec<(u16, String)>,
    /// The driver's release.
    driver: Option<String>,
}

/// The GPUs, with the libraries that CubeCL and cuBLASLt need of the system loaded.
fn gpus() -> Result<&'static Gpus, NoGpu> {
    static FOUND: OnceLock<Result<Gpus, NoGpu>> = OnceLock::new();
    FOUND.get_or_init(look).as_ref().map_err(Clone::clone)
}

fn look() -> Result<Gpus, NoGpu> {
    let findings = Findings::look(&Places::of_this_machine());
    let ready = findings.gpu()?;
    ready.prepare()?;
    let named = ready.devices.into_iter().filter_map(|device| Some((u16::try_from(device.number).ok()?, device.name)));
    Ok(Gpus { names: named.collect(), driver: findings.driver.ok().and_then(|driver| driver.release) })
}

/// The GPUs that labels can be made on, by their numbers.
pub(crate) fn ordinals() -> Result<Vec<u16>, NoGpu> {
    Ok(gpus()?.names.iter().map(|(ordinal, _)| *ordinal).collect())
}

/// GPU `ordinal`, to compute on: in half precision, if nothing else is said.
pub(crate) fn resolve(ordinal: u16, precision: Option<Precision>) -> Result<Resolved, PipelineError> {
    let asked = || DeviceChoice::Cuda(CudaDevices::Listed(vec![ordinal]));
    let gpus = gpus().map_err(|why| PipelineError::NoCuda { asked: asked(), why })?;
    let named = gpus.names.iter().find(|(number, _)| *number == ordinal);
    let none = || PipelineError::NoCuda { asked: asked(), why: NoGpu::NoSuch { ordinal, count: gpus.names.len() } };
    let (_, name) = named.ok_or_else(none)?;
    let precision = precision.unwrap_or(Precision::Fp16);
    let numbers = match precision {
        Precision::Fp32 => FloatDType::F32,
        Precision::Fp16 => FloatDType::F16,
        Precision::Bf16 => FloatDType::BF16,
    };
    let placement = Placement { device: Device::cuda(usize::from(ordinal)), numbers };
    let engine = Engine::new(&placement.device, ordinal).ok_or_else(none)?;
    let info = DeviceInfo {
        kind: "cuda".to_owned(),
        name: name.clone(),
        driver: gpus.driver.clone(),
        precision: precision.as_str().to_owned(),
    };
    Ok(Resolved { placement, info, engine: Some(engine) })
}
