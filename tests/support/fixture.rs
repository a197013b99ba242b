//! The reference's recorded results: `tests/fixtures/oracle/*.safetensors`, written by the authors' own code.

use std::fs;
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

use crate::repository;

/// A file of `tests/fixtures`.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    repository::root().join("tests/fixtures").join(name)
}

/// What the file `oracle/<name>` of JSON holds.
///
/// # Panics
/// If it holds something else.
#[must_use]
pub fn json_file<T: DeserializeOwned>(name: &str) -> T {
    let path = path(&format!("oracle/{name}"));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One recording: named arrays, and text about how they were made.
#[derive(Debug)]
pub struct Fixture {
    name: String,
    bytes: Vec<u8>,
}

/// Numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<T> {
    /// The numbers.
    pub values: Vec<T>,
    /// How many there are along each axis.
    pub shape: Vec<usize>,
}

impl Fixture {
    /// The recording `oracle/<name>.safetensors`.
    #[must_use]
    pub fn open(name: &str) -> Self {
        let path = path(&format!("oracle/{name}.safetensors"));
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { name: name.to_owned(), bytes }
    }

    /// The recording's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is an array of this name.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.tensors().tensor(key).is_ok()
    }

    /// An array of f32.
    #[must_use]
    pub fn f32(&self, key: &str) -> Array<f32> {
        self.array(key, Dtype::F32, f32::from_le_bytes)
    }

    /// An array of f64.
    #[must_use]
    pub fn f64(&self, key: &str) -> Array<f64> {
        self.array(key, Dtype::F64, f64::from_le_bytes)
    }

    /// An array of i64.
    #[must_use]
    pub fn i64(&self, key: &str) -> Array<i64> {
        self.array(key, Dtype::I64, i64::from_le_bytes)
    }

    /// An array of bytes.
    #[must_use]
    pub fn u8(&self, key: &str) -> Array<u8> {
        self.array(key, Dtype::U8, u8::from_le_bytes)
    }

    /// What was noted under `key`.
    #[must_use]
    pub fn note(&self, key: &str) -> String {
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes).expect("a fixture is a safetensors file");
        let notes = metadata.metadata().as_ref();
        notes.and_then(|notes| notes.get(key)).unwrap_or_else(|| panic!("{}: no note {key}", self.name)).clone()
    }

    /// What was noted under `key`, as JSON.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> T {
        let text = self.note(key);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {key} = {text}: {error}", self.name))
    }

    fn array<T, const SIZE: usize>(&self, key: &str, dtype: Dtype, read: impl Fn([u8; SIZE]) -> T) -> Array<T> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(key).unwrap_or_else(|error| panic!("{}: {key}: {error}", self.name));
        assert_eq!(tensor.dtype(), dtype, "{}: {key}", self.name);
        let (chunks, _) = tensor.data().as_chunks::<SIZE>();
        Array { values: chunks.iter().map(|&bytes| read(bytes)).collect(), shape: tensor.shape().to_vec() }
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("a fixture is a safetensors file")
    }
}
