//! JSON lines: one line a frame, each a [`FrameLabels`] as its `Serialize` writes it:
//! `{"frame":0,"pts":0,"time_s":0.0,"people":[{"person":0,"track":null,"primary":true,"origin":"detected",`
//! `"box":[x1,y1,x2,y2],"box_score":0.9,"keypoints":[[x,y,score], ...17]}]}`, with `people` empty where nobody is.
//!
//! Numbers are the shortest that read back as the same float. JSON has no infinity and nothing that is not a number:
//! such a value is written as `null`, and read back as NaN. The provenance is not exported.

use super::Exporter;
use crate::error::LabelsError;
use serde::Deserialize;
use std::io::{self, BufRead, Write};
use swingpose_core::provenance::Provenance;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};

/// Writes JSON lines to a stream.
#[derive(Debug)]
pub struct JsonlWriter<W> {
    stream: W,
    line: Vec<u8>,
    last: Option<FrameIndex>,
}

impl<W: Write> JsonlWriter<W> {
    /// Writes to `stream`, one line at a time; buffer it where writing is dear.
    pub const fn new(stream: W) -> Self {
        Self { stream, line: Vec::new(), last: None }
    }

    /// Flushes and gives the stream back.
    ///
    /// # Errors
    /// [`LabelsError::Stream`].
    pub fn into_inner(mut self) -> Result<W, LabelsError> {
        self.stream.flush().map_err(|source| LabelsError::Stream { source })?;
        Ok(self.stream)
    }
}

impl<W: Write> Exporter for JsonlWriter<W> {
    fn begin(&mut self, _: &Provenance) -> Result<(), LabelsError> {
        Ok(())
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        if let Some(previous) = self.last.filter(|last| *last >= labels.frame) {
            return Err(LabelsError::Order { previous: previous.0, found: labels.frame.0 });
        }
        self.line.clear();
        serde_json::to_writer(&mut self.line, labels).map_err(|error| LabelsError::Stream { source: error.into() })?;
        self.line.push(b'\n');
        self.last = Some(labels.frame);
        self.stream.write_all(&self.line).map_err(|source| LabelsError::Stream { source })
    }

    fn finish(self: Box<Self>) -> Result<(), LabelsError> {
        self.into_inner().map(|_| ())
    }
}

/// The frames of a stream of JSON lines. Empty lines are passed over, and a `null` for a number becomes NaN; the order
/// of the frames is not looked at. After an error there are no more.
///
/// An item is [`LabelsError::JsonLine`] where a line holds no frame, [`LabelsError::Stream`] where the stream breaks.
pub fn read<R: BufRead>(stream: R) -> impl Iterator<Item = Result<FrameLabels, LabelsError>> {
    let lines = stream.lines().zip(1..).filter(|(line, _)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()));
    let mut broken = false;
    lines.map_while(move |(line, number)| {
        let frame = (!broken).then(|| parse(line, number))?;
        broken = frame.is_err();
        Some(frame)
    })
}

fn parse(line: io::Result<String>, number: u64) -> Result<FrameLabels, LabelsError> {
    let line = line.map_err(|source| LabelsError::Stream { source })?;
    let frame: Frame = serde_json::from_str(&line).map_err(|source| LabelsError::JsonLine { line: number, source })?;
    Ok(frame.into())
}

/// [`FrameLabels`], with `null` for what JSON cannot say.
#[derive(Deserialize)]
struct Frame {
    frame: FrameIndex,
    pts: i64,
    time_s: Option<f64>,
    people: Vec<Person>,
}

/// [`PersonLabel`], with `null` for what JSON cannot say.
#[derive(Deserialize)]
struct Person {
    person: u32,
    track: Option<u32>,
    primary: bool,
    origin: Origin,
    #[serde(rename = "box")]
    bounding_box: [Option<f32>; 4],
    box_score: Option<f32>,
    keypoints: [[Option<f32>; 3]; KEYPOINT_COUNT],
}

impl From<Frame> for FrameLabels {
    fn from(frame: Frame) -> Self {
        Self {
            frame: frame.frame,
            pts: frame.pts,
            time_s: frame.time_s.unwrap_or(f64::NAN),
            people: frame.people.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Person> for PersonLabel {
    fn from(person: Person) -> Self {
        let number = |value: Option<f32>| value.unwrap_or(f32::NAN);
        Self {
            person: person.person,
            track: person.track,
            primary: person.primary,
            origin: person.origin,
            bounding_box: person.bounding_box.map(number).into(),
            box_score: number(person.box_score),
            keypoints: person.keypoints.map(|keypoint| Keypoint::from(keypoint.map(number))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_frames, bits, person};
    use proptest::prelude::*;

    fn jsonl(frames: &[FrameLabels]) -> Vec<u8> {
        let mut writer = JsonlWriter::new(Vec::new());
        frames.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.into_inner().unwrap()
    }

    fn frame(number: u64, people: Vec<PersonLabel>) -> FrameLabels {
        FrameLabels { frame: FrameIndex(number), pts: 1, time_s: 0.1, people }
    }

    #[test]
    fn a_frame_is_a_line_and_nobody_an_empty_list() {
        let mut label = person(0);
        label.keypoints = [Keypoint::from([0.1, 1e-7, 16_777_216.0]); KEYPOINT_COUNT];
        let keypoints = vec!["[0.1,1e-7,16777216.0]"; KEYPOINT_COUNT].join(",");
        let expected = format!(
            concat!(
                r#"{{"frame":3,"pts":1,"time_s":0.1,"people":[]}}"#,
                "\n",
                r#"{{"frame":4,"pts":1,"time_s":0.1,"people":[{{"person":0,"track":null,"primary":true,"#,
                r#""origin":"detected","box":[10.5,20.0,110.25,220.0],"box_score":0.9,"keypoints":[{}]}}]}}"#,
                "\n",
            ),
            keypoints
        );
        let found = String::from_utf8(jsonl(&[frame(3, vec![]), frame(4, vec![label])])).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_number_is_null_and_comes_back_as_nan() {
        let mut label = person(0);
        label.box_score = f32::INFINITY;
        label.keypoints[16].score = f32::NAN;
        let lines = jsonl(&[frame(0, vec![label])]);
        let text = String::from_utf8(lines.clone()).unwrap();
        assert!(text.contains(r#""box_score":null"#) && text.ends_with("null]]}]}\n"), "{text}");
        let frames: Vec<_> = read(&*lines).map(Result::unwrap).collect();
        let label = &frames[0].people[0];
        assert!(label.box_score.is_nan() && label.keypoints[16].score.is_nan());
        assert_eq!(label.keypoints[15], person(0).keypoints[15]);
    }

    #[test]
    fn a_bad_line_is_named_and_ends_the_reading() {
        let line = |text: &str| format!("{}\n\n{text}\n{}\n", r#"{"frame":0,"pts":0,"time_s":0,"people":[]}"#, "{}");
        for bad in ["{}", "[]", "nonsense", r#"{"frame":-1,"pts":0,"time_s":0,"people":[]}"#, "\u{fffd}"] {
            let text = line(bad);
            let mut frames = read(text.as_bytes());
            assert!(matches!(frames.next(), Some(Ok(_))));
            assert!(matches!(frames.next(), Some(Err(LabelsError::JsonLine { line: 3, .. }))), "{bad}");
            assert!(frames.next().is_none());
        }
        let mut frames = read(&b"\xff\xfe\n"[..]);
        assert!(matches!(frames.next(), Some(Err(LabelsError::Stream { .. }))));
        assert!(frames.next().is_none());
    }

    #[test]
    fn frames_out_of_order_are_refused() {
        let mut writer = JsonlWriter::new(Vec::new());
        writer.write(&frame(5, vec![])).unwrap();
        let error = writer.write(&frame(5, vec![])).unwrap_err();
        assert!(matches!(error, LabelsError::Order { previous: 5, found: 5 }), "{error}");
    }

    fn finite(frame: &FrameLabels) -> bool {
        let numbers = |p: &PersonLabel| {
            let corners: [f32; 4] = p.bounding_box.into();
            let keypoints = p.keypoints.into_iter().flat_map(<[f32; 3]>::from);
            corners.into_iter().chain([p.box_score]).chain(keypoints).all(f32::is_finite)
        };
        frame.time_s.is_finite() && frame.people.iter().all(numbers)
    }

    proptest! {
        #[test]
        fn finite_labels_come_back_bit_for_bit(frames in any_frames()) {
            let frames: Vec<_> = frames.into_iter().filter(finite).collect();
            let back: Vec<_> = read(&*jsonl(&frames)).map(Result::unwrap).collect();
            prop_assert_eq!(bits(&back), bits(&frames));
        }

        #[test]
        fn any_labels_come_back_as_the_same_lines(frames in any_frames()) {
            let lines = jsonl(&frames);
            let back: Vec<_> = read(&*lines).map(Result::unwrap).collect();
            prop_assert_eq!(jsonl(&back), lines);
        }

        #[test]
        fn any_bytes_are_frames_or_a_refusal(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let errors = read(&*bytes).filter(Result::is_err).count();
            prop_assert!(errors <= 1);
        }
    }
}
