//! The façade: networks loaded once, any number of videos and pictures labeled with them.
//!
//! [`Labeler::builder`] takes the weights and the options; [`Labeler::label`] gives the labels of one input frame by
//! frame, [`Labeler::label_file`] writes them to a label file with what made them.

use crate::boxes::GivenBoxes;
use crate::detect::Detector;
use crate::device::{DeviceChoice, Precision, resolve};
use crate::error::PipelineError;
use crate::estimate::PoseEstimator;
use crate::labeling::Labeling;
use crate::options::LabelOptions;
use crate::provenance::{Making, digest_file, program};
use burn::tensor::Device;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use swingpose_core::provenance::Weights;
use swingpose_models::checkpoint::WeightsFile;

/// The pose network that is used where none is named: the most accurate one.
pub const DEFAULT_POSE: &str = "vitpose-h";

/// Frames, and crops, that go through a network together. On a CPU a batch shares no work worth waiting for, and more
/// frames only take more memory.
const BATCH: NonZeroUsize = NonZeroUsize::MIN;

/// Where people's boxes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Boxes {
    /// From a detector: a file of converted RTMDet weights.
    Detected(PathBuf),
    /// From nowhere: the whole frame is one person's box.
    WholeFrame,
    /// From a file, for one input; see [`crate::boxes`].
    Given(PathBuf),
}

/// What a [`Labeler`] is made of.
#[derive(Clone, Debug)]
pub struct LabelerBuilder {
    pose: PathBuf,
    boxes: Boxes,
    demo: bool,
    device: DeviceChoice,
    precision: Option<Precision>,
    options: LabelOptions,
    threads: Option<NonZeroUsize>,
    batch: NonZeroUsize,
}

impl LabelerBuilder {
    /// Where people's boxes come from; by default the whole frame.
    #[must_use]
    pub fn boxes(self, boxes: Boxes) -> Self {
        Self { boxes, ..self }
    }

    /// Whether the weights are the small demonstration ones, so that the labels say so.
    #[must_use]
    pub fn demo(self, demo: bool) -> Self {
        Self { demo, ..self }
    }

    /// What to run on.
    #[must_use]
    pub fn device(self, device: DeviceChoice) -> Self {
        Self { device, ..self }
    }

    /// The networks' arithmetic; `None` for the device's best.
    #[must_use]
    pub fn precision(self, precision: Option<Precision>) -> Self {
        Self { precision, ..self }
    }

    /// The options that change the labels.
    #[must_use]
    pub fn options(self, options: LabelOptions) -> Self {
        Self { options, ..self }
    }

    /// How many threads compute; `None` for one a core. The labels do not depend on it.
    #[must_use]
    pub fn threads(self, threads: Option<NonZeroUsize>) -> Self {
        Self { threads, ..self }
    }

    /// How many frames, and crops, go through a network together. The labels do not depend on it.
    #[must_use]
    pub fn batch(self, batch: NonZeroUsize) -> Self {
        Self { batch, ..self }
    }

    /// Loads the networks and the boxes.
    ///
    /// # Errors
    /// A device or precision that is not to be had, weights that cannot be used, a bad file of boxes.
    pub fn build(self) -> Result<Labeler, PipelineError> {
        let resolved = resolve(&self.device, self.precision)?;
        let pool = self.pool()?;
        let pose_weights = WeightsHash::start(&self.pose);
        let (boxes, detector, told) = self.load_boxes(&resolved.device)?;
        let pose = PoseEstimator::load(&self.pose, self.options.flip, self.batch, &resolved.device)?;
        let making = Making {
            program: program(),
            detector,
            pose: pose_weights.finish(self.demo)?,
            device: resolved.info,
            options: self.options.provenance(&told, matches!(boxes, BoxSource::Detector(_))),
        };
        Ok(Labeler { boxes, pose, making, options: self.options, pool, threads: self.threads, batch: self.batch })
    }

    fn pool(&self) -> Result<rayon::ThreadPool, PipelineError> {
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|source| PipelineError::Threads { threads, source })
    }

    /// The source of boxes, the detector's weights if there is one, and what the provenance says of the source.
    fn load_boxes(&self, device: &Device) -> Result<(BoxSource, Option<Weights>, String), PipelineError> {
        match &self.boxes {
            Boxes::Detected(path) => {
                let weights = WeightsHash::start(path);
                let detector = Detector::load(path, self.options.score_threshold.get(), device)?;
                Ok((BoxSource::Detector(Box::new(detector)), Some(weights.finish(self.demo)?), "detected".to_owned()))
            }
            Boxes::WholeFrame => Ok((BoxSource::WholeFrame, None, "whole_frame".to_owned())),
            Boxes::Given(path) => {
                let given = GivenBoxes::read(path)?;
                let told = format!("given sha256:{}", given.sha256());
                Ok((BoxSource::Given(given), None, told))
            }
        }
    }
}

/// What a file of weights is called, and its hash, which is taken on a thread of its own while the network loads.
struct WeightsHash {
    path: PathBuf,
    sha256: JoinHandle<Result<String, PipelineError>>,
}

impl WeightsHash {
    fn start(path: &Path) -> Self {
        let path = path.to_owned();
        let hashed = path.clone();
        Self { path, sha256: std::thread::spawn(move || Ok(digest_file(&hashed)?.sha256)) }
    }

    fn finish(self, demo: bool) -> Result<Weights, PipelineError> {
        let file = WeightsFile::open(&self.path)
            .map_err(|source| PipelineError::Weights { path: self.path.clone(), source })?;
        let sha256 = self.sha256.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Weights {
            architecture: file.architecture().to_owned(),
            sha256,
            source_sha256: Some(file.source_sha256().to_owned()),
            demo,
        })
    }
}

/// The loaded form of [`Boxes`].
pub(crate) enum BoxSource {
    Detector(Box<Detector>),
    WholeFrame,
    Given(GivenBoxes),
}

/// Networks and options, ready to label.
pub struct Labeler {
    pub(crate) boxes: BoxSource,
    pub(crate) pose: PoseEstimator,
    pub(crate) making: Making,
    pub(crate) options: LabelOptions,
    pub(crate) pool: rayon::ThreadPool,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) batch: NonZeroUsize,
}

impl Labeler {
    /// A labeler with the pose network of this file of converted ViTPose weights; by default it takes the whole frame
    /// for the box.
    #[must_use]
    pub fn builder(pose: impl Into<PathBuf>) -> LabelerBuilder {
        LabelerBuilder {
            pose: pose.into(),
            boxes: Boxes::WholeFrame,
            demo: false,
            device: DeviceChoice::default(),
            precision: None,
            options: LabelOptions::default(),
            threads: None,
            batch: BATCH,
        }
    }

    /// The labels of a video or picture, one [`FrameLabels`](swingpose_core::FrameLabels) a frame in display order.
    ///
    /// # Errors
    /// An input that cannot be opened, or that the file of boxes does not fit.
    pub fn label(&self, input: impl AsRef<Path>) -> Result<Labeling<'_>, PipelineError> {
        Labeling::start(self, input.as_ref())
    }
}
