//! Which label files go together, and where.

use super::format::Format;
use anyhow::{Context, bail, ensure};
use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::fs::canonicalize;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// What `--out` is called when it is standard output.
const STDOUT: &str = "-";

/// Where an export goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Stdout,
    File(PathBuf),
    Folder(PathBuf),
}

/// Label files that become one export.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) labels: Vec<PathBuf>,
    pub(super) target: Target,
}

/// What a person knows it by: its label file, or how many there are.
impl Display for Job {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.labels[..] {
            [labels] => labels.display().fmt(f),
            several => write!(f, "{} label files", several.len()),
        }
    }
}

/// What is to be exported, in the order of `labels`.
///
/// # Errors
/// Several label files for one target that cannot hold them, a folder that cannot be made, a target that is itself one of
/// the label files.
pub(super) fn jobs(labels: &[PathBuf], format: Format, out: Option<&Path>) -> anyhow::Result<Vec<Job>> {
    let out = out.filter(|out| *out != Path::new(STDOUT));
    if format.is_folder() {
        let Some(out) = out else { bail!("this format is a folder of files: give --out a folder") };
        return Ok(one_each(labels, labels.iter().map(|_| Target::Folder(out.to_owned()))));
    }
    let is_several = labels.len() > 1;
    let is_together = is_several && format.holds_several() && !out.is_some_and(is_folder);
    let files = match out {
        None => {
            ensure!(
                !is_several || is_together,
                "several label files cannot share standard output: give --out a folder"
            );
            return Ok(vec![Job { labels: labels.to_vec(), target: Target::Stdout }]);
        }
        Some(out) if is_together || !(is_several || is_folder(out)) => vec![out.to_owned()],
        Some(out) => {
            std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
            exported_paths(out, labels, format)?
        }
    };
    for file in &files {
        let taken = labels.iter().find(|labels| same_file(labels, file));
        ensure!(taken.is_none(), "{} holds the labels themselves: give --out another name", file.display());
    }
    let mut files = files.into_iter().map(Target::File);
    match files.next() {
        Some(target) if is_together => Ok(vec![Job { labels: labels.to_vec(), target }]),
        first => Ok(one_each(labels, first.into_iter().chain(files))),
    }
}

fn one_each(labels: &[PathBuf], targets: impl Iterator<Item = Target>) -> Vec<Job> {
    let one = |(labels, target): (&PathBuf, Target)| Job { labels: vec![labels.clone()], target };
    labels.iter().zip(targets).map(one).collect()
}

/// Whether `out` is a folder, or is to be one by the slash at its end.
fn is_folder(out: &Path) -> bool {
    out.is_dir() || out.as_os_str().to_string_lossy().ends_with(['/', MAIN_SEPARATOR])
}

/// `x.poses.jsonl` in `folder` for each `x.poses.parquet`.
fn exported_paths(folder: &Path, labels: &[PathBuf], format: Format) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::with_capacity(labels.len());
    for labels in labels {
        let mut name = OsString::from(labels.file_stem().with_context(|| no_name(labels))?);
        name.push(".");
        name.push(format.extension());
        let path = folder.join(name);
        ensure!(
            !paths.contains(&path),
            "two of the label files would become {}: export them in two runs, with another --out for each",
            path.display()
        );
        paths.push(path);
    }
    Ok(paths)
}

fn no_name(labels: &Path) -> String {
    format!("`{}` does not name a file", labels.display())
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((canonicalize(one), canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(labels: &[&str], format: Format, out: Option<&Path>) -> anyhow::Result<Vec<Target>> {
        let labels: Vec<PathBuf> = labels.iter().map(PathBuf::from).collect();
        Ok(jobs(&labels, format, out)?.into_iter().map(|job| job.target).collect())
    }

    #[test]
    fn formats_that_hold_several_inputs_share_a_file_unless_a_folder_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let (file, folder) = (outer.path().join("all.json"), outer.path().join("each/"));
        let labels = ["a.poses.parquet", "b.poses.parquet"];
        assert_eq!(targets(&labels, Format::Coco, None).unwrap(), [Target::Stdout]);
        assert_eq!(targets(&labels, Format::Coco, Some(&file)).unwrap(), [Target::File(file.clone())]);
        let each = ["a.poses.coco.json", "b.poses.coco.json"].map(|name| Target::File(folder.join(name)));
        assert_eq!(targets(&labels, Format::Coco, Some(&folder)).unwrap(), each);
        let each = ["a.poses.trc", "b.poses.trc"].map(|name| Target::File(file.join(name)));
        assert_eq!(targets(&labels, Format::Trc, Some(&file)).unwrap(), each);
    }

    #[test]
    fn formats_of_folders_need_one() {
        let labels = ["a.poses.parquet", "b.poses.parquet"];
        for out in [None, Some(Path::new("-"))] {
            assert!(targets(&labels, Format::Yolo, out).unwrap_err().to_string().contains("give --out a folder"));
        }
        let folder = Target::Folder("set".into());
        assert_eq!(targets(&labels, Format::Yolo, Some(Path::new("set"))).unwrap(), [folder.clone(), folder]);
    }
}
