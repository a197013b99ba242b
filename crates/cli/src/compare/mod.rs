//! `swingpose compare`: two label files of one video held against each other, and against a limit. The table is `table`.

mod table;

use crate::exit::Exit;
use crate::io::Io;
use anyhow::Context;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use swingpose_core::provenance::Provenance;
use swingpose_judge::compare::{Breach, Gate, Statistic};
use swingpose_judge::{CompareOptions, Comparison, compare};
use swingpose_labels::read;
use table::Table;

/// What `--help` says after the options.
const RULES: &str = "\
A is the reference: people of A without a counterpart in B are missed, people of
B without one are extra, and distances are measured at the keypoints that A is
sure of. People are matched by OKS, the most alike first; the area in it is the
smaller one of the two boxes (of the keypoints' where a box is the whole frame).
A torso reaches from the middle of the shoulders to the middle of the hips of A.

Exit code: 0 compared, and within --max-px where that is given; 1 compared, and
over it; 2 not comparable: labels of different inputs, frames that do not line
up, a file that cannot be read.";

/// The arguments of `compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub(crate) struct CompareArgs {
    /// The reference: a label file, as `swingpose label` writes it.
    #[arg(value_name = "A")]
    a: PathBuf,

    /// What is judged: another label file of the same video.
    #[arg(value_name = "B")]
    b: PathBuf,

    /// Two people are the same from this OKS on, from 0 to 1.
    #[arg(long, value_name = "X", default_value_t = CompareOptions::default().min_oks, value_parser = share)]
    min_oks: f64,

    /// A keypoint is sure from this score on, from 0 to 1.
    #[arg(long, value_name = "X", default_value_t = CompareOptions::default().min_score, value_parser = score)]
    min_score: f32,

    /// Count the frames in which a keypoint has moved more than this many pixels.
    #[arg(long, value_name = "PX", default_value_t = CompareOptions::default().limit_px, value_parser = distance)]
    limit_px: f64,

    /// Fail (exit code 1) where a keypoint has moved more than this many pixels, or is nowhere, or where anybody is missed
    /// or extra, or where there are people and nothing of them could be measured.
    #[arg(long, value_name = "PX", value_parser = distance)]
    max_px: Option<f64>,

    /// Hold this number of all distances against --max-px, rather than the largest.
    #[arg(
        long,
        value_name = "median|p95|p99|max",
        requires = "max_px",
        default_value = "max",
        hide_possible_values = true
    )]
    max_px_of: Number,

    /// Let --max-px pass with this many people missed and extra together.
    #[arg(long, value_name = "N", requires = "max_px", default_value_t = 0)]
    max_unmatched: u64,

    /// Print the comparison as JSON.
    #[arg(long)]
    json: bool,
}

/// How [`Statistic`] is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Number {
    Median,
    P95,
    P99,
    Max,
}

impl From<Number> for Statistic {
    fn from(number: Number) -> Self {
        match number {
            Number::Median => Self::Median,
            Number::P95 => Self::P95,
            Number::P99 => Self::P99,
            Number::Max => Self::Max,
        }
    }
}

/// What a comparison was held against, and in what it did not pass.
struct Verdict {
    gate: Gate,
    breaches: Vec<Breach>,
}

/// One of the two files.
struct Side<'a> {
    path: &'a Path,
    made: Provenance,
}

/// Compares what `args` name.
///
/// # Errors
/// Files that cannot be read or compared; a table that cannot be printed.
pub(crate) fn run(args: &CompareArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let sides = [(&args.a, &a), (&args.b, &b)].map(|(path, labels)| Side { path, made: labels.provenance.clone() });
    let comparison = compare(a, b, &args.options())
        .with_context(|| format!("A ({}) and B ({}) cannot be compared", args.a.display(), args.b.display()))?;
    let verdict = args.gate().map(|gate| Verdict { breaches: comparison.breaches(&gate), gate });
    if args.json {
        io.print_whole(json(&sides, &comparison, verdict.as_ref()))?;
    } else {
        io.print_whole(Table { sides: &sides, comparison: &comparison })?;
    }
    let Some(Verdict { gate, breaches }) = verdict else { return Ok(Exit::Done) };
    for breach in &breaches {
        io.say(format_args!("over the limit: {breach}"));
    }
    if breaches.is_empty() {
        io.say(format_args!("within the limit of {} px", gate.max_px));
        return Ok(Exit::Done);
    }
    Ok(Exit::OverLimit)
}

impl CompareArgs {
    const fn options(&self) -> CompareOptions {
        CompareOptions { min_oks: self.min_oks, min_score: self.min_score, limit_px: self.limit_px }
    }

    fn gate(&self) -> Option<Gate> {
        let (statistic, max_unmatched) = (self.max_px_of.into(), self.max_unmatched);
        self.max_px.map(|max_px| Gate { max_px, statistic, max_unmatched })
    }
}

fn json(sides: &[Side<'_>; 2], comparison: &Comparison, verdict: Option<&Verdict>) -> Value {
    let [a, b] = sides;
    json!({
        "input": a.made.input,
        "a": a.json(),
        "b": b.json(),
        "comparison": comparison,
        "gate": verdict.map(|verdict| verdict.gate),
        "breaches": verdict.map(|verdict| &verdict.breaches),
        "passed": verdict.map(|verdict| verdict.breaches.is_empty()),
    })
}

impl Side<'_> {
    fn json(&self) -> Value {
        let Provenance { program, detector, pose, device, options, .. } = &self.made;
        json!({
            "path": self.path.display().to_string(),
            "program": program, "detector": detector, "pose": pose, "device": device, "options": options,
        })
    }
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    number(text).filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "give a number from 0 to 1".to_owned())
}

fn score(text: &str) -> Result<f32, String> {
    share(text).map(|score| score as f32)
}

/// A number of pixels.
fn distance(text: &str) -> Result<f64, String> {
    number(text).filter(|px| *px >= 0.0).ok_or_else(|| "give a number of pixels from 0 on".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
