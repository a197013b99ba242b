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

use std::path::PathBuf;
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
pub use toolkit::Library;
pub use version::Version;

use toolkit::Search;

/// The CUDA that is advised where no driver says which it takes.
const ADVISED: Version = Version { major: 13, minor: 0 };

/// What was found, piece by piece. Serialized, a piece is `{"ok": ...}`, `{"missing": "why"}` or `{"broken": "why"}`.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// NVIDIA's driver.
    #[serde(serialize_with = "state::piece")]
    pub driver: Result<Driver, Missing>,
    /// The GPUs that it sees.
    #[serde(serialize_with = "state::piece")]
    pub devices: Result<Vec<Device>, Missing>,
    /// The compiler of kernels.
    #[serde(serialize_with = "state::piece")]
    pub nvrtc: Result<Library, Missing>,
    /// The headers that it needs.
    #[serde(serialize_with = "state::piece")]
    pub headers: Result<Headers, Missing>,
    /// The matrix products.
    #[serde(serialize_with = "state::piece")]
    pub cublaslt: Result<Library, Missing>,
}

impl Findings {
    /// Looks in `places`. Takes a second or two where there is a GPU, and at most twice [`Places::patience`].
    #[must_use]
    pub fn look(places: &Places) -> Self {
        let own = places.clone();
        let found = within(places.patience, "the NVIDIA driver", move || driver::look(&own)).flatten();
        let (driver, devices) = match found {
            Ok((driver, devices)) => (Ok(driver), devices),
            Err(missing) => (Err(missing.clone()), Err(missing)),
        };
        let (own, cuda) = (places.clone(), driver.as_ref().ok().map(|driver| driver.cuda));
        let capability = devices.as_ref().ok().and_then(|devices| Some(devices.first()?.capability));
        let toolkit = within(places.patience, "a folder of CUDA libraries", move || toolkit(&own, cuda, capability));
        let (nvrtc, headers, cublaslt) = toolkit.unwrap_or_else(|silent| {
            let silent = || silent.clone();
            (Err(silent()), Err(silent()), Err(silent()))
        });
        Self { driver, devices, nvrtc, headers, cublaslt }
    }

    /// What labels are made with on a GPU.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn gpu(&self) -> Result<Ready, Missing> {
        let (driver, devices) = (self.driver.clone()?.path, self.devices.clone()?);
        let (nvrtc, cuda_path) = (self.nvrtc.clone()?.path, self.headers.clone()?.path);
        Ok(Ready { cuda_path, devices, driver, nvrtc, cublaslt: self.cublaslt.clone()?.path })
    }
}

impl Places {
    /// What to set `CUDA_PATH` to, so that CubeCL finds the headers that [`Findings::look`] finds; `None` if there are
    /// none. It only looks at files, and starts no thread.
    #[must_use]
    pub fn cuda_path_to_set(&self) -> Option<PathBuf> {
        Headers::find(self, ADVISED).ok().map(|headers| headers.path)
    }
}

/// The toolkit's three parts.
type Toolkit = (Result<Library, Missing>, Result<Headers, Missing>, Result<Library, Missing>);

fn toolkit(places: &Places, driver: Option<Version>, capability: Option<Version>) -> Toolkit {
    let near = places.cuda_path_to_set();
    let mut search = Search { places, driver, capability, advised: driver.unwrap_or(ADVISED), near: near.as_deref() };
    let nvrtc = search.nvrtc();
    let Ok(Library { version, .. }) = nvrtc else {
        return (nvrtc, Headers::find(places, search.advised), search.cublaslt());
    };
    search.advised = version;
    (nvrtc, Headers::find(places, version).and_then(|headers| headers.check(version)), search.cublaslt())
}

/// What `ask` answers, if it does so within `patience`: a driver in a bad state may keep a call for ever.
fn within<T: Send + 'static>(
    patience: Duration,
    what: &'static str,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Missing> {
    let (done, answer) = sync_channel(1);
    let asking = thread::Builder::new().name(what.to_owned()).spawn(move || done.send(ask()));
    asking.ok().and_then(|_| answer.recv_timeout(patience).ok()).ok_or(Missing::Silent(what))
}
