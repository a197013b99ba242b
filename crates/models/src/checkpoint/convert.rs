//! From a `.pth` to a weights file: recognise the network, account for every tensor, write.
//!
//! In: a [`Checkpoint`](super::Checkpoint) and what the person states. Out: a file that
//! [`WeightsFile`](super::WeightsFile) opens, and a [`Report`]. Nothing is written unless everything fits.

use super::config_text::hints_of;
use super::dialect::Translated;
use super::network::{Network, head_conv_level};
use super::openmmlab::{Checkpoint, StateDict};
use super::safetensors::{Announced, FORMAT, Precision, Writer};
use super::{CheckpointError, Hints, Report, TensorSource};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where the parts of the networks are; whatever is elsewhere belongs to training.
const PARTS: [&str; 4] = ["backbone.", "neck.", "bbox_head.", "head."];

/// How to convert.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Which of the checkpoint's weights.
    pub state_dict: StateDict,
    /// The precision to store in; each tensor's own when not given.
    pub precision: Option<Precision>,
    /// What the person states; it wins over the checkpoint's config text.
    pub hints: Hints,
    /// The program and version that asks, for the metadata.
    pub program: String,
}

/// A checkpoint recognised and accounted for, ready to be written.
#[derive(Debug)]
pub struct Conversion {
    source: Translated,
    network: Network,
    ignored: BTreeMap<&'static str, Vec<String>>,
    request: Request,
}

impl Conversion {
    /// Reads the checkpoint at `path` and finds out what it is.
    ///
    /// # Errors
    /// Every [`CheckpointError`] about a checkpoint: unreadable, malicious, of no known family, incomplete, with parts
    /// that have no place, with shapes that do not fit, or silent about something that must be stated.
    pub fn new(path: &Path, request: Request) -> Result<Self, CheckpointError> {
        let source = Translated::new(Checkpoint::open(path, request.state_dict)?)?;
        let stated = source.checkpoint().config_text().map(hints_of).unwrap_or_default();
        let hints = request.hints.clone().or(stated);
        let network = Network::recognise(path, &source, hints)?;
        network.check(path, &source)?;
        check_size(&source, &network)?;
        let ignored = left_out(&source, &network)?;
        Ok(Self { source, network, ignored, request })
    }

    /// The network: `rtmdet-m`, `vitpose-h`, ...
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.network.architecture
    }

    /// The checkpoint's SHA-256 in hexadecimal.
    #[must_use]
    pub fn source_sha256(&self) -> &str {
        self.source.checkpoint().sha256()
    }

    /// Writes the weights file `out`, which appears only when it is whole.
    ///
    /// # Errors
    /// [`CheckpointError::Exists`] when there is such a file and `overwrite` is not set,
    /// [`CheckpointError::NotFinite`], [`CheckpointError::Overflow`], [`CheckpointError::UnreadableTensor`] about the
    /// values, [`CheckpointError::Io`] when the disk refuses.
    pub fn write(&self, out: &Path, overwrite: bool) -> Result<Report, CheckpointError> {
        if !overwrite && out.exists() {
            return Err(CheckpointError::Exists { path: out.to_owned() });
        }
        let tensors = self.announced()?;
        let mut writer = Writer::create(out, &self.metadata(), &tensors)?;
        for tensor in &tensors {
            let values = self.source.to_vec(&tensor.name, &tensor.shape)?;
            check_values(tensor, &values)?;
            writer.write(&tensor.precision.narrow(&values))?;
        }
        let content_sha256 = writer.finish()?;
        Ok(self.report(out, &tensors, content_sha256))
    }

    /// The tensors in the order they are written: wider numbers first, so that all of them lie aligned.
    fn announced(&self) -> Result<Vec<Announced>, CheckpointError> {
        let announce = |(name, shape): &(String, Vec<usize>)| {
            let stored = self.source.precision(name)?;
            let precision = self.request.precision.unwrap_or(stored);
            Ok(Announced { name: name.clone(), precision, shape: shape.clone() })
        };
        let mut tensors = self.network.tensors.iter().map(announce).collect::<Result<Vec<_>, CheckpointError>>()?;
        tensors.sort_by(|a, b| (a.precision, &a.name).cmp(&(b.precision, &b.name)));
        Ok(tensors)
    }

    fn metadata(&self) -> BTreeMap<&'static str, String> {
        let name = self.source.checkpoint().path().file_name().unwrap_or_default();
        BTreeMap::from([
            ("format", FORMAT.to_owned()),
            ("family", self.network.family.to_owned()),
            ("architecture", self.network.architecture.clone()),
            ("config", self.network.config.clone()),
            ("source_name", name.to_string_lossy().into_owned()),
            ("source_sha256", self.source_sha256().to_owned()),
            ("source_state_dict", self.request.state_dict.key().to_owned()),
            ("program", self.request.program.clone()),
        ])
    }

    fn report(&self, out: &Path, tensors: &[Announced], content_sha256: String) -> Report {
        let mut precisions = BTreeMap::new();
        for tensor in tensors {
            *precisions.entry(tensor.precision).or_insert(0) += 1;
        }
        Report {
            architecture: self.network.architecture.clone(),
            config: self.network.config.clone(),
            source: self.source.checkpoint().path().to_owned(),
            source_sha256: self.source_sha256().to_owned(),
            state_dict: self.request.state_dict.key(),
            dialect: self.source.dialect(),
            used: tensors.len(),
            parameters: self.network.parameters(),
            ignored: self.ignored.clone(),
            notes: self.source.positions_note().into_iter().collect(),
            opaque: self.source.checkpoint().opaque().clone(),
            precisions,
            written: out.to_owned(),
            content_sha256,
        }
    }
}

/// That the tensors together declare no more bytes than a file can hold honestly: a view can repeat one number as often
/// as it likes. Half precision is the least that any tensor takes.
fn check_size(source: &Translated, network: &Network) -> Result<(), CheckpointError> {
    let (declared, held) = ((network.parameters() * Precision::F16.size()) as u64, source.checkpoint().bytes());
    match declared > held {
        true => Err(CheckpointError::Inflated { path: source.checkpoint().path().to_owned(), declared, held }),
        false => Ok(()),
    }
}

/// The tensors that are not written, by the reason.
fn left_out(source: &Translated, network: &Network) -> Result<BTreeMap<&'static str, Vec<String>>, CheckpointError> {
    let used: BTreeSet<&str> = network.tensors.iter().map(|(name, _)| name.as_str()).collect();
    let (mut ignored, mut unexpected) = (BTreeMap::<_, Vec<String>>::new(), Vec::new());
    for name in source.names().into_iter().filter(|name| !used.contains(name)) {
        match reason_to_ignore(name) {
            Some(reason) => ignored.entry(reason).or_default().push(name.to_owned()),
            None => unexpected.push(name.to_owned()),
        }
    }
    if unexpected.is_empty() {
        return Ok(ignored);
    }
    let (path, architecture) = (source.checkpoint().path().to_owned(), network.architecture.clone());
    Err(CheckpointError::Unexpected { path, architecture, unexpected })
}

/// Why a tensor that the network does not load may be left out; `None` when leaving it out would change the network.
fn reason_to_ignore(name: &str) -> Option<&'static str> {
    if name.ends_with(".num_batches_tracked") {
        Some("counts training steps")
    } else if matches!(name, "backbone.cls_token" | "backbone.mask_token") {
        Some("a token of pre-training, which the network does not read")
    } else if head_conv_level(name).is_some_and(|level| level != "0") {
        Some("equal to the first level's, stored once")
    } else if !PARTS.iter().any(|part| name.starts_with(part)) {
        Some("not a part of the network")
    } else {
        None
    }
}

/// That every number is one, and survives the precision it will be stored in.
fn check_values(tensor: &Announced, values: &[f32]) -> Result<(), CheckpointError> {
    if !values.iter().all(|value| value.is_finite()) {
        return Err(CheckpointError::NotFinite { key: tensor.name.clone() });
    }
    match values.iter().find(|value| !tensor.precision.holds(**value)) {
        Some(&value) => {
            let (key, precision) = (tensor.name.clone(), tensor.precision.name());
            Err(CheckpointError::Overflow { key, value, precision })
        }
        None => Ok(()),
    }
}
