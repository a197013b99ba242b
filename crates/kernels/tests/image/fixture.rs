//! The oracle's files, and its pictures: formulas on integers, so that no picture needs to be stored.

use std::collections::HashMap;

use safetensors::SafeTensors;
use sha2::{Digest, Sha256};

/// A safetensors file of `tests/fixtures/oracle`.
pub(crate) struct Fixture {
    bytes: Vec<u8>,
    metadata: HashMap<String, String>,
}

impl Fixture {
    pub(crate) fn open(name: &str) -> Self {
        let path = format!("{}/../../tests/fixtures/oracle/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = metadata.metadata().clone().unwrap_or_default();
        Self { bytes, metadata }
    }

    /// A metadata entry that is JSON, or a Python tuple, which is JSON in other brackets.
    pub(crate) fn json(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(&self.metadata[key].replace('(', "[").replace(')', "]")).unwrap()
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        &self.metadata[key]
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.values(name, f32::from_le_bytes)
    }

    pub(crate) fn f64(&self, name: &str) -> Vec<f64> {
        self.values(name, f64::from_le_bytes)
    }

    pub(crate) fn i64(&self, name: &str) -> Vec<i64> {
        self.values(name, i64::from_le_bytes)
    }

    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        SafeTensors::deserialize(&self.bytes).unwrap().tensor(name).unwrap().shape().to_vec()
    }

    fn values<const N: usize, T>(&self, name: &str, from: fn([u8; N]) -> T) -> Vec<T> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        let elements: usize = tensor.shape().iter().product();
        assert_eq!(tensor.data().len(), elements * N, "{name} is of another type");
        tensor.data().as_chunks().0.iter().map(|&bytes| from(bytes)).collect()
    }
}

/// The oracle's picture of that size, BGR.
pub(crate) fn synth_image(width: usize, height: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(3 * width * height);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        for k in 0..3 {
            let value = ((x * x * (3 + k) + y * y * (5 - k) + x * y * (1 + 2 * k)) >> 11) & 255;
            let inverted = ((x >> 6) + (y >> 6) + k) % 5 == 0;
            pixels.push(if inverted { 255 - value } else { value } as u8);
        }
    }
    pixels
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `[c, h, w]` of an interleaved three-channel picture.
pub(crate) fn planar<T: Copy>(pixels: &[T]) -> Vec<T> {
    (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
}

/// `[h, w, c]` of a map whose channels come first.
pub(crate) fn channels_last(map: &[f32], channels: usize) -> Vec<f32> {
    let area = map.len() / channels;
    (0..area).flat_map(|cell| (0..channels).map(move |channel| map[channel * area + cell])).collect()
}
