//! What a conversion did, for the person who asked for it: [`Report`].

use super::Dialect;
use super::safetensors::Precision;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What was recognised, used, left out and written.
#[derive(Clone, Debug)]
pub struct Report {
    /// The network, as `rtmdet-m`.
    pub architecture: String,
    /// Its configuration as JSON.
    pub config: String,
    /// The checkpoint.
    pub source: PathBuf,
    /// Its SHA-256 in hexadecimal.
    pub source_sha256: String,
    /// Which of its weights were taken: `state_dict` or `ema_state_dict`.
    pub state_dict: &'static str,
    /// Whose names it uses.
    pub dialect: Dialect,
    /// Tensors written.
    pub used: usize,
    /// Numbers written.
    pub parameters: usize,
    /// Tensors left out, by the reason.
    pub ignored: BTreeMap<&'static str, Vec<String>>,
    /// What was done to a tensor on the way.
    pub notes: Vec<&'static str>,
    /// Python objects that were not interpreted, and how many of each.
    pub opaque: BTreeMap<String, usize>,
    /// Tensors written in each precision.
    pub precisions: BTreeMap<Precision, usize>,
    /// The weights file.
    pub written: PathBuf,
    /// The digest in its metadata.
    pub content_sha256: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.source.display(), self.architecture)?;
        writeln!(f, "  from     {}, {}", self.state_dict, self.dialect)?;
        writeln!(f, "  sha256   {}", self.source_sha256)?;
        writeln!(f, "  config   {}", self.config)?;
        let precisions: Vec<_> =
            self.precisions.iter().map(|(precision, tensors)| format!("{tensors} {}", precision.name())).collect();
        writeln!(f, "  used     {} tensors ({}), {} parameters", self.used, precisions.join(", "), self.parameters)?;
        for (reason, names) in &self.ignored {
            writeln!(f, "  ignored  {}: {reason}", counted(names))?;
        }
        writeln!(f, "  missing  none")?;
        for note in &self.notes {
            writeln!(f, "  changed  {note}")?;
        }
        for (name, count) in &self.opaque {
            writeln!(f, "  unread   {count} x {name}")?;
        }
        write!(f, "{}: written, content {}", self.written.display(), self.content_sha256)
    }
}

fn counted(names: &[String]) -> String {
    match names {
        [only] => only.clone(),
        [first, ..] => format!("{} ({first}, ...)", names.len()),
        [] => "none".to_owned(),
    }
}
