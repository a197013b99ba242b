//! Which weights files a run uses: names looked up in the folder of weights, files as they are given, and the small
//! demonstration pair where there are no others.

use crate::weights::{weights_file, weights_files};
use anyhow::{bail, ensure};
use std::path::{Path, PathBuf};
use swingpose::DEFAULT_POSE;

/// What `--detector` is called when there is to be none.
pub(crate) const NO_DETECTOR: &str = "none";

/// The extension of converted weights.
const CONVERTED: &str = "safetensors";

/// The extensions of checkpoints that have yet to be converted.
const CHECKPOINTS: [&str; 3] = ["pth", "pt", "ckpt"];

/// The folder of the demonstration pair, within the folder of weights; the pair's name on the command line; its files.
pub(crate) const DEMO: &str = "demo";
const DEMO_DETECTOR: &str = "rtmdet-demo";
const DEMO_POSE: &str = "vitpose-demo";

/// The networks of a run, as files of converted weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Networks {
    /// `None` where there is no detector.
    pub(crate) detector: Option<PathBuf>,
    pub(crate) pose: PathBuf,
    /// Whether one of them is of the demonstration pair.
    pub(crate) demo: bool,
}

impl Networks {
    /// The networks that were asked for; what was not is the default.
    pub(crate) fn named(folder: &Path, detector: Option<&str>, pose: Option<&str>) -> anyhow::Result<Self> {
        let pose = pose.unwrap_or(DEFAULT_POSE);
        Ok(Self {
            detector: detector.map(|name| find(folder, name, DEMO_DETECTOR)).transpose()?,
            pose: find(folder, pose, DEMO_POSE)?,
            demo: pose == DEMO || detector == Some(DEMO),
        })
    }

    /// The default networks, or the demonstration pair where the folder has no real weights at all.
    pub(crate) fn default(folder: &Path, detector: Option<&str>) -> anyhow::Result<Self> {
        if !names(folder).is_empty() {
            return Self::named(folder, detector, None);
        }
        let demo = folder.join(DEMO);
        ensure!(
            weights_file(&demo, DEMO_POSE).is_file()
                && (detector.is_none() || weights_file(&demo, DEMO_DETECTOR).is_file()),
            "no weights in {}: fetch published ones with `swingpose weights pull {DEFAULT_POSE}`{}, convert a checkpoint \
             with `swingpose weights convert CHECKPOINT.pth`, or say with --weights which folder holds converted ones",
            folder.display(),
            detector.map(|name| format!(" and `swingpose weights pull {name}`")).unwrap_or_default()
        );
        Self::named(folder, detector.map(|_| DEMO), Some(DEMO))
    }
}

/// Whether `folder` has converted weights called `name`, or for `demo` the demonstration pair.
pub(crate) fn is_present(folder: &Path, name: &str) -> bool {
    let demo = folder.join(DEMO);
    match name {
        DEMO => [DEMO_DETECTOR, DEMO_POSE].iter().all(|name| weights_file(&demo, name).is_file()),
        name => weights_file(folder, name).is_file(),
    }
}

/// The names of the converted weights in `folder`, sorted.
fn names(folder: &Path) -> Vec<String> {
    let files = weights_files(folder).into_iter();
    files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// The file that `wanted` means: a file of converted weights, or a name in `folder`; `demo` is this network's file of
/// the demonstration pair.
fn find(folder: &Path, wanted: &str, demo: &str) -> anyhow::Result<PathBuf> {
    let path = Path::new(wanted);
    if has_extension(path, &CHECKPOINTS) {
        bail!("{wanted} is a checkpoint: convert it with `swingpose weights convert {wanted}`, and give the new file");
    }
    if has_extension(path, &[CONVERTED]) {
        ensure!(path.is_file(), "there is no file {wanted}");
        return Ok(path.to_owned());
    }
    let file = if wanted == DEMO { weights_file(&folder.join(DEMO), demo) } else { weights_file(folder, wanted) };
    if !file.is_file() {
        let names = names(folder);
        let present = if names.is_empty() { "no weights".to_owned() } else { names.join(", ") };
        bail!(
            "no weights called {wanted}: {} is missing (the folder holds {present}); `swingpose weights list` says \
             what can be fetched with `swingpose weights pull`",
            file.display()
        );
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, []).unwrap();
        }
        folder
    }

    const DEMO_FILES: [&str; 2] = ["demo/rtmdet-demo.safetensors", "demo/vitpose-demo.safetensors"];

    #[test]
    fn a_name_is_a_file_of_the_folder() {
        let folder = folder(&["rtmdet-m.safetensors", "vitpose-h.safetensors"]);
        let found = Networks::default(folder.path(), Some("rtmdet-m")).unwrap();
        assert_eq!(found.detector, Some(folder.path().join("rtmdet-m.safetensors")));
        assert_eq!(found.pose, folder.path().join("vitpose-h.safetensors"));
        assert!(!found.demo);
    }

    #[test]
    fn the_demonstration_pair_stands_in_only_for_an_empty_folder() {
        let only_demo = folder(&DEMO_FILES);
        let found = Networks::default(only_demo.path(), Some("rtmdet-m")).unwrap();
        assert!(found.demo);
        assert_eq!(found.detector, Some(only_demo.path().join(DEMO_FILES[0])));
        assert_eq!(found.pose, only_demo.path().join(DEMO_FILES[1]));
        assert_eq!(Networks::default(only_demo.path(), None).unwrap().detector, None);

        let some = folder(&[DEMO_FILES[0], DEMO_FILES[1], "vitpose-s.safetensors"]);
        let refusal = Networks::default(some.path(), None).unwrap_err().to_string();
        assert!(refusal.contains("vitpose-h") && refusal.contains("holds vitpose-s"), "{refusal}");
    }

    #[test]
    fn a_choice_never_falls_back_to_the_demonstration_pair() {
        let folder = folder(&DEMO_FILES);
        assert!(Networks::named(folder.path(), Some("rtmdet-m"), Some("demo")).is_err());
        assert!(Networks::named(folder.path(), Some("demo"), Some("demo")).unwrap().demo);
    }

    #[test]
    fn without_any_weights_the_message_says_what_to_do() {
        let refusal = Networks::default(folder(&[]).path(), None).unwrap_err().to_string();
        assert!(refusal.contains("weights convert") && refusal.contains("--weights"), "{refusal}");
    }

    #[test]
    fn a_checkpoint_is_answered_with_how_to_convert_it() {
        let refusal = Networks::named(Path::new("weights"), None, Some("x/vitpose.PTH")).unwrap_err().to_string();
        assert!(refusal.contains("swingpose weights convert x/vitpose.PTH"), "{refusal}");
    }

    #[test]
    fn a_converted_file_is_used_where_it_lies() {
        let folder = folder(&["mine.safetensors"]);
        let file = folder.path().join("mine.safetensors");
        let found = Networks::named(Path::new("elsewhere"), None, file.to_str()).unwrap();
        assert_eq!(found.pose, file);
        assert!(Networks::named(folder.path(), None, Some("gone.safetensors")).is_err());
    }
}
