//! Labeling on a GPU against labeling on the CPU: the same frames and times, poses within the gate for faster arithmetic, and the same
//! bytes from run to run. On a machine without a GPU each test says what is missing, and passes.

#![cfg(feature = "cuda")]
#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]
#![expect(clippy::print_stderr, reason = "what is missing, and how near the labels are")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its footage has failed")]

mod traffic;

use std::path::{Path, PathBuf};

use swingpose::prelude::*;
use swingpose::{FleetReporter, Job, label_files};
use swingpose_tests::gate::AccuracyGate;
use swingpose_tests::repository;
use swingpose_video::{SourceOptions, VideoSource};

fn file(path: &str) -> PathBuf {
    repository::root().join(path)
}

fn clip(name: &str) -> PathBuf {
    file("tests/media").join(name)
}

/// The demo pair on `device`; `None` where there is no such device.
fn labeler(device: &str, precision: &str, options: LabelOptions, boxes: Boxes) -> Option<Labeler> {
    let labeler = Labeler::builder(file("weights/demo/vitpose-demo.safetensors"))
        .boxes(boxes)
        .device(device.parse().unwrap())
        .precision(Some(precision.parse().unwrap()))
        .options(options)
        .build();
    match labeler {
        Ok(labeler) => Some(labeler),
        Err(error @ PipelineError::NoCuda { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn detected() -> Boxes {
    Boxes::Detected(file("weights/demo/rtmdet-demo.safetensors"))
}

fn labels(labeler: &Labeler, input: &Path) -> Vec<FrameLabels> {
    labeler.label(input).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_precision_passes_the_gate() {
    let options = LabelOptions { frames: "..24".parse().unwrap(), ..LabelOptions::default() };
    let Some(on_cpu) = labeler("cpu", "fp32", options, detected()) else { return };
    let gate = AccuracyGate::default();
    let mut refused = Vec::new();
    for name in ["single_cam01.mp4", "multi_cam01.mp4"] {
        let expected = labels(&on_cpu, &clip(name));
        for precision in ["fp32", "fp16", "bf16"] {
            let Some(on_gpu) = labeler("cuda:0", precision, options, detected()) else { return };
            match gate.check(&expected, &labels(&on_gpu, &clip(name))) {
                Ok(accuracy) => eprintln!("{name} in {precision}: {accuracy}"),
                Err(refusal) => refused.push(format!("{name} in {precision}: {refusal:?}")),
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_flip_test_passes_the_gate() {
    let options = LabelOptions { flip: true, frames: "..8".parse().unwrap(), ..LabelOptions::default() };
    let Some(on_gpu) = labeler("cuda:0", "fp16", options, detected()) else { return };
    let Some(on_cpu) = labeler("cpu", "fp32", options, detected()) else { return };
    let input = clip("single_cam01.mp4");
    let accuracy = AccuracyGate::default().check(&labels(&on_cpu, &input), &labels(&on_gpu, &input));
    eprintln!("with the flip test: {}", accuracy.unwrap());
}

#[test]
fn every_clip_has_the_frames_and_times_that_the_cpu_gives() {
    let Some(on_gpu) = labeler("cuda:0", "fp16", LabelOptions::default(), Boxes::WholeFrame) else { return };
    let mut clips: Vec<PathBuf> =
        std::fs::read_dir(clip("clips")).unwrap().map(|entry| entry.unwrap().path()).collect();
    clips.retain(|path| VideoSource::open(path, &SourceOptions::default()).is_ok());
    clips.sort();
    assert!(clips.len() > 10, "{clips:?}");
    for path in clips {
        let source = VideoSource::open(&path, &SourceOptions::default()).unwrap();
        let expected: Vec<_> = source.flatten().map(|frame| (frame.index, frame.pts)).collect();
        let found: Vec<_> = labels(&on_gpu, &path).iter().map(|labels| (labels.frame, labels.pts)).collect();
        assert_eq!(found, expected, "{}", path.display());
    }
}

/// Hears nothing but what went wrong.
struct Failures(Vec<String>);

impl FleetReporter for Failures {
    fn finished(&mut self, job: usize, labeled: Result<Summary, PipelineError>) {
        if let Err(error) = labeled {
            self.0.push(format!("{job}: {error}"));
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_what_else_is_in_flight() {
    let Some(on_gpu) = labeler("cuda:0", "fp16", LabelOptions::default(), detected()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let jobs: Vec<Job> = (0..4)
        .map(|number| Job {
            input: clip("single_cam01.mp4"),
            output: folder.path().join(format!("{number}.poses.parquet")),
        })
        .collect();
    let mut failures = Failures(Vec::new());
    let labelers = [on_gpu];
    label_files(&labelers, &jobs[..3], Existing::Overwrite, &mut failures);
    label_files(&labelers, &jobs[3..], Existing::Overwrite, &mut failures);
    assert!(failures.0.is_empty(), "{:?}", failures.0);
    let bytes = |job: &Job| std::fs::read(&job.output).unwrap();
    assert!(jobs.iter().all(|job| bytes(job) == bytes(&jobs[0])), "labels differ from run to run");
}
