//! The weights file's format, written: safetensors whose metadata says which network it holds and where it came from.
//!
//! In: tensors one at a time from [`convert`](super::convert). Out: a file that appears under its name only when it is
//! whole. The same input gives the same bytes: the header is sorted, and its digest covers every byte of the file.
//! [`WeightsFile`](super::WeightsFile) reads it.

use super::CheckpointError;
use burn::tensor::FloatDType;
use half::{bf16, f16};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The value of the metadata entry `format`.
pub(super) const FORMAT: &str = "swingpose-1";

/// The metadata entry of the file's own digest: SHA-256 of the whole file with these 64 digits zeroed.
pub(super) const CONTENT_SHA256: &str = "content_sha256";

/// What stands in place of the digest while the file is hashed.
pub(super) const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Bytes a safetensors file starts with: the header's length.
pub(super) const LENGTH_BYTES: usize = 8;

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
}

impl Precision {
    /// Bytes a number.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Burn's word for it.
    pub(super) const fn numbers(self) -> FloatDType {
        match self {
            Self::F32 => FloatDType::F32,
            Self::F16 => FloatDType::F16,
            Self::Bf16 => FloatDType::BF16,
        }
    }

    /// The format's word for it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    /// Whether `value` stays finite in this precision.
    pub(super) fn holds(self, value: f32) -> bool {
        match self {
            Self::F32 => value.is_finite(),
            Self::F16 => f16::from_f32(value).is_finite(),
            Self::Bf16 => bf16::from_f32(value).is_finite(),
        }
    }

    /// Little-endian bytes in this precision, widened to f32.
    pub(super) fn widen(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => numbers(bytes, f32::from_le_bytes),
            Self::F16 => numbers(bytes, |two| f16::from_le_bytes(two).to_f32()),
            Self::Bf16 => numbers(bytes, |two| bf16::from_le_bytes(two).to_f32()),
        }
    }

    /// `values` rounded to this precision, as little-endian bytes.
    pub(super) fn narrow(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::F32 => bytes(values, f32::to_le_bytes),
            Self::F16 => bytes(values, |value| f16::from_f32(value).to_le_bytes()),
            Self::Bf16 => bytes(values, |value| bf16::from_f32(value).to_le_bytes()),
        }
    }
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| number(chunk)).collect()
}

fn bytes<const N: usize>(values: &[f32], bytes: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    let mut stored = vec![0; values.len() * N];
    stored.as_chunks_mut().0.iter_mut().zip(values).for_each(|(chunk, &value)| *chunk = bytes(value));
    stored
}

/// A tensor announced in the header; its bytes follow in the same order.
pub(super) struct Announced {
    pub(super) name: String,
    pub(super) precision: Precision,
    pub(super) shape: Vec<usize>,
}

impl Announced {
    pub(super) fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.precision.size()
    }
}

/// A weights file being written beside its final name. Dropped before [`Writer::finish`], it leaves nothing behind.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
    digest: Sha256,
    /// Where in the file the digest's digits stand.
    digest_at: u64,
}

impl Writer {
    /// Starts `path` with the header: `metadata` and the tensors, whose bytes must follow in this order.
    pub(super) fn create(
        path: &Path,
        metadata: &BTreeMap<&str, String>,
        tensors: &[Announced],
    ) -> Result<Self, CheckpointError> {
        let header = header(metadata, tensors);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(CheckpointError::io(folder))?;
        let file =
            tempfile::Builder::new().prefix(".converting-").tempfile_in(folder).map_err(CheckpointError::io(folder))?;
        let mut writer = Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            digest: Sha256::new(),
            digest_at: digest_position(&header).unwrap_or_default() as u64,
        };
        writer.write(&header)?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(CheckpointError::io(&self.path))
    }

    /// Puts the digest in its place, the bytes on the disk and the file under its name. Returns the digest.
    pub(super) fn finish(self) -> Result<String, CheckpointError> {
        let digest = hexadecimal(&self.digest.finalize());
        let failed = CheckpointError::io(&self.path);
        let named = self.file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|mut temporary| {
            let file: &mut File = temporary.as_file_mut();
            file.seek(SeekFrom::Start(self.digest_at))?;
            file.write_all(digest.as_bytes())?;
            file.sync_all()?;
            share_as_other_files(file)?;
            temporary.persist(&self.path).map_err(|refusal| refusal.error)
        });
        named.map_err(failed)?;
        Ok(digest)
    }
}

/// A temporary file is private to its owner; weights are to be read by whoever may read the folder.
#[cfg(unix)]
fn share_as_other_files(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share_as_other_files(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// The length and the JSON of the header, its keys sorted, padded with spaces so that the data starts at a multiple of 8.
fn header(metadata: &BTreeMap<&str, String>, tensors: &[Announced]) -> Vec<u8> {
    let mut stamped = metadata.clone();
    stamped.insert(CONTENT_SHA256, NO_DIGEST.to_owned());
    let mut entries = BTreeMap::from([("__metadata__", json!(stamped))]);
    let mut start = 0;
    for tensor in tensors {
        let end = start + tensor.bytes();
        let entry = json!({"data_offsets": [start, end], "dtype": tensor.precision.name(), "shape": tensor.shape});
        entries.insert(&tensor.name, entry);
        start = end;
    }
    let mut text = json!(entries).to_string();
    text.push_str(&" ".repeat(text.len().next_multiple_of(LENGTH_BYTES) - text.len()));
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend_from_slice(text.as_bytes());
    header
}

/// Where the digits of the digest stand in a header.
pub(super) fn digest_position(header: &[u8]) -> Option<usize> {
    let entry = format!("\"{CONTENT_SHA256}\":\"");
    let start = header.windows(entry.len()).position(|window| window == entry.as_bytes())? + entry.len();
    (start + NO_DIGEST.len() <= header.len()).then_some(start)
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
