//! `swingpose export`: label files in the formats of other programs, to standard output, to files or to folders.
//!
//! `format` says which formats there are and what writes them, `target` what goes where; here label files are fed through.

mod format;
mod target;
#[cfg(test)]
mod tests;

use crate::exit::Exit;
use crate::io::Io;
use crate::progress::plural;
use format::{Format, Layout, Out};
use std::io::{BufWriter, ErrorKind, Write, sink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use swingpose::ScoreThreshold;
use swingpose_labels::export::Exporter;
use swingpose_labels::{Labels, LabelsError, WholeFile, label_files, read};
use target::{Job, Target};

/// Write labels in another format.
///
/// Exit code: 0 all exported; 1 finished, but some label files could not be exported (each named on standard error); 2
/// could not start; 130 interrupted.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Label files, as `swingpose label` writes them, or folders, which are searched for them.
    #[arg(required = true, value_name = "LABELS")]
    labels: Vec<PathBuf>,

    /// The format.
    #[arg(long, value_name = "FORMAT")]
    to: Format,

    /// Write to this file, or into this folder, where a label file `x.poses.parquet` becomes `x.poses.jsonl`; - is
    /// standard output. Of several label files, csv and coco make one file, which a folder (or a name that ends in
    /// a slash) keeps apart; the other formats need a folder [default: standard output].
    #[arg(long, value_name = "PATH|-")]
    out: Option<PathBuf>,

    /// For coco, yolo and trc: a keypoint counts as there from this score on, from 0 to 1 [default: 0.3].
    #[arg(long, value_name = "X")]
    keypoint_threshold: Option<ScoreThreshold>,

    /// For openpose: the keypoints and their order [default: body-25].
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<Layout>,

    /// For trc: the person of this track instead of the primary one.
    #[arg(long, value_name = "N")]
    track: Option<u32>,

    /// For trc: Y grows upwards from the picture's lower edge, as in OpenSim.
    #[arg(long)]
    y_up: bool,
}

/// How far one export came.
#[derive(Debug)]
enum Outcome {
    /// All frames of the label files that could be read are out; the others are named.
    Whole { frames: u64, unreadable: Vec<(PathBuf, LabelsError)> },
    /// Whoever read standard output had enough.
    Unwanted,
    /// Ctrl-C.
    Interrupted,
}

/// Exports what `args` ask for.
///
/// # Errors
/// A target that cannot be, an option of another format; a label file that cannot be exported is told and counted instead.
pub(crate) fn run(args: &ExportArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    args.check_options()?;
    let jobs = target::jobs(&label_files(&args.labels)?, args.to, args.out.as_deref())?;
    let mut failed = 0;
    for job in &jobs {
        match export(job, args, io) {
            Ok(Outcome::Whole { frames, unreadable }) => {
                failed += unreadable.len();
                tell(job, frames, unreadable, io);
            }
            Ok(Outcome::Unwanted) => return Ok(Exit::Done),
            Ok(Outcome::Interrupted) => return Ok(Exit::Interrupted),
            Err(error) => {
                failed += 1;
                let error = anyhow::Error::new(error);
                io.say(format_args!("error: {job}: not exported: {error:#}"));
            }
        }
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::SomeFailed })
}

/// Says what became of `job`, if it is not on standard output for all to see.
fn tell(job: &Job, frames: u64, unreadable: Vec<(PathBuf, LabelsError)>, io: &mut Io<'_>) {
    let nothing = unreadable.len() == job.labels.len();
    for (labels, error) in unreadable {
        let error = anyhow::Error::new(error);
        io.say(format_args!("error: {}: not exported: {error:#}", labels.display()));
    }
    if let (Target::File(path) | Target::Folder(path), false) = (&job.target, nothing) {
        io.say(format_args!("{job}: {frames} {} -> {}", plural(frames, "frame", "frames"), path.display()));
    }
}

fn export(job: &Job, args: &ExportArgs, io: &mut Io<'_>) -> Result<Outcome, LabelsError> {
    match &job.target {
        Target::Stdout => {
            let out = Out { stream: Box::new(BufWriter::new(&mut *io.out)), folder: PathBuf::new() };
            match feed(job, || args.exporter(out), io.interrupted) {
                Err(LabelsError::Stream { source }) if source.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Unwanted),
                outcome => outcome,
            }
        }
        Target::Folder(folder) => {
            let out = Out { stream: Box::new(sink()), folder: folder.clone() };
            feed(job, || args.exporter(out), io.interrupted)
        }
        Target::File(path) => {
            let mut file = WholeFile::create(path)?;
            let stream: Box<dyn Write + '_> = Box::new(BufWriter::new(&mut file));
            let out = Out { stream, folder: PathBuf::new() };
            let outcome = feed(job, || args.exporter(out), io.interrupted).map_err(|error| match error {
                LabelsError::Stream { source } => LabelsError::Write { path: path.clone(), source },
                other => other,
            })?;
            // Without a single readable label file there is nothing to give a name to.
            if matches!(&outcome, Outcome::Whole { unreadable, .. } if unreadable.len() < job.labels.len()) {
                file.finish()?;
            }
            Ok(outcome)
        }
    }
}

/// Puts all frames of the label files of `job` through an exporter, unless Ctrl-C comes in between. The exporter is made
/// when there is something for it.
fn feed<'a>(
    job: &Job,
    make: impl FnOnce() -> Result<Box<dyn Exporter + 'a>, LabelsError>,
    interrupted: &AtomicBool,
) -> Result<Outcome, LabelsError> {
    let (mut frames, mut unreadable) = (0, Vec::new());
    let mut exporter = None;
    let mut make = Some(make);
    for path in &job.labels {
        let Labels { provenance, frames: labels } = match read(path) {
            Ok(labels) => labels,
            Err(error) => {
                unreadable.push((path.clone(), error));
                continue;
            }
        };
        if let Some(make) = make.take() {
            exporter = Some(make()?);
        }
        let Some(exporter) = &mut exporter else { continue };
        exporter.begin(&provenance)?;
        for frame in labels {
            if interrupted.load(Ordering::Relaxed) {
                return Ok(Outcome::Interrupted);
            }
            exporter.write(&frame?)?;
            frames += 1;
        }
    }
    exporter.map_or(Ok(()), Exporter::finish)?;
    Ok(Outcome::Whole { frames, unreadable })
}
