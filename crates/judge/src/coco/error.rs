//! Why labels cannot be evaluated. Each variant holds the facts.

use std::io;
use std::path::PathBuf;
use swingpose_labels::LabelsError;
use thiserror::Error;

/// Why labels cannot be evaluated.
#[derive(Debug, Error)]
pub enum CocoError {
    /// The annotations could not be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The annotations are not what they should be.
    #[error("{}: {reason}", path.display())]
    Annotations {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        reason: AnnotationsError,
    },
    /// A label file could not be read; the error names it.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// A label file of something that is not one picture.
    #[error("{}: labels of {frames} frames of {input}; eval takes the label files of pictures, of one frame each", path.display())]
    NotAPicture {
        /// The label file.
        path: PathBuf,
        /// What it labels.
        input: String,
        /// How many frames it holds.
        frames: u64,
    },
    /// A label file of a picture that the annotations do not know.
    #[error(
        "{}: labels of {input}, and the annotations hold no picture of that file name{}: leave the file out, or give the \
         annotations that go with it", path.display(), or_id(*image_id)
    )]
    UnknownPicture {
        /// The label file.
        path: PathBuf,
        /// What it labels.
        input: String,
        /// The number that its name holds.
        image_id: Option<u64>,
    },
    /// A label file of a picture whose name the annotations hold more than once.
    #[error(
        "{}: labels of {input}, and the annotations hold pictures {first} and {second} of that file name, in different \
         folders: give the pictures names of their own", path.display()
    )]
    AmbiguousPicture {
        /// The label file.
        path: PathBuf,
        /// What it labels.
        input: String,
        /// The id of a picture of that name.
        first: i64,
        /// The id of another.
        second: i64,
    },
    /// Two label files of one picture.
    #[error("{} and {} are both labels of picture {image_id}: leave one out", first.display(), second.display())]
    LabeledTwice {
        /// A label file.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        /// The picture's id.
        image_id: i64,
    },
    /// Pictures without labels.
    #[error(
        "{missing} of the {images} annotated pictures have no label file, {first} first: label them all, since everybody in \
         them would count as missed, or give --labeled-only to leave such pictures out"
    )]
    Unlabeled {
        /// How many have none.
        missing: usize,
        /// How many pictures there are.
        images: usize,
        /// The first one's file name.
        first: String,
    },
}

fn or_id(image_id: Option<u64>) -> String {
    image_id.map_or_else(String::new, |id| format!(" or of number {id}"))
}

/// What is wrong with annotations.
#[derive(Debug, Error)]
pub enum AnnotationsError {
    /// Not JSON, or not of COCO's shape.
    #[error("not the annotations of a COCO data set")]
    Json(#[from] serde_json::Error),
    /// No category of that name.
    #[error("there is no category `{wanted}`, only {}: name one of them with --category", found.join(", "))]
    Category {
        /// The name that was looked for.
        wanted: String,
        /// The names that there are.
        found: Vec<String>,
    },
    /// Two pictures with one id.
    #[error("two pictures have the id {id}")]
    ImageId {
        /// The id.
        id: i64,
    },
    /// Two annotations with one id.
    #[error("two annotations have the id {id}")]
    AnnotationId {
        /// The id.
        id: i64,
    },
    /// An annotation that lacks something.
    #[error("annotation {id} has no `{field}`")]
    Missing {
        /// Which annotation.
        id: i64,
        /// What it lacks.
        field: &'static str,
    },
    /// Keypoints that are not COCO's 17.
    #[error("annotation {id} has {found} numbers of keypoints, and not 51: x, y and visibility of COCO's 17")]
    Keypoints {
        /// Which annotation.
        id: i64,
        /// How many numbers it has.
        found: usize,
    },
}
