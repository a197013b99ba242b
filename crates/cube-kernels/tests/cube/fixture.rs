//! The oracle's files: what mmdet and mmpose computed.

use std::collections::HashMap;

use safetensors::SafeTensors;

/// A safetensors file of `tests/fixtures/oracle`.
pub(crate) struct Fixture {
    bytes: Vec<u8>,
    metadata: HashMap<String, String>,
}

impl Fixture {
    pub(crate) fn open(name: &str) -> Self {
        // On a machine without the repository, a copy of its root has a name.
        let root = std::env::var("SWINGPOSE_ROOT");
        let root = root.unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../..").to_owned());
        let path = format!("{root}/tests/fixtures/oracle/{name}.safetensors");
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = metadata.metadata().clone().unwrap_or_default();
        Self { bytes, metadata }
    }

    /// A metadata entry that is JSON, or a Python tuple, which is JSON in other brackets.
    pub(crate) fn json(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(&self.metadata[key].replace('(', "[").replace(')', "]")).unwrap()
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.values(name, f32::from_le_bytes)
    }

    pub(crate) fn f64(&self, name: &str) -> Vec<f64> {
        self.values(name, f64::from_le_bytes)
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
