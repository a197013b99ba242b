//! TRC, the marker files of OpenSim, for one person: three columns a keypoint, in the picture's pixels.
//!
//! Markers are called as in Pose2Sim and OpenPose (`LWrist`), so that their OpenSim marker sets fit. X is rightwards, Y downwards
//! as in Sports2D's `_px_` files, or upwards from the picture's lower edge as OpenSim has it; Z is 0. An empty cell is a
//! keypoint that [`Sure`] does not know, or a frame without the person. `Time` is the label file's own, so a variable
//! frame rate stays; `DataRate` is the mean one. `Units` says `mm`, a millimetre a pixel: OpenSim refuses to scale pixels.

use super::document::Later;
use super::{Exporter, Sure, broken, push_number};
use crate::error::LabelsError;
use std::fmt::Write as _;
use std::io::Write;
use swingpose_core::provenance::Provenance;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{FrameLabels, Keypoint, PersonLabel};

/// The markers, in the order of the keypoints.
const MARKERS: [&str; KEYPOINT_COUNT] = [
    "Nose",
    "LEye",
    "REye",
    "LEar",
    "REar",
    "LShoulder",
    "RShoulder",
    "LElbow",
    "RElbow",
    "LWrist",
    "RWrist",
    "LHip",
    "RHip",
    "LKnee",
    "RKnee",
    "LAnkle",
    "RAnkle",
];

/// Whose markers they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The primary person of each frame.
    Primary,
    /// The person of this track.
    Track(u32),
}

impl Who {
    fn find(self, labels: &FrameLabels) -> Option<&PersonLabel> {
        labels.people.iter().find(|person| match self {
            Self::Primary => person.primary,
            Self::Track(track) => person.track == Some(track),
        })
    }
}

/// Which way Y grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YAxis {
    /// From the picture's upper edge.
    Down,
    /// From its lower edge.
    Up,
}

/// Writes one person's markers to a stream. The rows wait in a temporary file for the header, which counts them.
#[derive(Debug)]
pub struct TrcWriter<W> {
    stream: W,
    who: Who,
    y_axis: YAxis,
    sure: Sure,
    name: String,
    height: f32,
    rows: Later,
    row: String,
    count: u64,
    first: Option<Moment>,
    last: Option<Moment>,
    is_found: bool,
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    frame: u64,
    time_s: f64,
}

impl<W: Write> TrcWriter<W> {
    /// Writes to `stream`, in small pieces: buffer it.
    ///
    /// # Errors
    /// [`LabelsError::Stream`] where there is no temporary file to be had.
    pub fn new(stream: W, who: Who, y_axis: YAxis, sure: Sure) -> Result<Self, LabelsError> {
        Ok(Self {
            stream,
            who,
            y_axis,
            sure,
            name: String::new(),
            height: 0.0,
            rows: Later::new()?,
            row: String::new(),
            count: 0,
            first: None,
            last: None,
            is_found: false,
        })
    }

    fn header(&self) -> String {
        let rate = self.rate();
        let first = self.first.map_or(0, |first| first.frame);
        let count = self.count;
        let axes: Vec<String> = (1..=KEYPOINT_COUNT).map(|n| format!("X{n}\tY{n}\tZ{n}")).collect();
        format!(
            "PathFileType\t4\t(X/Y/Z)\t{}\n\
             DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n\
             {rate}\t{rate}\t{count}\t{KEYPOINT_COUNT}\tmm\t{rate}\t{first}\t{count}\n\
             Frame#\tTime\t{}\t\t\n\t\t{}\n",
            self.name,
            MARKERS.join("\t\t\t"),
            axes.join("\t")
        )
    }

    /// Frames a second, in the mean; 1 where there are not two frames.
    fn rate(&self) -> f64 {
        let span = self.first.zip(self.last).map_or(0.0, |(first, last)| last.time_s - first.time_s);
        if span > 0.0 { ((self.count - 1) as f64 / span * 1e6).round() / 1e6 } else { 1.0 }
    }

    fn push_marker(&mut self, keypoint: Option<&Keypoint>) {
        self.row.push('\t');
        let Some(keypoint) = keypoint.filter(|keypoint| self.sure.of(keypoint)) else {
            self.row.push_str("\t\t");
            return;
        };
        let y = match self.y_axis {
            YAxis::Down => keypoint.point.y,
            YAxis::Up => self.height - keypoint.point.y,
        };
        push_number(&mut self.row, keypoint.point.x);
        self.row.push('\t');
        push_number(&mut self.row, y);
        self.row.push_str("\t0");
    }
}

impl<W: Write> Exporter for TrcWriter<W> {
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError> {
        // A tab or a line's end would shift the header.
        self.name = provenance.input.name.replace(char::is_control, " ");
        self.height = provenance.input.size.1 as f32;
        Ok(())
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        let moment = Moment { frame: labels.frame.0, time_s: labels.time_s };
        self.first.get_or_insert(moment);
        self.last = Some(moment);
        self.count += 1;
        self.row.clear();
        // A String takes whatever is written.
        let _ = write!(self.row, "{}\t{}", moment.frame, moment.time_s);
        let person = self.who.find(labels);
        self.is_found |= person.is_some();
        for k in 0..KEYPOINT_COUNT {
            self.push_marker(person.map(|person| &person.keypoints[k]));
        }
        self.row.push('\n');
        self.rows.write_all(self.row.as_bytes()).map_err(broken)
    }

    fn finish(mut self: Box<Self>) -> Result<(), LabelsError> {
        if let (Who::Track(track), false) = (self.who, self.is_found) {
            return Err(LabelsError::NoTrack { track });
        }
        let header = self.header();
        self.stream.write_all(header.as_bytes()).map_err(broken)?;
        self.rows.pour(&mut self.stream)?;
        self.stream.flush().map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{frame, provenance};

    /// The cells of each line.
    fn exported(who: Who, y_axis: YAxis, frames: &[FrameLabels]) -> Vec<Vec<String>> {
        let mut bytes = Vec::new();
        let mut writer = Box::new(TrcWriter::new(&mut bytes, who, y_axis, Sure::default()).unwrap());
        writer.begin(&provenance()).unwrap();
        frames.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn the_header_counts_the_rows_and_names_the_markers() {
        let found = exported(Who::Primary, YAxis::Down, &[frame(10, 1), frame(11, 1), frame(12, 1)]);
        assert_eq!(found[2], ["59.94006", "59.94006", "3", "17", "mm", "59.94006", "10", "3"]);
        assert_eq!((found[3].len(), found[4].len()), (2 + 51, 2 + 51));
        let wrist = found[3].iter().position(|cell| cell == "RWrist").unwrap();
        assert_eq!(found[4][wrist..wrist + 3], ["X11", "Y11", "Z11"]);
        assert!(found[5..].iter().all(|row| row.len() == 2 + 51));
    }

    #[test]
    fn rows_have_the_primary_persons_pixels_at_the_files_own_times() {
        let mut labels = frame(3, 2);
        labels.people[0].primary = false;
        labels.people[1].primary = true;
        labels.people[1].keypoints[10] = Keypoint::from([7.5, 1900.0, 0.5]);
        labels.people[1].keypoints[9].score = 0.1;
        for (y_axis, y) in [(YAxis::Down, "1900"), (YAxis::Up, "20")] {
            let row = &exported(Who::Primary, y_axis, std::slice::from_ref(&labels))[5];
            assert_eq!(row[..2], ["3".to_owned(), labels.time_s.to_string()]);
            assert_eq!(row[2 + 27..2 + 33], ["", "", "", "7.5", y, "0"]);
        }
    }

    #[test]
    fn a_frame_without_the_person_is_empty_cells() {
        let mut tracked = frame(1, 1);
        tracked.people[0].track = Some(4);
        let found = exported(Who::Track(4), YAxis::Down, &[frame(0, 1), tracked]);
        assert!(found[5][2..].iter().all(String::is_empty) && found[5].len() == 2 + 51);
        assert!(found[6][2..].iter().all(|cell| !cell.is_empty()));
        let nobody = Box::new(TrcWriter::new(Vec::new(), Who::Track(4), YAxis::Down, Sure::default()).unwrap());
        assert!(matches!(nobody.finish(), Err(LabelsError::NoTrack { track: 4 })));
    }
}
