//! `swingpose export`: label files in the formats of other programs, to standard output or to files.

use crate::exit::Exit;
use crate::io::Io;
use crate::progress::plural;
use anyhow::{Context, ensure};
use clap::ValueEnum;
use std::ffi::OsString;
use std::fs::canonicalize;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use swingpose_labels::export::jsonl::JsonlWriter;
use swingpose_labels::{Ending, LabelSink, Labels, LabelsError, WholeFile, read};

/// What `--out` is called when it is standard output.
const STDOUT: &str = "-";

/// Write labels in another format.
///
/// Exit code: 0 all exported; 1 finished, but some label files could not be read (each named on standard error); 2
/// could not start; 130 interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Label files, as `swingpose label` writes them.
    #[arg(required = true, value_name = "LABELS")]
    pub(crate) labels: Vec<PathBuf>,

    /// The format: jsonl (one line a frame; a number that JSON cannot say is null).
    #[arg(long, value_name = "FORMAT")]
    pub(crate) to: Format,

    /// Write to this file, or into this folder, where a label file `x.poses.parquet` becomes `x.poses.jsonl`; - is
    /// standard output. Several label files need a folder [default: standard output].
    #[arg(long, value_name = "PATH|-")]
    pub(crate) out: Option<PathBuf>,
}

/// A format that labels can be exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON lines.
    Jsonl,
}

impl Format {
    /// The extension of its files.
    const fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
        }
    }
}

/// Where an export goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    File(PathBuf),
}

/// How far one export came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All frames are out.
    Whole { frames: u64 },
    /// Whoever read standard output had enough.
    Unwanted,
    /// Ctrl-C.
    Interrupted,
}

/// Exports what `args` ask for.
///
/// # Errors
/// A target that cannot be; a label file that cannot be read is told and counted instead.
pub(crate) fn run(args: &ExportArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let targets = targets(args)?;
    let mut failed = 0;
    for (labels, target) in args.labels.iter().zip(&targets) {
        match export(labels, target, args.to, io) {
            Ok(Outcome::Whole { frames }) => tell(labels, target, frames, io),
            Ok(Outcome::Unwanted) => return Ok(Exit::Done),
            Ok(Outcome::Interrupted) => return Ok(Exit::Interrupted),
            Err(error) => {
                failed += 1;
                let error = anyhow::Error::new(error);
                io.say(format_args!("error: {}: not exported: {error:#}", labels.display()));
            }
        }
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::SomeFailed })
}

fn tell(labels: &Path, target: &Target, frames: u64, io: &mut Io<'_>) {
    if let Target::File(file) = target {
        let frames = format_args!("{frames} {}", plural(frames, "frame", "frames"));
        io.say(format_args!("{}: {frames} -> {}", labels.display(), file.display()));
    }
}

/// Where each label file goes.
///
/// # Errors
/// Several label files for one target, a folder that cannot be made, a target that is itself one of the label files.
fn targets(args: &ExportArgs) -> anyhow::Result<Vec<Target>> {
    let many = args.labels.len() > 1;
    let Some(out) = args.out.as_deref().filter(|out| *out != Path::new(STDOUT)) else {
        ensure!(!many, "several label files cannot share standard output: give --out a folder");
        return Ok(vec![Target::Stdout]);
    };
    if many {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    }
    let files = if out.is_dir() { exported_paths(out, args)? } else { vec![out.to_owned()] };
    for file in &files {
        let taken = args.labels.iter().find(|labels| same_file(labels, file));
        ensure!(taken.is_none(), "{} holds the labels themselves: give --out another name", file.display());
    }
    Ok(files.into_iter().map(Target::File).collect())
}

/// `x.poses.jsonl` in `folder` for each `x.poses.parquet`.
fn exported_paths(folder: &Path, args: &ExportArgs) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::with_capacity(args.labels.len());
    for labels in &args.labels {
        let mut name = OsString::from(labels.file_stem().with_context(|| no_name(labels))?);
        name.push(".");
        name.push(args.to.extension());
        let path = folder.join(name);
        ensure!(
            !paths.contains(&path),
            "two of the label files would become {}: export them in two runs, with another --out for each",
            path.display()
        );
        paths.push(path);
    }
    Ok(paths)
}

fn no_name(labels: &Path) -> String {
    format!("`{}` does not name a file", labels.display())
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((canonicalize(one), canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

fn export(labels: &Path, target: &Target, format: Format, io: &mut Io<'_>) -> Result<Outcome, LabelsError> {
    match target {
        Target::Stdout => match write(labels, format, &mut *io.out, io.interrupted) {
            Err(LabelsError::Stream { source }) if source.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Unwanted),
            outcome => outcome,
        },
        Target::File(path) => {
            let mut file = WholeFile::create(path)?;
            let outcome = write(labels, format, &mut file, io.interrupted).map_err(|error| match error {
                LabelsError::Stream { source } => LabelsError::Write { path: path.clone(), source },
                other => other,
            })?;
            if let Outcome::Whole { .. } = outcome {
                file.finish()?;
            }
            Ok(outcome)
        }
    }
}

/// Writes all frames of the file `labels` to `stream`, unless Ctrl-C comes in between.
fn write(
    labels: &Path,
    format: Format,
    stream: &mut dyn Write,
    interrupted: &AtomicBool,
) -> Result<Outcome, LabelsError> {
    let Labels { provenance, frames } = read(labels)?;
    let mut sink = match format {
        Format::Jsonl => JsonlWriter::new(BufWriter::new(stream)),
    };
    for frame in frames {
        if interrupted.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        sink.write(&frame?)?;
    }
    sink.finish(Ending { lost_frames: provenance.input.lost_frames })?;
    Ok(Outcome::Whole { frames: provenance.input.frames })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/labels/golden.poses.parquet");
    /// The numbers of its frames.
    const FRAMES: [u64; 4] = [0, 1, 2, 7];

    /// What a run printed, said and came to.
    struct Ran {
        out: String,
        err: String,
        exit: anyhow::Result<Exit>,
    }

    fn export_words(labels: &[PathBuf], out: Option<&Path>, interrupted: bool) -> Ran {
        let (mut printed, mut said) = (Vec::new(), Vec::new());
        let interrupted = AtomicBool::new(interrupted);
        let args = ExportArgs { labels: labels.to_vec(), to: Format::Jsonl, out: out.map(Path::to_owned) };
        let exit = run(
            &args,
            &mut Io { out: &mut printed, err: &mut said, err_is_terminal: false, interrupted: &interrupted },
        );
        Ran { out: String::from_utf8(printed).unwrap(), err: String::from_utf8(said).unwrap(), exit }
    }

    /// A folder with copies of the golden file under these names, and their paths.
    fn copies(names: &[&str]) -> (TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        for path in &paths {
            std::fs::copy(GOLDEN, path).unwrap();
        }
        (folder, paths)
    }

    fn assert_is_golden(lines: &str) {
        let starts = FRAMES.map(|frame| format!(r#"{{"frame":{frame},"pts":{frame},"#));
        assert_eq!(lines.lines().count(), FRAMES.len());
        assert!(lines.lines().zip(starts).all(|(line, start)| line.starts_with(&start)), "{lines}");
    }

    #[test]
    fn one_label_file_goes_to_standard_output_and_nothing_is_said() {
        for out in [None, Some(Path::new("-"))] {
            let ran = export_words(&[GOLDEN.into()], out, false);
            assert_is_golden(&ran.out);
            assert_eq!((ran.err.as_str(), ran.exit.unwrap()), ("", Exit::Done));
        }
    }

    #[test]
    fn several_label_files_go_into_a_folder_that_need_not_exist() {
        let (folder, labels) = copies(&["a.poses.parquet", "b.poses.parquet"]);
        let out = folder.path().join("new");
        let ran = export_words(&labels, Some(&out), false);
        assert_eq!((ran.out.as_str(), ran.exit.unwrap()), ("", Exit::Done));
        assert_is_golden(&std::fs::read_to_string(out.join("a.poses.jsonl")).unwrap());
        assert_is_golden(&std::fs::read_to_string(out.join("b.poses.jsonl")).unwrap());
        assert!(ran.err.contains("a.poses.parquet: 4 frames -> "), "{}", ran.err);
    }

    #[test]
    fn several_label_files_do_not_share_standard_output() {
        let error = export_words(&[GOLDEN.into(), GOLDEN.into()], None, false).exit.unwrap_err();
        assert!(error.to_string().contains("give --out a folder"), "{error}");
    }

    #[test]
    fn two_label_files_of_one_name_are_refused_before_any_is_exported() {
        let (folder, labels) = copies(&["a.poses.parquet"]);
        let other = folder.path().join("other");
        std::fs::create_dir(&other).unwrap();
        let labels = [labels[0].clone(), other.join("a.poses.parquet")];
        let error = export_words(&labels, Some(folder.path()), false).exit.unwrap_err();
        assert!(error.to_string().contains("another --out for each"), "{error}");
        assert!(!folder.path().join("a.poses.jsonl").exists());
    }

    #[test]
    fn labels_are_not_overwritten_by_their_own_export() {
        let (_folder, labels) = copies(&["a.poses.parquet"]);
        assert!(export_words(&labels, Some(&labels[0]), false).exit.is_err());
        assert_eq!(std::fs::read(&labels[0]).unwrap(), std::fs::read(GOLDEN).unwrap());
    }

    #[test]
    fn a_bad_label_file_is_named_and_the_others_are_exported() {
        let (folder, mut labels) = copies(&["a.poses.parquet", "b.poses.parquet"]);
        std::fs::write(&labels[0], "not labels").unwrap();
        labels.push(folder.path().join("missing.poses.parquet"));
        let ran = export_words(&labels, Some(folder.path()), false);
        assert_eq!(ran.exit.unwrap(), Exit::SomeFailed);
        assert!(
            ran.err.contains("a.poses.parquet: not exported: ") && ran.err.contains("missing.poses"),
            "{}",
            ran.err
        );
        assert!(!folder.path().join("a.poses.jsonl").exists());
        assert_is_golden(&std::fs::read_to_string(folder.path().join("b.poses.jsonl")).unwrap());
    }

    #[test]
    fn an_interrupted_export_leaves_no_file() {
        let (folder, labels) = copies(&["a.poses.parquet"]);
        let ran = export_words(&labels, Some(&folder.path().join("a.jsonl")), true);
        assert_eq!(ran.exit.unwrap(), Exit::Interrupted);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// A reader that has gone away.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_ends_the_export_in_silence() {
        let args = ExportArgs { labels: vec![GOLDEN.into()], to: Format::Jsonl, out: None };
        let mut said = Vec::new();
        let interrupted = AtomicBool::new(false);
        let io = &mut Io { out: &mut Closed, err: &mut said, err_is_terminal: false, interrupted: &interrupted };
        assert_eq!(run(&args, io).unwrap(), Exit::Done);
        assert!(said.is_empty());
    }
}
