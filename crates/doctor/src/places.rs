//! Where to look: what the environment names, where toolkits and Python's wheels are put. Tests name folders of their own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where CUDA's toolkit is put by NVIDIA's packages, by Arch's, and by a distribution's own.
const TOOLKITS: [&str; 3] = ["/usr/local/cuda", "/opt/cuda", "/usr"];

/// NVIDIA's wheels inside `site-packages/nvidia`: all of CUDA 13, then CUDA 12's piece by piece.
const WHEELS: [&str; 4] = ["cu13", "cuda_nvrtc", "cublas", "cuda_runtime"];

/// What NVIDIA calls this processor in a toolkit's folder `targets`.
const TARGET: &str = if cfg!(target_arch = "aarch64") { "sbsa-linux" } else { "x86_64-linux" };

/// What a shared library's name ends in, in the order in which cudarc 0.19, built without a toolkit at hand, tries them.
/// Its other forms (`libnvrtc64_12.so`) are those of Windows.
pub(crate) const ENDINGS: [&str; 7] = ["", ".13", ".12", ".11", ".10", ".9", ".1"];

/// Where to look.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folders that are searched instead of the loader's own; `None` leaves it to the loader.
    pub loader: Option<Vec<PathBuf>>,
    /// The toolkit that is asked for (`CUDA_PATH`): it is used where it is whole.
    pub cuda_path: Option<PathBuf>,
    /// Other folders that may hold `include`, and `lib64` or `lib`, the likeliest first.
    pub roots: Vec<PathBuf>,
    /// The file in which the kernel tells the driver's release.
    pub kernel_driver: PathBuf,
    /// What restricts the devices (`CUDA_VISIBLE_DEVICES`): to be named where there are none.
    pub visible_devices: Option<String>,
    /// How long the driver, and the libraries, may take to answer.
    pub patience: Duration,
}

impl Places {
    /// Those of this machine, as the environment stands.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let toolkits = TOOLKITS.iter().map(PathBuf::from).chain(starting_with(Path::new("/usr/local"), "cuda-"));
        let roots = toolkits.chain(folder_of("CONDA_PREFIX")).chain(wheels());
        let roots = roots.flat_map(|root| [root.clone(), root.join("targets").join(TARGET)]);
        Self {
            loader: None,
            cuda_path: folder_of("CUDA_PATH"),
            roots: roots.filter(|root| root.is_dir()).collect(),
            kernel_driver: "/proc/driver/nvidia/version".into(),
            visible_devices: env::var("CUDA_VISIBLE_DEVICES").ok(),
            patience: Duration::from_secs(10),
        }
    }

    /// All toolkits, the one that is asked for first.
    pub(crate) fn toolkits(&self) -> impl Iterator<Item = &Path> {
        self.cuda_path.iter().chain(&self.roots).map(PathBuf::as_path)
    }

    /// Where the loader would find `names`: as they are for the loader itself, else the files that there are.
    pub(crate) fn by_loader(&self, names: impl Iterator<Item = String>) -> Vec<PathBuf> {
        let Some(folders) = &self.loader else { return names.map(PathBuf::from).collect() };
        let files = names.flat_map(|name| folders.iter().map(move |folder| folder.join(&name)));
        files.filter(|file| file.exists()).collect()
    }

    /// The files called `name` where containers put the driver and the loader does not look.
    pub(crate) fn driver_folders(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let files = nvdec_sys::library::FOLDERS.iter().map(move |folder| Path::new(folder).join(name));
        files.filter(|file| self.loader.is_none() && file.exists())
    }
}

/// The files called `lib<stem>.so` in a toolkit, whatever their version.
pub(crate) fn library_files(root: &Path, stem: &str) -> Vec<PathBuf> {
    let files = ["lib64", "lib"]
        .iter()
        .flat_map(|folder| ENDINGS.map(|ending| root.join(folder).join(format!("lib{stem}.so{ending}"))));
    files.filter(|file| file.exists()).collect()
}

fn folder_of(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// What is in `folder` and called `prefix...`, the highest name first.
fn starting_with(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let mut found: Vec<_> = named.map(|entry| entry.path()).collect();
    found.sort_by(|a, b| b.cmp(a));
    found
}

/// The folders of NVIDIA's wheels in every Python that can be seen from here: of the environment in use, on the path, the
/// user's own.
fn wheels() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let pythons = env::split_paths(&path).map(|folder| folder.join("python3")).filter(|python| python.exists());
    let files = pythons.flat_map(|python| [fs::canonicalize(&python).ok(), Some(python)]).flatten();
    let prefixes = files.filter_map(|python| Some(python.parent()?.parent()?.to_owned()));
    let named = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(folder_of);
    let prefixes = named.chain(prefixes).chain(folder_of("HOME").map(|home| home.join(".local")));
    let libraries = prefixes.flat_map(|prefix| starting_with(&prefix.join("lib"), "python3"));
    let packages = libraries.flat_map(|library| ["site-packages", "dist-packages"].map(|name| library.join(name)));
    packages.flat_map(|packages| WHEELS.map(|wheel| packages.join("nvidia").join(wheel))).collect()
}
