//! CSV for data frames: a row a person and frame, as in the label file itself, with a column for each number.
//!
//! `input,frame,pts,time_s,person,track,primary,origin,x1,y1,x2,y2,box_score`, then `nose_x,nose_y,nose_score` and so on for
//! the 17 [`KEYPOINT_NAMES`]; the columns mean what they mean in [`table`](crate::table). A frame with nobody has a row whose
//! `person` is empty and whose `origin` is `none`. `input` is the name of what was labeled, so that rows of several
//! inputs can share a file. `primary` is `true` or `false`, which pandas and polars read as a boolean.
//!
//! An empty field is a null; a number that is not finite is `NaN`, `inf` or `-inf`. Quotes are those of RFC 4180, lines end
//! in a line feed.

use super::{Exporter, broken};
use crate::error::LabelsError;
use std::fmt::Write as _;
use std::io::Write;
use swingpose_core::provenance::Provenance;
use swingpose_core::skeleton::KEYPOINT_NAMES;
use swingpose_core::{FrameLabels, PersonLabel};

/// The columns before the keypoints.
const COLUMNS: &str = "input,frame,pts,time_s,person,track,primary,origin,x1,y1,x2,y2,box_score";
/// `track` to `box_score` of a frame with nobody, and its keypoints.
const NOBODY: &str = ",,false,none,,,,,";

/// Writes CSV to a stream.
#[derive(Debug)]
pub struct CsvWriter<W> {
    stream: W,
    /// The name of the input, quoted where it must be.
    input: String,
    rows: String,
    has_header: bool,
}

impl<W: Write> CsvWriter<W> {
    /// Writes to `stream`, one frame at a time; buffer it where writing is dear.
    pub const fn new(stream: W) -> Self {
        Self { stream, input: String::new(), rows: String::new(), has_header: false }
    }

    fn flush_rows(&mut self) -> Result<(), LabelsError> {
        self.stream.write_all(self.rows.as_bytes()).map_err(broken)?;
        self.rows.clear();
        Ok(())
    }

    fn push_time(&mut self, labels: &FrameLabels) {
        self.rows.push_str(&self.input);
        // A String takes whatever is written.
        let _ = write!(self.rows, ",{},{},{},", labels.frame.0, labels.pts, labels.time_s);
    }
}

impl<W: Write> Exporter for CsvWriter<W> {
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError> {
        self.input = quoted(&provenance.input.name);
        if !self.has_header {
            self.has_header = true;
            self.rows.push_str(&header());
        }
        self.flush_rows()
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        if labels.people.is_empty() {
            self.push_time(labels);
            self.rows.push_str(NOBODY);
            self.rows.extend(KEYPOINT_NAMES.map(|_| ",,,"));
            self.rows.push('\n');
        }
        for person in &labels.people {
            self.push_time(labels);
            push_person(&mut self.rows, person);
        }
        self.flush_rows()
    }

    fn finish(mut self: Box<Self>) -> Result<(), LabelsError> {
        self.stream.flush().map_err(broken)
    }
}

fn header() -> String {
    let keypoints = KEYPOINT_NAMES.map(|name| format!(",{name}_x,{name}_y,{name}_score"));
    format!("{COLUMNS}{}\n", keypoints.concat())
}

fn push_person(rows: &mut String, label: &PersonLabel) {
    let PersonLabel { person, primary, box_score, .. } = label;
    let track = label.track.map(|track| track.to_string()).unwrap_or_default();
    let [x1, y1, x2, y2]: [f32; 4] = label.bounding_box.into();
    let origin = label.origin.as_str();
    let _ = write!(rows, "{person},{track},{primary},{origin},{x1},{y1},{x2},{y2},{box_score}");
    for [x, y, score] in label.keypoints.map(<[f32; 3]>::from) {
        let _ = write!(rows, ",{x},{y},{score}");
    }
    rows.push('\n');
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_frames, bits, provenance};
    use proptest::prelude::*;
    use swingpose_core::{FrameIndex, Keypoint, Origin};

    /// The fields of the rows after the header.
    fn rows(frames: &[FrameLabels]) -> Vec<Vec<String>> {
        let mut bytes = Vec::new();
        let mut writer = Box::new(CsvWriter::new(&mut bytes));
        let mut provenance = provenance();
        provenance.input.name = "swing.mov".to_owned();
        writer.begin(&provenance).unwrap();
        frames.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        assert_eq!((header.len(), header.last().unwrap().as_str()), (13 + 51, "right_ankle_score"));
        lines.inspect(|row| assert_eq!(row.len(), header.len())).collect()
    }

    /// The frames that such rows were, read without a look at how they are written.
    fn frames(rows: &[Vec<String>]) -> Vec<FrameLabels> {
        let mut frames: Vec<FrameLabels> = Vec::new();
        for row in rows {
            let number = |k: usize| row[k].parse::<f32>().unwrap();
            let frame = FrameIndex(row[1].parse().unwrap());
            if frames.last().is_none_or(|last| last.frame != frame) {
                let (pts, time_s) = (row[2].parse().unwrap(), row[3].parse().unwrap());
                frames.push(FrameLabels { frame, pts, time_s, people: vec![] });
            }
            if row[4].is_empty() {
                assert!(row[7] == "none" && row[6] == "false" && row[8..].iter().all(String::is_empty));
                continue;
            }
            frames.last_mut().unwrap().people.push(PersonLabel {
                person: row[4].parse().unwrap(),
                track: row[5].parse().ok(),
                primary: row[6].parse().unwrap(),
                origin: Origin::ALL.into_iter().find(|origin| origin.as_str() == row[7]).unwrap(),
                bounding_box: std::array::from_fn(|k| number(8 + k)).into(),
                box_score: number(12),
                keypoints: std::array::from_fn(|k| Keypoint::from([0, 1, 2].map(|n| number(13 + 3 * k + n)))),
            });
        }
        frames
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(quoted("swing 7.mov"), "swing 7.mov");
        assert_eq!(quoted("a,\"b\".mov"), "\"a,\"\"b\"\".mov\"");
    }

    /// Text has one spelling for everything that is not a number.
    fn with_one_nan(mut frames: Vec<FrameLabels>) -> Vec<FrameLabels> {
        let one = |number: f32| if number.is_nan() { f32::NAN } else { number };
        for frame in &mut frames {
            frame.time_s = if frame.time_s.is_nan() { f64::NAN } else { frame.time_s };
            for person in &mut frame.people {
                person.bounding_box = <[f32; 4]>::from(person.bounding_box).map(one).into();
                person.box_score = one(person.box_score);
                person.keypoints = person.keypoints.map(|k| <[f32; 3]>::from(k).map(one).into());
            }
        }
        frames
    }

    proptest! {
        #[test]
        fn any_labels_come_back_bit_for_bit(labels in any_frames()) {
            let labels = with_one_nan(labels);
            prop_assert_eq!(bits(&frames(&rows(&labels))), bits(&labels));
        }
    }
}
