//! What a `label` command line means: which file goes where, and how it is labeled. Made of [`LabelArgs`] before
//! anything is computed, so that whatever cannot work is said at once.

use crate::args::LabelArgs;
use crate::networks::{NO_DETECTOR, Networks};
use anyhow::{Context, ensure};
use swingpose::{Boxes, DeviceChoice, Job, LabelOptions, Labeler, LabelerBuilder, expand};
use swingpose_labels::output_paths;

/// A `label` run, ready to go.
pub(crate) struct LabelSettings {
    pub(crate) jobs: Vec<Job>,
    pub(crate) labeler: LabelerBuilder,
    /// What to label on: a labeler for each.
    pub(crate) devices: Vec<DeviceChoice>,
    /// Whether the demonstration weights stand in for real ones.
    pub(crate) demo: bool,
}

impl LabelSettings {
    /// Reads the arguments' meaning off them and off the disk.
    ///
    /// # Errors
    /// Inputs that match nothing, two inputs with one label file, options that exclude each other, weights that are
    /// not there.
    pub(crate) fn new(args: &LabelArgs) -> anyhow::Result<Self> {
        let jobs = jobs(args)?;
        let options = options(args)?;
        let networks = networks(args)?;
        let boxes = match (&args.boxes, networks.detector) {
            (Some(file), _) => Boxes::Given(file.clone()),
            (None, Some(detector)) => Boxes::Detected(detector),
            (None, None) => Boxes::WholeFrame,
        };
        let labeler = Labeler::builder(networks.pose)
            .boxes(boxes)
            .demo(networks.demo)
            .precision(args.precision)
            .options(options)
            .threads(args.threads)
            .segment(args.segment);
        let labeler = match jobs.first() {
            Some(job) => labeler.first_input(&job.input),
            None => labeler,
        };
        Ok(Self { jobs, labeler, devices: args.device.each()?, demo: networks.demo })
    }
}

/// The detector that is asked for, by name or file; `None` where there is to be none.
fn detector(args: &LabelArgs) -> Option<&str> {
    match args.detector.as_deref() {
        _ if args.boxes.is_some() => None,
        Some(NO_DETECTOR) => None,
        Some(detector) => Some(detector),
        None => args.mode.detector(),
    }
}

fn networks(args: &LabelArgs) -> anyhow::Result<Networks> {
    let folder = args.weights.path();
    let detector = detector(args);
    let chosen = args.pose.is_some() || (detector.is_some() && args.detector.is_some());
    if chosen { Networks::named(&folder, detector, args.pose.as_deref()) } else { Networks::default(&folder, detector) }
}

fn options(args: &LabelArgs) -> anyhow::Result<LabelOptions> {
    let without_detector = detector(args).is_none() && args.boxes.is_none();
    ensure!(
        !(without_detector && args.detect_every.is_some()),
        "--detect-every needs a detector, and there is none: choose one with --detector"
    );
    ensure!(
        !(without_detector && args.score_threshold.is_some()),
        "--score-threshold needs a detector, and there is none: choose one with --detector"
    );
    let defaults = LabelOptions::default();
    Ok(LabelOptions {
        flip: args.flip || args.mode.flip(),
        detect_every: args.detect_every.unwrap_or(defaults.detect_every),
        frames: args.frames.unwrap_or_default(),
        score_threshold: args.score_threshold.unwrap_or_default(),
        max_people: args.max_people,
        primary: args.primary,
    })
}

fn jobs(args: &LabelArgs) -> anyhow::Result<Vec<Job>> {
    let inputs = expand(&args.inputs)?;
    ensure!(
        args.boxes.is_none() || inputs.len() == 1,
        "--boxes belongs to one input, and there are {}: label them one by one",
        inputs.len()
    );
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let outputs = output_paths(args.out.as_deref(), &inputs)?;
    Ok(inputs.into_iter().zip(outputs).map(|(input, output)| Job { input, output }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn args(words: &[&str]) -> LabelArgs {
        let line = ["swingpose", "label", "clip.mp4"].iter().chain(words);
        match Args::try_parse_from(line).unwrap().command {
            Command::Label(args) => args,
            other => panic!("parsed {other:?}"),
        }
    }

    #[test]
    fn a_mode_chooses_the_detector_and_the_flip_test() {
        for (mode, chosen, flip) in
            [("hifi", Some("rtmdet-m"), true), ("turbo", Some("rtmdet-m"), false), ("fast", None, false)]
        {
            let args = args(&["--mode", mode]);
            assert_eq!((detector(&args), options(&args).unwrap().flip), (chosen, flip), "{mode}");
        }
    }

    #[test]
    fn a_single_option_wins_over_the_mode() {
        assert_eq!(detector(&args(&["--mode", "fast", "--detector", "rtmdet-tiny"])), Some("rtmdet-tiny"));
        assert_eq!(detector(&args(&["--mode", "hifi", "--detector", "none"])), None);
        assert!(options(&args(&["--mode", "fast", "--flip"])).unwrap().flip);
    }

    #[test]
    fn given_boxes_need_no_detector() {
        assert_eq!(detector(&args(&["--boxes", "boxes.csv"])), None);
    }

    #[test]
    fn options_of_a_detector_are_refused_where_there_is_none() {
        for option in [["--detect-every", "5"], ["--score-threshold", "0.5"]] {
            let refusal = options(&args(&["--mode", "fast", option[0], option[1]])).unwrap_err().to_string();
            assert!(refusal.contains(option[0]) && refusal.contains("--detector"), "{refusal}");
        }
    }
}
