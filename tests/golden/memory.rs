//! What a large network takes to run from its weights file: little more than the file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use burn::tensor::Device;
use safetensors::{Dtype, View, serialize_to_file};
use swingpose_models::checkpoint::{Architecture, WeightsFile};
use swingpose_models::vitpose::INPUT;
use swingpose_models::{TensorSource, VitPose, VitPoseConfig};
use swingpose_tests::memory;
use swingpose_tests::weights::FormulaWeights;

use crate::network::{batch, values, vitpose};

/// Peak memory over the size of the file.
const MOST: f64 = 1.3;

/// A tensor that is made when it is written.
struct Made<'a> {
    weights: &'a FormulaWeights,
    name: String,
    shape: Vec<usize>,
}

impl View for Made<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.weights.to_vec(&self.name, &self.shape).expect("it is in the manifest");
        Cow::Owned(values.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    fn data_len(&self) -> usize {
        4 * self.shape.iter().product::<usize>()
    }
}

/// Writes the weights of `config` as a weights file.
fn write(config: &VitPoseConfig, weights: &FormulaWeights, path: &Path) {
    let tensors = config.tensors().into_iter().map(|(name, shape)| (name.clone(), Made { weights, name, shape }));
    let metadata = [
        ("format", "swingpose-1".to_owned()),
        ("family", VitPoseConfig::FAMILY.to_owned()),
        ("architecture", config.name()),
        ("config", serde_json::to_string(config).expect("a configuration is JSON")),
        ("source_name", "formulas".to_owned()),
        ("source_sha256", "0".repeat(64)),
        ("program", "swingpose-tests".to_owned()),
        ("content_sha256", "0".repeat(64)),
    ];
    let metadata: HashMap<_, _> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    serialize_to_file(tensors, Some(metadata), path).expect("room for the weights file");
}

#[test]
#[ignore = "writes a file of 2.5 GB; run it alone, as the peak is the process's"]
#[expect(clippy::print_stderr, reason = "run by hand, to see these numbers")]
fn vitpose_h_runs_in_little_more_memory_than_its_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vitpose-h.safetensors");
    write(&vitpose("vitpose_huge"), &FormulaWeights::of("vitpose_huge"), &path);

    let start = std::time::Instant::now();
    let file = WeightsFile::open(&path).expect("a weights file");
    let network = VitPose::load(&file, &file.config().expect("its configuration"), &Device::flex()).expect("it loads");
    let loaded = (start.elapsed().as_secs_f64(), memory::peak_bytes());
    let [height, width] = INPUT;
    let heatmaps = values(network.forward(batch(vec![0.5; height * width * 3], height, width)).0);
    assert!(heatmaps.iter().all(|value| value.is_finite()));

    let (size, peak) = (file.len() as f64, memory::peak_bytes() as f64);
    eprintln!("file {:.3} GB; loaded in {:.2} s, peak {:.3} GB", size / 1e9, loaded.0, loaded.1 as f64 / 1e9);
    eprintln!("after one crop peak {:.3} GB, {:.3} of the file", peak / 1e9, peak / size);
    assert!(peak < MOST * size, "{peak} bytes for a file of {size}");
}
