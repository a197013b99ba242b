//! Label files into detections: the picture of each file, the boxes and poses in it, and the scores that order them.

use super::annotations::{Image, Truth};
use super::error::CocoError;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use swingpose_core::PersonLabel;
use swingpose_core::provenance::Input;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_labels::{Labels, read};

/// What orders poses from sure to unsure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PoseScore {
    /// The box's score times the mean of those keypoints' scores that are above this; 0 where none is. It is mmpose's
    /// `score_mode='bbox_keypoint'` with its `keypoint_score_thr`.
    BoxAndKeypoints(f32),
    /// The box's score alone, mmpose's `score_mode='bbox'`.
    Box,
}

impl Default for PoseScore {
    /// What mmpose's `CocoMetric` does where nothing else is asked for.
    fn default() -> Self {
        Self::BoxAndKeypoints(0.2)
    }
}

impl PoseScore {
    fn of(self, person: &PersonLabel) -> f64 {
        let box_score = f64::from(person.box_score);
        let Self::BoxAndKeypoints(threshold) = self else { return box_score };
        let sure = person.keypoints.iter().map(|keypoint| keypoint.score).filter(|score| *score > threshold);
        let (sum, count) = sure.fold((0.0, 0_u8), |(sum, count), score| (sum + f64::from(score), count + 1));
        if count == 0 { 0.0 } else { box_score * (sum / f64::from(count)) }
    }
}

/// A labeled person as COCO's result files say it.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The picture.
    pub image_id: i64,
    /// Left, top, width and height.
    pub bbox: [f64; 4],
    /// What orders boxes.
    pub box_score: f64,
    /// Where the keypoints are.
    pub keypoints: [[f64; 2]; KEYPOINT_COUNT],
    /// What orders poses.
    pub pose_score: f64,
}

impl Detection {
    /// The detection that `person` in picture `image_id` is.
    #[must_use]
    pub fn new(image_id: i64, person: &PersonLabel, pose_score: PoseScore) -> Self {
        let [x1, y1, x2, y2] = <[f32; 4]>::from(person.bounding_box).map(f64::from);
        Self {
            image_id,
            bbox: [x1, y1, x2 - x1, y2 - y1],
            box_score: f64::from(person.box_score),
            keypoints: person.keypoints.map(|keypoint| [keypoint.point.x, keypoint.point.y].map(f64::from)),
            pose_score: pose_score.of(person),
        }
    }

    /// Whether the box is one that can be measured.
    pub(super) fn has_box(&self) -> bool {
        self.bbox.iter().all(|number| number.is_finite()) && self.box_score.is_finite()
    }

    /// Whether the pose is one that can be measured.
    pub(super) fn has_pose(&self) -> bool {
        self.keypoints.as_flattened().iter().all(|number| number.is_finite()) && self.pose_score.is_finite()
    }
}

/// The people of label files, and which pictures those are of.
#[derive(Clone, Debug)]
pub struct Predictions {
    /// The people, file by file.
    pub detections: Vec<Detection>,
    /// The pictures that have a label file.
    pub labeled: BTreeSet<i64>,
    /// Label files of pictures that have another size in the annotations: their coordinates may not fit.
    pub other_size: Vec<PathBuf>,
}

impl Predictions {
    /// Reads label files of pictures that `truth` knows.
    ///
    /// # Errors
    /// [`CocoError::Labels`], [`CocoError::NotAPicture`], [`CocoError::UnknownPicture`], [`CocoError::AmbiguousPicture`],
    /// [`CocoError::LabeledTwice`].
    pub fn read(files: &[PathBuf], truth: &Truth, pose_score: PoseScore) -> Result<Self, CocoError> {
        let names = Names::of(truth);
        let mut owners: BTreeMap<i64, &Path> = BTreeMap::new();
        let mut predictions = Self { detections: Vec::new(), labeled: BTreeSet::new(), other_size: Vec::new() };
        for (path, Picture { input, people }) in files.iter().zip(Picture::read_all(files)?) {
            let image = names.find(&input, path)?;
            if let Some(first) = owners.insert(image.id, path) {
                let (first, second) = (first.to_owned(), path.clone());
                return Err(CocoError::LabeledTwice { first, second, image_id: image.id });
            }
            let (width, height) = input.size;
            if image.width.is_some_and(|w| w != width) || image.height.is_some_and(|h| h != height) {
                predictions.other_size.push(path.clone());
            }
            predictions.detections.extend(people.iter().map(|person| Detection::new(image.id, person, pose_score)));
        }
        predictions.labeled = owners.into_keys().collect();
        Ok(predictions)
    }

    /// Refuses pictures of `truth` that have no label file: that nobody was found in them is not known.
    ///
    /// # Errors
    /// [`CocoError::Unlabeled`].
    pub fn check_all_labeled(&self, truth: &Truth) -> Result<(), CocoError> {
        let unlabeled = || truth.images().filter(|(image, _)| !self.labeled.contains(&image.id));
        let Some((image, _)) = unlabeled().next() else { return Ok(()) };
        Err(CocoError::Unlabeled {
            missing: unlabeled().count(),
            images: truth.images().count(),
            first: image.file_name.clone(),
        })
    }
}

/// What one label file holds.
struct Picture {
    input: Input,
    people: Vec<PersonLabel>,
}

impl Picture {
    fn read(path: &Path) -> Result<Self, CocoError> {
        let Labels { provenance, frames } = read(path)?;
        let input = provenance.input;
        if input.frames != 1 {
            return Err(CocoError::NotAPicture { path: path.to_owned(), input: input.name, frames: input.frames });
        }
        let mut people = Vec::new();
        for frame in frames {
            people.extend(frame?.people);
        }
        Ok(Self { input, people })
    }

    /// What `files` hold, in their order, or the error of the first that cannot be used. A small file takes longer to open
    /// than to read, so that they are shared among threads.
    fn read_all(files: &[PathBuf]) -> Result<Vec<Self>, CocoError> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = files.len().div_ceil(threads).max(1);
        let read = |files: &[PathBuf]| files.iter().map(|path| Self::read(path)).collect::<Result<Vec<_>, _>>();
        let shares: Result<Vec<_>, _> = thread::scope(|scope| {
            let readers: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || read(files))).collect();
            readers.into_iter().map(|reader| reader.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        Ok(shares?.into_iter().flatten().collect())
    }
}

/// The pictures by their file names, without folders.
struct Names<'a> {
    truth: &'a Truth,
    images: BTreeMap<&'a str, Vec<&'a Image>>,
}

impl<'a> Names<'a> {
    fn of(truth: &'a Truth) -> Self {
        let mut images: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
        for (image, _) in truth.images() {
            images.entry(base_name(&image.file_name)).or_default().push(image);
        }
        Self { truth, images }
    }

    /// The picture that the label file `path` was made from: that of its file name, else that of its number.
    fn find(&self, input: &Input, path: &Path) -> Result<&'a Image, CocoError> {
        match self.images.get(input.name.as_str()).map(Vec::as_slice) {
            Some([image]) => Ok(image),
            Some([first, second, ..]) => Err(CocoError::AmbiguousPicture {
                path: path.to_owned(),
                input: input.name.clone(),
                first: first.id,
                second: second.id,
            }),
            _ => {
                let id = input.image_id.and_then(|id| i64::try_from(id).ok());
                id.and_then(|id| self.truth.image(id)).ok_or_else(|| CocoError::UnknownPicture {
                    path: path.to_owned(),
                    input: input.name.clone(),
                    image_id: input.image_id,
                })
            }
        }
    }
}

fn base_name(file_name: &str) -> &str {
    file_name.rsplit(['/', '\\']).next().unwrap_or(file_name)
}
