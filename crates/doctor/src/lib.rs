//! What a machine has for labeling on a GPU, and what to install for what it lacks.
//!
//! [`Findings::look`] asks the driver, its devices and their video decoders, and looks for NVRTC, cuBLASLt and the CUDA
//! headers where CubeCL and cudarc will, and where else they may be. It changes nothing, and a broken installation is an
//! answer and not an end. [`Findings::gpu`] says whether labels can be made on a GPU; [`Ready::prepare`] then makes the
//! libraries known to cudarc. Nothing is linked, and neither Burn nor CubeCL is needed to find out.
//!
//! CubeCL takes the headers from `CUDA_PATH`, and a process may set that only before it has threads:
//! [`Places::cuda_path_to_set`] is for the first line of `main`.

mod cpu;
mod decoder;
mod driver;
mod headers;
mod library;
mod missing;
mod nvml;
mod piece;
mod places;
mod ready;
mod state;
mod toolkit;
mod version;

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use serde::Serialize;

pub use cpu::Cpu;
pub use decoder::{Decoder, Takes};
pub use driver::{Device, Driver};
pub use headers::Headers;
pub use missing::{Lack, Missing};
pub use piece::Piece;
pub use places::Places;
pub use ready::Ready;
pub use toolkit::{CublasLt, Nvrtc};
pub use version::Version;

use state::as_state;
use toolkit::Search;

/// The CUDA that is advised where no driver says which it takes.
const ADVISED: Version = Version::new(13, 0);

/// What is waited for, and what to do where it does not answer.
type Asked = (&'static str, &'static str);
const DRIVER: Asked = ("the NVIDIA driver", "see whether `nvidia-smi` answers, and start the machine anew");
const TOOLKIT: Asked = ("the folder of a CUDA library", "see whether its disk or network answers");

/// What was found, piece by piece. Serialized, a piece is `{"ok": ...}`, `{"missing": "why"}` or `{"broken": "why"}`.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// NVIDIA's driver.
    #[serde(serialize_with = "as_state")]
    pub driver: Result<Driver, Missing>,
    /// The GPUs that it sees.
    #[serde(serialize_with = "as_state")]
    pub devices: Result<Vec<Device>, Missing>,
    /// The compiler of kernels.
    #[serde(serialize_with = "as_state")]
    pub nvrtc: Result<Nvrtc, Missing>,
    /// The headers that it needs.
    #[serde(serialize_with = "as_state")]
    pub headers: Result<Headers, Missing>,
    /// The matrix products.
    #[serde(serialize_with = "as_state")]
    pub cublaslt: Result<CublasLt, Missing>,
}

impl Findings {
    /// Looks in `places`. Takes a second or two where there is a GPU, and at most twice [`Places::patience`].
    #[must_use]
    pub fn look(places: &Places) -> Self {
        let own = places.clone();
        let found = within(places.patience, DRIVER, move || driver::look(&own)).flatten();
        let (driver, devices) = match found {
            Ok((driver, devices)) => (Ok(driver), devices),
            Err(missing) => (Err(missing.clone()), Err(missing)),
        };
        let own = places.clone();
        let cuda = driver.as_ref().ok().map(|driver| driver.cuda);
        match within(places.patience, TOOLKIT, move || toolkit(&own, cuda)) {
            Ok((nvrtc, headers, cublaslt)) => Self { driver, devices, nvrtc, headers, cublaslt },
            Err(silent) => {
                let (nvrtc, headers, cublaslt) = (Err(silent.clone()), Err(silent.clone()), Err(silent));
                Self { driver, devices, nvrtc, headers, cublaslt }
            }
        }
    }

    /// What labels are made with on a GPU.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn gpu(&self) -> Result<Ready, Missing> {
        let driver = self.driver.clone()?;
        let devices = self.devices.clone()?;
        let (nvrtc, headers, cublaslt) = (self.nvrtc.clone()?, self.headers.clone()?, self.cublaslt.clone()?);
        let (able, unable): (Vec<_>, Vec<_>) = devices.into_iter().partition(|device| nvrtc.knows(device.capability));
        if let (true, Some(device)) = (able.is_empty(), unable.first()) {
            let (capability, driver) = (device.capability, driver.cuda);
            return Err(Missing::NotCompiledFor { path: nvrtc.path, found: nvrtc.version, capability, driver });
        }
        Ok(Ready {
            cuda_path: headers.path,
            devices: able,
            driver: driver.path,
            nvrtc: nvrtc.path,
            cublaslt: cublaslt.path,
        })
    }
}

impl Places {
    /// What to set `CUDA_PATH` to, so that CubeCL finds the headers that [`Findings::look`] finds; `None` if there are
    /// none. It only looks at files, and starts no thread.
    #[must_use]
    pub fn cuda_path_to_set(&self) -> Option<std::path::PathBuf> {
        Headers::find(self, ADVISED).ok().map(|headers| headers.path)
    }
}

/// The toolkit's three parts.
type Toolkit = (Result<Nvrtc, Missing>, Result<Headers, Missing>, Result<CublasLt, Missing>);

fn toolkit(places: &Places, driver: Option<Version>) -> Toolkit {
    let mut advised = driver.unwrap_or(ADVISED);
    let near = places.cuda_path_to_set();
    let search = |advised| Search { places, driver, advised, near: near.as_deref() };
    let nvrtc = Nvrtc::find(&search(advised));
    if let Ok(nvrtc) = &nvrtc {
        advised = nvrtc.version;
    }
    let headers = Headers::find(places, advised);
    let headers = match &nvrtc {
        Ok(nvrtc) => headers.and_then(|headers| headers.check(nvrtc.version)),
        Err(_) => headers,
    };
    (nvrtc, headers, CublasLt::find(&search(advised)))
}

/// What `ask` answers, if it does so within `patience`: a driver in a bad state may keep a call for ever.
fn within<T: Send + 'static>(
    patience: Duration,
    (what, remedy): Asked,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Missing> {
    let (done, answer) = sync_channel(1);
    let asking = thread::Builder::new().name(what.to_owned()).spawn(move || done.send(ask()));
    let answered = asking.ok().and_then(|_| answer.recv_timeout(patience).ok());
    answered.ok_or(Missing::Silent { what, seconds: patience.as_secs(), remedy })
}
