//! Frames on the GPU and people's boxes to keypoints: UDP crop, ViTPose and DARK-UDP there; the keypoints come to the host.

use super::Engine;
use super::ring::{RingFrame, batch};
use crate::batch::{Crop, Pose};
use crate::error::PipelineError;
use burn::tensor::{FloatDType, Tensor};
use swingpose_core::Keypoint;
use swingpose_core::skeleton::{FLIP_INDICES, KEYPOINT_COUNT};
use swingpose_cube_kernels::crop_udp::{CropBatch, CropBoxes, CropShape, crop_udp};
use swingpose_cube_kernels::dark_udp::{Flipped, MapShape, dark_udp};
use swingpose_cube_kernels::{DeviceSlice, FrameBatch};
use swingpose_cube_nn::cuda::Reading;
use swingpose_kernels::cube::numbers;
use swingpose_kernels::with_number;
use swingpose_models::vitpose::{HEATMAP, INPUT, VitPose};

/// The network's input, and how much larger than its box a crop is.
const fn crop_shape(padding: f32) -> CropShape {
    CropShape { size: (INPUT[1], INPUT[0]), padding }
}

const MAPS: MapShape = MapShape { keypoints: KEYPOINT_COUNT, height: HEATMAP[0], width: HEATMAP[1] };

/// How the network is used.
pub(crate) struct Use {
    /// Over the crop and its mirror image.
    pub(crate) flip: bool,
    pub(crate) padding: f32,
    /// Crops that go through it together.
    pub(crate) count: usize,
    /// What it computes in.
    pub(crate) numbers: FloatDType,
}

/// Crops whose keypoints are being computed.
pub(crate) struct Pending {
    crops: Vec<Crop>,
    /// `[how.count, 17, 3]`.
    found: Reading<f32>,
}

impl Pending {
    /// The keypoints, once they are there.
    pub(crate) fn finish(self) -> Result<Vec<Pose>, PipelineError> {
        let found = self.found.wait()?;
        Ok(self.crops.iter().zip(found.chunks_exact(3 * KEYPOINT_COUNT)).map(pose).collect())
    }
}

impl Engine {
    /// Begins with the keypoints of `crops`, at most `how.count` of them. The frames are read until that is finished.
    pub(crate) fn estimate(
        &self,
        network: &VitPose,
        how: &Use,
        frames: &[&RingFrame],
        crops: &[Crop],
    ) -> Result<Option<Pending>, PipelineError> {
        let Some(planes) = batch(frames, frames.len())? else { return Ok(None) };
        let (boxes, owners) = self.boxes(crops, how.count);
        let (pixels, parts) = self.crop(how, &planes, &boxes, &owners);
        // [m, h, w, 3]: a mirror image reverses the columns.
        let mirrored = how.flip.then(|| network.forward(pixels.clone().flip([2])).0);
        let found = self.keypoints(network.forward(pixels).0, mirrored, &parts);
        Ok(Some(Pending { crops: crops.to_vec(), found: Reading::begin(self.gpu.client(), &found)? }))
    }

    /// The crops' boxes on the device, with as many masked ones that `count` there are.
    fn boxes(&self, crops: &[Crop], count: usize) -> (CropBoxes, Vec<u32>) {
        let client = self.gpu.client();
        let (mut corners, mut live, mut owners) = (vec![0.0; 4 * count], vec![0_u32; count], vec![0_u32; count]);
        for (index, crop) in crops.iter().enumerate() {
            let bounding_box = crop.person.bounding_box;
            let sides = [bounding_box.x1, bounding_box.y1, bounding_box.x2, bounding_box.y2];
            corners[4 * index..][..4].copy_from_slice(&sides);
            live[index] = 1;
            owners[index] = crop.owner as u32;
        }
        (CropBoxes { corners: DeviceSlice::new(client, &corners), live: DeviceSlice::new(client, &live) }, owners)
    }

    /// The network's input `[m, 256, 192, 3]`, and what of the frames the crops show.
    pub(crate) fn crop(
        &self,
        how: &Use,
        planes: &FrameBatch,
        boxes: &CropBoxes,
        owners: &[u32],
    ) -> (Tensor<4>, DeviceSlice<f32>) {
        let shape = [owners.len(), INPUT[0], INPUT[1], 3];
        with_number!(how.numbers, E => {
            let CropBatch { pixels, parts } =
                crop_udp::<E>(self.gpu.client(), planes, boxes, owners, crop_shape(how.padding));
            (self.gpu.tensor::<E, 4>(&pixels, shape), parts)
        })
    }

    /// `[m, 17, 3]`: the keypoints that heatmaps `[m, 17, 64, 48]` show, on average with those of the mirror images where there are any.
    pub(crate) fn keypoints(
        &self,
        heatmaps: Tensor<4>,
        mirrored: Option<Tensor<4>>,
        parts: &DeviceSlice<f32>,
    ) -> DeviceSlice<f32> {
        let flipped = mirrored.map(|heatmaps| Flipped { heatmaps: numbers(heatmaps), indices: &FLIP_INDICES });
        dark_udp::<f32>(self.gpu.client(), &numbers(heatmaps), flipped.as_ref(), parts, MAPS)
    }
}

fn pose((crop, found): (&Crop, &[f32])) -> Pose {
    let mut keypoints = [Keypoint::from([0.0; 3]); KEYPOINT_COUNT];
    for (keypoint, found) in keypoints.iter_mut().zip(found.chunks_exact(3)) {
        *keypoint = Keypoint::from([found[0], found[1], found[2]]);
    }
    Pose { owner: crop.owner, person: crop.person, keypoints }
}
