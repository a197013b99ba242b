//! People's boxes to keypoints: UDP crop, ViTPose, DARK-UDP.
//!
//! In: a batch of frames and the boxes of their people. Out: a [`PoseBatch`] in frame pixels. Crops go through the
//! network a few at a time, so memory does not grow with the number of people; a crop's keypoints do not depend on
//! which others it went with.

use crate::batch::{Crop, CropBatch, DetectionBatch, Frame, HeatmapBatch, PersonBox, Pose, PoseBatch, read_back};
use crate::error::PipelineError;
use crate::reporter::{Stage, StageTimes};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::path::Path;
use swingpose_core::Keypoint;
use swingpose_core::skeleton::{FLIP_INDICES, KEYPOINT_COUNT};
use swingpose_kernels::{crop_udp, dark_udp};
use swingpose_models::checkpoint::WeightsFile;
use swingpose_models::vitpose::{HEATMAP, INPUT, VitPose, VitPoseConfig};

/// How much larger than the box a crop is (mmpose's `GetBBoxCenterScale`).
const BOX_PADDING: f32 = 1.25;

/// Numbers in a crop, and in the heatmaps of one.
const CROP_LEN: usize = INPUT[0] * INPUT[1] * 3;
const HEATMAPS_LEN: usize = KEYPOINT_COUNT * HEATMAP[0] * HEATMAP[1];

/// A loaded pose network.
pub(crate) struct PoseEstimator {
    network: VitPose,
    flip: bool,
    /// How many crops go through the network together.
    batch: NonZeroUsize,
    device: Device,
}

impl PoseEstimator {
    /// Loads converted weights. With `flip`, heatmaps are the mean over a crop and its mirror image.
    ///
    /// # Errors
    /// [`PipelineError::Weights`] naming the file, [`PipelineError::Keypoints`] for other keypoints than COCO's.
    pub(crate) fn load(path: &Path, flip: bool, batch: NonZeroUsize, device: &Device) -> Result<Self, PipelineError> {
        let refusal = |source| PipelineError::Weights { path: path.to_owned(), source };
        let file = WeightsFile::open(path).map_err(refusal)?;
        let config = file.config::<VitPoseConfig>().map_err(refusal)?;
        if config.num_keypoints != KEYPOINT_COUNT {
            return Err(PipelineError::Keypoints { path: path.to_owned(), found: config.num_keypoints });
        }
        let network = VitPose::load(&file, &config, device).map_err(refusal)?;
        Ok(Self { network, flip, batch, device: device.clone() })
    }

    /// The keypoints of everybody in `people`, which holds one list a frame.
    pub(crate) fn estimate(&self, frames: &[Frame], people: DetectionBatch, times: &mut StageTimes) -> PoseBatch {
        let crops: Vec<Crop> = plan(people);
        let poses = crops.chunks(self.batch.get()).flat_map(|crops| {
            let crops = times.time(Stage::Crop, || self.crop(frames, crops));
            let heatmaps = times.time(Stage::Estimate, || self.forward(crops));
            times.time(Stage::Keypoints, || keypoints(heatmaps))
        });
        PoseBatch { poses: poses.collect() }
    }

    fn crop(&self, frames: &[Frame], crops: &[Crop]) -> CropBatch {
        let mut pixels = vec![0.0; crops.len() * CROP_LEN];
        crops.par_iter().zip(pixels.par_chunks_mut(CROP_LEN)).for_each(|(crop, pixels)| {
            let image = &frames[crop.owner].image;
            let matrix = crop_udp::warp_matrix(crop.center, crop.scale, (INPUT[1], INPUT[0]));
            let warped = crop_udp::crop(&image.data, image.width, image.height, &matrix, (INPUT[1], INPUT[0]));
            crop_udp::normalize(&warped, pixels);
        });
        let data = TensorData::new(pixels, [crops.len(), INPUT[0], INPUT[1], 3]);
        CropBatch { pixels: Tensor::from_data(data, &self.device), crops: crops.to_vec() }
    }

    fn forward(&self, CropBatch { pixels, crops }: CropBatch) -> HeatmapBatch {
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

fn keypoints(HeatmapBatch { heatmaps, crops }: HeatmapBatch) -> Vec<Pose> {
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
