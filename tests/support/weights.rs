//! The weights the reference had, made again: most of them from formulas of their names, the few that were measured
//! (running statistics, rescaled last layers) from the recording. A manifest says which is which.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use serde::Deserialize;
use swingpose_models::{CheckpointError, TensorSource};

use crate::fixture::{self, Fixture};
use crate::formula;

/// One network's weights, each made when it is asked for.
#[derive(Debug)]
pub struct FormulaWeights {
    recording: Fixture,
    entries: BTreeMap<String, Entry>,
}

/// One row of a manifest.
#[derive(Clone, Debug, Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    kind: Kind,
    #[serde(default)]
    scale: f32,
    #[serde(default)]
    offset: f32,
    alias_of: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// `unit(name) * scale + offset`.
    Formula,
    /// In the recording.
    Stored,
}

impl FormulaWeights {
    /// The weights of the network whose results are recorded under `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let rows: Vec<Entry> = fixture::json_file(&format!("{name}.manifest.json"));
        let entries = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        Self { recording: Fixture::open(name), entries }
    }

    /// The names that a weights file keeps: no counters of training steps, and what is stored once under its first name.
    #[must_use]
    pub fn kept(&self) -> BTreeMap<String, Vec<usize>> {
        let kept = |entry: &&Entry| entry.alias_of.is_none() && !entry.name.ends_with("num_batches_tracked");
        self.entries.values().filter(kept).map(|entry| (entry.name.clone(), entry.shape.clone())).collect()
    }
}

impl TensorSource for FormulaWeights {
    fn names(&self) -> Vec<&str> {
        self.entries.keys().map(String::as_str).collect()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries.get(name).map(|entry| entry.shape.as_slice())
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
        let entry = self.entries.get(name).ok_or_else(|| CheckpointError::Missing { key: name.to_owned() })?;
        if entry.shape != expected {
            let (key, expected, found) = (name.to_owned(), expected.to_vec(), entry.shape.clone());
            return Err(CheckpointError::Shape { key, expected, found });
        }
        let values = match entry.kind {
            Kind::Stored => self.recording.f32(&format!("weights.{name}")).values,
            Kind::Formula => {
                let origin = entry.alias_of.as_deref().unwrap_or(name);
                let numbers = formula::unit(origin, entry.shape.iter().product());
                numbers.map(|number| number * entry.scale + entry.offset).collect()
            }
        };
        Ok(TensorData::new(values, expected.to_vec()))
    }
}
