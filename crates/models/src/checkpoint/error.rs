//! What can be wrong with a checkpoint or a weights file, each with the facts a person needs to mend it.

use std::path::{Path, PathBuf};

/// Why weights could not be read, recognised, converted or loaded.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error("{path}: cannot be read or written")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A tensor the architecture needs is not in the file.
    #[error("{key}: not in the checkpoint")]
    Missing {
        /// The checkpoint's name of the tensor.
        key: String,
    },
    /// A tensor has another shape than the architecture gives it.
    #[error("{key}: expected {expected:?}, found {found:?}")]
    Shape {
        /// The checkpoint's name of the tensor.
        key: String,
        /// The architecture's shape.
        expected: Vec<usize>,
        /// The file's shape.
        found: Vec<usize>,
    },
    /// A tensor has another number of dimensions than the architecture gives it.
    #[error("{key}: expected {expected} dimensions, found {found:?}")]
    Rank {
        /// The checkpoint's name of the tensor.
        key: String,
        /// How many dimensions it should have.
        expected: usize,
        /// The file's shape.
        found: Vec<usize>,
    },
    /// A tensor that should hold weights holds something else.
    #[error("{key}: expected f32, f16 or bf16, found {found}")]
    DType {
        /// The checkpoint's name of the tensor.
        key: String,
        /// The file's element type.
        found: String,
    },
    /// The shapes leave something open, the checkpoint's config text does not state it, and no flag was given.
    #[error(
        "the tensors' shapes do not tell {what}, and the checkpoint carries no config text that does: state it with {flag}"
    )]
    Undetermined {
        /// What is not known.
        what: &'static str,
        /// The option of `swingpose weights convert` that states it.
        flag: &'static str,
    },
    /// A configuration that describes no network.
    #[error("{field} must be {expected}")]
    Invalid {
        /// The field of the configuration.
        field: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// The file is no PyTorch checkpoint, or a damaged one.
    #[error("{path}: not a readable PyTorch checkpoint: {reason}")]
    Unreadable {
        /// The checkpoint.
        path: PathBuf,
        /// What the reader met, with its causes.
        reason: pytorch_reader::PytorchError,
    },
    /// A tensor's bytes could not be read from the checkpoint.
    #[error("{path}: {key} cannot be read from it")]
    UnreadableTensor {
        /// The checkpoint.
        path: PathBuf,
        /// The checkpoint's name of the tensor.
        key: String,
        /// What the reader met.
        source: std::io::Error,
    },
    /// The pickle would run a program if Python loaded it. Nothing of it was run here.
    #[error("{path}: refused: loading this file in Python would call {callable}, which no checkpoint needs; delete it")]
    Malicious {
        /// The checkpoint.
        path: PathBuf,
        /// The Python function it names.
        callable: String,
    },
    /// The tensors belong to no network this program knows.
    #[error("{path}: neither RTMDet nor ViTPose: its tensors are {}", listing(.names))]
    Unrecognised {
        /// The checkpoint.
        path: PathBuf,
        /// The names of its tensors.
        names: Vec<String>,
    },
    /// Two tensors stand for the same one, under an old and a new name.
    #[error("{path}: two of its tensors are both {key}")]
    Ambiguous {
        /// The checkpoint.
        path: PathBuf,
        /// The name they share.
        key: String,
    },
    /// The network needs tensors that the checkpoint lacks.
    #[error("{path}: {architecture} needs {} more tensors: {}", .missing.len(), listing(.missing))]
    Incomplete {
        /// The checkpoint.
        path: PathBuf,
        /// The network its other tensors belong to.
        architecture: String,
        /// What it lacks.
        missing: Vec<String>,
    },
    /// The checkpoint holds parts of a network that this program would have to leave out.
    #[error("{path}: {architecture} has no {}: this is a variant of the network that is not supported", listing(.unexpected))]
    Unexpected {
        /// The checkpoint.
        path: PathBuf,
        /// The network its other tensors belong to.
        architecture: String,
        /// The tensors it has no place for.
        unexpected: Vec<String>,
    },
    /// The tensors claim more bytes than the file has, as no saved network does.
    #[error("{path}: its tensors declare {declared} bytes, the file holds {held}")]
    Inflated {
        /// The checkpoint.
        path: PathBuf,
        /// Bytes the tensors would take.
        declared: u64,
        /// Bytes of the file.
        held: u64,
    },
    /// A weight is NaN or infinite.
    #[error("{key}: holds a value that is not finite")]
    NotFinite {
        /// The checkpoint's name of the tensor.
        key: String,
    },
    /// A weight is too large for the precision to store it in.
    #[error("{key}: {value:e} does not fit {precision}; convert with --dtype f32")]
    Overflow {
        /// The checkpoint's name of the tensor.
        key: String,
        /// The weight.
        value: f32,
        /// The precision.
        precision: &'static str,
    },
    /// There is no `ema_state_dict` to take weights from.
    #[error("{path}: no ema_state_dict in it; convert without --ema")]
    NoEma {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The file to write is there already.
    #[error("{path}: exists already; delete it or convert with --overwrite")]
    Exists {
        /// The weights file.
        path: PathBuf,
    },
    /// A safetensors file whose header does not describe its bytes: cut short, or changed.
    #[error("{path}: not a whole safetensors file: {problem}; convert or pull it again")]
    Damaged {
        /// The weights file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// A safetensors file that this program did not write.
    #[error("{path}: no {key} in its metadata: it was not written by `swingpose weights convert`")]
    Foreign {
        /// The weights file.
        path: PathBuf,
        /// The metadata it lacks.
        key: &'static str,
    },
    /// The file holds another network than the one asked for.
    #[error("{path}: holds {found} weights, {expected} weights are needed")]
    WrongFamily {
        /// The weights file.
        path: PathBuf,
        /// The family asked for.
        expected: &'static str,
        /// The family it holds.
        found: String,
    },
    /// The configuration in the metadata cannot be read by this version.
    #[error("{path}: its configuration cannot be read by this version; convert it again")]
    Config {
        /// The weights file.
        path: PathBuf,
        /// What the JSON reader met.
        source: serde_json::Error,
    },
    /// The bytes are not those that were written.
    #[error("{path}: its SHA-256 is {found}, {expected} was recorded when it was written; convert or pull it again")]
    Changed {
        /// The weights file.
        path: PathBuf,
        /// The hash in its metadata.
        expected: String,
        /// The hash of its bytes.
        found: String,
    },
}

/// The first names of a list, and how many follow. They come from a file that may be hostile: no control character
/// reaches the terminal.
fn listing(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(|name| name.escape_debug().to_string()).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl CheckpointError {
    /// An error of the operating system about `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
