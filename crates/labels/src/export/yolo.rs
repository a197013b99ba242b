//! A data set for Ultralytics' pose models: `labels/<picture's name>.txt` with a line a person, and `data.yaml`.
//!
//! A line is `0 cx cy w h`, the box, then `x y v` for the 17 keypoints; all but the class 0 and `v` are shares of the
//! picture's width and height, of six decimals. A file without lines is a picture with nobody. Pictures, which are the user's to
//! put under `images/`, are called as [`frame_file`](super::frame_file) says: `labels/swing/frame_000007.txt` belongs to
//! `images/swing/frame_000007.jpg`.
//!
//! Ultralytics drops a whole picture over one coordinate outside it. So boxes end at the picture's edge, a person whose box has
//! no inside there is left out, and `v` is 2 where [`Sure`] says so and the keypoint is within; else `0 0 0`.

use super::picture::{is_picture, stem};
use super::{Exporter, Sure};
use crate::error::LabelsError;
use crate::whole_file::WholeFile;
use crate::whole_folder::WholeFolder;
use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use swingpose_core::provenance::Provenance;
use swingpose_core::skeleton::{FLIP_INDICES, KEYPOINT_NAMES};
use swingpose_core::{BoundingBox, FrameLabels, PersonLabel};

/// Writes the labels and the description of a data set into a folder.
#[derive(Debug)]
pub struct YoloWriter {
    out: PathBuf,
    sure: Sure,
    size: (f32, f32),
    /// Where the labels of the video that was begun go; those of a picture go into `labels` itself.
    video: Option<WholeFolder>,
    /// The file of the picture that was begun.
    picture: Option<PathBuf>,
    lines: String,
}

impl YoloWriter {
    /// Writes into the folder `out`, which need not exist.
    #[must_use]
    pub const fn new(out: PathBuf, sure: Sure) -> Self {
        Self { out, sure, size: (0.0, 0.0), video: None, picture: None, lines: String::new() }
    }

    fn end_video(&mut self) -> Result<(), LabelsError> {
        self.video.take().map_or(Ok(()), WholeFolder::finish)
    }
}

impl Exporter for YoloWriter {
    fn begin(&mut self, provenance: &Provenance) -> Result<(), LabelsError> {
        self.end_video()?;
        let input = &provenance.input;
        self.size = (input.size.0 as f32, input.size.1 as f32);
        let labels = self.out.join("labels");
        self.picture = None;
        if is_picture(input) {
            std::fs::create_dir_all(&labels).map_err(|source| LabelsError::Write { path: labels.clone(), source })?;
            let file = labels.join(format!("{}.txt", stem(input)));
            if file.exists() {
                return Err(LabelsError::FolderTaken { path: file });
            }
            self.picture = Some(file);
        } else {
            self.video = Some(WholeFolder::create(&labels.join(stem(input)))?);
        }
        Ok(())
    }

    fn write(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        self.lines.clear();
        for person in &labels.people {
            push_line(&mut self.lines, person, self.size, self.sure);
        }
        if let Some(path) = &self.picture {
            return write_whole(path.clone(), self.lines.as_bytes());
        }
        let Some(folder) = &self.video else { return Ok(()) };
        folder.write(&format!("frame_{:06}.txt", labels.frame.0), self.lines.as_bytes())
    }

    fn finish(mut self: Box<Self>) -> Result<(), LabelsError> {
        self.end_video()?;
        let file = self.out.join("data.yaml");
        // One that stands there may have been edited: other splits, other names.
        if file.exists() { Ok(()) } else { write_whole(file, data_yaml().as_bytes()) }
    }
}

fn write_whole(path: PathBuf, bytes: &[u8]) -> Result<(), LabelsError> {
    let mut file = WholeFile::create(&path)?;
    file.write_all(bytes).map_err(|source| LabelsError::Write { path, source })?;
    file.finish()
}

/// The description that `yolo pose train data=` takes. Without `path`, it holds wherever it lies.
fn data_yaml() -> String {
    let names = KEYPOINT_NAMES.join(", ");
    format!(
        "train: images\nval: images\nkpt_shape: [17, 3]\nflip_idx: {FLIP_INDICES:?}\nnames:\n  0: person\n\
         kpt_names:\n  0: [{names}]\n"
    )
}

/// Appends the line of `person`, if the box has an inside within the picture.
fn push_line(lines: &mut String, person: &PersonLabel, (width, height): (f32, f32), sure: Sure) {
    let BoundingBox { x1, y1, x2, y2, .. } = person.bounding_box;
    if !person.bounding_box.is_proper() {
        return;
    }
    let [left, right] = [x1, x2].map(|x| (x / width).clamp(0.0, 1.0));
    let [top, bottom] = [y1, y2].map(|y| (y / height).clamp(0.0, 1.0));
    let (w, h) = (right - left, bottom - top);
    if w <= 0.0 || h <= 0.0 {
        return;
    }
    // A String takes whatever is written.
    let _ = write!(lines, "0 {:.6} {:.6} {w:.6} {h:.6}", f32::midpoint(left, right), f32::midpoint(top, bottom));
    for keypoint in &person.keypoints {
        let (x, y) = (keypoint.point.x / width, keypoint.point.y / height);
        let is_within = (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y);
        if is_within && sure.of(keypoint) {
            let _ = write!(lines, " {x:.6} {y:.6} 2");
        } else {
            lines.push_str(" 0 0 0");
        }
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_frames, frame, provenance};
    use proptest::prelude::*;
    use tempfile::TempDir;

    /// A folder with the data set of the video `swing.mov`, of 1080 x 1920.
    fn exported(frames: &[FrameLabels]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Box::new(YoloWriter::new(folder.path().to_owned(), Sure::default()));
        let mut provenance = provenance();
        provenance.input.name = "swing.mov".to_owned();
        writer.begin(&provenance).unwrap();
        frames.iter().for_each(|frame| writer.write(frame).unwrap());
        writer.finish().unwrap();
        folder
    }

    fn lines(folder: &TempDir, frame: u64) -> Vec<Vec<f64>> {
        let path = folder.path().join(format!("labels/swing/frame_{frame:06}.txt"));
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| line.split(' ').map(|number| number.parse().unwrap()).collect()).collect()
    }

    #[test]
    fn a_frame_is_a_file_of_shares_and_nobody_an_empty_one() {
        let labels = frame(7, 1);
        let folder = exported(&[frame(0, 0), labels.clone()]);
        assert!(lines(&folder, 0).is_empty());
        let [line] = &lines(&folder, 7)[..] else { panic!("one person") };
        let corners: [f32; 4] = labels.people[0].bounding_box.into();
        let [x1, y1, x2, y2] = corners.map(f64::from);
        let expected =
            [0.0, (x1 + x2) / 2.0 / 1080.0, (y1 + y2) / 2.0 / 1920.0, (x2 - x1) / 1080.0, (y2 - y1) / 1920.0];
        assert!(line.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{line:?}");
        for (found, keypoint) in line[5..].chunks_exact(3).zip(labels.people[0].keypoints) {
            let expected = [f64::from(keypoint.point.x) / 1080.0, f64::from(keypoint.point.y) / 1920.0, 2.0];
            assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6));
        }
    }

    #[test]
    fn a_picture_has_its_own_name_and_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut provenance = provenance();
        let input = &mut provenance.input;
        (input.name, input.codec, input.frames) = ("000000000139.jpg".to_owned(), "jpeg".to_owned(), 1);
        let mut writer = Box::new(YoloWriter::new(folder.path().to_owned(), Sure::default()));
        writer.begin(&provenance).unwrap();
        writer.write(&frame(0, 2)).unwrap();
        assert!(matches!(writer.begin(&provenance), Err(LabelsError::FolderTaken { .. })));
        let text = std::fs::read_to_string(folder.path().join("labels/000000000139.txt")).unwrap();
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn the_description_has_what_ultralytics_asks_of_pose_data() {
        let folder = exported(&[]);
        let text = std::fs::read_to_string(folder.path().join("data.yaml")).unwrap();
        for line in [
            "train: images",
            "val: images",
            "kpt_shape: [17, 3]",
            "flip_idx: [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]",
            "  0: person",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// The checks of Ultralytics' `verify_image_label`.
        #[test]
        fn no_labels_make_ultralytics_drop_a_picture(frames in any_frames()) {
            let folder = exported(&frames);
            for frame in &frames {
                for line in lines(&folder, frame.frame.0) {
                    prop_assert_eq!(line.len(), 5 + 17 * 3);
                    prop_assert!(line.iter().all(|&number| number >= 0.0));
                    prop_assert!(line[1..5].iter().all(|&number| number <= 1.0));
                    prop_assert!(line[5..].chunks_exact(3).all(|point| point[0] <= 1.0 && point[1] <= 1.0));
                }
            }
        }
    }
}
