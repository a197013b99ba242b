//! What flows between the stages: each stage takes its input by value and leaves the next.
//!
//! ```text
//! FrameBatch -> DetectorInput -> Detections -> DetectionBatch -> CropBatch -> HeatmapBatch -> PoseBatch -> FrameLabels
//! ```
//!
//! `detect` makes the first half, `estimate` the second. Frames are borrowed twice, for the letterbox and for the
//! crops, and dropped with the batch. On the host a batch holds as many people as there are; a GPU's networks get
//! batches of one size, padded (`cuda`).

#[cfg(feature = "cuda")]
use crate::cuda::ring::RingFrame;
use burn::tensor::{Tensor, TensorData};
use std::cmp::Ordering;
use std::num::NonZeroUsize;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, FramePx, Keypoint, Origin, PersonLabel, Timebase};
use swingpose_models::Placement;
use swingpose_models::rtmdet::RtmDetOutput;
use swingpose_video::BgrImage;

/// A network's answer on the host: the one place where data leaves the device.
pub(crate) fn read_back<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    match data.as_slice::<f32>() {
        Ok(values) => values.to_vec(),
        Err(_half_precision) => data.iter().collect(),
    }
}

/// Pixels to a network, in its numbers.
pub(crate) fn tensor<const D: usize>(data: TensorData, placement: &Placement) -> Tensor<D> {
    Tensor::from_data(data, (&placement.device, placement.numbers.into()))
}

/// Black pixels for a network.
pub(crate) fn zeros(shape: [usize; 4], placement: &Placement) -> Tensor<4> {
    Tensor::zeros(shape, (&placement.device, placement.numbers.into()))
}

/// A frame.
pub(crate) struct Frame {
    pub(crate) index: FrameIndex,
    /// Ticks of the stream's timebase.
    pub(crate) pts: i64,
    pub(crate) picture: FramePicture,
}

/// A frame's pixels, and where they are.
pub(crate) enum FramePicture {
    /// On the host, upright.
    Host(BgrImage),
    /// In the GPU's memory, as the chip's decoder left them.
    #[cfg(feature = "cuda")]
    Device(RingFrame),
}

impl Frame {
    /// Whether the pixels are in the GPU's memory.
    pub(crate) const fn is_on_device(&self) -> bool {
        !matches!(self.picture, FramePicture::Host(_))
    }

    /// The picture, where it is on the host.
    const fn on_host(&self) -> Option<&BgrImage> {
        match &self.picture {
            FramePicture::Host(image) => Some(image),
            #[cfg(feature = "cuda")]
            FramePicture::Device(_) => None,
        }
    }

    /// The frame in the GPU's memory, where it is there.
    #[cfg(feature = "cuda")]
    const fn on_device(&self) -> Option<&RingFrame> {
        match &self.picture {
            FramePicture::Device(frame) => Some(frame),
            FramePicture::Host(_) => None,
        }
    }

    /// Width and height of the upright picture in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        match &self.picture {
            FramePicture::Host(image) => (image.width as u32, image.height as u32),
            #[cfg(feature = "cuda")]
            FramePicture::Device(frame) => frame.size(),
        }
    }
}

/// Frames in display order.
pub(crate) type FrameBatch = Vec<Frame>;

/// The pixels of a batch, which are all in the same place.
pub(crate) enum Pictures<'a> {
    Host(Vec<&'a BgrImage>),
    #[cfg(feature = "cuda")]
    Device(Vec<&'a RingFrame>),
}

impl<'a> Pictures<'a> {
    /// Those of `frames`.
    pub(crate) fn of(frames: &'a [Frame]) -> Self {
        #[cfg(feature = "cuda")]
        if frames.first().is_some_and(Frame::is_on_device) {
            return Self::Device(frames.iter().filter_map(Frame::on_device).collect());
        }
        Self::Host(frames.iter().filter_map(Frame::on_host).collect())
    }
}

/// How a frame was fitted into the detector's input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letterboxing {
    /// Detector pixels a frame pixel, across and down; the two differ by rounding.
    pub(crate) scale: (f64, f64),
    /// The frame's width and height.
    pub(crate) size: (u32, u32),
}

/// Letterboxed, normalised frames.
pub(crate) struct DetectorInput {
    /// `[n, side, side, 3]`, BGR.
    pub(crate) pixels: Tensor<4>,
    /// One for each of the `n` frames.
    pub(crate) letterboxing: Vec<Letterboxing>,
}

/// What the detector answered, not yet decoded.
pub(crate) struct Detections {
    pub(crate) output: RtmDetOutput,
    pub(crate) letterboxing: Vec<Letterboxing>,
}

/// A person's box, as crops are made of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PersonBox {
    pub(crate) bounding_box: BoundingBox<FramePx>,
    /// The detector's score, or the one that a box of another origin came with.
    pub(crate) score: f32,
    pub(crate) origin: Origin,
}

/// The people of each frame, best box first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DetectionBatch {
    /// One list a frame.
    pub(crate) people: Vec<Vec<PersonBox>>,
}

impl DetectionBatch {
    /// Orders each frame's people by score, best first, ties as they came, and keeps at most `max_people` of them.
    pub(crate) fn ranked(mut self, max_people: Option<NonZeroUsize>) -> Self {
        for people in &mut self.people {
            people.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal));
            people.truncate(max_people.map_or(usize::MAX, NonZeroUsize::get));
        }
        self
    }
}

/// Where a crop was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crop {
    /// The frame's place in its batch.
    pub(crate) owner: usize,
    pub(crate) person: PersonBox,
    /// The crop's centre in the frame.
    pub(crate) center: [f32; 2],
    /// The crop's width and height in frame pixels, padding included.
    pub(crate) scale: [f32; 2],
}

/// Normalised crops of people.
pub(crate) struct CropBatch {
    /// `[m, 256, 192, 3]`, RGB.
    pub(crate) pixels: Tensor<4>,
    /// One for each of the `m` crops.
    pub(crate) crops: Vec<Crop>,
}

/// The pose network's answer, averaged with that for the mirror image where the flip test runs.
pub(crate) struct HeatmapBatch {
    /// `[m, 17, 64, 48]`, row-major.
    pub(crate) heatmaps: Vec<f32>,
    pub(crate) crops: Vec<Crop>,
}

/// A person with keypoints.
#[derive(Clone, Debug)]
pub(crate) struct Pose {
    /// The frame's place in its batch.
    pub(crate) owner: usize,
    pub(crate) person: PersonBox,
    pub(crate) keypoints: [Keypoint; 17],
}

/// The people of a batch of frames, by frame and within it best box first.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoseBatch {
    pub(crate) poses: Vec<Pose>,
}

impl PoseBatch {
    /// The labels of `frames`, one for each, people or not. Who is who, and who is the primary person, is not in them yet.
    pub(crate) fn into_labels(self, frames: FrameBatch, timebase: Timebase) -> Vec<FrameLabels> {
        let mut labels: Vec<FrameLabels> = frames.into_iter().map(|frame| empty_labels(&frame, timebase)).collect();
        for pose in self.poses {
            let people = &mut labels[pose.owner].people;
            people.push(person_label(people.len() as u32, &pose));
        }
        labels
    }
}

fn empty_labels(frame: &Frame, timebase: Timebase) -> FrameLabels {
    FrameLabels { frame: frame.index, pts: frame.pts, time_s: timebase.seconds(frame.pts), people: Vec::new() }
}

fn person_label(number: u32, pose: &Pose) -> PersonLabel {
    PersonLabel {
        person: number,
        track: None,
        primary: false,
        origin: pose.person.origin,
        bounding_box: pose.person.bounding_box,
        box_score: pose.person.score,
        keypoints: pose.keypoints,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person_box(side: f32, score: f32) -> PersonBox {
        PersonBox { bounding_box: BoundingBox::new(0.0, 0.0, side, side), score, origin: Origin::Detected }
    }

    fn frame(index: u64) -> Frame {
        let image = BgrImage { width: 2, height: 1, data: vec![0; 6] };
        Frame { index: FrameIndex(index), pts: index as i64 * 10, picture: FramePicture::Host(image) }
    }

    fn pose(owner: usize, side: f32) -> Pose {
        Pose { owner, person: person_box(side, 0.5), keypoints: [Keypoint::from([1.0, 2.0, 0.5]); 17] }
    }

    #[test]
    fn the_best_boxes_come_first_and_stay() {
        let people = vec![person_box(1.0, 0.2), person_box(2.0, 0.9), person_box(3.0, 0.2), person_box(4.0, 0.5)];
        let batch = DetectionBatch { people: vec![people, vec![]] };
        let sides = |batch: &DetectionBatch| batch.people[0].iter().map(|p| p.bounding_box.x2).collect::<Vec<_>>();
        assert_eq!(sides(&batch.clone().ranked(None)), [2.0, 4.0, 1.0, 3.0]);
        assert_eq!(sides(&batch.ranked(NonZeroUsize::new(2))), [2.0, 4.0]);
    }

    #[test]
    fn every_frame_has_labels_and_a_frame_with_nobody_has_no_people() {
        let poses = PoseBatch { poses: vec![pose(0, 3.0), pose(2, 4.0), pose(2, 5.0), pose(2, 5.0)] };
        let timebase = Timebase::new(1, 100).unwrap();
        let labels = poses.into_labels(vec![frame(4), frame(5), frame(6)], timebase);
        let seen: Vec<_> = labels.iter().map(|l| (l.frame.0, l.pts, l.time_s, l.people.len())).collect();
        assert_eq!(seen, [(4, 40, 0.4, 1), (5, 50, 0.5, 0), (6, 60, 0.6, 3)]);
        let people: Vec<_> = labels[2].people.iter().map(|p| (p.person, p.bounding_box.x2)).collect();
        assert_eq!(people, [(0, 4.0), (1, 5.0), (2, 5.0)]);
    }
}
