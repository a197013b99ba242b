//! What stands for the GPUs in a program that was built for the CPU alone.

use crate::device::{CudaDevices, DeviceChoice, Precision, Resolved};
use crate::error::{NoGpu, PipelineError};

/// The GPUs that labels can be made on.
pub(crate) const fn ordinals() -> Result<Vec<u16>, NoGpu> {
    Err(NoGpu::NotBuilt)
}

/// GPU `ordinal`, to compute on.
pub(crate) fn resolve(ordinal: u16, _precision: Option<Precision>) -> Result<Resolved, PipelineError> {
    let asked = DeviceChoice::Cuda(CudaDevices::Listed(vec![ordinal]));
    Err(PipelineError::NoCuda { asked, why: NoGpu::NotBuilt })
}
