//! Each stage by itself, from what the reference gave to it: the frame's pixels, the detector's input and detections, the
//! crop of mmpose's box and the heatmaps.

use burn::tensor::Tensor;
use swingpose_core::skeleton::FLIP_INDICES;
use swingpose_kernels::crop_udp::{self, center_scale, crop, warp_matrix};
use swingpose_kernels::dark_udp::flip_average;
use swingpose_kernels::detect_decode::Detection;
use swingpose_kernels::letterbox::{self, Letterboxed, letterbox};
use swingpose_models::checkpoint::WeightsFile;
use swingpose_models::vitpose::{HEATMAP, INPUT};
use swingpose_models::{RtmDet, RtmDetConfig, VitPose};
use swingpose_tests::device::device;
use swingpose_video::{BgrImage, SourceOptions, VideoSource};

use super::recording::{FLIP, Frame, Person, Recording};
use super::{clip, weights};
use crate::detections::{OVERLAP_LOST, SCORE_DIFFERENCE, Tolerance, detections, differences};
use crate::network::{batch, planar, values};
use crate::stages::Stages;

const TOLERANCE: Tolerance = Tolerance { overlap_lost: OVERLAP_LOST, score: SCORE_DIFFERENCE };

#[test]
#[expect(clippy::print_stderr, reason = "seen with --nocapture")]
fn boxes_and_heatmaps_of_the_demo_pair_equal_mmdets_and_mmposes() {
    let (recording, networks) = (Recording::open(), Networks::load());
    let (mut stages, mut unlike) = (Stages::of("demo"), Vec::new());
    for frame in &recording.frames {
        let (missed, extra) = networks.compare(frame, recording.stride, &mut stages);
        if !missed.is_empty() || !extra.is_empty() {
            unlike.push(format!("{} {}: not found {missed:?}, also found {extra:?}", frame.clip, frame.number));
        }
    }
    eprintln!("{stages}");
    stages.assert_close();
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

/// The demo pair.
struct Networks {
    detector: RtmDet,
    config: RtmDetConfig,
    pose: VitPose,
}

impl Networks {
    fn load() -> Self {
        let open = |name| WeightsFile::open(&weights(name)).expect("the demo pair");
        let (detector, pose, device) = (open("rtmdet"), open("vitpose"), device());
        let config = detector.config().expect("its configuration");
        Self {
            detector: RtmDet::load(&detector, &config, &device).expect("it loads"),
            config,
            pose: VitPose::load(&pose, &pose.config().expect("its configuration"), &device).expect("it loads"),
        }
    }

    /// Adds the frame's stages, and gives the detections that were not found and those that should not have been.
    fn compare(&self, frame: &Frame, stride: usize, stages: &mut Stages) -> (Vec<Detection>, Vec<Detection>) {
        let (image, name) = (decoded(frame), format!("{} {}", frame.clip, frame.number));
        stages.bytes(&format!("{name} pixels"), &image.data, &frame.sha256);
        let boxed = letterbox(&image.data, image.width, image.height, self.config.input_size);
        stages.bytes(&format!("{name} letterbox"), &planar(&boxed.pixels), &frame.letterbox_sha256);
        for (index, person) in frame.people.iter().enumerate() {
            self.compare_heatmaps(&image, person, stride, &format!("{name} person {index}"), stages);
        }
        differences(&frame.detections, &self.detect(&boxed), &TOLERANCE)
    }

    fn detect(&self, boxed: &Letterboxed) -> Vec<Detection> {
        let side = self.config.input_size;
        let mut input = vec![0.0; boxed.pixels.len()];
        letterbox::normalize(&boxed.pixels, &mut input);
        detections(&self.detector.forward(batch(input, side, side)), &self.config, boxed.scale)
    }

    fn compare_heatmaps(&self, image: &BgrImage, person: &Person, stride: usize, name: &str, stages: &mut Stages) {
        let [height, width] = INPUT;
        let (center, scale) = center_scale(person.bounding_box, width as f32 / height as f32, 1.25);
        let matrix = warp_matrix(center, scale, (width, height));
        let pixels = crop(&image.data, image.width, image.height, &matrix, (width, height));
        stages.bytes(&format!("{name} crop"), &planar(&pixels), &person.crop_sha256);
        let mut input = vec![0.0; pixels.len()];
        crop_udp::normalize(&pixels, &mut input);
        let crop = batch(input, height, width);
        let both = values(self.pose.forward(Tensor::cat(vec![crop.clone(), crop.flip([2])], 0)).0);
        let (plain, mirrored) = both.split_at(both.len() / 2);
        let mean = flip_average(plain, mirrored, &FLIP_INDICES, HEATMAP[1]);
        for (flip, heatmaps) in [plain, &mean].into_iter().enumerate() {
            stages.sample(&format!("{name} heatmaps {}", FLIP[flip]), heatmaps, stride, &person.heatmaps[flip]);
        }
    }
}

/// The frame as our decoder gives it, upright and in BGR.
fn decoded(frame: &Frame) -> BgrImage {
    let options = SourceOptions { frames: Some(frame.number..frame.number + 1), ..SourceOptions::default() };
    let mut source = VideoSource::open(&clip(&frame.clip), &options).expect("a clip of the tests");
    source.next().expect("the clip has this frame").expect("it decodes").to_bgr()
}
