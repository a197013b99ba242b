//! A driver that counts: `libcuda.c` built in front of another driver, and what it counted while a program ran.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use swingpose_tests::repository;

/// What was copied in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    pub(crate) copies: u64,
    /// The largest copy's bytes.
    pub(crate) largest: u64,
}

/// What a program copied between the host and its GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) to_host: Sum,
    pub(crate) to_device: Sum,
}

/// A folder in which the loader finds the counting library before the driver.
pub(crate) struct Counting(tempfile::TempDir);

impl Counting {
    /// The library that `SWINGPOSE_TRAFFIC_LIBRARY` names, or one that is compiled here, in front of the driver `driver`.
    ///
    /// # Errors
    /// There is neither that library nor a C compiler.
    pub(crate) fn before(driver: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        match std::env::var_os("SWINGPOSE_TRAFFIC_LIBRARY") {
            Some(library) => symlink(library, folder.path().join("libcuda.so")).unwrap(),
            None => build(folder.path())?,
        }
        symlink(driver, folder.path().join("libcuda.so.1")).unwrap();
        Ok(Self(folder))
    }

    /// Runs `program`, which is to end well, and says what it printed and copied.
    pub(crate) fn run(&self, program: &mut Command) -> (Output, Traffic) {
        let sums = self.0.path().join("sums");
        let mut folders = OsString::from(self.0.path());
        if let Some(others) = std::env::var_os("LD_LIBRARY_PATH") {
            folders.push(":");
            folders.push(others);
        }
        let output = program.env("LD_LIBRARY_PATH", folders).env("SWINGPOSE_TRAFFIC", &sums).output().unwrap();
        let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{program:?}: {}\n{}", output.status, said());
        let text = fs::read_to_string(&sums);
        let text = text.unwrap_or_else(|error| panic!("the counting library was not loaded: {error}\n{}", said()));
        (output, Traffic::parse(&text))
    }
}

impl Traffic {
    fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let [bytes, copies, largest] = [1, 2, 3].map(|word| words[word].parse().unwrap());
            (words[0].to_owned(), Sum { bytes, copies, largest })
        };
        let sums: BTreeMap<String, Sum> = text.lines().map(line).collect();
        Self { to_host: sums["to_host"], to_device: sums["to_device"] }
    }
}

/// The sources of this folder.
pub(crate) fn sources() -> PathBuf {
    repository::root().join("tests/gpu/traffic")
}

/// Whether there is a C compiler.
pub(crate) fn has_compiler() -> bool {
    Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success())
}

fn build(folder: &Path) -> Result<(), String> {
    if !has_compiler() {
        return Err("there is no C compiler (cc) to build a driver that counts".to_owned());
    }
    let output = Command::new("sh").arg(sources().join("build.sh")).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
