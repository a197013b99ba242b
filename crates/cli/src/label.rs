//! `swingpose label`: labels the inputs with the networks loaded once a device, and sums up.

use crate::args::LabelArgs;
use crate::exit::Exit;
use crate::io::Io;
use crate::overlay;
use crate::progress::Progress;
use crate::settings::LabelSettings;
use crate::summary::{Done, Run};
use anyhow::Context;
use serde_json::Value;
use std::io::Write;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use swingpose::{
    DeviceChoice, Existing, FleetReporter, Job, Labeler, PipelineError, Summary, gpu_left_out, label_files,
};
use swingpose_labels::WholeFile;

/// Labels what `args` ask for.
///
/// # Errors
/// Whatever keeps the run from starting; what keeps one input from being labeled is told and counted instead.
pub(crate) fn run(args: &LabelArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let settings = LabelSettings::new(args)?;
    if settings.demo {
        io.say(
            "warning: these are the small demonstration networks, good for a try and not for real labels; see \
             `swingpose weights --help` for real ones",
        );
    }
    let labelers = labelers(&settings)?;
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Keep };
    let gpus: Vec<_> = labelers.iter().map(Labeler::device).filter(|device| device.kind == "cuda").collect();
    for gpu in &gpus {
        io.say(format_args!("on {}, in {}", gpu.name, gpu.precision));
    }
    if settings.devices == [DeviceChoice::Auto]
        && gpus.is_empty()
        && let Some(why) = gpu_left_out()
    {
        io.say(format_args!("on the CPU: {why}"));
    }
    let patience = if gpus.is_empty() { None } else { Some(GPU_PATIENCE) };
    let mut fleet = Fleet::new(&settings.jobs, args.overlay, patience, io);
    label_files(&labelers, &settings.jobs, existing, &mut fleet);
    let run = fleet.into_run();
    run.tell(settings.jobs.len(), io);
    let summary = run.json(&settings.jobs);
    if args.json {
        io.print(&summary).context("cannot write the summary")?;
    }
    if let Some(file) = &args.summary {
        write_summary(file, &summary)?;
    }
    Ok(run.exit())
}

fn write_summary(path: &Path, summary: &Value) -> anyhow::Result<()> {
    let mut file = WholeFile::create(path)?;
    writeln!(file, "{summary:#}").with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(file.finish()?)
}

/// A labeler for each device, loaded side by side.
fn labelers(settings: &LabelSettings) -> Result<Vec<Labeler>, PipelineError> {
    let load = |device: &DeviceChoice| settings.labeler.clone().device(device.clone()).build();
    match settings.devices.as_slice() {
        [device] => Ok(vec![load(device)?]),
        devices => thread::scope(|scope| {
            let loading: Vec<_> = devices.iter().map(|device| scope.spawn(|| load(device))).collect();
            let loaded = loading.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            loaded.collect()
        }),
    }
}

/// The jobs of a run, told and drawn as they end.
struct Fleet<'a, 'io> {
    jobs: &'a [Job],
    overlay: bool,
    run: Run,
    progress: Progress<'a, 'io>,
    /// How long nothing may happen.
    patience: Option<Duration>,
    last_heard: Instant,
}

/// A GPU that has answered nothing for so long will not answer any more. A batch takes a tenth of a second.
const GPU_PATIENCE: Duration = Duration::from_secs(120);

impl<'a, 'io> Fleet<'a, 'io> {
    fn new(jobs: &'a [Job], overlay: bool, patience: Option<Duration>, io: &'a mut Io<'io>) -> Self {
        let (run, progress) = (Run::start(jobs.len()), Progress::new(io));
        Self { jobs, overlay, run, progress, patience, last_heard: Instant::now() }
    }

    fn into_run(self) -> Run {
        self.run
    }
}

impl FleetReporter for Fleet<'_, '_> {
    fn started(&mut self, job: usize, frames: u64) {
        self.last_heard = Instant::now();
        self.progress.started(job, &self.jobs[job].input, frames);
    }

    fn progressed(&mut self, job: usize, frames: u64) {
        self.last_heard = Instant::now();
        self.progress.progressed(job, frames);
    }

    fn finished(&mut self, job: usize, labeled: Result<Summary, PipelineError>) {
        self.last_heard = Instant::now();
        let input = &self.jobs[job].input;
        let drawn = match &labeled {
            Ok(summary) if self.overlay => Some(overlay::after_labeling(&summary.output, input)),
            _ => None,
        };
        let done = Done { input: input.clone(), labeled, drawn };
        let run = &mut self.run;
        self.progress.interrupted_by(job, |io| run.tell_and_keep(job, done, io));
    }

    fn should_stop(&mut self) -> bool {
        if self.patience.is_some_and(|patience| self.last_heard.elapsed() > patience) {
            self.progress.give_up(GPU_PATIENCE);
        }
        self.progress.is_interrupted()
    }
}
