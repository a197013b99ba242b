//! Where to look: what the environment names, where toolkits and Python's wheels are put. Tests name folders of their own.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where CUDA's toolkit is put by NVIDIA's packages, by Arch's, and by a distribution's own.
const TOOLKITS: [&str; 3] = ["/usr/local/cuda", "/opt/cuda", "/usr"];

/// What NVIDIA's wheels are called inside `site-packages/nvidia`: all of CUDA 13, then CUDA 12's piece by piece.
const WHEELS: [&str; 4] = ["cu13", "cuda_nvrtc", "cublas", "cuda_runtime"];

/// A toolkit's folders of libraries.
const LIBRARIES: [&str; 2] = ["lib64", "lib"];

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
    /// How long the driver, and each library, may take to answer.
    pub patience: Duration,
}

impl Places {
    /// Those of this machine, as the environment stands.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let toolkits = TOOLKITS.iter().map(PathBuf::from);
        let roots = toolkits.chain(versioned_toolkits()).chain(folder_of("CONDA_PREFIX")).chain(wheels());
        let roots = roots.flat_map(|root| [root.clone(), root.join("targets").join(target())]);
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
}

/// The files called `lib<stem>.so` in a toolkit, whatever their version.
pub(crate) fn library_files(root: &Path, stem: &str) -> Vec<PathBuf> {
    let name = format!("lib{stem}.so");
    let folders = LIBRARIES.iter().map(|folder| root.join(folder));
    let files = folders.flat_map(|folder| ENDINGS.map(|ending| folder.join(format!("{name}{ending}"))));
    files.filter(|file| file.exists()).collect()
}

/// What NVIDIA calls this processor in its `targets` folder.
const fn target() -> &'static str {
    if cfg!(target_arch = "aarch64") { "sbsa-linux" } else { "x86_64-linux" }
}

fn folder_of(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// What is in `folder` and called `prefix...`, the highest name first.
fn starting_with(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(prefix));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter(named).collect();
    found.sort();
    found.reverse();
    found
}

/// `/usr/local/cuda-12.9` and its like.
fn versioned_toolkits() -> Vec<PathBuf> {
    starting_with(Path::new("/usr/local"), "cuda-")
}

/// The folders of NVIDIA's wheels in every Python that can be seen from here.
fn wheels() -> Vec<PathBuf> {
    let libraries = python_prefixes().into_iter().flat_map(|prefix| starting_with(&prefix.join("lib"), "python3"));
    let packages = libraries.flat_map(|library| ["site-packages", "dist-packages"].map(|name| library.join(name)));
    packages.flat_map(|packages| WHEELS.map(|wheel| packages.join("nvidia").join(wheel))).collect()
}

/// Where Pythons are installed: the environment in use, those on the path, the user's own packages.
fn python_prefixes() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let pythons = env::split_paths(&path).map(|folder| folder.join("python3")).filter(|python| python.exists());
    let homes = pythons.flat_map(|python| [fs::canonicalize(&python).ok(), Some(python)]).flatten();
    let on_path = homes.filter_map(|python| Some(python.parent()?.parent()?.to_owned()));
    let named = [folder_of("VIRTUAL_ENV"), folder_of("CONDA_PREFIX")].into_iter().flatten();
    let users = folder_of("HOME").map(|home| home.join(".local"));
    let mut prefixes = Vec::new();
    for prefix in named.chain(on_path).chain(users) {
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    prefixes
}
