//! The formats of `export`: their names, what each can and cannot carry, and what writes them.

use super::ExportArgs;
use anyhow::ensure;
use clap::ValueEnum;
use std::io::Write;
use std::path::PathBuf;
use swingpose_labels::LabelsError;
use swingpose_labels::export::coco::CocoWriter;
use swingpose_labels::export::csv::CsvWriter;
use swingpose_labels::export::jsonl::JsonlWriter;
use swingpose_labels::export::mmpose::{Dialect, MmposeWriter};
use swingpose_labels::export::openpose::{self, OpenposeWriter};
use swingpose_labels::export::trc::{TrcWriter, Who, YAxis};
use swingpose_labels::export::yolo::YoloWriter;
use swingpose_labels::export::{Exporter, Sure};

/// A format that labels can be exported to. What is said of each is its help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One line of JSON a frame with everything in it but the provenance; a number that JSON cannot say is null.
    Jsonl,
    /// One row a person and frame, `nose_x,nose_y,nose_score` and so on, for pandas and polars; a frame with nobody has a row
    /// whose person is empty. All but the provenance.
    Csv,
    /// COCO keypoint annotations for pycocotools, CVAT, Label Studio. Unsure keypoints become 0,0,0; frames of a video
    /// are called `<video>/frame_000000.jpg`. Without origins and people whose box has no inside.
    Coco,
    /// The predictions of mmpose's MMPoseInferencer. Without times, tracks and origins.
    Mmpose,
    /// The same as topdown_demo_with_mmdet.py writes them: frames count from 1, beside `meta_info`.
    MmposeTopdown,
    /// A folder of OpenPose JSON a video, `<video>_json`, a file a frame, for Pose2Sim and others; see --layout. Without times,
    /// boxes and origins; what is not there is 0,0,0.
    Openpose,
    /// An Ultralytics data set: `data.yaml` and `labels/<video>/frame_000000.txt`, a file a frame. Without scores, times, tracks
    /// and origins; unsure keypoints, and those outside the picture, become 0 0 0, and boxes end at its edge.
    Yolo,
    /// OpenSim's marker file, in pixels, of the primary person or of --track. Without anybody else, scores, boxes and
    /// origins; unsure keypoints are empty.
    Trc,
}

/// The keypoints of OpenPose's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Layout {
    /// OpenPose's 25: neck and middle of the hips are between their neighbours, feet are 0,0,0.
    #[value(name = "body-25")]
    Body25,
    /// OpenPose's earlier 18, with the neck; Pose2Sim's COCO.
    #[value(name = "coco-18")]
    Coco18,
    /// COCO's 17 as they are; Pose2Sim's COCO_17.
    #[value(name = "coco-17")]
    Coco17,
}

/// Where an exporter may write. Formats of folders leave the stream alone, the others the folder.
pub(super) struct Out<'a> {
    pub(super) stream: Box<dyn Write + 'a>,
    pub(super) folder: PathBuf,
}

impl Format {
    /// What follows the label file's stem in the name of its export.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Coco => "coco.json",
            Self::Mmpose | Self::MmposeTopdown => "mmpose.json",
            Self::Trc => "trc",
            Self::Openpose | Self::Yolo => "",
        }
    }

    /// Whether an export is a folder of files.
    pub(super) const fn is_folder(self) -> bool {
        matches!(self, Self::Openpose | Self::Yolo)
    }

    /// Whether one file can hold several inputs.
    pub(super) const fn holds_several(self) -> bool {
        matches!(self, Self::Csv | Self::Coco)
    }

    const fn has_threshold(self) -> bool {
        matches!(self, Self::Coco | Self::Yolo | Self::Trc)
    }
}

impl ExportArgs {
    /// Checks that no option was given that the format has no use for.
    ///
    /// # Errors
    /// One that was.
    pub(super) fn check_options(&self) -> anyhow::Result<()> {
        let options = [
            ("--keypoint-threshold", self.keypoint_threshold.is_some(), self.to.has_threshold(), "coco, yolo and trc"),
            ("--layout", self.layout.is_some(), self.to == Format::Openpose, "openpose"),
            ("--track", self.track.is_some(), self.to == Format::Trc, "trc"),
            ("--y-up", self.y_up, self.to == Format::Trc, "trc"),
        ];
        for (option, is_given, is_of_use, formats) in options {
            ensure!(!is_given || is_of_use, "{option} is an option of {formats} alone: leave it out");
        }
        Ok(())
    }

    /// What writes the format that was asked for.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub(super) fn exporter<'a>(&self, out: Out<'a>) -> Result<Box<dyn Exporter + 'a>, LabelsError> {
        let Out { stream, folder } = out;
        let sure = self.keypoint_threshold.map_or(Sure::default(), |threshold| Sure(threshold.get()));
        let who = self.track.map_or(Who::Primary, Who::Track);
        let y_axis = if self.y_up { YAxis::Up } else { YAxis::Down };
        Ok(match self.to {
            Format::Jsonl => Box::new(JsonlWriter::new(stream)),
            Format::Csv => Box::new(CsvWriter::new(stream)),
            Format::Coco => Box::new(CocoWriter::new(stream, sure)?),
            Format::Mmpose => Box::new(MmposeWriter::new(stream, Dialect::Inferencer)),
            Format::MmposeTopdown => Box::new(MmposeWriter::new(stream, Dialect::TopdownDemo)),
            Format::Openpose => {
                Box::new(OpenposeWriter::new(folder, self.layout.unwrap_or(Layout::Body25).of_library()))
            }
            Format::Yolo => Box::new(YoloWriter::new(folder, sure)),
            Format::Trc => Box::new(TrcWriter::new(stream, who, y_axis, sure)?),
        })
    }
}

impl Layout {
    const fn of_library(self) -> openpose::Layout {
        match self {
            Self::Body25 => openpose::Layout::Body25,
            Self::Coco18 => openpose::Layout::Coco18,
            Self::Coco17 => openpose::Layout::Coco17,
        }
    }
}
