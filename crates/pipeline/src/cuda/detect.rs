//! Frames on the GPU to people's boxes: letterbox, RTMDet, top-k and both suppressions there; the boxes come to the host.

use super::Engine;
use super::ring::{RingFrame, batch};
use crate::batch::{DetectionBatch, PersonBox};
use crate::error::PipelineError;
use burn::tensor::{FloatDType, Tensor};
use swingpose_core::{BoundingBox, Origin};
use swingpose_cube_kernels::FrameBatch;
use swingpose_cube_kernels::detect_decode::{Level, PeopleCfg, TestCfg, detect_decode, people};
use swingpose_cube_kernels::letterbox::letterbox;
use swingpose_cube_kernels::nms::Boxes;
use swingpose_cube_nn::cuda::Reading;
use swingpose_kernels::cube::numbers;
use swingpose_kernels::letterbox::scale;
use swingpose_kernels::with_number;
use swingpose_models::rtmdet::{RtmDet, RtmDetConfig, RtmDetOutput, STRIDES};

/// What of RTMDet's answer is a person.
pub(crate) struct Choice<'a> {
    pub(crate) config: &'a RtmDetConfig,
    pub(crate) test_cfg: TestCfg,
    pub(crate) people: PeopleCfg,
    /// What the network computes in.
    pub(crate) numbers: FloatDType,
}

/// Frames whose people are being looked for.
pub(crate) struct Searching {
    /// Frames, and places for people in each.
    frames: usize,
    places: usize,
    /// `[n, places, 4]`, `[n, places]`, `[n, places]` of at least that many frames.
    corners: Reading<f32>,
    scores: Reading<f32>,
    live: Reading<u32>,
}

impl Searching {
    /// The people, once they are found.
    pub(crate) fn finish(self) -> Result<DetectionBatch, PipelineError> {
        let (corners, scores, live) = (self.corners.wait()?, self.scores.wait()?, self.live.wait()?);
        let person = |(corners, (&score, _)): (&[f32], (&f32, &u32))| {
            let bounding_box = BoundingBox::new(corners[0], corners[1], corners[2], corners[3]);
            PersonBox { bounding_box, score, origin: Origin::Detected }
        };
        let places: Vec<_> = corners.chunks_exact(4).zip(scores.iter().zip(&live)).collect();
        let images = places.chunks(self.places.max(1)).take(self.frames);
        let people = images
            .map(|places| places.iter().copied().filter(|(_, (_, live))| **live == 1).map(person).collect())
            .collect();
        Ok(DetectionBatch { people })
    }
}

impl Engine {
    /// Begins to look for the people of each of `frames`, which go through the network as `count`. They are read until that is
    /// finished.
    pub(crate) fn detect(
        &self,
        network: &RtmDet,
        choice: &Choice<'_>,
        frames: &[&RingFrame],
        count: usize,
    ) -> Result<Option<Searching>, PipelineError> {
        let Some(planes) = batch(frames, count)? else { return Ok(None) };
        let output = network.forward(self.letterbox(choice, &planes));
        let sizes: Vec<(usize, usize)> = planes.layouts().iter().map(|layout| layout.upright()).collect();
        let Boxes { corners, scores, live, capacity, .. } = self.people(output, choice, &sizes);
        let client = self.gpu.client();
        Ok(Some(Searching {
            frames: frames.len(),
            places: capacity,
            corners: Reading::begin(client, &corners)?,
            scores: Reading::begin(client, &scores)?,
            live: Reading::begin(client, &live)?,
        }))
    }

    /// The network's input `[n, side, side, 3]`.
    pub(crate) fn letterbox(&self, choice: &Choice<'_>, planes: &FrameBatch) -> Tensor<4> {
        let side = choice.config.input_size;
        let shape = [planes.len(), side, side, 3];
        with_number!(choice.numbers, E => {
            self.gpu.tensor(&letterbox::<E>(self.gpu.client(), planes, side), shape)
        })
    }

    /// Boxes in frame pixels, those of people alone, best first.
    pub(crate) fn people(&self, output: RtmDetOutput, choice: &Choice<'_>, sizes: &[(usize, usize)]) -> Boxes {
        let side = choice.config.input_size;
        let scales: Vec<_> = sizes.iter().map(|&(width, height)| scale(width, height, side)).collect();
        let maps = output.cls_scores.into_iter().zip(output.bbox_preds).zip(STRIDES);
        let levels: Vec<Level> = maps
            .map(|((cls_scores, bbox_preds), stride)| {
                let [_, height, width, _] = cls_scores.dims();
                Level { cls_scores: numbers(cls_scores), bbox_preds: numbers(bbox_preds), height, width, stride }
            })
            .collect();
        let client = self.gpu.client();
        let found = detect_decode(client, &levels, choice.config.num_classes, side, &scales, &choice.test_cfg);
        people(client, &found, sizes, choice.people)
    }
}
