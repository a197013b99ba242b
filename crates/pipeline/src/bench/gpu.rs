//! What is around the networks on a GPU, on a batch of grey NV12 frames with one person in each.

use super::{PERSON, SIZE, Timed, timed};
use crate::cuda::Engine;
use crate::detect::Detector;
use crate::error::PipelineError;
use crate::estimate::PoseEstimator;
use burn::tensor::Tensor;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_cube_kernels::crop_udp::CropBoxes;
use swingpose_cube_kernels::{DeviceSlice, FrameBatch, FrameLayout, Matrix, Range, Rotation, SampleFormat};
use swingpose_models::vitpose::HEATMAP;

/// Mid grey.
const GREY: u32 = 0x8080_8080;

fn frames(engine: &Engine, count: usize) -> FrameBatch {
    let [width, height] = SIZE;
    let bytes = width * height * 3 / 2;
    let client = engine.gpu.client();
    let words = DeviceSlice::new(client, &vec![GREY; count * bytes / 4]);
    let layout = |index: usize| FrameLayout {
        width,
        height,
        pitch: width,
        luma: index * bytes,
        chroma: index * bytes + width * height,
        format: SampleFormat::Nv12,
        matrix: Matrix::BT709,
        range: Range::Limited,
        rotation: Rotation::None,
    };
    FrameBatch::new(client, words, (0..count).map(layout).collect())
}

pub(super) fn around_detector(detector: &Detector) -> Result<Vec<Timed>, PipelineError> {
    let (engine, place, batch) = (detector.engine(), detector.placement(), detector.batch.get());
    let planes = frames(engine, batch);
    let choice = detector.choice();
    let letterbox = timed(place, || engine.letterbox(&choice, &planes))?;
    let output = detector.network().forward(engine.letterbox(&choice, &planes));
    let sizes = vec![SIZE.into(); batch];
    let boxes = timed(place, || {
        let scores = engine.people(output.clone(), &choice, &sizes).scores;
        engine.gpu.tensor::<f32, 4>(&scores, [1, 1, 1, scores.len()])
    })?;
    Ok(vec![Timed::around("letterbox", batch, letterbox), Timed::around("top-k and NMS", batch, boxes)])
}

pub(super) fn around_pose(pose: &PoseEstimator) -> Result<Vec<Timed>, PipelineError> {
    let (engine, place, batch) = (pose.engine(), pose.placement(), pose.batch.get());
    let planes = frames(engine, batch);
    let client = engine.gpu.client();
    let corners = PERSON.repeat(batch);
    let boxes =
        CropBoxes { corners: DeviceSlice::new(client, &corners), live: DeviceSlice::new(client, &vec![1_u32; batch]) };
    let owners: Vec<u32> = (0..batch as u32).collect();
    let how = pose.how();
    let crop = timed(place, || engine.crop(&how, &planes, &boxes, &owners).0)?;
    let (_, parts) = engine.crop(&how, &planes, &boxes, &owners);
    let heatmaps = Tensor::zeros([batch, KEYPOINT_COUNT, HEATMAP[0], HEATMAP[1]], &place.device);
    let keypoints = timed(place, || {
        let found = engine.keypoints(heatmaps.clone(), None, &parts);
        engine.gpu.tensor::<f32, 4>(&found, [1, batch, KEYPOINT_COUNT, 3])
    })?;
    Ok(vec![Timed::around("crop", batch, crop), Timed::around("DARK-UDP", batch, keypoints)])
}
