//! `swingpose smooth`: a label file into another one whose keypoints are smoothed over time.

use crate::exit::Exit;
use crate::io::Io;
use crate::progress::plural;
use anyhow::{Context, ensure};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fs::canonicalize;
use std::path::{Path, PathBuf};
use swingpose::{ScoreThreshold, digest_file};
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;
use swingpose_labels::{Ending, LabelSink, LabelWriter, Labels, read};
use swingpose_smooth::{Butterworth, Filter, Identity, OneEuro, Options, Report, SavitzkyGolay, smooth};

/// The option in a label file's provenance that says it was smoothed.
const FILTER: &str = "smooth.filter";

/// What `--help` says after the options.
const RULES: &str = "\
Who is smoothed: with --by auto each track, where everybody has one, or else the
one person of each frame; a file of several people without tracks is refused.
--by primary smooths the primary person and leaves everybody else raw; --by
person goes by the number in the frame, which is the order of the boxes' scores.
Without tracks, a person whose box does not overlap the one before is somebody
else.

The times of frames are their own, at any frame rate. one-euro steps by them,
savitzky-golay fits polynomials at them; butterworth is applied to equal steps,
which cubic interpolation leads to and back from. butterworth runs forwards and
backwards: nothing is delayed, its gain at the cutoff is 1/2. one-euro looks back
only, and lags.

The provenance says smooth.filter, each parameter, and smooth.of, the SHA-256 of
the raw label file. A smoothed file is not smoothed again. The whole file is in
memory: some 300 bytes a person and frame.

Exit code: 0 smoothed; 2 not smoothed; 130 interrupted.";

/// Smooth the keypoints of a label file over time, and fill short gaps, in a new label file.
#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub(crate) struct SmoothArgs {
    /// The label file, as `swingpose label` wrote it; it stays as it is.
    #[arg(value_name = "LABELS")]
    labels: PathBuf,

    /// Write the smoothed labels to this file, for example swing.smooth.poses.parquet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// The filter: butterworth (a low-pass), savitzky-golay (local polynomials) or one-euro (a low-pass that lets
    /// fast moves through).
    #[arg(long, value_enum, default_value_t = FilterName::Butterworth, value_name = "NAME", hide_possible_values = true)]
    filter: FilterName,

    /// For butterworth: the cutoff in Hz [default: 6]. A golf swing's wrists want 12 or more.
    #[arg(long, value_name = "HZ")]
    cutoff: Option<f64>,

    /// For butterworth its order, from 1 to 12 [default: 4]; for savitzky-golay the polynomials' degree [default: 2].
    #[arg(long, value_name = "N")]
    order: Option<usize>,

    /// For savitzky-golay: how many frames a polynomial is fitted to, an odd number [default: 9].
    #[arg(long, value_name = "FRAMES")]
    window: Option<usize>,

    /// For one-euro: the cutoff at rest, in Hz [default: 1].
    #[arg(long, value_name = "HZ")]
    min_cutoff: Option<f64>,

    /// For one-euro: by how many Hz the cutoff grows for each px/s [default: 0.007].
    #[arg(long, value_name = "X")]
    beta: Option<f64>,

    /// For one-euro: the cutoff, in Hz, at which the speed is smoothed [default: 1].
    #[arg(long, value_name = "HZ")]
    derivative_cutoff: Option<f64>,

    /// Fill gaps of at most this many seconds, from the last frame before to the first one after; those filled in say
    /// so by their origin, `interpolated`. Nothing is smoothed across longer ones.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.2)]
    max_gap: f64,

    /// Draw keypoints that score less than this, from 0 to 1, between those before and after, as in a gap. Their scores stay.
    #[arg(long, value_name = "X", default_value = "0")]
    keypoint_threshold: ScoreThreshold,

    /// Who is who from frame to frame: auto, primary or person.
    #[arg(long, value_enum, default_value_t = By::Auto, value_name = "auto|primary|person", hide_possible_values = true)]
    by: By,
}

/// How a filter is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FilterName {
    Butterworth,
    SavitzkyGolay,
    OneEuro,
}

/// How an identity is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Auto,
    Primary,
    Person,
}

/// Smooths what `args` name.
///
/// # Errors
/// Whatever keeps the labels from being read, smoothed or written.
pub(crate) fn run(args: &SmoothArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let options = args.options()?;
    let is_itself =
        matches!((canonicalize(&args.labels), canonicalize(&args.out)), (Ok(one), Ok(other)) if one == other);
    ensure!(!is_itself, "{} holds the raw labels, which stay: give --out another name", args.out.display());
    let Labels { mut provenance, frames } = read(&args.labels)?;
    ensure!(
        !provenance.options.contains_key(FILTER),
        "{} is smoothed already: smooth the raw labels that it came from",
        args.labels.display()
    );
    let mut frames = frames.collect::<Result<Vec<_>, _>>()?;
    let report = smooth(&mut frames, &options).with_context(|| {
        format!("{}: not smoothed; --by says who is who, and --help what else there is", args.labels.display())
    })?;
    provenance.options.extend(said_of(&options, args.by, &args.labels)?);
    if !write(&args.out, &provenance, &frames, io)? {
        return Ok(Exit::Interrupted);
    }
    tell(args, &report, frames.len() as u64, io);
    Ok(Exit::Done)
}

impl SmoothArgs {
    fn options(&self) -> anyhow::Result<Options> {
        self.check_parameters()?;
        let filter = match self.filter {
            FilterName::Butterworth => {
                Filter::Butterworth(Butterworth::new(self.cutoff.unwrap_or(6.0), self.order.unwrap_or(4))?)
            }
            FilterName::SavitzkyGolay => {
                Filter::SavitzkyGolay(SavitzkyGolay::new(self.window.unwrap_or(9), self.order.unwrap_or(2))?)
            }
            FilterName::OneEuro => Filter::OneEuro(OneEuro::new(
                self.min_cutoff.unwrap_or(1.0),
                self.beta.unwrap_or(0.007),
                self.derivative_cutoff.unwrap_or(1.0),
            )?),
        };
        ensure!(self.max_gap >= 0.0, "--max-gap is {} s: give 0 or more", self.max_gap);
        let identity = match self.by {
            By::Auto => Identity::Auto,
            By::Primary => Identity::Primary,
            By::Person => Identity::Person,
        };
        Ok(Options { filter, max_gap: self.max_gap, keypoint_threshold: self.keypoint_threshold.get(), identity })
    }

    /// Checks that no parameter was given that the filter has no use for.
    fn check_parameters(&self) -> anyhow::Result<()> {
        use FilterName::{Butterworth, OneEuro, SavitzkyGolay};
        let parameters: [(_, _, &[_]); 6] = [
            ("--cutoff", self.cutoff.is_some(), &[Butterworth]),
            ("--order", self.order.is_some(), &[Butterworth, SavitzkyGolay]),
            ("--window", self.window.is_some(), &[SavitzkyGolay]),
            ("--min-cutoff", self.min_cutoff.is_some(), &[OneEuro]),
            ("--beta", self.beta.is_some(), &[OneEuro]),
            ("--derivative-cutoff", self.derivative_cutoff.is_some(), &[OneEuro]),
        ];
        for (parameter, is_given, filters) in parameters {
            ensure!(
                !is_given || filters.contains(&self.filter),
                "{parameter} is no parameter of this filter: leave it out"
            );
        }
        Ok(())
    }
}

/// What the provenance says of the smoothing: every option that could change a number, and the raw labels.
fn said_of(options: &Options, by: By, raw: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let parameters = options.filter.parameters().into_iter().map(|(name, value)| (name, value.to_string()));
    let by = match by {
        By::Auto => "auto",
        By::Primary => "primary",
        By::Person => "person",
    };
    let others = [
        ("filter", options.filter.name().to_owned()),
        ("max-gap", options.max_gap.to_string()),
        ("keypoint-threshold", options.keypoint_threshold.to_string()),
        ("by", by.to_owned()),
        ("of", digest_file(raw)?.sha256),
    ];
    Ok(parameters.chain(others).map(|(name, value)| (format!("smooth.{name}"), value)).collect())
}

/// Writes the label file, unless Ctrl-C comes in between, and says whether it is whole.
fn write(path: &Path, provenance: &Provenance, frames: &[FrameLabels], io: &Io<'_>) -> anyhow::Result<bool> {
    let mut writer = LabelWriter::create(path, provenance)?;
    for frame in frames {
        if io.is_interrupted() {
            return Ok(false);
        }
        writer.write(frame)?;
    }
    writer.finish(Ending { lost_frames: provenance.input.lost_frames })?;
    Ok(true)
}

fn tell(args: &SmoothArgs, report: &Report, frames: u64, io: &mut Io<'_>) {
    let Report { identities, stretches, people_filled, keypoints_filled } = *report;
    io.say(format_args!(
        "{}: {frames} {}, {identities} {} in {stretches} {}, {people_filled} filled in, {keypoints_filled} unsure {} redrawn -> {}",
        args.labels.display(),
        plural(frames, "frame", "frames"),
        plural(identities, "person", "people"),
        plural(stretches, "stretch", "stretches"),
        plural(keypoints_filled, "keypoint", "keypoints"),
        args.out.display()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;
    use std::sync::atomic::AtomicBool;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/labels/golden.poses.parquet");

    /// Runs `smooth` with these words; what it said, or why it could not.
    fn run_words(words: &[&str]) -> anyhow::Result<(Exit, String)> {
        let line = ["swingpose", "smooth"].iter().chain(words);
        let Command::Smooth(args) = Args::try_parse_from(line)?.command else { panic!("another command") };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let interrupted = AtomicBool::new(false);
        let io = &mut Io { out: &mut out, err: &mut err, err_is_terminal: false, interrupted: &interrupted };
        let exit = run(&args, io)?;
        assert!(out.is_empty());
        Ok((exit, String::from_utf8(err)?))
    }

    /// A raw label file of one person who walks and trembles, 40 frames without the fifth.
    fn walk(folder: &Path) -> PathBuf {
        let golden = read(Path::new(GOLDEN)).unwrap();
        let some = golden.frames.map(Result::unwrap).find(|frame| !frame.people.is_empty()).unwrap();
        let path = folder.join("walk.poses.parquet");
        let mut writer = LabelWriter::create(&path, &golden.provenance).unwrap();
        for n in 0..40_u16 {
            let mut frame = some.clone();
            (frame.frame.0, frame.pts, frame.time_s) = (n.into(), n.into(), f64::from(n) / 60.0);
            frame.people.truncate(if n == 5 { 0 } else { 1 });
            for person in &mut frame.people {
                person.track = None;
                person.bounding_box = [0.0, 0.0, 400.0, 400.0].into();
                person.keypoints = [[f32::from(n + n % 2 * 5), 20.0, 0.9].into(); 17];
            }
            writer.write(&frame).unwrap();
        }
        writer.finish(Ending::default()).unwrap();
        path
    }

    #[test]
    fn a_smoothed_file_says_how_and_of_what_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let (raw, out) = (walk(folder.path()), folder.path().join("smooth.poses.parquet"));
        let before = std::fs::read(&raw).unwrap();
        let [raw_word, out_word] = [&raw, &out].map(|path| path.to_str().unwrap());
        let (exit, said) = run_words(&[raw_word, "--out", out_word, "--cutoff", "8"]).unwrap();
        assert_eq!(exit, Exit::Done);
        assert!(said.contains("40 frames, 1 person in 1 stretch, 1 filled in"), "{said}");
        assert_eq!(std::fs::read(&raw).unwrap(), before);
        let Labels { provenance, frames } = read(&out).unwrap();
        let said = |name: &str| provenance.options.get(name).map(String::as_str);
        assert_eq!(
            (said(FILTER), said("smooth.cutoff"), said("smooth.order")),
            (Some("butterworth"), Some("8"), Some("4"))
        );
        assert_eq!(said("smooth.of").map(str::to_owned), Some(digest_file(&raw).unwrap().sha256));
        let frames: Vec<_> = frames.map(Result::unwrap).collect();
        assert_eq!(frames[5].people[0].origin.as_str(), "interpolated");
        let steps = frames[10..30].windows(2).map(|pair| {
            let [from, to] = [0, 1].map(|n: usize| pair[n].people[0].keypoints[0].point.x);
            to - from
        });
        assert!(steps.into_iter().all(|step| (0.5..1.5).contains(&step)), "no tremble is left");

        let again = run_words(&[out_word, "--out", folder.path().join("again").to_str().unwrap()]).unwrap_err();
        assert!(again.to_string().contains("smoothed already"), "{again}");
        let onto_itself = run_words(&[raw_word, "--out", raw_word]).unwrap_err();
        assert!(onto_itself.to_string().contains("raw labels"), "{onto_itself}");
    }

    #[test]
    fn parameters_of_another_filter_are_refused() {
        let error = run_words(&[GOLDEN, "--out", "x", "--filter", "one-euro", "--cutoff", "6"]).unwrap_err();
        assert!(error.to_string().contains("--cutoff is no parameter"), "{error}");
    }
}
