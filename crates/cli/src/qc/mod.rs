//! `swingpose qc`: which labels not to trust, as pages for a person, JSON for programs and an exit code for a fleet.
//!
//! What is suspicious, and the pages, are the crate `swingpose-qc`. `thumbnails` makes the pictures on them, `place` says what
//! the files are called, `summary` is what stands in `index.json` and on standard output.

mod place;
mod summary;
mod thumbnails;

use crate::exit::Exit;
use crate::io::Io;
use crate::overlay::place::find_video;
use anyhow::Context;
use place::Target;
use std::io::Write;
use std::path::{Path, PathBuf};
use summary::Checked;
use swingpose_labels::{WholeFile, label_files, read};
use swingpose_qc::page::{self, Thumbnail};
use swingpose_qc::{Report, Series, Verdict, check};

/// What `--help` says after the options.
const RULES: &str = "\
A video passes where nothing suspicious was found, fails where a tenth of its
frames is suspicious or something cannot be so (time that runs back, labels that
are no numbers, nobody at all), and is to be looked at otherwise. The page lists
every limit with its reason.

Exit code: 0 every video passes or is to be looked at; 1 some fail, or with
--strict are to be looked at, or could not be read (each named on standard
error); 2 could not start; 130 interrupted.";

/// Find labels not to trust, without annotations, and show them.
///
/// Missing people, unsure spans, jitter, broken limbs, swapped sides, switched people, frozen keypoints, odd times. Writes a page to look at, `x.qc.html`, and the same as JSON, `x.qc.json`, of each label file `x.poses.parquet`, and of several an
/// `index.html` and `index.json`.
#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub(crate) struct QcArgs {
    /// Label files, or folders, which are searched for them.
    #[arg(required = true, value_name = "LABELS")]
    labels: Vec<PathBuf>,

    /// Write the pages into this folder.
    #[arg(long, value_name = "DIR", default_value = "qc")]
    out: PathBuf,

    /// The video that was labeled, or the folder that holds the videos; they are recognised by their SHA-256 [default: the file
    /// of that name beside the labels, or here]. Without it the page has no pictures.
    #[arg(long, value_name = "PATH")]
    video: Option<PathBuf>,

    /// Show at most this many frames, the worst ones.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(..=200))]
    worst: u16,

    /// Fail (exit code 1) where a video is to be looked at, too.
    #[arg(long)]
    strict: bool,

    /// Print the index as JSON on standard output.
    #[arg(long)]
    json: bool,
}

/// Checks what `args` name.
///
/// # Errors
/// No label files, a folder that cannot be made, an index that cannot be written. A label file that cannot be read is told
/// and counted instead.
pub(crate) fn run(args: &QcArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let files = label_files(&args.labels)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let mut checked = Vec::with_capacity(files.len());
    for (labels, target) in files.iter().zip(place::targets(&files)?) {
        if io.is_interrupted() {
            return Ok(Exit::Interrupted);
        }
        let outcome = check_one(labels, &target, args, io);
        let one = Checked { labels, target, outcome: outcome.map_err(|error| format!("{error:#}")) };
        one.tell(&args.out, io);
        checked.push(one);
    }
    let index = summary::json(&checked);
    if checked.len() > 1 {
        let entries: Vec<page::Entry<'_>> = checked.iter().map(Checked::entry).collect();
        write(&args.out.join(place::INDEX_PAGE), page::index(&entries).as_bytes())?;
        write(&args.out.join(place::INDEX_JSON), format!("{index:#}\n").as_bytes())?;
        summary::tell(&checked, &args.out, io);
    }
    if args.json {
        io.print_whole(format_args!("{index:#}"))?;
    }
    Ok(exit(&checked, args.strict))
}

fn exit(checked: &[Checked<'_>], strict: bool) -> Exit {
    let limit = if strict { Verdict::Pass } else { Verdict::Look };
    let over = |one: &Checked<'_>| one.outcome.as_ref().is_ok_and(|report| report.verdict > limit);
    if checked.iter().any(|one| one.outcome.is_err()) {
        return Exit::SomeFailed;
    }
    if checked.iter().any(over) { Exit::OverLimit } else { Exit::Done }
}

/// Checks one label file and writes its page and JSON.
fn check_one(labels: &Path, target: &Target, args: &QcArgs, io: &mut Io<'_>) -> anyhow::Result<Report> {
    let report = check(read(labels)?, usize::from(args.worst))?;
    let pictures = pictures(labels, &report, args.video.as_deref()).map_err(|error| format!("{error:#}"));
    if let Err(reason) = &pictures {
        io.say(format_args!("{}: its page has no pictures: {reason}", labels.display()));
    }
    let page = page::video(&report, pictures.as_deref().map_err(String::as_str));
    write(&args.out.join(&target.page), page.as_bytes())?;
    let json = serde_json::to_string_pretty(&report).context("the report cannot be said in JSON")?;
    write(&args.out.join(&target.json), json.as_bytes())?;
    // The index needs neither, and a batch may be of very many videos.
    let series = Series { columns: Vec::new(), ..report.series };
    Ok(Report { series, worst: Vec::new(), ..report })
}

fn pictures(labels: &Path, report: &Report, video: Option<&Path>) -> anyhow::Result<Vec<Thumbnail>> {
    if report.worst.is_empty() {
        return Ok(Vec::new());
    }
    let video = find_video(labels, &report.provenance.input, video)?;
    thumbnails::of(report, labels, &video)
}

/// Writes a file that appears only whole.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(file.finish()?)
}
