//! The gate for faster arithmetic, used on what a CPU can do: the demo pair with its weights rounded to bf16.
//!
//! Arithmetic stays f32, so this says what the rounding of weights alone costs, of which every bf16 path has its share.

use std::collections::HashMap;
use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize_to_file};
use swingpose_tests::gate::AccuracyGate;

use super::labels::{PLAIN, labels};
use super::recording::Recording;
use super::weights;

/// With the pose network's weights rounded labels pass. Those with the detector's rounded are told and not asserted: what
/// they measure is how much a box moves, and its keypoints with it.
#[test]
#[expect(clippy::print_stderr, reason = "seen with --nocapture")]
fn a_pose_network_of_bf16_weights_passes_the_gate() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let measure = |rounded: usize| {
        let mut pair = ["rtmdet", "vitpose"].map(weights);
        let path = folder.path().join(rounded.to_string());
        write_in_bf16(&pair[rounded], &path);
        pair[rounded] = path;
        AccuracyGate::default().check(&PLAIN, &labels(&Recording::open(), [&pair[0], &pair[1]], false))
    };
    match measure(0) {
        Ok(accuracy) => eprintln!("detector in bf16: {accuracy}"),
        Err(refusal) => eprintln!("detector in bf16: {refusal}"),
    }
    let accuracy = measure(1).unwrap_or_else(|refusal| panic!("pose network in bf16: {refusal}"));
    eprintln!("pose network in bf16: {accuracy}");
}

/// The same weights file with every f16 number rounded to bf16.
fn write_in_bf16(from: &Path, to: &Path) {
    let file = std::fs::read(from).expect("the demo pair");
    let (_, header) = SafeTensors::read_metadata(&file).expect("a weights file");
    let metadata: HashMap<_, _> = header.metadata().clone().expect("a weights file says what it is");
    let tensors = SafeTensors::deserialize(&file).expect("a weights file").tensors();
    let rounded: Vec<_> = tensors.iter().map(|(_, tensor)| in_bf16(tensor)).collect();
    let views = tensors.iter().zip(&rounded).map(|((name, tensor), bytes)| {
        (name, TensorView::new(Dtype::BF16, tensor.shape().to_vec(), bytes).expect("as many numbers"))
    });
    serialize_to_file(views, Some(metadata), to).expect("room for the weights file");
}

fn in_bf16(tensor: &TensorView<'_>) -> Vec<u8> {
    assert_eq!(tensor.dtype(), Dtype::F16, "the demo pair is stored in f16");
    let numbers = tensor.data().as_chunks().0.iter();
    numbers.flat_map(|&bytes| bf16::from_f32(f16::from_le_bytes(bytes).to_f32()).to_le_bytes()).collect()
}
