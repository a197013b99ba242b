//! People's boxes from a file (`--boxes`), in place of a detector.
//!
//! Two formats, told apart by the file's extension; coordinates are pixels of the upright frame, frames count from 0.
//!
//! * `.jsonl`, one line a frame, as the export of labels writes it; of a line only this is read:
//!   `{"frame":0,"people":[{"box":[x1,y1,x2,y2],"box_score":0.9}]}`. `box_score` may be left out. A frame has one line.
//! * `.csv`, one line a box: `frame,x1,y1,x2,y2[,score]`. A first line that begins with `frame` is a heading.
//!
//! Empty lines are passed over. A score left out is 1. A frame without a box has no people. A box may reach over the
//! picture's edge, as the crop does; it is used as it stands.

use crate::batch::PersonBox;
use crate::error::{BoxProblem, PipelineError};
use crate::provenance::sha256_hex;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use swingpose_core::{BoundingBox, FrameIndex, FramePx, Origin};

/// The boxes of a file, by frame.
#[derive(Clone, Debug)]
pub(crate) struct GivenBoxes {
    path: PathBuf,
    sha256: String,
    frames: BTreeMap<FrameIndex, FrameBoxes>,
}

/// The boxes of a frame, each with the line that gave it, and the frame's first line.
#[derive(Clone, Debug)]
struct FrameBoxes {
    line: usize,
    people: Vec<(usize, PersonBox)>,
}

#[derive(Deserialize)]
struct JsonFrame {
    frame: u64,
    people: Vec<JsonPerson>,
}

#[derive(Deserialize)]
struct JsonPerson {
    #[serde(rename = "box")]
    corners: [f32; 4],
    box_score: Option<f32>,
}

impl GivenBoxes {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`PipelineError::Read`], [`PipelineError::BoxesFormat`], or [`PipelineError::Boxes`] for the first bad line.
    pub(crate) fn read(path: &Path) -> Result<Self, PipelineError> {
        let format = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let parse = match format.as_deref() {
            Some("jsonl") => parse_json_line,
            Some("csv") => parse_csv_line,
            _ => return Err(PipelineError::BoxesFormat { path: path.to_owned() }),
        };
        let text =
            std::fs::read_to_string(path).map_err(|source| PipelineError::Read { path: path.to_owned(), source })?;
        let mut frames = BTreeMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let number = index + 1;
            parse(line, number, &mut frames).map_err(|problem| PipelineError::Boxes {
                path: path.to_owned(),
                line: number,
                problem,
            })?;
        }
        Ok(Self { path: path.to_owned(), sha256: sha256_hex(text.as_bytes()), frames })
    }

    /// SHA-256 of the file, for the provenance.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The boxes of `frame`; none where the file names none.
    pub(crate) fn people(&self, frame: FrameIndex) -> Vec<PersonBox> {
        let boxes = self.frames.get(&frame).map_or(&[][..], |boxes| &boxes.people);
        boxes.iter().map(|&(_, person)| person).collect()
    }

    /// Whether the file fits an input of `frames` frames of `size`: every frame exists, every box meets the picture.
    ///
    /// # Errors
    /// [`PipelineError::Boxes`] for the first line that does not fit.
    pub(crate) fn check(&self, frames: u64, size: (u32, u32)) -> Result<(), PipelineError> {
        for (&FrameIndex(frame), boxes) in &self.frames {
            let outside = boxes.people.iter().find(|(_, person)| !meets_picture(person.bounding_box, size));
            let (line, problem) = if frame >= frames {
                (boxes.line, BoxProblem::NoSuchFrame { frame, frames })
            } else if let Some((line, person)) = outside {
                (*line, BoxProblem::Outside { found: person.bounding_box, size })
            } else {
                continue;
            };
            return Err(PipelineError::Boxes { path: self.path.clone(), line, problem });
        }
        Ok(())
    }
}

fn meets_picture(bounding_box: BoundingBox<FramePx>, (width, height): (u32, u32)) -> bool {
    bounding_box.x2 > 0.0 && bounding_box.y2 > 0.0 && bounding_box.x1 < width as f32 && bounding_box.y1 < height as f32
}

/// A given box, if it has an inside and a finite score.
fn person(corners: [f32; 4], score: Option<f32>) -> Result<PersonBox, BoxProblem> {
    let bounding_box = BoundingBox::from(corners);
    let score = score.unwrap_or(1.0);
    if !bounding_box.is_proper() {
        return Err(BoxProblem::Improper { found: corners });
    }
    if !score.is_finite() {
        return Err(BoxProblem::Number { column: "score", found: score.to_string() });
    }
    Ok(PersonBox { bounding_box, score, origin: Origin::Given })
}

fn parse_json_line(text: &str, line: usize, frames: &mut BTreeMap<FrameIndex, FrameBoxes>) -> Result<(), BoxProblem> {
    let JsonFrame { frame, people } = serde_json::from_str(text).map_err(|source| BoxProblem::Json { source })?;
    if let Some(first) = frames.get(&FrameIndex(frame)) {
        return Err(BoxProblem::Repeated { frame, first_line: first.line });
    }
    let people: Result<_, _> = people.into_iter().map(|one| Ok((line, person(one.corners, one.box_score)?))).collect();
    frames.insert(FrameIndex(frame), FrameBoxes { line, people: people? });
    Ok(())
}

fn parse_csv_line(text: &str, line: usize, frames: &mut BTreeMap<FrameIndex, FrameBoxes>) -> Result<(), BoxProblem> {
    let columns: Vec<&str> = text.split(',').map(str::trim).collect();
    if line == 1 && columns.first() == Some(&"frame") {
        return Ok(());
    }
    let (&[frame, x1, y1, x2, y2], score) = columns
        .split_first_chunk()
        .filter(|(_, rest)| rest.len() <= 1)
        .ok_or(BoxProblem::Columns { found: columns.len() })?;
    let frame = number::<u64>("frame", frame)?;
    let corners = [number("x1", x1)?, number("y1", y1)?, number("x2", x2)?, number("y2", y2)?];
    let score = score.first().map(|score| number("score", score)).transpose()?;
    let boxes = frames.entry(FrameIndex(frame)).or_insert_with(|| FrameBoxes { line, people: Vec::new() });
    boxes.people.push((line, person(corners, score)?));
    Ok(())
}

fn number<T: std::str::FromStr>(column: &'static str, text: &str) -> Result<T, BoxProblem> {
    text.parse().map_err(|_not_a_number| BoxProblem::Number { column, found: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<GivenBoxes, PipelineError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        GivenBoxes::read(&path)
    }

    fn bad_line(name: &str, text: &str) -> (usize, BoxProblem) {
        match read(name, text) {
            Err(PipelineError::Boxes { line, problem, .. }) => (line, problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_formats_say_the_same() {
        let json = concat!(
            r#"{"frame":0,"pts":0,"people":[{"box":[1,2,3,4],"box_score":0.5},{"box":[5,6,7,8.5]}]}"#,
            "\n\n",
            r#"{"frame":7,"people":[]}"#,
        );
        let csv = "frame,x1,y1,x2,y2,score\n0,1,2,3,4,0.5\n0, 5,6,7,8.5\n";
        let (json, csv) = (read("a.jsonl", json).unwrap(), read("a.CSV", csv).unwrap());
        assert_eq!(json.people(FrameIndex(0)), csv.people(FrameIndex(0)));
        assert_eq!(json.people(FrameIndex(0))[1], person([5.0, 6.0, 7.0, 8.5], Some(1.0)).unwrap());
        assert!(json.people(FrameIndex(7)).is_empty() && json.people(FrameIndex(8)).is_empty());
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        use BoxProblem as P;
        assert!(matches!(bad_line("a.csv", "frame,x1\n0,1,2,3\n"), (2, P::Columns { found: 4 })));
        assert!(matches!(bad_line("a.csv", "0,1,2,3,4,5,6"), (1, P::Columns { found: 7 })));
        assert!(matches!(bad_line("a.csv", "\n\n-1,1,2,3,4"), (3, P::Number { column: "frame", .. })));
        assert!(matches!(bad_line("a.csv", "0,1,2,x,4"), (1, P::Number { column: "x2", .. })));
        assert!(matches!(bad_line("a.csv", "0,1,2,3,4,nan"), (1, P::Number { column: "score", .. })));
        assert!(matches!(bad_line("a.csv", "0,3,2,3,4"), (1, P::Improper { .. })));
        assert!(matches!(bad_line("a.csv", "0,1,2,inf,4"), (1, P::Improper { .. })));
        assert!(matches!(bad_line("a.jsonl", r#"{"frame":0}"#), (1, P::Json { .. })));
        assert!(matches!(bad_line("a.jsonl", r#"{"frame":0,"people":[{"box":[1,2,3]}]}"#), (1, P::Json { .. })));
        let twice = "{\"frame\":4,\"people\":[]}\n{\"frame\":4,\"people\":[]}";
        assert!(matches!(bad_line("a.jsonl", twice), (2, P::Repeated { frame: 4, first_line: 1 })));
    }

    #[test]
    fn another_extension_is_refused() {
        assert!(matches!(read("a.txt", ""), Err(PipelineError::BoxesFormat { .. })));
    }

    #[test]
    fn boxes_must_fit_the_input() {
        let boxes = read("a.csv", "0,-5,2,3,4\n0,0,9,3,12\n9,1,2,30,40\n").unwrap();
        assert!(boxes.check(10, (20, 20)).is_ok());
        let problem = |frames, size| match boxes.check(frames, size) {
            Err(PipelineError::Boxes { line, problem, .. }) => (line, problem),
            other => panic!("{other:?}"),
        };
        assert!(matches!(problem(9, (20, 20)), (3, BoxProblem::NoSuchFrame { frame: 9, frames: 9 })));
        assert!(matches!(problem(10, (20, 5)), (2, BoxProblem::Outside { .. })));
    }
}
