//! A machine made up in a temporary folder: NVIDIA's libraries compiled from `nvidia.c`, and empty headers.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::print_stdout, reason = "what is not tested is said")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A made-up machine: `system` is where its loader looks, `toolkit` is a folder for `CUDA_PATH`.
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    /// One without anything of NVIDIA's; `None`, and a word about it, where there is no C compiler to add it with.
    pub(crate) fn bare() -> Option<Self> {
        let compiler = Command::new("cc").arg("--version").output();
        if !compiler.is_ok_and(|output| output.status.success()) {
            println!("skipped: stand-ins for NVIDIA's libraries take a C compiler, and there is no `cc`");
            return None;
        }
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        for folder in [machine.system(), machine.toolkit().join("lib64"), machine.toolkit().join("include/cccl")] {
            fs::create_dir_all(folder).unwrap();
        }
        Some(machine)
    }

    /// One with everything, of CUDA 13.0.
    pub(crate) fn whole() -> Option<Self> {
        let machine = Self::bare()?;
        machine.driver(13000, 1);
        machine.video_decoder(7);
        machine.nvrtc(&machine.toolkit(), 13, 0, 90);
        machine.cublaslt(130_002);
        machine.headers(&machine.toolkit(), 13000);
        Some(machine)
    }

    pub(crate) fn system(&self) -> PathBuf {
        self.folder.path().join("system")
    }

    pub(crate) fn toolkit(&self) -> PathBuf {
        self.folder.path().join("toolkit")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A driver that takes CUDA `version`, with this many devices.
    pub(crate) fn driver(&self, version: u32, devices: u32) {
        self.driver_whose_init(version, devices, 0, 0);
    }

    /// A driver whose `cuInit` gives `code`, after some seconds.
    pub(crate) fn driver_whose_init(&self, version: u32, devices: u32, code: u32, hangs: u32) {
        let values = [("DRIVER", version), ("DEVICES", devices), ("INIT", code), ("HANGS", hangs)];
        compile(&self.system().join("libcuda.so.1"), "CUDA", &values);
    }

    pub(crate) fn video_decoder(&self, engines: u32) {
        compile(&self.system().join("libnvcuvid.so.1"), "NVCUVID", &[("ENGINES", engines)]);
    }

    pub(crate) fn management(&self) {
        compile(&self.system().join("libnvidia-ml.so.1"), "NVML", &[]);
    }

    pub(crate) fn nvrtc(&self, root: &Path, major: u32, minor: u32, architecture: u32) {
        let file = root.join(format!("lib64/libnvrtc.so.{major}"));
        compile(&file, "NVRTC", &[("MAJOR", major), ("MINOR", minor), ("ARCHITECTURE", architecture)]);
    }

    pub(crate) fn cublaslt(&self, version: u32) {
        let file = self.toolkit().join(format!("lib64/libcublasLt.so.{}", version / 10_000));
        compile(&file, "CUBLASLT", &[("VERSION", version)]);
    }

    /// Headers with nothing in them but their version.
    pub(crate) fn headers(&self, root: &Path, version: u32) {
        let include = root.join("include");
        let own = ["cuda_fp16.h", "cuda_bf16.h", "cuda_fp8.h", "mma.h", "crt/mma.h", "cooperative_groups.h"];
        for file in own.iter().chain(&["cccl/nv/target", "cccl/cuda/barrier"]) {
            fs::create_dir_all(include.join(file).parent().unwrap()).unwrap();
            fs::write(include.join(file), "").unwrap();
        }
        let version = format!("#pragma once\n#define CUDART_VERSION  {version}\n");
        fs::write(include.join("cuda_runtime_api.h"), version).unwrap();
    }
}

/// Builds the stand-in called `macro` at `file`, which is also the name that other programs know it by.
fn compile(file: &Path, library: &str, values: &[(&str, u32)]) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]).arg(format!("-D{library}"));
    command.args(values.iter().map(|(name, value)| format!("-D{name}={value}")));
    command.arg(format!("-Wl,-soname,{name}")).arg("-o").arg(file);
    let source = Path::new(file!()).with_file_name("nvidia.c");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(source);
    let output = command.arg(source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
