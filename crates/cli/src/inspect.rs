//! `swingpose inspect`: what a label file holds and what made it, for a person or as JSON.

use crate::exit::Exit;
use crate::io::Io;
use crate::progress::plural;
use anyhow::Context;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use swingpose_core::provenance::{Provenance, Weights};
use swingpose_core::{FrameLabels, Origin};
use swingpose_labels::{Labels, LabelsError, label_files, read};

/// Say what label files hold, and what made them: the input, the weights, the program, the device and every option.
///
/// Every byte is checked against the file's seal.
///
/// Exit code: 0 all are whole; 1 some cannot be read, or are not as they were written (each named on standard error); 2 could
/// not start.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// Label files, or folders of them.
    #[arg(required = true, value_name = "LABELS")]
    labels: Vec<PathBuf>,

    /// Print it as JSON: a list with an object for each file.
    #[arg(long)]
    json: bool,
}

/// What there is to say of a label file.
#[derive(Debug, Serialize)]
struct Inspection {
    labels: String,
    #[serde(flatten)]
    made: Provenance,
    holds: Contents,
}

/// What its rows come to.
#[derive(Debug, Default, Serialize)]
struct Contents {
    frames: u64,
    /// Times of the first frame and of the last.
    seconds: Option<[f64; 2]>,
    people: u64,
    /// People by where their boxes come from.
    origins: BTreeMap<Origin, u64>,
    frames_without_people: u64,
}

impl Contents {
    fn add(&mut self, frame: &FrameLabels) {
        self.frames += 1;
        let [first, _] = self.seconds.unwrap_or([frame.time_s; 2]);
        self.seconds = Some([first, frame.time_s]);
        self.people += frame.people.len() as u64;
        self.frames_without_people += u64::from(frame.people.is_empty());
        for person in &frame.people {
            *self.origins.entry(person.origin).or_default() += 1;
        }
    }
}

/// Inspects what `args` name.
///
/// # Errors
/// Folders without label files, and output that cannot be written.
pub(crate) fn run(args: &InspectArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let (mut inspections, mut exit) = (Vec::new(), Exit::Done);
    for path in label_files(&args.labels)? {
        match inspect(&path) {
            Ok(inspection) => inspections.push(inspection),
            Err(error) => {
                exit = Exit::SomeFailed;
                io.say(format_args!("error: {:#}", anyhow::Error::new(error)));
            }
        }
    }
    let text = if args.json {
        serde_json::to_string_pretty(&inspections)?
    } else {
        inspections.iter().map(Inspection::to_string).collect::<Vec<_>>().join("\n")
    };
    io.print_whole(text).context("cannot write what was found")?;
    Ok(exit)
}

fn inspect(path: &Path) -> Result<Inspection, LabelsError> {
    let Labels { provenance, frames } = read(path)?;
    let mut holds = Contents::default();
    for frame in frames {
        holds.add(&frame?);
    }
    Ok(Inspection { labels: path.display().to_string(), made: provenance, holds })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { labels, made, holds } = self;
        let input = &made.input;
        writeln!(f, "{labels}")?;
        let rows = [
            ("input", format!("{}, {} bytes, sha256 {}", input.name, input.bytes, input.sha256)),
            ("video", picture(made)),
            ("frames", frames(made, holds)),
            ("people", people(holds)),
            ("detector", made.detector.as_ref().map_or_else(|| "none".to_owned(), weights)),
            ("pose", weights(&made.pose)),
            ("program", program(made)),
            ("device", device(made)),
            ("options", listed(made.options.iter())),
        ];
        rows.iter().try_for_each(|(what, said)| writeln!(f, "  {what:<9} {said}"))
    }
}

fn picture(made: &Provenance) -> String {
    let input = &made.input;
    let ((width, height), timebase) = (input.size, input.timebase);
    format!(
        "{}, {width} x {height} upright (turned by {} degrees), {} bit, {} {} range, a tick is {}/{} s",
        input.codec, input.rotation, input.bit_depth, input.matrix, input.range, timebase.num, timebase.den
    )
}

fn frames(made: &Provenance, holds: &Contents) -> String {
    let [first, last] = holds.seconds.unwrap_or_default();
    let lost = made.input.lost_frames;
    format!("{} from {first:.3} s to {last:.3} s, {lost} could not be decoded", holds.frames)
}

fn people(holds: &Contents) -> String {
    let origins: Vec<_> = holds.origins.iter().map(|(origin, count)| (origin.as_str(), count)).collect();
    let origins = if origins.is_empty() { String::new() } else { format!(" ({})", listed(origins.into_iter())) };
    let without = holds.frames_without_people;
    format!("{}{origins}, nobody in {without} {}", holds.people, plural(without, "frame", "frames"))
}

fn weights(weights: &Weights) -> String {
    let source = weights.source_sha256.as_ref().map(|sha256| format!(", of the checkpoint with sha256 {sha256}"));
    let demo = if weights.demo { ", for demonstration only" } else { "" };
    format!("{}, sha256 {}{}{demo}", weights.architecture, weights.sha256, source.unwrap_or_default())
}

fn program(made: &Provenance) -> String {
    let program = &made.program;
    let commit = program.commit.as_ref().map(|commit| format!(", commit {commit}"));
    format!("{} {}{}", program.name, program.version, commit.unwrap_or_default())
}

fn device(made: &Provenance) -> String {
    let device = &made.device;
    let driver = device.driver.as_ref().map(|driver| format!(", driver {driver}"));
    format!("{}: {}, in {}{}", device.kind, device.name, device.precision, driver.unwrap_or_default())
}

fn listed(pairs: impl Iterator<Item = (impl fmt::Display, impl fmt::Display)>) -> String {
    pairs.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}
