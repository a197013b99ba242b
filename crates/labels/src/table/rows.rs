//! Labels as columns: the rows of one row group, between frames and Parquet.
//!
//! Columns that can be null are dense, as Parquet stores them: their values are those of the rows that have one, and
//! `present` and `tracked` hold a 1 for each such row and a 0 for any other.

use crate::error::{Damage, LabelsError};
use parquet::data_type::ByteArray;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};

/// The origin of the row of a frame with nobody.
const NOBODY: &str = "none";

/// The rows of whole frames.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) frame: Vec<i64>,
    pub(super) pts: Vec<i64>,
    pub(super) time_s: Vec<f64>,
    /// Whether a row is a person; the levels of `person`, the box and its score.
    pub(super) present: Vec<i16>,
    pub(super) person: Vec<i32>,
    /// Whether a row is a person with a track.
    pub(super) tracked: Vec<i16>,
    pub(super) track: Vec<i32>,
    pub(super) primary: Vec<bool>,
    pub(super) origin: Vec<ByteArray>,
    /// `x1`, `y1`, `x2`, `y2`.
    pub(super) corners: [Vec<f32>; 4],
    pub(super) box_score: Vec<f32>,
    /// `x`, `y`, `score`: 17 of each a person.
    pub(super) keypoints: [Vec<f32>; 3],
}

/// A list's levels in Parquet's coding (Melnik et al., "Dremel", 2010).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListLevels {
    pub(super) definition: Vec<i16>,
    pub(super) repetition: Vec<i16>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.frame.len()
    }

    /// Adds the rows of a frame: one a person, or one for nobody.
    pub(super) fn push(&mut self, labels: &FrameLabels) -> Result<(), LabelsError> {
        let FrameIndex(number) = labels.frame;
        let frame = i64::try_from(number).or(Err(LabelsError::FrameNumber { frame: number }))?;
        if labels.people.is_empty() {
            self.push_time(frame, labels);
            self.push_nobody();
        }
        for person in &labels.people {
            self.push_time(frame, labels);
            self.push_person(person);
        }
        Ok(())
    }

    fn push_time(&mut self, frame: i64, labels: &FrameLabels) {
        self.frame.push(frame);
        self.pts.push(labels.pts);
        self.time_s.push(labels.time_s);
    }

    fn push_nobody(&mut self) {
        self.present.push(0);
        self.tracked.push(0);
        self.primary.push(false);
        self.origin.push(NOBODY.into());
    }

    fn push_person(&mut self, label: &PersonLabel) {
        self.present.push(1);
        self.person.push(label.person.cast_signed());
        self.tracked.push(label.track.is_some().into());
        self.track.extend(label.track.map(u32::cast_signed));
        self.primary.push(label.primary);
        self.origin.push(label.origin.as_str().into());
        let corners: [f32; 4] = label.bounding_box.into();
        self.corners.iter_mut().zip(corners).for_each(|(column, value)| column.push(value));
        self.box_score.push(label.box_score);
        for keypoint in label.keypoints {
            let values: [f32; 3] = keypoint.into();
            self.keypoints.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
    }

    /// The levels of `keypoints`, which follow from who is there: 17 elements a person, null for nobody.
    pub(super) fn keypoint_levels(&self) -> ListLevels {
        let mut levels = ListLevels::default();
        for &present in &self.present {
            let length = if present == 1 { KEYPOINT_COUNT } else { 1 };
            levels.definition.extend(std::iter::repeat_n(2 * present, length));
            levels.repetition.push(0);
            levels.repetition.extend(std::iter::repeat_n(1, length - 1));
        }
        levels
    }

    /// The frames whose rows these are.
    ///
    /// # Errors
    /// Columns that do not fit together, as no [`Rows::push`] makes them. The order of the frames is not looked at.
    pub(super) fn into_frames(self) -> Result<Vec<FrameLabels>, Damage> {
        self.check_lengths()?;
        let times = self.frame.iter().zip(&self.pts).zip(&self.time_s);
        let mut people = self.people()?.into_iter();
        let mut frames: Vec<FrameLabels> = Vec::new();
        for (row, ((&frame, &pts), &time_s)) in times.enumerate() {
            let contradiction = Damage::Frame { frame };
            let Ok(number) = u64::try_from(frame) else { return Err(contradiction) };
            let is_person = self.present.get(row) == Some(&1);
            match frames.last_mut().filter(|last| last.is_at(number, pts, time_s)) {
                // A second row can only be a second person.
                Some(last) if !is_person || last.people.is_empty() => return Err(contradiction),
                Some(last) => last.people.extend(people.next()),
                None => {
                    let people = is_person.then(|| people.next()).flatten().into_iter().collect();
                    frames.push(FrameLabels { frame: FrameIndex(number), pts, time_s, people });
                }
            }
        }
        Ok(frames)
    }

    /// Every row's people, in order, without the rows of nobody.
    fn people(&self) -> Result<Vec<PersonLabel>, Damage> {
        let mut dense = self.dense_people().into_iter();
        let mut tracks = self.track.iter();
        let mut people = Vec::with_capacity(self.person.len());
        let rows = self.present.iter().zip(&self.tracked).zip(self.primary.iter().zip(&self.origin));
        for ((&present, &tracked), (&primary, origin)) in rows {
            let track = if tracked == 1 { tracks.next().map(|track| track.cast_unsigned()) } else { None };
            if present == 1 {
                let origin = known_origin(origin)?;
                people.extend(dense.next().map(|person| PersonLabel { track, primary, origin, ..person }));
            } else if primary || track.is_some() || origin.data() != NOBODY.as_bytes() {
                return Err(Damage::Column { column: "person" });
            }
        }
        Ok(people)
    }

    /// The people as far as the dense columns tell.
    fn dense_people(&self) -> Vec<PersonLabel> {
        let [x1, y1, x2, y2] = &self.corners;
        let corners = x1.iter().zip(y1).zip(x2.iter().zip(y2)).map(|((x1, y1), (x2, y2))| [*x1, *y1, *x2, *y2]);
        let [x, y, score] = self.keypoints.each_ref().map(|column| column.as_chunks::<KEYPOINT_COUNT>().0);
        let keypoints = x
            .iter()
            .zip(y)
            .zip(score)
            .map(|((x, y), score)| std::array::from_fn(|k| Keypoint::from([x[k], y[k], score[k]])));
        let boxes = corners.zip(&self.box_score);
        let people = self.person.iter().zip(boxes).zip(keypoints);
        people
            .map(|((person, (corners, &box_score)), keypoints)| PersonLabel {
                person: person.cast_unsigned(),
                track: None,
                primary: false,
                origin: Origin::Detected,
                bounding_box: corners.into(),
                box_score,
                keypoints,
            })
            .collect()
    }

    fn check_lengths(&self) -> Result<(), Damage> {
        let rows = self.frame.len();
        let count = |levels: &[i16]| levels.iter().filter(|&&level| level == 1).count();
        let (people, tracks) = (count(&self.present), count(&self.tracked));
        let [x1, y1, x2, y2] = self.corners.each_ref().map(Vec::len);
        let [x, y, score] = self.keypoints.each_ref().map(Vec::len);
        let lengths = [
            ("pts", self.pts.len(), rows),
            ("time_s", self.time_s.len(), rows),
            ("person", self.present.len(), rows),
            ("person", self.person.len(), people),
            ("track", self.tracked.len(), rows),
            ("track", self.track.len(), tracks),
            ("primary", self.primary.len(), rows),
            ("origin", self.origin.len(), rows),
            ("x1", x1, people),
            ("y1", y1, people),
            ("x2", x2, people),
            ("y2", y2, people),
            ("box_score", self.box_score.len(), people),
            ("keypoints", x, people * KEYPOINT_COUNT),
            ("keypoints", y, people * KEYPOINT_COUNT),
            ("keypoints", score, people * KEYPOINT_COUNT),
        ];
        match lengths.into_iter().find(|(_, found, expected)| found != expected) {
            Some((column, ..)) => Err(Damage::Column { column }),
            None => Ok(()),
        }
    }
}

/// Whether rows belong to the same frame.
trait SameFrame {
    fn is_at(&self, frame: u64, pts: i64, time_s: f64) -> bool;
}

impl SameFrame for FrameLabels {
    fn is_at(&self, frame: u64, pts: i64, time_s: f64) -> bool {
        // By its bits: a time that is not a number equals itself here.
        self.frame == FrameIndex(frame) && self.pts == pts && self.time_s.to_bits() == time_s.to_bits()
    }
}

fn known_origin(word: &ByteArray) -> Result<Origin, Damage> {
    let known = Origin::ALL.into_iter().find(|origin| origin.as_str().as_bytes() == word.data());
    known.ok_or_else(|| Damage::Origin { found: String::from_utf8_lossy(word.data()).into_owned() })
}
