//! What a run came to, in words for a person and in JSON for a program.

use crate::exit::Exit;
use crate::io::Io;
use crate::progress::plural;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use swingpose::{Job, PipelineError, Stage, StageTimes, Summary};
use swingpose_labels::LabelsError;

/// An input that is done with.
pub(crate) struct Done {
    pub(crate) input: PathBuf,
    pub(crate) labeled: Result<Summary, PipelineError>,
    /// The picture of its labels, where one was asked for.
    pub(crate) drawn: Option<anyhow::Result<PathBuf>>,
}

impl Done {
    fn overlay(&self) -> Option<&Path> {
        Some(self.drawn.as_ref()?.as_ref().ok()?)
    }

    fn overlay_error(&self) -> Option<&anyhow::Error> {
        self.drawn.as_ref()?.as_ref().err()
    }
}

/// The inputs of a run that are done with, labeled or not.
pub(crate) struct Run {
    start: Instant,
    /// In the order in which they were given, whatever the order in which they ended.
    inputs: Vec<Option<Done>>,
}

impl Run {
    /// A run over `jobs` inputs.
    pub(crate) fn start(jobs: usize) -> Self {
        Self { start: Instant::now(), inputs: (0..jobs).map(|_| None).collect() }
    }

    /// Says how it went with input `job`, and keeps it for the sum.
    pub(crate) fn tell_and_keep(&mut self, job: usize, done: Done, io: &mut Io<'_>) {
        let input = done.input.display();
        match &done.labeled {
            Ok(summary) => {
                let overlay = done.overlay().map(|path| format!(", overlay {}", path.display())).unwrap_or_default();
                io.say(format_args!("{input}: {}{overlay}", outcome(summary)));
                for note in &summary.notes {
                    io.say(format_args!("warning: {note}"));
                }
            }
            Err(error) => io.say(format_args!("error: {input}: not labeled: {}", chain(error))),
        }
        if let Some(error) = done.overlay_error() {
            io.say(format_args!("error: {input}: {error:#}"));
        }
        self.inputs[job] = Some(done);
    }

    /// Says what a run of `asked` inputs came to.
    pub(crate) fn tell(&self, asked: usize, io: &mut Io<'_>) {
        let (times, wall) = (self.stage_times(), self.start.elapsed());
        if asked > 1 {
            io.say(format_args!("{} of {asked} inputs labeled: {}", self.labeled().count(), self.totals(wall)));
        }
        if times != StageTimes::default() {
            io.say(format_args!("busy: {}", shares(&times, wall)));
        }
        let failed: Vec<String> = self.failed().map(|(input, _)| input.display().to_string()).collect();
        if asked > 1 && !failed.is_empty() {
            io.say(format_args!("not labeled: {}", failed.join(", ")));
        }
    }

    /// How the run ended.
    pub(crate) fn exit(&self) -> Exit {
        if self.failed().any(|(_, error)| matches!(error, PipelineError::Interrupted)) {
            Exit::Interrupted
        } else if self.failed().next().is_some() || self.done().any(|done| done.overlay_error().is_some()) {
            Exit::SomeFailed
        } else {
            Exit::Done
        }
    }

    /// The whole run, over `jobs`, as one JSON object.
    pub(crate) fn json(&self, jobs: &[Job]) -> Value {
        let inputs =
            self.inputs.iter().zip(jobs).map(|(done, job)| done.as_ref().map_or_else(|| unbegun_json(job), input_json));
        let inputs: Vec<Value> = inputs.collect();
        json!({
            "labeled": self.labeled().count(),
            "failed": self.failed().count(),
            "frames": self.labeled().map(|summary| summary.frames).sum::<u64>(),
            "people": self.labeled().map(|summary| summary.people).sum::<u64>(),
            "wall_s": self.start.elapsed().as_secs_f64(),
            "stages_s": stages_json(&self.stage_times()),
            "inputs": inputs,
        })
    }

    fn done(&self) -> impl Iterator<Item = &Done> {
        self.inputs.iter().flatten()
    }

    fn labeled(&self) -> impl Iterator<Item = &Summary> {
        self.done().filter_map(|done| done.labeled.as_ref().ok())
    }

    fn failed(&self) -> impl Iterator<Item = (&Path, &PipelineError)> {
        self.done().filter_map(|done| Some((done.input.as_path(), done.labeled.as_ref().err()?)))
    }

    fn stage_times(&self) -> StageTimes {
        let mut times = StageTimes::default();
        for summary in self.labeled() {
            for stage in Stage::ALL {
                times.add(stage, summary.stages.get(stage));
            }
        }
        times
    }

    fn totals(&self, wall: Duration) -> String {
        let fresh = || self.labeled().filter(|summary| !summary.already_labeled);
        let before = fresh().map(|summary| summary.frames_before).sum();
        counts(fresh().map(|s| s.frames).sum(), before, fresh().map(|s| s.people).sum(), wall)
    }
}

/// An error with its causes, in one line; a cause that the message before it quotes already is not said twice.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |error| error.source()) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn outcome(summary: &Summary) -> String {
    let output = summary.output.display();
    if summary.already_labeled {
        return format!("labeled before, from the same input and in the same way: {output}");
    }
    format!("{} -> {output}", counts(summary.frames, summary.frames_before, summary.people, summary.wall))
}

/// How much was labeled and how fast, where `before` of the frames come from an earlier run.
fn counts(frames: u64, before: u64, people: u64, wall: Duration) -> String {
    let seconds = wall.as_secs_f64();
    let earlier = if before == 0 { String::new() } else { format!(" ({before} before this run)") };
    format!(
        "{frames} {}{earlier}, {people} {} in {seconds:.1} s ({:.1} frames/s)",
        plural(frames, "frame", "frames"),
        plural(people, "person", "people"),
        (frames - before) as f64 / seconds.max(1e-9),
    )
}

/// Each stage's share of the time. Decoding runs beside the others, so the shares can add up to more than the whole.
fn shares(times: &StageTimes, wall: Duration) -> String {
    let share = |stage| 100.0 * times.get(stage).as_secs_f64() / wall.as_secs_f64().max(1e-9);
    let parts = Stage::ALL.map(|stage| format!("{} {:.0} %", stage.as_str(), share(stage)));
    format!("{} (decode runs beside the others)", parts.join(", "))
}

fn stages_json(times: &StageTimes) -> Value {
    let stages = Stage::ALL.map(|stage| (stage.as_str().to_owned(), json!(times.get(stage).as_secs_f64())));
    Value::Object(Map::from_iter(stages))
}

/// What failed, in a word.
fn status(error: &PipelineError) -> &'static str {
    match error {
        PipelineError::Interrupted => "interrupted",
        PipelineError::Labels(LabelsError::InUse { .. }) => "in_use",
        _ => "failed",
    }
}

fn unbegun_json(job: &Job) -> Value {
    json!({ "input": job.input.display().to_string(), "status": "not_begun" })
}

fn input_json(done: &Done) -> Value {
    let input = &done.input;
    match &done.labeled {
        Ok(summary) => json!({
            "input": input.display().to_string(),
            "status": if summary.already_labeled { "already_labeled" } else { "labeled" },
            "output": summary.output.display().to_string(),
            "overlay": done.overlay().map(|path| path.display().to_string()),
            "overlay_error": done.overlay_error().map(|error| format!("{error:#}")),
            "frames": summary.frames,
            "frames_before": summary.frames_before,
            "people": summary.people,
            "lost_frames": summary.lost_frames,
            "notes": summary.notes,
            "wall_s": summary.wall.as_secs_f64(),
            "stages_s": stages_json(&summary.stages),
        }),
        Err(error) => json!({ "input": input.display().to_string(), "status": status(error), "error": chain(error) }),
    }
}
