//! People's boxes to keypoints: UDP crop, ViTPose, DARK-UDP.
//!
//! In: a batch of frames and the boxes of their people. Out: a [`PoseBatch`] in frame pixels. Crops go through the
//! network a few at a time, so memory does not grow with the number of people; a crop's keypoints do not depend on
//! which others it went with.

use crate::batch::{
    Crop, CropBatch, DetectionBatch, Frame, HeatmapBatch, PersonBox, Pictures, Pose, PoseBatch, read_back, tensor,
    zeros,
};
#[cfg(feature = "cuda")]
use crate::cuda::{
    Engine, computed,
    estimate::{Pending, Use},
    ring::RingFrame,
};
use crate::device::{Resolved, is_gpu};
use crate::error::PipelineError;
use crate::reporter::{Stage, StageTimes};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::path::Path;
use swingpose_core::Keypoint;
use swingpose_core::skeleton::{FLIP_INDICES, KEYPOINT_COUNT};
use swingpose_kernels::{crop_udp, dark_udp};
use swingpose_models::Placement;
use swingpose_models::checkpoint::{Architecture, WeightsFile};
use swingpose_models::vitpose::{HEATMAP, INPUT, VitPose, VitPoseConfig};
use swingpose_video::BgrImage;

/// How much larger than the box a crop is (mmpose's `GetBBoxCenterScale`).
const BOX_PADDING: f32 = 1.25;

/// Numbers in a crop, and in the heatmaps of one.
const CROP_LEN: usize = INPUT[0] * INPUT[1] * 3;
const HEATMAPS_LEN: usize = KEYPOINT_COUNT * HEATMAP[0] * HEATMAP[1];

/// A loaded pose network.
pub(crate) struct PoseEstimator {
    network: VitPose,
    config: VitPoseConfig,
    flip: bool,
    /// How many crops go through the network together, on a GPU always.
    pub(crate) batch: NonZeroUsize,
    placement: Placement,
    #[cfg(feature = "cuda")]
    engine: Option<Engine>,
}

impl PoseEstimator {
    /// Loads converted weights. With `flip`, heatmaps are the mean over a crop and its mirror image.
    ///
    /// # Errors
    /// [`PipelineError::Weights`] naming the file, [`PipelineError::Keypoints`] for other keypoints than COCO's.
    pub(crate) fn load(path: &Path, flip: bool, resolved: &Resolved) -> Result<Self, PipelineError> {
        let refusal = |source| PipelineError::Weights { path: path.to_owned(), source };
        let file = WeightsFile::open(path).map_err(refusal)?;
        let config = file.config::<VitPoseConfig>().map_err(refusal)?;
        if config.num_keypoints != KEYPOINT_COUNT {
            return Err(PipelineError::Keypoints { path: path.to_owned(), found: config.num_keypoints });
        }
        let placement = resolved.placement.clone();
        let network = VitPose::load(&file, &config, placement.clone()).map_err(refusal)?;
        Ok(Self {
            network,
            config,
            flip,
            batch: NonZeroUsize::MIN,
            placement,
            #[cfg(feature = "cuda")]
            engine: resolved.engine.clone(),
        })
    }

    /// Begins with the keypoints of everybody in `people`, which holds one list a frame. On a GPU the frames are read until
    /// that is finished.
    pub(crate) fn begin(
        &self,
        frames: &[Frame],
        people: DetectionBatch,
        times: &mut StageTimes,
    ) -> Result<Estimating, PipelineError> {
        let crops: Vec<Crop> = plan(people);
        let batches = crops.chunks(self.batch.get());
        match Pictures::of(frames) {
            Pictures::Host(images) => {
                let mut poses = Vec::with_capacity(crops.len());
                for crops in batches {
                    let crops = times.time(Stage::Crop, || self.crop(&images, crops));
                    let heatmaps = times.time(Stage::Estimate, || self.forward(crops));
                    poses.extend(times.time(Stage::Keypoints, || keypoints(heatmaps)));
                }
                Ok(Estimating::Done(PoseBatch { poses }))
            }
            #[cfg(feature = "cuda")]
            Pictures::Device(frames) => times.time(Stage::Estimate, || {
                let begun = batches.filter_map(|crops| self.begin_on_device(&frames, crops).transpose());
                Ok(Estimating::OnDevice(begun.collect::<Result<_, _>>()?))
            }),
        }
    }

    #[cfg(feature = "cuda")]
    fn begin_on_device(&self, frames: &[&RingFrame], crops: &[Crop]) -> Result<Option<Pending>, PipelineError> {
        self.engine().estimate(&self.network, &self.how(), frames, crops)
    }

    /// What runs around the network on a GPU, where frames come from.
    #[cfg(feature = "cuda")]
    pub(crate) const fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("frames on a GPU come from an engine")
    }

    /// How the network is used on a GPU.
    #[cfg(feature = "cuda")]
    pub(crate) const fn how(&self) -> Use {
        Use { flip: self.flip, padding: BOX_PADDING, count: self.batch.get(), numbers: self.placement.numbers }
    }

    /// Runs the network once on nothing: what it takes of memory, and of kernels to be compiled, is there afterwards.
    #[cfg(feature = "cuda")]
    pub(crate) fn warm_up(&self) -> Result<(), PipelineError> {
        computed(self.answer(self.nothing()))
    }

    /// A batch of nothing.
    pub(crate) fn nothing(&self) -> Tensor<4> {
        zeros([self.batch.get(), INPUT[0], INPUT[1], 3], &self.placement)
    }

    /// The network's heatmaps.
    pub(crate) fn answer(&self, pixels: Tensor<4>) -> Tensor<4> {
        self.network.forward(pixels).0
    }

    /// The network: `vitpose-h`, ...
    pub(crate) fn architecture(&self) -> String {
        self.config.name()
    }

    /// Floating-point operations a crop.
    pub(crate) fn flops(&self) -> u64 {
        self.config.flops()
    }

    /// Where the network is computed.
    pub(crate) const fn placement(&self) -> &Placement {
        &self.placement
    }

    /// The crops of everybody in a picture.
    pub(crate) fn crop_people(&self, image: &BgrImage, people: DetectionBatch) -> CropBatch {
        self.crop(&[image], &plan(people))
    }

    fn crop(&self, images: &[&BgrImage], crops: &[Crop]) -> CropBatch {
        let count = if is_gpu(&self.placement) { self.batch.get() } else { crops.len() };
        let mut pixels = vec![0.0; count * CROP_LEN];
        crops.par_iter().zip(pixels.par_chunks_mut(CROP_LEN)).for_each(|(crop, pixels)| {
            let image = images[crop.owner];
            let matrix = crop_udp::warp_matrix(crop.center, crop.scale, (INPUT[1], INPUT[0]));
            let warped = crop_udp::crop(&image.data, image.width, image.height, &matrix, (INPUT[1], INPUT[0]));
            crop_udp::normalize(&warped, pixels);
        });
        let data = TensorData::new(pixels, [count, INPUT[0], INPUT[1], 3]);
        CropBatch { pixels: tensor(data, &self.placement), crops: crops.to_vec() }
    }

    pub(crate) fn forward(&self, CropBatch { pixels, crops }: CropBatch) -> HeatmapBatch {
        // [m, h, w, 3]: a mirror image reverses the columns.
        let mirrored = self.flip.then(|| read_back(self.network.forward(pixels.clone().flip([2])).0));
        let heatmaps = read_back(self.network.forward(pixels).0);
        let heatmaps = match mirrored {
            Some(mirrored) => average(&heatmaps, &mirrored),
            None => heatmaps,
        };
        HeatmapBatch { heatmaps, crops }
    }
}

/// The keypoints of a batch of frames: done, or being computed on a GPU.
pub(crate) enum Estimating {
    Done(PoseBatch),
    #[cfg(feature = "cuda")]
    OnDevice(Vec<Pending>),
}

impl Estimating {
    /// The keypoints, once they are there.
    pub(crate) fn finish(self, times: &mut StageTimes) -> Result<PoseBatch, PipelineError> {
        times.time(Stage::Estimate, || match self {
            Self::Done(poses) => Ok(poses),
            #[cfg(feature = "cuda")]
            Self::OnDevice(pending) => {
                let mut poses = Vec::new();
                for pending in pending {
                    poses.extend(pending.finish()?);
                }
                Ok(PoseBatch { poses })
            }
        })
    }
}

/// The mean of each crop's heatmaps and those of its mirror image.
fn average(heatmaps: &[f32], mirrored: &[f32]) -> Vec<f32> {
    let crops = heatmaps.par_chunks(HEATMAPS_LEN).zip(mirrored.par_chunks(HEATMAPS_LEN));
    crops.flat_map_iter(|(ours, theirs)| dark_udp::flip_average(ours, theirs, &FLIP_INDICES, HEATMAP[1])).collect()
}

/// Everybody's crop, frame by frame.
fn plan(people: DetectionBatch) -> Vec<Crop> {
    let frames = people.people.into_iter().enumerate();
    frames.flat_map(|(owner, people)| people.into_iter().map(move |person| crop_of(owner, person))).collect()
}

fn crop_of(owner: usize, person: PersonBox) -> Crop {
    let aspect = INPUT[1] as f32 / INPUT[0] as f32;
    let (center, scale) = crop_udp::center_scale(person.bounding_box.into(), aspect, BOX_PADDING);
    Crop { owner, person, center, scale }
}

pub(crate) fn keypoints(HeatmapBatch { heatmaps, crops }: HeatmapBatch) -> Vec<Pose> {
    let decode = |(crop, heatmaps): (&Crop, &[f32])| {
        let decoded = dark_udp::decode(heatmaps, KEYPOINT_COUNT, HEATMAP[0], HEATMAP[1]);
        let mut keypoints = [Keypoint::from([0.0; 3]); KEYPOINT_COUNT];
        for (keypoint, [x, y, score]) in keypoints.iter_mut().zip(decoded) {
            let [x, y] = dark_udp::to_frame([x, y], (HEATMAP[1], HEATMAP[0]), crop.center, crop.scale);
            *keypoint = Keypoint::from([x, y, score]);
        }
        Pose { owner: crop.owner, person: crop.person, keypoints }
    };
    crops.par_iter().zip(heatmaps.par_chunks(HEATMAPS_LEN)).map(decode).collect()
}
