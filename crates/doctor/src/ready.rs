//! A machine that can label on a GPU, and what must be done before CubeCL and cudarc are called.

use std::path::PathBuf;

use crate::decoder::Decoder;
use crate::driver::Device;
use crate::library::{Opened, Seen};
use crate::missing::{Lack, Missing};

/// What labels are made with on a GPU.
#[derive(Clone, Debug)]
pub struct Ready {
    /// What `CUDA_PATH` must be before CubeCL is called, see [`crate::Places::cuda_path_to_set`].
    pub cuda_path: PathBuf,
    /// At least one.
    pub devices: Vec<Device>,
    /// `libcuda.so`.
    pub driver: PathBuf,
    /// `libnvrtc.so`.
    pub nvrtc: PathBuf,
    /// `libcublasLt.so`.
    pub cublaslt: PathBuf,
}

impl Ready {
    /// The video decoder of the first device, or why frames are decoded on the CPU.
    ///
    /// # Errors
    /// What the device or the driver lacks.
    pub fn nvdec(&self) -> Result<&Decoder, &Lack> {
        self.devices.first().map_or(Err(&Lack::NoEngine), |device| device.nvdec.as_ref())
    }

    /// Opens the libraries by their paths and leaves them open until the process ends, their functions visible to all:
    /// then cudarc, which knows only names such as `libnvrtc.so.13`, is given these by the loader, wherever they lie.
    ///
    /// To be called before the first call of CubeCL or cudarc: both keep what they find at first.
    ///
    /// # Errors
    /// The library that cannot be opened any more.
    pub fn prepare(&self) -> Result<(), Missing> {
        for path in [&self.driver, &self.nvrtc, &self.cublaslt] {
            Opened::open(path, Seen::ByAll).map_err(|refusal| refusal.of_file(path))?.keep();
        }
        Ok(())
    }
}
