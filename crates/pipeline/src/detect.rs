//! Frames to people's boxes: letterbox, RTMDet, and the choice of people as mmpose's demonstration programs make it.
//!
//! In: a batch of frames. Out: a [`DetectionBatch`] in frame pixels. The network's own suppression (its thresholds
//! come with the weights) is followed by mmpose's choice of people: class 0, score above the threshold, a second
//! suppression. What is left is clamped to the picture: the network's boxes end at its square input, not at the picture
//! inside it. A box that clamping leaves without an inside is dropped.

use crate::batch::{
    DetectionBatch, Detections, DetectorInput, Frame, Letterboxing, PersonBox, Pictures, read_back, tensor, zeros,
};
#[cfg(feature = "cuda")]
use crate::cuda::{
    Engine, computed,
    detect::{Choice, Searching},
};
use crate::device::{Resolved, is_gpu};
use crate::error::PipelineError;
use crate::reporter::{Stage, StageTimes};
use crate::schedule::clamp_to_picture;
use burn::tensor::{FloatDType, Tensor, TensorData};
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::path::Path;
use swingpose_core::Origin;
#[cfg(feature = "cuda")]
use swingpose_cube_kernels::detect_decode::PeopleCfg;
use swingpose_kernels::detect_decode::{self, Detection, Level, TestCfg, detect_decode};
use swingpose_kernels::letterbox;
use swingpose_models::Placement;
use swingpose_models::checkpoint::{Architecture, WeightsFile};
use swingpose_models::rtmdet::{RtmDet, RtmDetConfig, RtmDetOutput, STRIDES};
use swingpose_video::BgrImage;

/// The IoU of the second suppression, over people alone (mmpose's `nms-thr`).
const PEOPLE_IOU: f32 = 0.3;

/// A loaded detector.
pub(crate) struct Detector {
    network: RtmDet,
    config: RtmDetConfig,
    score_threshold: f32,
    placement: Placement,
    #[cfg(feature = "cuda")]
    engine: Option<Engine>,
    /// How many frames go through the network together, on a GPU always.
    pub(crate) batch: NonZeroUsize,
}

impl Detector {
    /// Loads converted weights; detections must score more than `score_threshold`.
    ///
    /// # Errors
    /// [`PipelineError::Weights`] naming the file.
    pub(crate) fn load(path: &Path, score_threshold: f32, resolved: &Resolved) -> Result<Self, PipelineError> {
        let refusal = |source| PipelineError::Weights { path: path.to_owned(), source };
        let file = WeightsFile::open(path).map_err(refusal)?;
        let config = file.config::<RtmDetConfig>().map_err(refusal)?;
        let placement = numbers_for_boxes(resolved.placement.clone());
        let network = RtmDet::load(&file, &config, placement.clone()).map_err(refusal)?;
        Ok(Self {
            network,
            config,
            score_threshold,
            placement,
            #[cfg(feature = "cuda")]
            engine: resolved.engine.clone(),
            batch: NonZeroUsize::MIN,
        })
    }

    /// Begins to look for the people of each frame. On a GPU the frames are read until that is finished.
    pub(crate) fn begin(&self, frames: &[Frame], times: &mut StageTimes) -> Result<Detecting, PipelineError> {
        match Pictures::of(frames) {
            Pictures::Host(images) => {
                let input = times.time(Stage::Letterbox, || self.letterbox(&images));
                Ok(Detecting::Done(times.time(Stage::Detect, || self.people(self.forward(input)))))
            }
            #[cfg(feature = "cuda")]
            Pictures::Device(frames) => times.time(Stage::Detect, || {
                let begun = self.engine().detect(&self.network, &self.choice(), &frames, self.batch.get())?;
                Ok(begun.map_or_else(|| Detecting::Done(DetectionBatch::default()), Detecting::OnDevice))
            }),
        }
    }

    /// What runs around the network on a GPU, where frames come from.
    #[cfg(feature = "cuda")]
    pub(crate) const fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("frames on a GPU come from an engine")
    }

    /// The network, for frames on a GPU.
    #[cfg(feature = "cuda")]
    pub(crate) const fn network(&self) -> &RtmDet {
        &self.network
    }

    /// What of the network's answer is a person.
    #[cfg(feature = "cuda")]
    pub(crate) fn choice(&self) -> Choice<'_> {
        let people = PeopleCfg {
            score_threshold: self.score_threshold,
            iou_threshold: PEOPLE_IOU,
            limit: self.config.test_cfg.max_per_img,
        };
        Choice { config: &self.config, test_cfg: self.test_cfg(), people, numbers: self.placement.numbers }
    }

    /// Runs the network once on nothing: what it takes of memory, and of kernels to be compiled, is there afterwards.
    #[cfg(feature = "cuda")]
    pub(crate) fn warm_up(&self) -> Result<(), PipelineError> {
        computed(self.answer(self.nothing()))
    }

    /// A batch of nothing.
    pub(crate) fn nothing(&self) -> Tensor<4> {
        let side = self.config.input_size;
        zeros([self.batch.get(), side, side, 3], &self.placement)
    }

    /// The network's logits of the coarsest map, which are computed last.
    pub(crate) fn answer(&self, pixels: Tensor<4>) -> Tensor<4> {
        let [_, _, coarsest] = self.network.forward(pixels).cls_scores;
        coarsest
    }

    /// The network: `rtmdet-m`, ...
    pub(crate) fn architecture(&self) -> String {
        self.config.name()
    }

    /// Floating-point operations a frame.
    pub(crate) fn flops(&self) -> u64 {
        self.config.flops()
    }

    /// Where the network is computed.
    pub(crate) const fn placement(&self) -> &Placement {
        &self.placement
    }

    /// How many images go through the network for `frames` frames.
    fn padded(&self, frames: usize) -> usize {
        if is_gpu(&self.placement) { self.batch.get().max(frames) } else { frames }
    }

    pub(crate) fn letterbox(&self, images: &[&BgrImage]) -> DetectorInput {
        let side = self.config.input_size;
        let image_len = side * side * 3;
        let count = self.padded(images.len());
        let mut pixels = vec![0.0; count * image_len];
        let letterboxing = images
            .par_iter()
            .zip(pixels.par_chunks_mut(image_len))
            .map(|(image, pixels)| {
                let boxed = letterbox::letterbox(&image.data, image.width, image.height, side);
                letterbox::normalize(&boxed.pixels, pixels);
                Letterboxing { scale: boxed.scale, size: (image.width as u32, image.height as u32) }
            })
            .collect();
        let data = TensorData::new(pixels, [count, side, side, 3]);
        DetectorInput { pixels: tensor(data, &self.placement), letterboxing }
    }

    pub(crate) fn forward(&self, input: DetectorInput) -> Detections {
        Detections { output: self.network.forward(input.pixels), letterboxing: input.letterboxing }
    }

    fn test_cfg(&self) -> TestCfg {
        TestCfg {
            score_thr: self.config.test_cfg.score_thr,
            nms_pre: self.config.test_cfg.nms_pre,
            iou_threshold: self.config.test_cfg.iou_threshold,
            max_per_img: self.config.test_cfg.max_per_img,
        }
    }

    pub(crate) fn people(&self, Detections { output, letterboxing }: Detections) -> DetectionBatch {
        let levels = Levels::read_back(output);
        let frames = letterboxing.par_iter().enumerate();
        let people =
            frames.map(|(index, letterboxing)| self.people_of(&levels.of_frame(index), letterboxing)).collect();
        DetectionBatch { people }
    }

    /// The people of one frame.
    fn people_of(&self, levels: &[Level<'_>], letterboxing: &Letterboxing) -> Vec<PersonBox> {
        let (classes, side) = (self.config.num_classes, self.config.input_size);
        let found = detect_decode(levels, classes, side, letterboxing.scale, &self.test_cfg());
        let people = detect_decode::people(&found, self.score_threshold, PEOPLE_IOU);
        people.into_iter().filter_map(|person| within_picture(person, letterboxing.size)).collect()
    }
}

/// The people of a batch of frames, in the order of their scores: found, or being looked for on a GPU.
pub(crate) enum Detecting {
    Done(DetectionBatch),
    #[cfg(feature = "cuda")]
    OnDevice(Searching),
}

impl Detecting {
    /// The people, once they are there.
    pub(crate) fn finish(self, times: &mut StageTimes) -> Result<DetectionBatch, PipelineError> {
        times.time(Stage::Detect, || match self {
            Self::Done(people) => Ok(people),
            #[cfg(feature = "cuda")]
            Self::OnDevice(searching) => searching.finish(),
        })
    }
}

/// bfloat16 has 8 bits of precision: the demo detector's boxes moved so far in it that the keypoints did by 0.1 px in the median, which
/// in f16 is 0.02 px. So a detector takes f16 in its place.
fn numbers_for_boxes(placement: Placement) -> Placement {
    match placement.numbers {
        FloatDType::BF16 => Placement { numbers: FloatDType::F16, ..placement },
        _ => placement,
    }
}

/// The part of a detection that lies in the picture; `None` if there is none.
fn within_picture(person: Detection, size: (u32, u32)) -> Option<PersonBox> {
    let bounding_box = clamp_to_picture(person.bbox.into(), size);
    let seen = bounding_box.is_proper();
    seen.then_some(PersonBox { bounding_box, score: person.score, origin: Origin::Detected })
}

/// The detector's maps on the host.
struct Levels([LevelMaps; 3]);

/// The maps of one stride, for all frames.
struct LevelMaps {
    cls_scores: Vec<f32>,
    bbox_preds: Vec<f32>,
    /// Columns of the map.
    width: usize,
    /// Points of the map of one frame.
    points: usize,
    classes: usize,
    stride: usize,
}

impl Levels {
    fn read_back(output: RtmDetOutput) -> Self {
        let RtmDetOutput { cls_scores: [c8, c16, c32], bbox_preds: [b8, b16, b32] } = output;
        let [s8, s16, s32] = STRIDES;
        Self([
            LevelMaps::read_back(c8, b8, s8),
            LevelMaps::read_back(c16, b16, s16),
            LevelMaps::read_back(c32, b32, s32),
        ])
    }

    fn of_frame(&self, index: usize) -> [Level<'_>; 3] {
        self.0.each_ref().map(|maps| maps.of_frame(index))
    }
}

impl LevelMaps {
    fn read_back(cls_scores: Tensor<4>, bbox_preds: Tensor<4>, stride: usize) -> Self {
        let [_, height, width, classes] = cls_scores.dims();
        let (cls_scores, bbox_preds) = (read_back(cls_scores), read_back(bbox_preds));
        Self { cls_scores, bbox_preds, width, points: height * width, classes, stride }
    }

    fn of_frame(&self, index: usize) -> Level<'_> {
        let range = |channels: usize| index * self.points * channels..(index + 1) * self.points * channels;
        Level {
            cls_scores: &self.cls_scores[range(self.classes)],
            bbox_preds: &self.bbox_preds[range(4)],
            width: self.width,
            stride: self.stride,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingpose_core::BoundingBox;

    fn clamped(bbox: [f32; 4]) -> Option<PersonBox> {
        within_picture(Detection { bbox, score: 0.7, label: 0 }, (640, 360))
    }

    #[test]
    fn a_box_ends_at_the_picture() {
        let person = clamped([600.0, 100.0, 650.0, 400.0]).unwrap();
        assert_eq!(person.bounding_box, BoundingBox::new(600.0, 100.0, 640.0, 360.0));
        assert_eq!((person.score, person.origin), (0.7, Origin::Detected));
    }

    #[test]
    fn a_box_in_the_padding_alone_is_nobody() {
        assert_eq!(clamped([100.0, 370.0, 200.0, 500.0]), None);
    }
}
