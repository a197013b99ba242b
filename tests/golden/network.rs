//! The recorded networks: their configurations, and tensors in the layouts of the recordings.

use burn::tensor::{Tensor, TensorData};
use swingpose_models::rtmdet::TestConfig;
use swingpose_models::vitpose::Head;
use swingpose_models::{RtmDetConfig, VitPoseConfig};
use swingpose_tests::device::device;

/// The detectors of the recordings.
pub(crate) const RTMDETS: [&str; 6] =
    ["rtmdet_nano1", "rtmdet_nano3", "rtmdet_tiny_coco80", "rtmdet_m_person", "rtmdet_m_calm", "rtmdet_m_coco80"];

/// The pose estimators of the recordings.
pub(crate) const VITPOSES: [&str; 6] =
    ["vitpose_nano", "vitpose_nano_simple", "vitpose_small", "vitpose_base", "vitpose_large", "vitpose_huge"];

/// The detector recorded under `name`. The two nano ones are RTMDet in miniature, one with each kind of head.
pub(crate) fn rtmdet(name: &str) -> RtmDetConfig {
    let published = |name| RtmDetConfig::named(name).expect("a published name");
    let nano = RtmDetConfig { widen_factor: 0.125, out_channels: 32, input_size: 128, ..published("rtmdet-tiny") };
    match name {
        "rtmdet_nano1" => RtmDetConfig { exp_on_reg: true, ..nano }.person(),
        "rtmdet_nano3" => RtmDetConfig { num_classes: 3, test_cfg: TestConfig::COCO, ..nano },
        "rtmdet_tiny_coco80" => published("rtmdet-tiny"),
        "rtmdet_m_person" | "rtmdet_m_calm" => published("rtmdet-m").person(),
        "rtmdet_m_coco80" => published("rtmdet-m"),
        _ => panic!("{name} is not recorded"),
    }
}

/// The pose estimator recorded under `name`. The nano ones are ViTPose in miniature, one with each head.
pub(crate) fn vitpose(name: &str) -> VitPoseConfig {
    let published = |name| VitPoseConfig::named(name).expect("a published name");
    let nano = VitPoseConfig {
        embed_dims: 48,
        num_layers: 2,
        num_heads: 3,
        feedforward_channels: 192,
        head: Head::Classic { deconv_out_channels: [16, 16] },
        num_keypoints: 17,
    };
    match name {
        "vitpose_nano" => nano,
        "vitpose_nano_simple" => VitPoseConfig { head: Head::Simple, ..nano },
        "vitpose_small" => published("vitpose-s"),
        "vitpose_base" => published("vitpose-b"),
        "vitpose_large" => published("vitpose-l"),
        "vitpose_huge" => published("vitpose-h"),
        _ => panic!("{name} is not recorded"),
    }
}

/// A batch `[n, height, width, 3]` of normalised pictures.
pub(crate) fn batch(pictures: Vec<f32>, height: usize, width: usize) -> Tensor<4> {
    let count = pictures.len() / (3 * height * width);
    Tensor::from_data(TensorData::new(pictures, [count, height, width, 3]), &device())
}

/// The numbers of a tensor in row-major order.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A map `[n, h, w, c]` as the recordings have it: `[n, c, h, w]`.
pub(crate) fn channels_first(map: &Tensor<4>) -> Vec<f32> {
    values(map.clone().permute([0, 3, 1, 2]))
}

/// Interleaved pixels as planes.
pub(crate) fn planar(pixels: &[u8]) -> Vec<u8> {
    (0..3).flat_map(|channel| pixels[channel..].iter().step_by(3).copied()).collect()
}
