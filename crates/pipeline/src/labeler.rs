//! The façade: networks loaded once, any number of videos and pictures labeled with them.
//!
//! [`Labeler::builder`] takes the weights and the options; [`Labeler::label`] gives the labels of one input frame by
//! frame, [`Labeler::label_file`] writes them to a label file with what made them.

use crate::boxes::GivenBoxes;
#[cfg(feature = "cuda")]
use crate::cuda::{Engine, guarded};
use crate::decoding::Decoding;
use crate::detect::Detector;
use crate::device::{DeviceChoice, Precision, Resolved, is_gpu, resolve};
use crate::error::PipelineError;
use crate::estimate::PoseEstimator;
use crate::labeling::Labeling;
use crate::options::{FrameRange, LabelOptions};
use crate::provenance::{Making, digest_file, program};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use swingpose_core::provenance::{DeviceInfo, Weights};
use swingpose_models::checkpoint::WeightsFile;
use swingpose_track::Tracker;
use swingpose_video::SourceOptions;

/// The pose network that is used where none is named: the most accurate one.
pub const DEFAULT_POSE: &str = "vitpose-h";

/// How much of a video's time is labeled again at most after the process was killed.
pub const DEFAULT_SEGMENT: Duration = Duration::from_secs(5);

/// Frames, and crops, that go through a network together. On a CPU a batch shares no work worth waiting for, and more
/// frames only take more memory.
const CPU_BATCH: NonZeroUsize = NonZeroUsize::MIN;

/// The same on a GPU, which 32 crops fill.
const GPU_BATCH: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// Crops that go together where frames go alone.
const CROPS_ALONE: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// Inputs that a GPU labels at once: one begins or ends while the other keeps it busy.
#[cfg(feature = "cuda")]
const GPU_FILES: usize = 2;

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
    batch: Option<NonZeroUsize>,
    first_input: Option<PathBuf>,
    segment: Duration,
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

    /// How many frames, and crops, go through a network together. On a CPU the labels do not depend on it; on a GPU their last
    /// digits may, since cuBLASLt has other algorithms for other sizes, and fewer go where its memory is too small.
    #[must_use]
    pub fn batch(self, batch: NonZeroUsize) -> Self {
        Self { batch: Some(batch), ..self }
    }

    /// The input that will be labeled first: a GPU makes decoders for it while the networks load.
    #[must_use]
    pub fn first_input(self, input: impl Into<PathBuf>) -> Self {
        Self { first_input: Some(input.into()), ..self }
    }

    /// How much of a video's time is labeled before that is put on the disk for good: as much is done again at most after the
    /// process was killed. By default [`DEFAULT_SEGMENT`]. The labels do not depend on it.
    #[must_use]
    pub fn segment(self, segment: Duration) -> Self {
        Self { segment, ..self }
    }

    /// Loads the networks and the boxes.
    ///
    /// # Errors
    /// A device or precision that is not to be had, weights that cannot be used, a bad file of boxes.
    pub fn build(self) -> Result<Labeler, PipelineError> {
        let resolved = resolve(&self.device, self.precision)?;
        let pool = self.pool()?;
        let pose_weights = WeightsHash::start(&self.pose);
        #[cfg(feature = "cuda")]
        if let (Some(engine), Some(input)) = (resolved.engine.clone(), self.first_input.clone()) {
            thread::spawn(move || engine.prepare_decoders(&input));
        }
        #[cfg(not(feature = "cuda"))]
        let _for_a_gpu_alone = &self.first_input;
        let gpu = is_gpu(&resolved.placement);
        let batch = self.batch.unwrap_or(if gpu { GPU_BATCH } else { CPU_BATCH });
        let (mut boxes, detector_weights, told) = self.load_boxes(&resolved)?;
        let mut pose = PoseEstimator::load(&self.pose, self.options.flip, &resolved)?;
        // Where each frame waits for the one before, it goes alone, with its few people.
        let alone = self.options.detect_every != NonZeroU32::MIN;
        let batches = if alone { (NonZeroUsize::MIN, batch.min(CROPS_ALONE)) } else { (batch, batch) };
        boxes.set_batch(batches.0);
        pose.batch = batches.1;
        #[cfg(feature = "cuda")]
        let batches = if gpu { warmed_up(&mut boxes, &mut pose, batches)? } else { batches };
        let making = Making {
            program: program(),
            detector: detector_weights.map(|weights| weights.finish(self.demo)).transpose()?,
            pose: pose_weights.finish(self.demo)?,
            device: resolved.info,
            options: self.options.provenance(&told, matches!(boxes, BoxSource::Detector(_))),
        };
        Ok(Labeler {
            boxes,
            pose,
            making,
            options: self.options,
            pool,
            threads: self.threads,
            batch: batches.0.max(batches.1),
            segment: self.segment,
            #[cfg(feature = "cuda")]
            engine: resolved.engine,
        })
    }

    fn pool(&self) -> Result<rayon::ThreadPool, PipelineError> {
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|source| PipelineError::Threads { threads, source })
    }

    /// The source of boxes, the detector's weights if there is one, and what the provenance says of the source.
    fn load_boxes(&self, resolved: &Resolved) -> Result<(BoxSource, Option<WeightsHash>, String), PipelineError> {
        match &self.boxes {
            Boxes::Detected(path) => {
                let weights = WeightsHash::start(path);
                let detector = Detector::load(path, self.options.score_threshold.get(), resolved)?;
                Ok((BoxSource::Detector(Box::new(detector)), Some(weights), "detected".to_owned()))
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
        Self { path, sha256: thread::spawn(move || Ok(digest_file(&hashed)?.sha256)) }
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

impl BoxSource {
    /// How many frames go through the detector together.
    const fn set_batch(&mut self, batch: NonZeroUsize) {
        if let Self::Detector(detector) = self {
            detector.batch = batch;
        }
    }

    #[cfg(feature = "cuda")]
    fn warm_up(&self) -> Result<(), PipelineError> {
        if let Self::Detector(detector) = self { detector.warm_up() } else { Ok(()) }
    }
}

/// Runs both networks once: what they take of memory, and of kernels to be compiled, is there afterwards. Gives the batches that they
/// take, of frames and of crops: halved while memory lacks.
#[cfg(feature = "cuda")]
fn warmed_up(
    boxes: &mut BoxSource,
    pose: &mut PoseEstimator,
    mut batches: (NonZeroUsize, NonZeroUsize),
) -> Result<(NonZeroUsize, NonZeroUsize), PipelineError> {
    while let Err(error) = guarded(|| boxes.warm_up().and_then(|()| pose.warm_up())) {
        if !error.is_out_of_memory() {
            return Err(error);
        }
        if batches == (NonZeroUsize::MIN, NonZeroUsize::MIN) {
            return Err(PipelineError::GpuMemory { said: error.to_string() });
        }
        batches = (half(batches.0), half(batches.1));
        boxes.set_batch(batches.0);
        pose.batch = batches.1;
    }
    Ok(batches)
}

/// Half as many, and at least one.
#[cfg(feature = "cuda")]
fn half(batch: NonZeroUsize) -> NonZeroUsize {
    NonZeroUsize::new(batch.get() / 2).unwrap_or(NonZeroUsize::MIN)
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
    pub(crate) segment: Duration,
    #[cfg(feature = "cuda")]
    engine: Option<Engine>,
}

impl Labeler {
    /// Computes on the labeler's threads; on a GPU from the caller's own, since CubeCL gives each thread a stream.
    pub(crate) fn run<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, PipelineError> + Send,
    ) -> Result<T, PipelineError> {
        #[cfg(feature = "cuda")]
        if self.engine.is_some() {
            return guarded(work);
        }
        self.pool.install(work)
    }

    /// Whether the networks are on a GPU.
    pub(crate) fn is_on_gpu(&self) -> bool {
        is_gpu(self.pose.placement())
    }

    /// How many inputs are worth labeling at once.
    pub(crate) fn files_at_once(&self) -> usize {
        #[cfg(feature = "cuda")]
        if self.engine.is_some() {
            return GPU_FILES;
        }
        1
    }

    /// Begins to decode `input`, where that is best done.
    pub(crate) fn decoding(&self, input: &Path, options: &SourceOptions) -> Result<Decoding, PipelineError> {
        // Twice the batch: one is being labeled while the next is decoded.
        let waiting = 2 * self.batch.get();
        #[cfg(feature = "cuda")]
        if let Some(engine) = &self.engine {
            return Decoding::on_gpu(input, options, waiting, engine);
        }
        Decoding::on_host(input, options, waiting)
    }

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
            batch: None,
            first_input: None,
            segment: DEFAULT_SEGMENT,
        }
    }

    /// How many frames, and crops, go through a network together: less than was asked for where a GPU's memory is short.
    #[must_use]
    pub const fn batch(&self) -> usize {
        self.batch.get()
    }

    /// What the networks are computed on.
    #[must_use]
    pub const fn device(&self) -> &DeviceInfo {
        &self.making.device
    }

    /// The labels of a video or picture, one [`FrameLabels`](swingpose_core::FrameLabels) a frame in display order.
    ///
    /// # Errors
    /// An input that cannot be opened, or that the file of boxes does not fit.
    pub fn label(&self, input: impl AsRef<Path>) -> Result<Labeling<'_>, PipelineError> {
        Labeling::start(self, input.as_ref(), self.options.frames, Tracker::default())
    }

    /// The labels of some of the frames that [`Self::label`] gives, the same as it gives them but for what frames before tell:
    /// tracks begin anew, and so do the movements of [`Primary::Motion`](swingpose_track::Primary::Motion).
    ///
    /// # Errors
    /// As [`Self::label`]; an input that has none of them.
    pub fn label_frames(&self, input: impl AsRef<Path>, frames: FrameRange) -> Result<Labeling<'_>, PipelineError> {
        Labeling::start(self, input.as_ref(), frames, Tracker::default())
    }
}
