//! Which networks are measured: files of converted weights, or made-up ones, which live as long as they are needed.

use super::BenchArgs;
use crate::networks::{NO_DETECTOR, Networks};
use crate::weights::{program, weights_file};
use anyhow::Context;
use std::path::{Path, PathBuf};
use swingpose_models::checkpoint::{Precision, write_made_up};
use swingpose_models::{RtmDetConfig, VitPoseConfig};
use tempfile::TempDir;

/// The networks, as files.
pub(super) struct Chosen {
    pub(super) detector: Option<PathBuf>,
    pub(super) pose: PathBuf,
    /// Where made-up weights are.
    folder: Option<TempDir>,
}

impl Chosen {
    /// What the arguments name.
    ///
    /// # Errors
    /// A name or file that is not there, or no place for made-up weights.
    pub(super) fn new(args: &BenchArgs) -> anyhow::Result<Self> {
        let detector = Some(args.detector.as_str()).filter(|name| *name != NO_DETECTOR);
        if args.made_up {
            return Self::made_up_of(detector, &args.pose);
        }
        let networks = Networks::named(&args.weights.path(), detector, Some(&args.pose))
            .context("--made-up measures without weights")?;
        Ok(Self { detector: networks.detector, pose: networks.pose, folder: None })
    }

    fn made_up_of(detector: Option<&str>, pose: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no place for made-up weights")?;
        let place = |name: &str| weights_file(folder.path(), name);
        let detector = detector
            .map(|name| {
                let config =
                    RtmDetConfig::named(name).with_context(|| format!("no published detector is called {name}"))?;
                write_made_up(&config.person(), Precision::F16, &program(), &place(name))?;
                anyhow::Ok(place(name))
            })
            .transpose()?;
        let config =
            VitPoseConfig::named(pose).with_context(|| format!("no published pose network is called {pose}"))?;
        write_made_up(&config, Precision::F16, &program(), &place(pose))?;
        Ok(Self { detector, pose: place(pose), folder: Some(folder) })
    }

    pub(super) const fn made_up(&self) -> bool {
        self.folder.is_some()
    }

    /// Their names, for a person.
    pub(super) fn told(&self) -> String {
        let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let names: Vec<_> = self.detector.iter().chain([&self.pose]).map(|path| name(path)).collect();
        let made_up = if self.made_up() { ", made-up weights" } else { "" };
        format!("{}{made_up}", names.join(" and "))
    }
}
