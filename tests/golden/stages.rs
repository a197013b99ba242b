//! One network's stages, each with its distance from the recording and how far that may be.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use swingpose_tests::closeness::relative_error;
use swingpose_tests::fixture::json_file;

/// How far a map may be from the recording: see [`relative_error`].
const LIMIT: f64 = 1e-4;

/// Where the recording's own rounding is more than its share of the limit, so many times that rounding.
const ROUNDINGS: f64 = 3.0;

/// How far a recording, made in f32, is from the same code run in f64 (`make_oracle.py rounding`). Random weights make
/// deep stages ill-conditioned: PyTorch's own results move by as much from one processor to another.
#[derive(Deserialize)]
pub(crate) struct Rounding {
    /// Of each stage, as [`relative_error`] measures it.
    stages: BTreeMap<String, f64>,
    /// The least IoU between the two runs' detections.
    pub(crate) detection_iou: f64,
    /// The largest difference of their scores.
    pub(crate) detection_score: f64,
}

impl Rounding {
    /// What is known of this recording; none of its rounding, if nothing is.
    pub(crate) fn of(network: &str) -> Self {
        let mut known: BTreeMap<String, Self> = json_file("rounding.json");
        known.remove(network).unwrap_or(Self { stages: BTreeMap::new(), detection_iou: 1.0, detection_score: 0.0 })
    }

    /// `limit`, or more where the recording's own `rounding` is more than that.
    pub(crate) fn widen(limit: f64, rounding: f64) -> f64 {
        limit.max(ROUNDINGS * rounding)
    }
}

/// What was compared so far.
pub(crate) struct Stages {
    network: String,
    rounding: Rounding,
    rows: Vec<Row>,
}

struct Row {
    stage: String,
    error: f64,
    limit: f64,
}

impl Stages {
    pub(crate) fn of(network: &str) -> Self {
        Self { network: network.to_owned(), rounding: Rounding::of(network), rows: Vec::new() }
    }

    /// Bytes are to be the very same.
    pub(crate) fn bytes(&mut self, stage: &str, bytes: &[u8], sha256: &str) {
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let error = if digest == sha256 { 0.0 } else { f64::INFINITY };
        self.rows.push(Row { stage: stage.to_owned(), error, limit: 0.0 });
    }

    /// A whole map.
    pub(crate) fn map(&mut self, stage: &str, actual: &[f32], expected: &[f32]) {
        let rounding = self.rounding.stages.get(stage).copied().unwrap_or_default();
        let (error, limit) = (relative_error(actual, expected), Rounding::widen(LIMIT, rounding));
        self.rows.push(Row { stage: stage.to_owned(), error, limit });
    }

    /// A map of which every `stride`th number was recorded.
    pub(crate) fn sample(&mut self, stage: &str, actual: &[f32], stride: usize, expected: &[f32]) {
        let sample: Vec<f32> = actual.iter().step_by(stride).copied().collect();
        self.map(stage, &sample, expected);
    }

    /// # Panics
    /// If a stage is too far from the recording; the first of them is where to look.
    pub(crate) fn assert_close(&self) {
        if let Some(row) = self.rows.iter().find(|row| row.error > row.limit) {
            panic!("{}: {} is not the reference's\n{self}", self.network, row.stage);
        }
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { stage, error, limit } in &self.rows {
            writeln!(f, "{:20} {stage:24} {error:.1e} of {limit:.1e}", self.network)?;
        }
        Ok(())
    }
}
