//! `swingpose doctor`: what this machine has for labeling on a GPU, what to install for what it lacks, and where labels
//! are made as a result. What there is to know is `swingpose_doctor`'s; the table is `table`.

mod table;

use crate::exit::Exit;
use crate::io::Io;
use crate::networks::{DEMO, is_present};
use crate::weights::Folder;
use anyhow::{Context, anyhow};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use swingpose::{DEFAULT_POSE, Mode, program};
use swingpose_core::provenance::Program;
use swingpose_doctor::{Cpu, Findings, Places, Ready};

/// Say what this machine has for labeling on a GPU, and what to install for what it lacks.
///
/// Looks for the NVIDIA driver, its devices and their video decoders (NVDEC), NVRTC, the CUDA headers and cuBLASLt, and
/// for weights; says last where labels are made as a result. Nothing is changed.
///
/// Exit code: 0 when it could look, with or without a GPU.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    weights: Folder,

    /// Print what is found as JSON.
    #[arg(long)]
    json: bool,
}

/// Why there is no GPU for a program that cannot use one.
const WITHOUT_CUDA: &str = "this program was built without CUDA: build it with its default features";

/// What was found.
struct Report {
    program: Program,
    cpu: Cpu,
    folder: PathBuf,
    /// The weights that are needed without further options, and the demonstration pair: whether they are there.
    weights: Vec<(&'static str, bool)>,
    findings: Findings,
    /// What labels are made with, or why they are made on the CPU.
    gpu: anyhow::Result<Ready>,
}

/// Looks and tells.
///
/// # Errors
/// When what is found cannot be printed.
pub(crate) fn run(args: &DoctorArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let report = Report::of(args.weights.path());
    let printed = if args.json { io.print_whole(report.json()?) } else { io.print_whole(table::Table(&report)) };
    printed.context("cannot write what was found")?;
    Ok(Exit::Done)
}

impl Report {
    fn of(folder: PathBuf) -> Self {
        let findings = Findings::look(&Places::of_this_machine());
        let gpu = if cfg!(feature = "cuda") { findings.gpu().map_err(Into::into) } else { Err(anyhow!(WITHOUT_CUDA)) };
        let names = Mode::default().detector().into_iter().chain([DEFAULT_POSE, DEMO]);
        let weights = names.map(|name| (name, is_present(&folder, name))).collect();
        Self { program: program(), cpu: Cpu::look(), folder, weights, findings, gpu }
    }

    fn json(&self) -> anyhow::Result<Value> {
        let present: Map<_, _> = self.weights.iter().map(|(name, here)| ((*name).to_owned(), (*here).into())).collect();
        let labels_on = match &self.gpu {
            Ok(gpu) => gpu.devices.iter().map(|device| format!("cuda:{}", device.number)).collect(),
            Err(_) => vec!["cpu".to_owned()],
        };
        let gpu = serde_json::to_value(&self.findings).context("cannot write what was found")?;
        Ok(json!({
            "program": self.program,
            "cpu": self.cpu,
            "weights": { "folder": self.folder.display().to_string(), "present": present },
            "gpu": gpu,
            "labels_on": labels_on,
            "because": self.gpu.as_ref().err().map(ToString::to_string),
        }))
    }
}
