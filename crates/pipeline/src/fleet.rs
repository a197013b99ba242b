//! Many inputs: several at once on a GPU, and over several GPUs.
//!
//! Short clips alone would leave a GPU waiting at each beginning and end, so a second one is in flight. An input is labeled by one
//! labeler from beginning to end, and its label file does not depend on which, nor on what else is in flight.

use crate::error::PipelineError;
use crate::label_file::Existing;
use crate::labeler::Labeler;
use crate::reporter::{Reporter, Summary};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// An input and the label file it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The video or picture.
    pub input: PathBuf,
    /// Where its labels go.
    pub output: PathBuf,
}

/// Told how labeling many inputs goes, from the thread that called. A job is named by its place in the list.
pub trait FleetReporter {
    /// Labeling begins: `frames` frames are expected.
    fn started(&mut self, job: usize, frames: u64) {
        let _ = (job, frames);
    }

    /// `frames` frames are labeled by now.
    fn progressed(&mut self, job: usize, frames: u64) {
        let _ = (job, frames);
    }

    /// This is what it came to. Jobs end in any order.
    fn finished(&mut self, job: usize, labeled: Result<Summary, PipelineError>);

    /// Whether to stop: of inputs in flight, what is labeled is kept, others are not begun. Asked often, also while nothing else is told.
    fn should_stop(&mut self) -> bool {
        false
    }
}

/// How often the reporter is asked whether to stop, where nothing else happens.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// Reports that may wait for the calling thread.
const REPORTS_WAITING: usize = 64;

enum Report {
    Started(u64),
    Progressed(u64),
    Finished(Box<Result<Summary, PipelineError>>),
}

/// Labels `jobs` with `labelers`, each for a device of its own, telling `reporter` how it goes. Every job that was begun is told
/// finished, once.
pub fn label_files(labelers: &[Labeler], jobs: &[Job], existing: Existing, reporter: &mut dyn FleetReporter) {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, reports) = sync_channel(REPORTS_WAITING);
    let work = |labeler: &Labeler, sender: SyncSender<(usize, Report)>| {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { break };
            let mut in_flight = InFlight { number, stop: &stop, sender: &sender };
            let labeled = labeler.label_file(&job.input, &job.output, existing, &mut in_flight);
            in_flight.tell(Report::Finished(Box::new(labeled)));
        }
    };
    let workers = labelers.iter().flat_map(|labeler| std::iter::repeat_n(labeler, labeler.files_at_once()));
    thread::scope(|scope| {
        for labeler in workers.take(jobs.len()) {
            let sender = sender.clone();
            scope.spawn(move || work(labeler, sender));
        }
        drop(sender);
        loop {
            match reports.recv_timeout(ASKED_EVERY) {
                Ok((job, Report::Started(frames))) => reporter.started(job, frames),
                Ok((job, Report::Progressed(frames))) => reporter.progressed(job, frames),
                Ok((job, Report::Finished(labeled))) => reporter.finished(job, *labeled),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if reporter.should_stop() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
}

/// What a job in flight tells, and learns.
struct InFlight<'a> {
    number: usize,
    stop: &'a AtomicBool,
    sender: &'a SyncSender<(usize, Report)>,
}

impl InFlight<'_> {
    fn tell(&self, report: Report) {
        // The receiver is there as long as there is a sender.
        let _received = self.sender.send((self.number, report));
    }
}

impl Reporter for InFlight<'_> {
    fn started(&mut self, _input: &Path, frames: u64) {
        self.tell(Report::Started(frames));
    }

    fn progressed(&mut self, frames: u64) {
        self.tell(Report::Progressed(frames));
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
