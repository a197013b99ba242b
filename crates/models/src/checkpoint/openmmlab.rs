//! The authors' own `.pth` files, read without running anything in them: [`Checkpoint`].
//!
//! A `.pth` is a pickle, a program for Python's object builder. `pytorch-reader` walks it inertly: classes and calls it
//! does not know (mmengine's `HistoryBuffer`, `ConfigDict`, numpy scalars) stay names. In: a zip or legacy container
//! from mmdet 3.x, mmpose 1.x or the ViTPose authors' repository. Out: tensors under mmpose 1.x and mmdet 3.x names,
//! and the config text in `meta`, for [`convert`](super::convert).

use super::safetensors::{Precision, hexadecimal};
use super::{CheckpointError, TensorSource};
use burn::tensor::TensorData;
use pytorch_reader::{DType, PickleValue, PytorchError, PytorchReader, Tensor};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Modules whose functions start programs, open files or build code. A pickle that names one is an attack.
const DANGEROUS_MODULES: [&str; 20] = [
    "asyncio",
    "code",
    "commands",
    "ctypes",
    "importlib",
    "multiprocessing",
    "nt",
    "os",
    "pip",
    "platform",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "sys",
    "timeit",
    "webbrowser",
];

/// Built-in functions that do the same; `getattr`, which mmengine's own files name, is not among them.
const DANGEROUS_BUILTINS: [&str; 8] =
    ["__import__", "breakpoint", "compile", "eval", "exec", "execfile", "input", "open"];

/// Which of the weights in a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateDict {
    /// `state_dict`: what the authors evaluate. Where training averaged weights, mmengine has put the average here.
    #[default]
    Model,
    /// `ema_state_dict`: the other set. mmengine swaps the two when it saves (`EMAHook._swap_ema_state_dict`), so these
    /// are the weights that were trained, not averaged.
    Ema,
}

impl StateDict {
    /// The key in the checkpoint.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Model => "state_dict",
            Self::Ema => "ema_state_dict",
        }
    }
}

/// An opened checkpoint: its header is parsed, its tensors are read one at a time.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    bytes: u64,
    sha256: String,
    config_text: Option<String>,
    opaque: BTreeMap<String, usize>,
    tensors: BTreeMap<String, Tensor>,
}

impl Checkpoint {
    /// Opens the file at `path` and hashes it.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], [`CheckpointError::Unreadable`] when it is no checkpoint, or damaged,
    /// [`CheckpointError::Malicious`] when it names a function that would run a program,
    /// [`CheckpointError::NoEma`] without the weights asked for.
    pub fn open(path: &Path, which: StateDict) -> Result<Self, CheckpointError> {
        let (bytes, sha256) = hash(path)?;
        let unreadable = |reason| CheckpointError::Unreadable { path: path.to_owned(), reason };
        let content = PytorchReader::read_pickle_data(path, None).map_err(unreadable)?;
        let mut opaque = BTreeMap::new();
        count_opaque(&content, &mut opaque);
        if let Some(callable) = opaque.keys().find(|name| is_dangerous(name)) {
            return Err(CheckpointError::Malicious { path: path.to_owned(), callable: callable.clone() });
        }
        let tensors = match which {
            StateDict::Model => model_tensors(path, &content).map_err(unreadable)?,
            StateDict::Ema if !has_key(&content, which.key()) => {
                return Err(CheckpointError::NoEma { path: path.to_owned() });
            }
            StateDict::Ema => averaged_tensors(path).map_err(unreadable)?,
        };
        let config_text = config_text(content);
        Ok(Self { path: path.to_owned(), bytes, sha256, config_text, opaque, tensors })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file's SHA-256 in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The config it was trained with, as Python text.
    #[must_use]
    pub fn config_text(&self) -> Option<&str> {
        self.config_text.as_deref()
    }

    /// Python objects that were left alone, and how many of each.
    #[must_use]
    pub const fn opaque(&self) -> &BTreeMap<String, usize> {
        &self.opaque
    }

    /// The element type under `name`, when it holds floating-point numbers.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] or [`CheckpointError::DType`].
    pub(super) fn precision(&self, name: &str) -> Result<Precision, CheckpointError> {
        match self.tensor(name)?.dtype() {
            DType::F32 => Ok(Precision::F32),
            DType::F16 => Ok(Precision::F16),
            DType::BF16 => Ok(Precision::Bf16),
            other => Err(CheckpointError::DType { key: name.to_owned(), found: format!("{other:?}") }),
        }
    }

    /// The little-endian bytes under `name`.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`], [`CheckpointError::UnreadableTensor`] when the file lacks them, or
    /// [`CheckpointError::Inflated`] when they would take more memory than the file has bytes.
    fn read(&self, name: &str) -> Result<Vec<u8>, CheckpointError> {
        let tensor = self.tensor(name)?;
        let (declared, held) = (tensor.byte_len() as u64, self.bytes);
        // A view can repeat one number as often as it likes; no saved network does.
        if declared > held {
            return Err(CheckpointError::Inflated { path: self.path.clone(), declared, held });
        }
        let unreadable =
            |source| CheckpointError::UnreadableTensor { path: self.path.clone(), key: name.to_owned(), source };
        tensor.read().map_err(unreadable)
    }

    /// Puts every tensor under the name that `rename` gives it.
    ///
    /// # Errors
    /// [`CheckpointError::Ambiguous`] when two tensors would get one name.
    pub(super) fn rename(&mut self, rename: impl Fn(&str) -> String) -> Result<(), CheckpointError> {
        for (name, tensor) in std::mem::take(&mut self.tensors) {
            let key = rename(&name);
            if self.tensors.insert(key.clone(), tensor).is_some() {
                return Err(CheckpointError::Ambiguous { path: self.path.clone(), key });
            }
        }
        Ok(())
    }

    fn tensor(&self, name: &str) -> Result<&Tensor, CheckpointError> {
        self.tensors.get(name).ok_or_else(|| CheckpointError::Missing { key: name.to_owned() })
    }
}

impl TensorSource for Checkpoint {
    fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Tensor::shape)
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
        let found = self.tensor(name)?.shape();
        if found != expected {
            let (expected, found) = (expected.to_vec(), found.to_vec());
            return Err(CheckpointError::Shape { key: name.to_owned(), expected, found });
        }
        Ok(TensorData::new(self.precision(name)?.widen(&self.read(name)?), expected))
    }
}

/// The tensors of `state_dict`, or of the file itself when it is a bare state dict.
fn model_tensors(path: &Path, content: &PickleValue) -> Result<BTreeMap<String, Tensor>, PytorchError> {
    let key = StateDict::Model.key();
    let reader =
        if has_key(content, key) { PytorchReader::with_top_level_key(path, key)? } else { PytorchReader::new(path)? };
    Ok(reader.into_tensors().into_iter().collect())
}

/// The tensors of `ema_state_dict` under the model's names: mmengine's averaged model wraps it as `module`.
fn averaged_tensors(path: &Path) -> Result<BTreeMap<String, Tensor>, PytorchError> {
    let tensors = PytorchReader::with_top_level_key(path, StateDict::Ema.key())?.into_tensors();
    let unwrapped = |(name, tensor): (String, Tensor)| Some((name.strip_prefix("module.")?.to_owned(), tensor));
    Ok(tensors.into_iter().filter_map(unwrapped).collect())
}

fn has_key(content: &PickleValue, key: &str) -> bool {
    matches!(content, PickleValue::Dict(entries) if entries.contains_key(key))
}

/// `meta.cfg` (mmengine) or `meta.config` (mmcv before it), when it is text.
fn config_text(content: PickleValue) -> Option<String> {
    let PickleValue::Dict(mut content) = content else { return None };
    let PickleValue::Dict(mut meta) = content.remove("meta")? else { return None };
    match meta.remove("cfg").or_else(|| meta.remove("config"))? {
        PickleValue::String(text) => Some(text),
        _ => None,
    }
}

/// Counts the objects that the reader left uninterpreted, by the name of their Python type. The reader bounds the depth.
fn count_opaque(value: &PickleValue, counts: &mut BTreeMap<String, usize>) {
    match value {
        PickleValue::Unsupported(name) if !name.starts_with("torch.") => {
            // A name may hold anything; what is printed of it holds no control character.
            *counts.entry(name.escape_debug().to_string()).or_default() += 1;
        }
        PickleValue::List(items) => items.iter().for_each(|item| count_opaque(item, counts)),
        PickleValue::Dict(entries) =>
        {
            #[expect(clippy::iter_over_hash_type, reason = "the counts do not depend on the order")]
            for entry in entries.values() {
                count_opaque(entry, counts);
            }
        }
        _ => {}
    }
}

/// Whether a Python name (`posix.system`, `__builtin__.eval`) is a function that an attack would call.
fn is_dangerous(name: &str) -> bool {
    let (module, function) = name.split_once('.').unwrap_or(("", name));
    match module {
        "builtins" | "__builtin__" => DANGEROUS_BUILTINS.contains(&function),
        module => DANGEROUS_MODULES.contains(&module),
    }
}

fn hash(path: &Path) -> Result<(u64, String), CheckpointError> {
    let mut file = File::open(path).map_err(CheckpointError::io(path))?;
    let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer).map_err(CheckpointError::io(path))?;
        if read == 0 {
            return Ok((bytes, hexadecimal(&digest.finalize())));
        }
        bytes += read as u64;
        digest.update(&buffer[..read]);
    }
}
