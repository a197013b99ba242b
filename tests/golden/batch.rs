//! Labels may depend neither on the pictures beside a picture nor on the number of threads: a batch gives the very bits its
//! pictures give alone.

use burn::tensor::{Device, Tensor};
use rayon::ThreadPoolBuilder;
use swingpose_models::vitpose::INPUT;
use swingpose_models::{RtmDet, VitPose};
use swingpose_tests::formula::unit;
use swingpose_tests::weights::FormulaWeights;

use crate::network::{batch, rtmdet, values, vitpose};

/// How many pictures the batches hold; odd, so that no block size divides it.
const PICTURES: usize = 3;

fn detector() -> RtmDet {
    let name = "rtmdet_nano1";
    RtmDet::load(&FormulaWeights::of(name), &rtmdet(name), &Device::flex()).expect("the weights fit")
}

fn pose_estimator(name: &str) -> VitPose {
    VitPose::load(&FormulaWeights::of(name), &vitpose(name), &Device::flex()).expect("the weights fit")
}

fn pictures(height: usize, width: usize) -> Tensor<4> {
    batch(unit("pictures", PICTURES * height * width * 3).map(|value| 2.0 * value).collect(), height, width)
}

/// Everything the detector says of a batch, picture by picture.
fn detect(network: &RtmDet, pictures: Tensor<4>) -> Vec<Vec<u32>> {
    let output = network.forward(pictures);
    let maps = output.cls_scores.into_iter().chain(output.bbox_preds).map(bits_of_pictures);
    maps.reduce(|all, map| all.into_iter().zip(map).map(|(all, map)| [all, map].concat()).collect()).unwrap_or_default()
}

fn estimate(network: &VitPose, crops: Tensor<4>) -> Vec<Vec<u32>> {
    bits_of_pictures(network.forward(crops).0)
}

fn bits_of_pictures(map: Tensor<4>) -> Vec<Vec<u32>> {
    let [pictures, ..] = map.dims();
    let values = values(map);
    values
        .chunks(values.len() / pictures)
        .map(|picture| picture.iter().map(|value| value.to_bits()).collect())
        .collect()
}

/// What `run` gives for each picture alone.
fn one_by_one(batch: &Tensor<4>, run: impl Fn(Tensor<4>) -> Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    (0..PICTURES).flat_map(|picture| run(batch.clone().slice(picture..picture + 1))).collect()
}

/// What `run` gives on pools of so many threads.
fn on_threads<T: Send>(threads: usize, run: impl Fn() -> T + Send + Sync) -> T {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
    pool.install(run)
}

#[test]
fn a_batch_of_pictures_is_detected_in_as_each_alone() {
    let (network, pictures) = (detector(), pictures(128, 128));
    let together = detect(&network, pictures.clone());
    assert_ne!(together[0], together[1], "the pictures differ");
    assert!(together == one_by_one(&pictures, |picture| detect(&network, picture)));
}

#[test]
fn a_batch_of_crops_is_estimated_as_each_alone() {
    for name in ["vitpose_nano", "vitpose_nano_simple"] {
        let (network, crops) = (pose_estimator(name), pictures(INPUT[0], INPUT[1]));
        let together = estimate(&network, crops.clone());
        assert_ne!(together[0], together[1], "the crops differ");
        assert!(together == one_by_one(&crops, |crop| estimate(&network, crop)), "{name}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (detector, pose_estimator) = (detector(), pose_estimator("vitpose_nano"));
    let run = || {
        let crops = pictures(INPUT[0], INPUT[1]);
        (detect(&detector, pictures(128, 128)), estimate(&pose_estimator, crops))
    };
    let alone = on_threads(1, run);
    for threads in [2, 3, 7] {
        assert!(on_threads(threads, run) == alone, "{threads} threads");
    }
}
