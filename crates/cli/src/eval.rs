//! `swingpose eval`: labels of pictures against the annotations of a COCO data set, as a table or as JSON.

use crate::exit::Exit;
use crate::io::Io;
use clap::ValueEnum;
use serde_json::json;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use swingpose_judge::coco::{EvalOptions, Evaluation, PoseScore, Predictions, evaluate_files};
use swingpose_labels::label_files;

/// What `--help` says after the options.
const RULES: &str = "\
The numbers are those of pycocotools: AP is the mean precision over 101 recalls
and the thresholds .50 to .95 of IoU (boxes) or OKS (keypoints), AR the mean
recall over the thresholds, of at most 100 boxes and 20 poses a picture.

A label file finds its picture in the annotations by the file name of what was
labeled, then by the number in a name such as 000000397133.jpg. Nobody is left
out for being like somebody else, as mmpose's oks_nms would do.

Exit code: 0 evaluated; 2 not evaluated: a file that cannot be read, a label
file of no annotated picture, an annotated picture without a label file.";

/// The arguments of `eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = RULES)]
pub(crate) struct EvalArgs {
    /// Label files of pictures, or folders, which are searched for them.
    #[arg(required = true, value_name = "LABELS")]
    labels: Vec<PathBuf>,

    /// The annotations, for example person_keypoints_val2017.json. Without keypoints in them, boxes alone are evaluated.
    #[arg(long, value_name = "ANN.json")]
    coco: PathBuf,

    /// The category of the annotations that people are.
    #[arg(long, value_name = "NAME", default_value = "person")]
    category: String,

    /// What orders poses: box-keypoint (the box's score times the mean score of its sure keypoints, as mmpose does) or box
    /// (the box's score).
    #[arg(long, value_name = "box-keypoint|box", default_value = "box-keypoint", hide_possible_values = true)]
    pose_score: Score,

    /// For box-keypoint, a keypoint is sure above this score.
    #[arg(long, value_name = "X", default_value_t = 0.2)]
    keypoint_threshold: f32,

    /// Leave out the annotated pictures that have no label file. Without it they are refused: everybody in
    /// them would count as missed.
    #[arg(long)]
    labeled_only: bool,

    /// Print the evaluation as JSON; -1 stands where nobody of that kind is annotated.
    #[arg(long)]
    json: bool,
}

/// How [`PoseScore`] is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Score {
    BoxKeypoint,
    Box,
}

/// Evaluates what `args` name.
///
/// # Errors
/// Files that cannot be read or that do not fit together; a table that cannot be printed.
pub(crate) fn run(args: &EvalArgs, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let files = label_files(&args.labels)?;
    let (evaluation, predictions) = evaluate_files(&args.coco, &files, &args.options())?;
    warn(&evaluation, &predictions, io);
    if args.json {
        let other_size: Vec<_> = predictions.other_size.iter().map(|path| path.display().to_string()).collect();
        io.print_whole(json!({"evaluation": evaluation, "other_size": other_size}))?;
    } else {
        io.print_whole(Table(&evaluation))?;
    }
    Ok(Exit::Done)
}

impl EvalArgs {
    fn options(&self) -> EvalOptions {
        EvalOptions {
            category: self.category.clone(),
            pose_score: match self.pose_score {
                Score::BoxKeypoint => PoseScore::BoxAndKeypoints(self.keypoint_threshold),
                Score::Box => PoseScore::Box,
            },
            labeled_only: self.labeled_only,
        }
    }
}

fn warn(evaluation: &Evaluation, predictions: &Predictions, io: &mut Io<'_>) {
    if let Some(first) = predictions.other_size.first() {
        io.say(format_args!(
            "warning: {} pictures have another size in the annotations than when they were labeled, {} first: their \
             coordinates may not fit",
            predictions.other_size.len(),
            first.display()
        ));
    }
    if evaluation.not_finite > 0 {
        io.say(format_args!(
            "warning: {} people were left out, whose boxes or keypoints are not finite numbers",
            evaluation.not_finite
        ));
    }
    if evaluation.keypoints.is_none() {
        io.say("the annotations hold no keypoints: boxes alone were evaluated");
    }
}

/// An evaluation, to be printed: rows are what is counted, columns are boxes and keypoints.
struct Table<'a>(&'a Evaluation);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Evaluation { images, annotated, detections, boxes, keypoints, .. } = self.0;
        writeln!(f, "pictures {images}, people annotated {annotated}, people labeled {detections}\n")?;
        writeln!(f, "{:28}{:>9}{:>9}{:>15}{:>9}", "", "box AP", "box AR", "keypoint AP", "AR")?;
        let pose = |number: fn(&swingpose_judge::coco::KeypointStats) -> f64| keypoints.as_ref().map(number);
        let rows = [
            ("IoU or OKS .50 to .95", Some(boxes.ap), Some(boxes.ar_100), pose(|k| k.ap), pose(|k| k.ar)),
            ("  at .50", Some(boxes.ap_50), None, pose(|k| k.ap_50), pose(|k| k.ar_50)),
            ("  at .75", Some(boxes.ap_75), None, pose(|k| k.ap_75), pose(|k| k.ar_75)),
            ("small, up to 32 x 32 px", Some(boxes.ap_small), Some(boxes.ar_small), None, None),
            (
                "medium, up to 96 x 96 px",
                Some(boxes.ap_medium),
                Some(boxes.ar_medium),
                pose(|k| k.ap_medium),
                pose(|k| k.ar_medium),
            ),
            ("large", Some(boxes.ap_large), Some(boxes.ar_large), pose(|k| k.ap_large), pose(|k| k.ar_large)),
            ("the best box of a picture", None, Some(boxes.ar_1), None, None),
            ("the 10 best of a picture", None, Some(boxes.ar_10), None, None),
        ];
        for (name, box_ap, box_ar, keypoint_ap, keypoint_ar) in rows {
            let [box_ap, box_ar, keypoint_ap, keypoint_ar] = [box_ap, box_ar, keypoint_ap, keypoint_ar].map(Cell);
            let line = format!("{name:<28}{box_ap:>9}{box_ar:>9}{keypoint_ap:>15}{keypoint_ar:>9}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// One number: `-` where nobody of that kind is annotated, empty where it is not defined.
struct Cell(Option<f64>);

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) if number < 0.0 => f.pad("-"),
            Some(number) => f.pad(&format!("{number:.4}")),
            None => f.pad(""),
        }
    }
}
