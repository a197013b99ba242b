//! Whole videos: decoded, and labeled as `swingpose label` does it.

use super::Row;
use anyhow::{Context, bail};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};
use swingpose::{Existing, FleetReporter, Job, Labeler, PipelineError, Summary, label_files};

pub(super) fn decoding(labeler: &Labeler, video: &Path) -> anyhow::Result<Row> {
    let rate = labeler.time_decoding(video)?;
    let note = format!("{} frames, the first after {:.0} ms", rate.frames, rate.first.as_secs_f64() * 1e3);
    Ok(Row { note: Some(note), ..Row::rate("decode", rate.frames as f64 / rate.all.as_secs_f64()) })
}

pub(super) fn labeling(labeler: &Labeler, video: &Path, files: NonZeroUsize) -> anyhow::Result<Row> {
    let folder = tempfile::tempdir().context("no place for labels")?;
    let output = |number: usize| folder.path().join(format!("{number}.parquet"));
    let jobs: Vec<_> = (0..files.get()).map(|number| Job { input: video.to_owned(), output: output(number) }).collect();
    let mut tally = Tally { start: Instant::now(), first: None, frames: 0, people: 0, failed: None };
    label_files(std::slice::from_ref(labeler), &jobs, Existing::Overwrite, &mut tally);
    let all = tally.start.elapsed();
    if let Some(error) = tally.failed {
        bail!(error);
    }
    let first = tally.first.unwrap_or_default().as_secs_f64() * 1e3;
    let count = if files.get() == 1 { String::new() } else { format!("{files} files, ") };
    let note = format!("{count}{} frames, {} people, the first labels after {first:.0} ms", tally.frames, tally.people);
    Ok(Row { note: Some(note), ..Row::rate("e2e", tally.frames as f64 / all.as_secs_f64()) })
}

/// What came of all files.
struct Tally {
    start: Instant,
    /// Until the first labels.
    first: Option<Duration>,
    frames: u64,
    people: u64,
    failed: Option<PipelineError>,
}

impl FleetReporter for Tally {
    fn progressed(&mut self, _job: usize, _frames: u64) {
        self.first.get_or_insert_with(|| self.start.elapsed());
    }

    fn finished(&mut self, _job: usize, labeled: Result<Summary, PipelineError>) {
        match labeled {
            Ok(summary) => {
                self.frames += summary.frames;
                self.people += summary.people;
            }
            Err(error) => self.failed = Some(error),
        }
    }
}
