//! ViTPose from a picture and a box to heatmaps: crop, backbone, head, and the mean with the mirrored crop's.
//!
//! Keypoints are not compared here: these networks were never trained, and the step from the noise they put out to a
//! keypoint enlarges a difference of 1e-6 to tenths of a pixel. The decoder has its own recordings.

use burn::tensor::Tensor;
use swingpose_kernels::crop_udp::{center_scale, crop, normalize, warp_matrix};
use swingpose_kernels::dark_udp::flip_average;
use swingpose_models::VitPose;
use swingpose_models::vitpose::{HEATMAP, INPUT};
use swingpose_tests::device::device;
use swingpose_tests::fixture::Fixture;
use swingpose_tests::formula::picture;
use swingpose_tests::memory;
use swingpose_tests::weights::FormulaWeights;

use crate::network::{batch, channels_first, planar, values, vitpose};
use crate::stages::Stages;

/// COCO's joints in the mirror: left and right change places.
const FLIP_INDICES: [usize; 17] = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15];

#[test]
fn a_small_transformer_with_the_classic_head_equals_mmposes() {
    check("vitpose_nano").assert_close();
}

#[test]
fn a_small_transformer_with_the_simple_head_equals_mmposes() {
    check("vitpose_nano_simple").assert_close();
}

#[test]
fn vitpose_s_equals_mmposes() {
    check("vitpose_small").assert_close();
}

#[test]
#[ignore = "0.4 GB of weights"]
fn vitpose_b_equals_mmposes() {
    check_large("vitpose_base");
}

#[test]
#[ignore = "1.2 GB of weights"]
fn vitpose_l_equals_mmposes() {
    check_large("vitpose_large");
}

#[test]
#[ignore = "2.5 GB of weights"]
fn vitpose_h_equals_mmposes() {
    check_large("vitpose_huge");
}

/// [`check`], telling what it took.
#[expect(clippy::print_stderr, reason = "run by hand, to see these numbers")]
fn check_large(name: &str) {
    let start = std::time::Instant::now();
    let stages = check(name);
    let (seconds, peak) = (start.elapsed().as_secs_f64(), memory::peak_bytes() as f64 / 1e9);
    eprintln!("{stages}{name:20} {seconds:.1} s, peak memory of this process {peak:.2} GB");
    stages.assert_close();
}

/// Runs the recorded network on its crop and on the mirrored one, as one batch, and compares every recorded stage.
fn check(name: &str) -> Stages {
    let (recording, mut stages) = (Fixture::open(name), Stages::of(name));
    let network = VitPose::load(&FormulaWeights::of(name), &vitpose(name), &device()).expect("the weights fit");

    let [height, width] = INPUT;
    let (center, scale) = center_scale(recording.json("box"), width as f32 / height as f32, 1.25);
    let pixels = crop(&picture(1280, 720), 1280, 720, &warp_matrix(center, scale, (width, height)), (width, height));
    stages.bytes("crop", &planar(&pixels), &recording.note("crop_sha256_chw_u8"));
    let mut input = vec![0.0; pixels.len()];
    normalize(&pixels, &mut input);
    let crop = batch(input, height, width);

    let features = network.backbone.forward(Tensor::cat(vec![crop.clone(), crop.flip([2])], 0));
    let of_crop = features.clone().slice(0..1);
    stages.sample(
        "features",
        &channels_first(&of_crop),
        recording.json("feat_stride"),
        &recording.f32("feat.sample").values,
    );
    let heatmaps = values(network.head.forward(features).0);
    let (of_crop, of_mirrored) = heatmaps.split_at(heatmaps.len() / 2);
    stages.map("heatmaps", of_crop, &recording.f32("heatmaps").values);
    let mean = flip_average(of_crop, of_mirrored, &FLIP_INDICES, HEATMAP[1]);
    stages.map("mean with the mirrored", &mean, &recording.f32("heatmaps_flip_avg").values);
    stages
}
