//! A converted weights file, mapped into memory: [`WeightsFile`].
//!
//! Opening reads the header alone and checks it against the file's length. Tensors that are wanted in the numbers they are
//! stored in then borrow the map, so a network of gigabytes is ready without being copied; others are widened to f32, into
//! memory of their own.

use super::network::Network;
use super::safetensors::{CONTENT_SHA256, FORMAT, LENGTH_BYTES, NO_DIGEST, Precision, digest_position, hexadecimal};
use super::{Architecture, CheckpointError, TensorSource};
use burn::tensor::{AllocationProperty, Bytes, FloatDType, TensorData};
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Bytes hashed at a time.
const HASHED_AT_ONCE: usize = 1 << 20;

/// One network's weights and what is known of their origin. Cheap to open, whatever its size.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    /// The whole file; every tensor handed out holds a share of it.
    map: bytes::Bytes,
    /// Bytes before the first tensor.
    header: usize,
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Where in the file.
    range: Range<usize>,
}

impl WeightsFile {
    /// Maps the file at `path`.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] when it cannot be opened, [`CheckpointError::Damaged`] when its header does not describe
    /// exactly its bytes, [`CheckpointError::Foreign`] when it was not written by this program.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let map = map(path)?;
        let damaged = |problem: String| CheckpointError::Damaged { path: path.to_owned(), problem };
        // The header's offsets cover the file to its last byte or this is an error, so every range below is inside it.
        let (length, header) = SafeTensors::read_metadata(&map).map_err(|problem| damaged(problem.to_string()))?;
        let start = LENGTH_BYTES + length;
        let stored = |(name, info): (String, &safetensors::tensor::TensorInfo)| {
            let range = start + info.data_offsets.0..start + info.data_offsets.1;
            (name, Stored { dtype: info.dtype, shape: info.shape.clone(), range })
        };
        let tensors = header.tensors().into_iter().map(stored).collect();
        let metadata = header.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
        let file = Self { path: path.to_owned(), map, header: start, metadata, tensors };
        match file.entry("format")? {
            FORMAT => file.check_origin(),
            other => Err(damaged(format!("its format is {other:?}, this program reads {FORMAT:?}"))),
        }
    }

    /// That the metadata is all there.
    fn check_origin(self) -> Result<Self, CheckpointError> {
        for key in ["family", "architecture", "config", "source_name", "source_sha256", "program", CONTENT_SHA256] {
            self.entry(key)?;
        }
        Ok(self)
    }

    fn entry(&self, key: &'static str) -> Result<&str, CheckpointError> {
        let value = self.metadata.get(key).map(String::as_str);
        value.ok_or_else(|| CheckpointError::Foreign { path: self.path.clone(), key })
    }

    /// An entry whose presence [`Self::check_origin`] established.
    fn known(&self, key: &str) -> &str {
        self.metadata.get(key).map_or("", String::as_str)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The family of networks: `rtmdet` or `vitpose`.
    #[must_use]
    pub fn family(&self) -> &str {
        self.known("family")
    }

    /// The network: `rtmdet-m`, `vitpose-h`, ...
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.known("architecture")
    }

    /// The name of the checkpoint it was converted from.
    #[must_use]
    pub fn source_name(&self) -> &str {
        self.known("source_name")
    }

    /// The SHA-256 of the checkpoint it was converted from, in hexadecimal.
    #[must_use]
    pub fn source_sha256(&self) -> &str {
        self.known("source_sha256")
    }

    /// The program and version that converted it.
    #[must_use]
    pub fn program(&self) -> &str {
        self.known("program")
    }

    /// The SHA-256 of this file as it was written (its own 64 digits counted as zeros), in hexadecimal. Two files with
    /// the same digest hold the same weights, configuration and origin. [`Self::verify`] checks that it still holds.
    #[must_use]
    pub fn content_sha256(&self) -> &str {
        self.known(CONTENT_SHA256)
    }

    /// Bytes of the file.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether it holds no tensor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The network's configuration.
    ///
    /// # Errors
    /// [`CheckpointError::WrongFamily`] when the file holds another family, [`CheckpointError::Config`] when the JSON is
    /// not such a configuration.
    pub fn config<A: Architecture>(&self) -> Result<A, CheckpointError> {
        if self.family() != A::FAMILY {
            let (path, found) = (self.path.clone(), self.family().to_owned());
            return Err(CheckpointError::WrongFamily { path, expected: A::FAMILY, found });
        }
        serde_json::from_str(self.known("config"))
            .map_err(|source| CheckpointError::Config { path: self.path.clone(), source })
    }

    /// Reads every byte: that they are those written, that the network's tensors are all there in their shapes, and
    /// that every number is finite. Returns how many numbers there are.
    ///
    /// # Errors
    /// [`CheckpointError::Changed`], [`CheckpointError::Incomplete`], [`CheckpointError::Shape`],
    /// [`CheckpointError::NotFinite`], [`CheckpointError::DType`], or those of [`Self::config`].
    pub fn verify(&self) -> Result<usize, CheckpointError> {
        let (expected, found) = (self.content_sha256().to_owned(), self.digest());
        if found != expected {
            return Err(CheckpointError::Changed { path: self.path.clone(), expected, found });
        }
        Network::recorded(self)?.check(&self.path, self)?;
        let mut numbers = 0;
        for (name, tensor) in &self.tensors {
            let values = precision(tensor.dtype, name)?.widen(&self.map[tensor.range.clone()]);
            if !values.iter().all(|value| value.is_finite()) {
                return Err(CheckpointError::NotFinite { key: name.clone() });
            }
            numbers += values.len();
        }
        Ok(numbers)
    }

    fn digest(&self) -> String {
        let (header, data) = self.map.split_at(self.header);
        let mut header = header.to_vec();
        if let Some(at) = digest_position(&header) {
            header[at..at + NO_DIGEST.len()].copy_from_slice(NO_DIGEST.as_bytes());
        }
        let mut digest = Sha256::new_with_prefix(&header);
        data.chunks(HASHED_AT_ONCE).for_each(|chunk| digest.update(chunk));
        hexadecimal(&digest.finalize())
    }
}

impl TensorSource for WeightsFile {
    fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| tensor.shape.as_slice())
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
        self.values_for(name, expected, FloatDType::F32)
    }

    fn values_for(&self, name: &str, expected: &[usize], numbers: FloatDType) -> Result<TensorData, CheckpointError> {
        let tensor = self.tensors.get(name).ok_or_else(|| CheckpointError::Missing { key: name.to_owned() })?;
        if tensor.shape != expected {
            let (expected, found) = (expected.to_vec(), tensor.shape.clone());
            return Err(CheckpointError::Shape { key: name.to_owned(), expected, found });
        }
        let bytes = self.map.slice(tensor.range.clone());
        let precision = precision(tensor.dtype, name)?;
        if precision.numbers() == numbers && are_of_host(precision, &bytes) {
            let shared = Bytes::from_shared(bytes, AllocationProperty::File);
            return Ok(TensorData::from_bytes(shared, tensor.shape.as_slice(), numbers.into()));
        }
        Ok(TensorData::new(precision.widen(&bytes), tensor.shape.as_slice()))
    }
}

/// Whether stored numbers can be used where they lie: the format does not promise their alignment.
fn are_of_host(precision: Precision, bytes: &[u8]) -> bool {
    cfg!(target_endian = "little") && bytes.as_ptr().addr().is_multiple_of(precision.size())
}

fn precision(dtype: Dtype, name: &str) -> Result<Precision, CheckpointError> {
    match dtype {
        Dtype::F32 => Ok(Precision::F32),
        Dtype::F16 => Ok(Precision::F16),
        Dtype::BF16 => Ok(Precision::Bf16),
        other => Err(CheckpointError::DType { key: name.to_owned(), found: format!("{other:?}") }),
    }
}

fn map(path: &Path) -> Result<bytes::Bytes, CheckpointError> {
    let file = File::open(path).map_err(CheckpointError::io(path))?;
    let map = map_file(&file).map_err(CheckpointError::io(path))?;
    Ok(bytes::Bytes::from_owner(map))
}

#[expect(unsafe_code, reason = "a memory map is what lets gigabytes of weights be used without a copy")]
fn map_file(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the map is private and read-only, and its bytes stay as they are while it lives: this program writes a
    // weights file once, under a temporary name, and from then on only renames or deletes it, which leaves an open map
    // intact. Another program that rewrote or cut the file in place would break this, as it would for every user of
    // memory maps; it would be met as other numbers or SIGBUS, never as a write through this map.
    unsafe { memmap2::Mmap::map(file) }
}
