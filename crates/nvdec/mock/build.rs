//! Builds the stand-ins for NVIDIA's libraries where the feature `mock` asks for them, with the system's C compiler.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=mock");
    if env::var_os("CARGO_FEATURE_MOCK").is_none() {
        return;
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let flags = output(Command::new("pkg-config").args(["--cflags", "--libs", "libavcodec", "libavutil"]));
    let flags: Vec<_> = flags.split_whitespace().collect();
    library(&folder, "libcuda.so.1", &["mock/cuda.c"], &[]);
    library(&folder, "libnvcuvid.so.1", &["mock/parser.c", "mock/decoder.c"], &flags);
    println!("cargo::rustc-env=NVDEC_MOCK_FOLDER={}", folder.display());
}

fn library(folder: &Path, name: &str, sources: &[&str], flags: &[&str]) {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o"]);
    output(command.arg(folder.join(name)).args(sources).args(flags));
}

fn output(command: &mut Command) -> String {
    let failed = "building the mock of NVDEC takes a C compiler, pkg-config and libavcodec-dev";
    let output = command.output().unwrap_or_else(|error| panic!("{failed}: {command:?}: {error}"));
    assert!(output.status.success(), "{failed}: {command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
