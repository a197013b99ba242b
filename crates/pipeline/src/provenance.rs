//! What made the labels: hashes of the files that went in, the program, and the comparison that tells finished work.

use crate::error::PipelineError;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use swingpose_core::provenance::{DeviceInfo, Input, Program, Provenance, Weights};

/// Files are hashed in pieces of this many bytes.
const PIECE: usize = 1 << 20;

/// A file's SHA-256 in lower-case hex, and its length in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// Reads `path` through, piece by piece.
///
/// # Errors
/// [`PipelineError::Read`].
pub fn digest_file(path: &Path) -> Result<FileDigest, PipelineError> {
    digest_unless(path, &|| false)
}

/// The same, given up with [`PipelineError::Interrupted`] where `should_stop` says so.
fn digest_unless(path: &Path, should_stop: &dyn Fn() -> bool) -> Result<FileDigest, PipelineError> {
    let refusal = |source| PipelineError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(refusal)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(FileDigest { sha256: hex(&hash.finalize()), bytes }),
            Ok(length) => {
                hash.update(&piece[..length]);
                bytes += length as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(refusal(error)),
        }
        if should_stop() {
            return Err(PipelineError::Interrupted);
        }
    }
}

/// An input and its digest, which is that of the file as long as nobody writes to it.
#[derive(Debug)]
pub(crate) struct HashedInput {
    path: PathBuf,
    pub(crate) digest: FileDigest,
    stamp: Stamp,
}

/// A file's length, and when it was last written to.
type Stamp = (u64, Option<SystemTime>);

impl HashedInput {
    /// Hashes the file `path`.
    ///
    /// # Errors
    /// [`PipelineError::Read`], [`PipelineError::InputChanged`] where it is still being written,
    /// [`PipelineError::Interrupted`].
    pub(crate) fn read(path: &Path, should_stop: &dyn Fn() -> bool) -> Result<Self, PipelineError> {
        let refusal = |source| PipelineError::Read { path: path.to_owned(), source };
        let stamp = stamp(path).map_err(refusal)?;
        let digest = digest_unless(path, should_stop)?;
        let input = Self { path: path.to_owned(), digest, stamp };
        input.check()?;
        Ok(input)
    }

    /// Whether the file is still what it was.
    ///
    /// # Errors
    /// [`PipelineError::InputChanged`].
    pub(crate) fn check(&self) -> Result<(), PipelineError> {
        match stamp(&self.path) {
            Ok(now) if now == self.stamp => Ok(()),
            _ => Err(PipelineError::InputChanged { path: self.path.clone() }),
        }
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.len(), metadata.modified().ok()))
}

/// The SHA-256 of `bytes` in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that labels are made with, apart from the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Making {
    pub(crate) program: Program,
    pub(crate) detector: Option<Weights>,
    pub(crate) pose: Weights,
    pub(crate) device: DeviceInfo,
    pub(crate) options: BTreeMap<String, String>,
}

impl Making {
    /// The provenance of labels made so from `input`.
    pub(crate) fn of(&self, input: Input) -> Provenance {
        Provenance {
            program: self.program.clone(),
            input,
            detector: self.detector.clone(),
            pose: self.pose.clone(),
            device: self.device.clone(),
            options: self.options.clone(),
        }
    }

    /// What tells labels `made` before from those that this would make of the file `digest`; `None` if they are the
    /// same. The input's name does not matter, and what is known of it only after decoding follows from the rest.
    pub(crate) fn difference(&self, made: &Provenance, digest: &FileDigest) -> Option<String> {
        let (then, now) = differing_options(&made.options, &self.options);
        let parts = [
            (made.input.sha256 == digest.sha256, "another input", short(&made.input.sha256), short(&digest.sha256)),
            (made.detector == self.detector, "another detector", network(&made.detector), network(&self.detector)),
            (made.pose == self.pose, "another pose network", weights(&made.pose), weights(&self.pose)),
            (made.options == self.options, "other options", then, now),
            (
                made.program == self.program,
                "another version of the program",
                version(&made.program),
                version(&self.program),
            ),
            (made.device == self.device, "another device", device(&made.device), device(&self.device)),
        ];
        let differing = parts.into_iter().find(|(same, ..)| !same);
        differing.map(|(_, what, then, now)| format!("{what}: {then} then, {now} now"))
    }
}

/// The beginning of a digest, enough for a person to tell two apart.
fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}

fn weights(weights: &Weights) -> String {
    format!("{} {}", weights.architecture, short(&weights.sha256))
}

fn network(of: &Option<Weights>) -> String {
    of.as_ref().map_or_else(|| "none".to_owned(), weights)
}

fn version(program: &Program) -> String {
    let commit = program.commit.as_deref().map(|commit| format!(" ({})", short(commit)));
    format!("{}{}", program.version, commit.unwrap_or_default())
}

fn device(device: &DeviceInfo) -> String {
    let driver = device.driver.as_deref().map(|driver| format!(", driver {driver}"));
    format!("{} in {}{}", device.name, device.precision, driver.unwrap_or_default())
}

/// The options in which two sets differ, as each has them.
fn differing_options(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> (String, String) {
    let names: BTreeSet<&String> =
        then.keys().chain(now.keys()).filter(|name| then.get(*name) != now.get(*name)).collect();
    let told = |of: &BTreeMap<String, String>| {
        let option = |name: &&String| format!("{name} {}", of.get(*name).map_or("none", String::as_str));
        names.iter().map(option).collect::<Vec<_>>().join(", ")
    };
    (told(then), told(now))
}

/// This program, as built.
#[must_use]
pub fn program() -> Program {
    Program {
        name: "swingpose".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("SWINGPOSE_COMMIT").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingpose_core::Timebase;

    fn making() -> Making {
        let weights = |name: &str| Weights {
            architecture: name.to_owned(),
            sha256: sha256_hex(name.as_bytes()),
            source_sha256: None,
            demo: false,
        };
        Making {
            program: program(),
            detector: Some(weights("rtmdet-m")),
            pose: weights("vitpose-b"),
            device: DeviceInfo {
                kind: "cpu".to_owned(),
                name: "one".to_owned(),
                driver: None,
                precision: "fp32".to_owned(),
            },
            options: BTreeMap::from([("flip".to_owned(), "false".to_owned())]),
        }
    }

    fn input(sha256: &str) -> Input {
        Input {
            name: "clip.mp4".to_owned(),
            image_id: None,
            sha256: sha256.to_owned(),
            bytes: 3,
            size: (4, 2),
            codec: "h264".to_owned(),
            rotation: 0,
            timebase: Timebase { num: 1, den: 600 },
            frames: 1,
            lost_frames: 0,
            matrix: "bt709".to_owned(),
            range: "limited".to_owned(),
            bit_depth: 8,
        }
    }

    #[test]
    fn a_file_is_hashed_whole_over_its_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bytes");
        let bytes: Vec<u8> = (0..PIECE * 2 + 17).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let digest = digest_file(&path).unwrap();
        assert_eq!(digest, FileDigest { sha256: sha256_hex(&bytes), bytes: bytes.len() as u64 });
    }

    #[test]
    fn an_input_that_is_written_to_is_no_longer_what_was_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip");
        std::fs::write(&path, "one").unwrap();
        let input = HashedInput::read(&path, &|| false).unwrap();
        input.check().unwrap();
        std::fs::write(&path, "longer").unwrap();
        assert!(matches!(input.check(), Err(PipelineError::InputChanged { path: named }) if named == path));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(input.check(), Err(PipelineError::InputChanged { .. })));
    }

    #[test]
    fn hashing_can_be_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip");
        std::fs::write(&path, "one").unwrap();
        assert!(matches!(HashedInput::read(&path, &|| true), Err(PipelineError::Interrupted)));
    }

    #[test]
    fn the_hash_is_sha_256_in_lower_case_hex() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
    }

    #[test]
    fn labels_are_the_same_when_nothing_that_made_them_differs() {
        let making = making();
        let digest = FileDigest { sha256: "ab".to_owned(), bytes: 3 };
        let made = making.of(Input { name: "renamed.mp4".to_owned(), ..input("ab") });
        assert_eq!(making.difference(&made, &digest), None);
    }

    #[test]
    fn whatever_differs_is_named() {
        let digest = FileDigest { sha256: "ab".to_owned(), bytes: 3 };
        let made = making().of(input("ab"));
        type Change = fn(&mut Making);
        let changes: [(Change, &str); 5] = [
            (|m| m.detector = None, "another detector"),
            (|m| m.pose.sha256.push('0'), "another pose network"),
            (|m| m.options.clear(), "other options: flip false then, flip none now"),
            (|m| m.program.version.push('1'), "another version of the program"),
            (|m| m.device.name.push('2'), "another device"),
        ];
        for (change, difference) in changes {
            let mut changed = making();
            change(&mut changed);
            let found = changed.difference(&made, &digest).unwrap();
            assert!(found.starts_with(difference), "{found}");
        }
        let found = making().difference(&making().of(input("cd")), &digest);
        assert_eq!(found.unwrap(), "another input: cd then, ab now");
    }
}
