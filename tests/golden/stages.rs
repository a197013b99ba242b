//! One network's stages, each with its distance from the recording.

use std::fmt;

use sha2::{Digest, Sha256};
use swingpose_tests::closeness::relative_error;

/// How far a map may be from the recording: see [`relative_error`].
const LIMIT: f64 = 1e-4;

/// What was compared so far.
pub(crate) struct Stages {
    network: String,
    rows: Vec<(String, f64)>,
}

impl Stages {
    pub(crate) fn of(network: &str) -> Self {
        Self { network: network.to_owned(), rows: Vec::new() }
    }

    /// Bytes are to be the very same.
    pub(crate) fn bytes(&mut self, stage: &str, bytes: &[u8], sha256: &str) {
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.rows.push((stage.to_owned(), if digest == sha256 { 0.0 } else { f64::INFINITY }));
    }

    /// A whole map.
    pub(crate) fn map(&mut self, stage: impl Into<String>, actual: &[f32], expected: &[f32]) {
        self.rows.push((stage.into(), relative_error(actual, expected)));
    }

    /// A map of which every `stride`th number was recorded.
    pub(crate) fn sample(&mut self, stage: impl Into<String>, actual: &[f32], stride: usize, expected: &[f32]) {
        let sample: Vec<f32> = actual.iter().step_by(stride).copied().collect();
        self.map(stage, &sample, expected);
    }

    /// # Panics
    /// If a stage is too far from the recording; the first of them is where to look.
    pub(crate) fn assert_close(&self) {
        if let Some((stage, _)) = self.rows.iter().find(|(_, error)| !(*error <= LIMIT)) {
            panic!("{}: {stage} is not the reference's (limit {LIMIT:e})\n{self}", self.network);
        }
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (stage, error) in &self.rows {
            writeln!(f, "{:20} {stage:24} {error:.1e}", self.network)?;
        }
        Ok(())
    }
}
