//! A machine made up in a temporary folder: NVIDIA's libraries compiled from `nvidia.c`, and empty headers.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::print_stdout, reason = "what is not tested is said")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A made-up machine: `system` is where its loader looks, `toolkit` is a folder for `CUDA_PATH`.
pub(crate) struct Machine(TempDir);

impl Machine {
    /// One without anything of NVIDIA's; `None`, and a word about it, where there is no C compiler to add it with.
    pub(crate) fn bare() -> Option<Self> {
        if Command::new("cc").arg("--version").output().is_err() {
            println!("skipped: stand-ins for NVIDIA's libraries take a C compiler, and there is no `cc`");
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    /// One with everything, of CUDA 13.0.
    pub(crate) fn whole() -> Option<Self> {
        let machine = Self::bare()?;
        machine.driver(13000, 0, 0);
        machine.video_decoder(7);
        machine.nvrtc(&machine.toolkit(), 13, 0);
        compile(&machine.cublaslt(), "CUBLASLT", &[("VERSION", 130_002)]);
        machine.headers(&machine.toolkit(), 13000);
        Some(machine)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn system(&self) -> PathBuf {
        self.folder().join("system")
    }

    pub(crate) fn toolkit(&self) -> PathBuf {
        self.folder().join("toolkit")
    }

    pub(crate) fn cublaslt(&self) -> PathBuf {
        self.toolkit().join("lib64/libcublasLt.so.13")
    }

    /// A driver that takes CUDA `version`, whose `cuInit` gives `code` after some seconds.
    pub(crate) fn driver(&self, version: u32, code: u32, hangs: u32) {
        let values = [("DRIVER", version), ("INIT", code), ("HANGS", hangs)];
        compile(&self.system().join("libcuda.so.1"), "CUDA", &values);
    }

    pub(crate) fn video_decoder(&self, engines: u32) {
        compile(&self.system().join("libnvcuvid.so.1"), "NVCUVID", &[("ENGINES", engines)]);
    }

    pub(crate) fn management(&self) {
        compile(&self.system().join("libnvidia-ml.so.1"), "NVML", &[]);
    }

    pub(crate) fn nvrtc(&self, root: &Path, major: u32, minor: u32) {
        let file = root.join(format!("lib64/libnvrtc.so.{major}"));
        compile(&file, "NVRTC", &[("MAJOR", major), ("MINOR", minor)]);
    }

    /// Headers with nothing in them but their version.
    pub(crate) fn headers(&self, root: &Path, version: u32) {
        let own = ["cuda_fp16.h", "cuda_bf16.h", "cuda_fp8.h", "mma.h", "crt/mma.h", "cooperative_groups.h"];
        for file in own.iter().chain(&["cccl/nv/target", "cccl/cuda/barrier", "cuda_runtime_api.h"]) {
            let file = root.join("include").join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("#pragma once\n#define CUDART_VERSION  {version}\n")).unwrap();
        }
    }
}

/// Builds a library of `nvidia.c` at `file`, which is also the name that other programs know it by.
fn compile(file: &Path, library: &str, values: &[(&str, u32)]) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]).arg(format!("-D{library}"));
    command.args(values.iter().map(|(name, value)| format!("-D{name}={value}")));
    command.arg(format!("-Wl,-soname,{}", file.file_name().unwrap().display())).arg("-o").arg(file);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../doctor/tests/stand_ins/nvidia.c");
    let output = command.arg(source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
