//! What was found as a table of 80 columns for a person to read: a piece after another, and the verdict last.

use super::Report;
use crate::networks::DEMO;
use std::fmt::{self, Display, Formatter};
use swingpose_doctor::{Decoder, Device, Findings, Library, Missing};

/// Where the third column begins, and where it ends.
const INDENT: usize = 18;
const WIDTH: usize = 80;

/// What was found, to be printed.
pub(super) struct Table<'a>(pub(super) &'a Report);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let program = &self.0.program;
        let commit = program.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
        writeln!(f, "{} {}{commit}\n", program.name, program.version)?;
        self.cpu(f)?;
        self.weights(f)?;
        self.gpu(f)?;
        writeln!(f)?;
        self.verdict(f)
    }
}

impl Table<'_> {
    fn cpu(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let cpu = &self.0.cpu;
        let memory = cpu.memory.map(|bytes| format!(", {} of memory", Gib(bytes))).unwrap_or_default();
        let model = cpu.model.as_deref().unwrap_or("of unknown make");
        row(f, "CPU", "ok", &format!("{model}, {} threads{memory}", cpu.threads))
    }

    fn weights(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let told = self.0.weights.iter().map(|(name, present)| match (*name, present) {
            (DEMO, true) => "demo pair present".to_owned(),
            (DEMO, false) => "demo pair missing".to_owned(),
            (name, true) => format!("{name} present"),
            (name, false) => format!("{name} missing (`swingpose weights pull {name}`)"),
        });
        let told: Vec<_> = told.collect();
        let complete = self.0.weights.iter().all(|(name, present)| *present || *name == DEMO);
        let text = format!("{}; in {}", told.join(", "), self.0.folder.display());
        row(f, "weights", if complete { "ok" } else { "missing" }, &text)
    }

    fn gpu(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Findings { driver, devices, nvrtc, headers, cublaslt } = &self.0.findings;
        piece(f, "driver", driver, |driver| {
            let release = driver.release.as_ref().map(|release| format!("release {release}, ")).unwrap_or_default();
            format!("CUDA {}, {release}{}", driver.cuda, driver.path.display())
        })?;
        match devices {
            Ok(devices) => devices.iter().try_for_each(|each| device(f, each))?,
            Err(missing) if driver.is_ok() => row(f, "devices", missing.state(), missing)?,
            Err(_) => {}
        }
        let library = |library: &Library| format!("{}, {}", library.version, library.path.display());
        piece(f, "NVRTC", nvrtc, library)?;
        piece(f, "headers", headers, |headers| {
            let version = headers.version.map(|version| format!("{version}, ")).unwrap_or_default();
            format!("{version}{}", headers.path.display())
        })?;
        piece(f, "cuBLASLt", cublaslt, library)
    }

    fn verdict(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Findings { driver, devices, nvrtc, headers, cublaslt } = &self.0.findings;
        match (&self.0.gpu, nvrtc, cublaslt) {
            (Ok(gpu), Ok(nvrtc), Ok(cublaslt)) => {
                let devices: Vec<_> = gpu.devices.iter().map(|device| format!("cuda:{}", device.number)).collect();
                let decoding = if gpu.nvdec().is_ok() { "NVDEC" } else { "frames decoded on the CPU" };
                let versions = format!("NVRTC {}, cuBLASLt {}", nvrtc.version, cublaslt.version);
                wrapped(f, &format!("labels on: {} ({decoding}, {versions})", devices.join(", ")), 0)
            }
            _ if cfg!(feature = "cuda") => {
                let pieces = [
                    ("the driver", driver.is_err()),
                    ("a device", driver.is_ok() && devices.is_err()),
                    ("NVRTC", nvrtc.is_err()),
                    ("the CUDA headers", headers.is_err()),
                    ("cuBLASLt", cublaslt.is_err()),
                ];
                let lacking: Vec<_> = pieces.into_iter().filter(|(_, lacks)| *lacks).map(|(name, _)| name).collect();
                let text = format!("labels on the CPU because of what is not ok above: {}", lacking.join(", "));
                wrapped(f, &text, 0)
            }
            (gpu, ..) => {
                let why = gpu.as_ref().err().map(ToString::to_string).unwrap_or_default();
                wrapped(f, &format!("labels on the CPU because {why}"), 0)
            }
        }
    }
}

fn device(f: &mut Formatter<'_>, device: &Device) -> fmt::Result {
    let free = device.free.map(|bytes| format!(", {} of it free", Gib(bytes))).unwrap_or_default();
    let (name, capability, memory) = (&device.name, device.capability, Gib(device.memory));
    let text = format!("{name}, compute capability {capability}, {memory} of memory{free}");
    row(f, &format!("cuda:{}", device.number), "ok", &text)?;
    match &device.nvdec {
        Ok(decoder) => row(f, "  NVDEC", "ok", &takes(decoder)),
        Err(lack) => row(f, "  NVDEC", lack.state(), lack),
    }
}

/// What a decoder takes, a codec at a time.
fn takes(decoder: &Decoder) -> String {
    let codecs = decoder.takes.chunk_by(|a, b| a.codec == b.codec).filter_map(|depths| {
        let first = depths.first()?;
        let bits: Vec<_> = depths.iter().map(|takes| takes.bit_depth.to_string()).collect();
        Some(format!("{} {}-bit up to {}x{}", first.codec, bits.join("/"), first.max_size.0, first.max_size.1))
    });
    let codecs: Vec<_> = codecs.collect();
    format!("{} engines: {}", decoder.engines, codecs.join(", "))
}

fn piece<T>(
    f: &mut Formatter<'_>,
    name: &str,
    found: &Result<T, Missing>,
    told: impl FnOnce(&T) -> String,
) -> fmt::Result {
    match found {
        Ok(found) => row(f, name, "ok", &told(found)),
        Err(missing) => row(f, name, missing.state(), missing),
    }
}

fn row(f: &mut Formatter<'_>, name: &str, state: &str, text: &dyn Display) -> fmt::Result {
    write!(f, "{name:<9} {state:<8}")?;
    wrapped(f, &text.to_string(), INDENT)
}

/// Writes `text` on lines that begin after `indent` columns, on the first of which the cursor stands.
fn wrapped(f: &mut Formatter<'_>, text: &str, indent: usize) -> fmt::Result {
    let mut column = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > WIDTH {
            write!(f, "\n{:indent$}", "")?;
            column = indent;
        }
        let gap = usize::from(column > indent);
        write!(f, "{:gap$}{word}", "")?;
        column += gap + width;
    }
    writeln!(f)
}

/// Bytes in GiB.
struct Gib(u64);

impl Display for Gib {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} GiB", self.0 as f64 / f64::from(1 << 30))
    }
}
