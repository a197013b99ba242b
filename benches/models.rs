//! The smallest published pair of networks, RTMDet-Tiny and ViTPose-S, one picture at a time.
//!
//! Weights and pictures are the goldens'; each network is first held against what mmdet or mmpose computed, then timed: the
//! median and the fastest of the runs, in milliseconds. `peer_onnx.py` times the same networks under ONNX Runtime.
//! `RAYON_NUM_THREADS` says how many threads compute.

use burn::tensor::{Device, Tensor, TensorData};
use swingpose_benches::{Timing, time};
use swingpose_kernels::{crop_udp, letterbox};
use swingpose_models::vitpose::INPUT;
use swingpose_models::{RtmDet, RtmDetConfig, VitPose, VitPoseConfig};
use swingpose_tests::closeness::relative_error;
use swingpose_tests::fixture::Fixture;
use swingpose_tests::formula::picture;
use swingpose_tests::weights::FormulaWeights;

const RUNS: usize = 31;
const CLOSE: f64 = 1e-3;
const PICTURE: (usize, usize) = (1280, 720);

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn main() {
    println!("{:<24}{:>9}{:>9}", "network", "median", "fastest");
    for line in [rtmdet_tiny(), vitpose_s()] {
        println!("{:<24}{:>9.2}{:>9.2}", line.network, line.timing.median_ms, line.timing.fastest_ms);
    }
}

struct Line {
    network: &'static str,
    timing: Timing,
}

fn values(map: &Tensor<4>) -> Vec<f32> {
    map.clone().into_data().iter::<f32>().collect()
}

fn batch(pixels: Vec<f32>, height: usize, width: usize) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels, [1, height, width, 3]), &Device::flex())
}

fn rtmdet_tiny() -> Line {
    const NAME: &str = "rtmdet_tiny_coco80";
    let config = RtmDetConfig::named("rtmdet-tiny").expect("a published name");
    let network = RtmDet::load(&FormulaWeights::of(NAME), &config, &Device::flex()).expect("the weights fit");
    let boxed = letterbox::letterbox(&picture(PICTURE.0, PICTURE.1), PICTURE.0, PICTURE.1, config.input_size);
    let mut input = vec![0.0; boxed.pixels.len()];
    letterbox::normalize(&boxed.pixels, &mut input);
    let input = batch(input, config.input_size, config.input_size);

    let boxes = values(&network.forward(input.clone()).bbox_preds[0].clone().permute([0, 3, 1, 2]));
    let error = relative_error(&boxes, &Fixture::open(NAME).f32("box.0").values);
    assert!(error < CLOSE, "{NAME} is {error:e} from the reference");
    let timing = time(RUNS, || values(&network.forward(input.clone()).bbox_preds[2]));
    Line { network: "rtmdet-tiny 640x640", timing }
}

fn vitpose_s() -> Line {
    const NAME: &str = "vitpose_small";
    let config = VitPoseConfig::named("vitpose-s").expect("a published name");
    let network = VitPose::load(&FormulaWeights::of(NAME), &config, &Device::flex()).expect("the weights fit");
    let recording = Fixture::open(NAME);
    let [height, width] = INPUT;
    let (center, scale) = crop_udp::center_scale(recording.json("box"), width as f32 / height as f32, 1.25);
    let matrix = crop_udp::warp_matrix(center, scale, (width, height));
    let pixels = crop_udp::crop(&picture(PICTURE.0, PICTURE.1), PICTURE.0, PICTURE.1, &matrix, (width, height));
    let mut input = vec![0.0; pixels.len()];
    crop_udp::normalize(&pixels, &mut input);
    let input = batch(input, height, width);

    let error = relative_error(&values(&network.forward(input.clone()).0), &recording.f32("heatmaps").values);
    assert!(error < CLOSE, "{NAME} is {error:e} from the reference");
    let timing = time(RUNS, || values(&network.forward(input.clone()).0));
    Line { network: "vitpose-s 256x192", timing }
}
