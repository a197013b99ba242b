//! The annotations of a data set, as COCO writes them in `instances_*.json` and `person_keypoints_*.json`: the pictures and
//! the people in them. What else the file says is passed over.

use super::error::{AnnotationsError, CocoError};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use swingpose_core::skeleton::KEYPOINT_COUNT;

/// A picture of the data set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Image {
    /// Its number.
    pub id: i64,
    /// Its file's name, perhaps with folders before it.
    #[serde(default)]
    pub file_name: String,
    /// Its width in pixels, where it says.
    pub width: Option<u32>,
    /// Its height in pixels, where it says.
    pub height: Option<u32>,
}

/// An annotated person, or a crowd of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotated {
    /// The annotation's number.
    pub id: i64,
    /// Left, top, width and height.
    pub bbox: [f64; 4],
    /// The area of the person's outline, in square pixels.
    pub area: f64,
    /// Whether it stands for a crowd, in which any number of detections may lie.
    pub crowd: bool,
    /// The keypoints, where they were annotated.
    pub pose: Option<Pose>,
}

/// Annotated keypoints.
#[derive(Clone, Debug, PartialEq)]
pub struct Pose {
    /// Where they are.
    pub points: [[f64; 2]; KEYPOINT_COUNT],
    /// Which were annotated: those whose visibility is 1 (hidden) or 2 (visible).
    pub labeled: [bool; KEYPOINT_COUNT],
    /// What `num_keypoints` says; a person with none is not to be found, and no fault where it is.
    pub count: i64,
}

/// The pictures of a data set and the people in them.
#[derive(Clone, Debug)]
pub struct Truth {
    /// By the picture's id.
    images: BTreeMap<i64, (Image, Vec<Annotated>)>,
    has_poses: bool,
}

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

#[derive(Deserialize)]
struct Annotation {
    id: i64,
    image_id: i64,
    category_id: i64,
    bbox: Option<[f64; 4]>,
    area: Option<f64>,
    #[serde(default, deserialize_with = "flag")]
    iscrowd: bool,
    keypoints: Option<Vec<f64>>,
    num_keypoints: Option<i64>,
}

/// COCO writes 0 and 1; some tools write false and true.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Word(bool),
        Number(i64),
    }
    Ok(match Flag::deserialize(deserializer)? {
        Flag::Word(word) => word,
        Flag::Number(number) => number != 0,
    })
}

impl Truth {
    /// Reads the annotations of `category` from the file `path`.
    ///
    /// # Errors
    /// [`CocoError::Read`], [`CocoError::Annotations`].
    pub fn read(path: &Path, category: &str) -> Result<Self, CocoError> {
        let bytes = std::fs::read(path).map_err(|source| CocoError::Read { path: path.to_owned(), source })?;
        Self::parse(&bytes, category).map_err(|reason| CocoError::Annotations { path: path.to_owned(), reason })
    }

    /// The annotations of `category` in `json`. Where a data set annotates keypoints at all, each person must have them.
    ///
    /// # Errors
    /// [`AnnotationsError`].
    pub fn parse(json: &[u8], category: &str) -> Result<Self, AnnotationsError> {
        let File { images, annotations, categories } = serde_json::from_slice(json)?;
        let Some(Category { id: category, .. }) = categories.iter().find(|known| known.name == category) else {
            let found = categories.into_iter().map(|known| known.name).collect();
            return Err(AnnotationsError::Category { wanted: category.to_owned(), found });
        };
        let mut truth = Self { images: BTreeMap::new(), has_poses: false };
        for image in images {
            let id = image.id;
            if truth.images.insert(id, (image, Vec::new())).is_some() {
                return Err(AnnotationsError::ImageId { id });
            }
        }
        truth.add_people(annotations.into_iter().filter(|annotation| annotation.category_id == *category))?;
        Ok(truth)
    }

    /// Gives each annotation to its picture. Those of pictures that are not listed are passed over, as pycocotools does.
    fn add_people(&mut self, annotations: impl Iterator<Item = Annotation>) -> Result<(), AnnotationsError> {
        let mut ids = BTreeSet::new();
        let mut without_pose = None;
        for annotation in annotations {
            let Some((_, people)) = self.images.get_mut(&annotation.image_id) else { continue };
            if !ids.insert(annotation.id) {
                return Err(AnnotationsError::AnnotationId { id: annotation.id });
            }
            let annotated = annotated(annotation)?;
            match annotated.pose {
                Some(_) => self.has_poses = true,
                None => without_pose = without_pose.or(Some(annotated.id)),
            }
            people.push(annotated);
        }
        match without_pose {
            Some(id) if self.has_poses => Err(AnnotationsError::Missing { id, field: "keypoints" }),
            _ => Ok(()),
        }
    }

    /// The pictures in the order of their ids, each with its people in the order of the file.
    pub fn images(&self) -> impl Iterator<Item = (&Image, &[Annotated])> {
        self.images.values().map(|(image, people)| (image, people.as_slice()))
    }

    /// The picture of this id.
    #[must_use]
    pub fn image(&self, id: i64) -> Option<&Image> {
        self.images.get(&id).map(|(image, _)| image)
    }

    /// Whether keypoints are annotated.
    #[must_use]
    pub const fn has_poses(&self) -> bool {
        self.has_poses
    }
}

fn annotated(annotation: Annotation) -> Result<Annotated, AnnotationsError> {
    let id = annotation.id;
    let missing = |field| AnnotationsError::Missing { id, field };
    let bbox = annotation.bbox.ok_or_else(|| missing("bbox"))?;
    let area = annotation.area.ok_or_else(|| missing("area"))?;
    let pose = annotation.keypoints.map(|numbers| pose(id, &numbers, annotation.num_keypoints)).transpose()?;
    Ok(Annotated { id, bbox, area, crowd: annotation.iscrowd, pose })
}

fn pose(id: i64, numbers: &[f64], count: Option<i64>) -> Result<Pose, AnnotationsError> {
    let (triples, _) = numbers.as_chunks::<3>();
    let triples: &[[f64; 3]; KEYPOINT_COUNT] = match triples.try_into() {
        Ok(triples) if numbers.len() == 3 * KEYPOINT_COUNT => triples,
        _ => return Err(AnnotationsError::Keypoints { id, found: numbers.len() }),
    };
    let labeled = triples.map(|[_, _, visibility]| visibility > 0.0);
    let visible = labeled.iter().filter(|&&labeled| labeled).count() as i64;
    Ok(Pose { points: triples.map(|[x, y, _]| [x, y]), labeled, count: count.unwrap_or(visible) })
}
