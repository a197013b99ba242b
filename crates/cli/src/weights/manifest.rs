//! The published weights, from `weights/manifest.toml`, which is a part of the program.

use anyhow::{Context, bail};
use serde::Deserialize;

const TEXT: &str = include_str!("../../../../weights/manifest.toml");

/// One published checkpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    /// What it is called here; the converted file is `<name>.safetensors`.
    pub(super) name: String,
    /// What it tells apart, in a few words.
    pub(super) about: String,
    /// Published average precision on COCO val2017, in percent.
    pub(super) ap: Option<f32>,
    pub(super) licence: String,
    /// How the checkpoint's SHA-256 begins.
    pub(super) sha256: String,
    pub(super) url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    weights: Vec<Published>,
}

/// Everything that is known.
pub(super) fn published() -> anyhow::Result<Vec<Published>> {
    let manifest: Manifest = toml::from_str(TEXT).context("the program's own manifest")?;
    Ok(manifest.weights)
}

/// The weights called `name`.
pub(super) fn find(name: &str) -> anyhow::Result<Published> {
    let all = published()?;
    let names: Vec<_> = all.iter().map(|weights| weights.name.clone()).collect();
    match all.into_iter().find(|weights| weights.name == name) {
        Some(weights) => Ok(weights),
        None => bail!("no published weights are called {name}; there are {}", names.join(", ")),
    }
}

/// The published weights whose checkpoint has this SHA-256.
pub(super) fn by_hash(sha256: &str) -> anyhow::Result<Option<Published>> {
    Ok(published()?.into_iter().find(|weights| sha256.starts_with(&weights.sha256)))
}

impl Published {
    /// The checkpoint's own name.
    pub(super) fn file_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_hash_is_the_one_in_the_official_file_name() {
        for weights in published().unwrap() {
            assert_eq!(weights.sha256.len(), 8, "{}", weights.name);
            assert!(weights.file_name().contains(&format!("-{}", weights.sha256)), "{}", weights.name);
            assert!(weights.file_name().ends_with(".pth"), "{}", weights.name);
            assert!(weights.url.starts_with("https://download.openmmlab.com/"), "{}", weights.name);
        }
    }

    #[test]
    fn names_and_hashes_are_told_apart() {
        let all = published().unwrap();
        let names: BTreeSet<_> = all.iter().map(|weights| &weights.name).collect();
        let hashes: BTreeSet<_> = all.iter().map(|weights| &weights.sha256).collect();
        assert_eq!((names.len(), hashes.len()), (all.len(), all.len()));
    }

    #[test]
    fn a_name_that_is_not_published_is_answered_with_those_that_are() {
        let refusal = find("vitpose-g").unwrap_err().to_string();
        assert!(refusal.contains("vitpose-g") && refusal.contains("vitpose-h-simple"), "{refusal}");
    }
}
