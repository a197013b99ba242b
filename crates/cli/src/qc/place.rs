//! What the files in the folder of pages are called.

use anyhow::Context;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swingpose_labels::path::SUFFIX;

/// The index of several label files, as a page.
pub(super) const INDEX_PAGE: &str = "index.html";
/// The same as JSON.
pub(super) const INDEX_JSON: &str = "index.json";

/// The files of one label file, by their names in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) page: String,
    pub(super) json: String,
}

/// The files of each label file: `x.qc.html` and `x.qc.json` of `x.poses.parquet`. A second `x` of another folder is `x-2`.
///
/// # Errors
/// A path that names no file.
pub(super) fn targets(labels: &[PathBuf]) -> anyhow::Result<Vec<Target>> {
    let mut taken = BTreeSet::new();
    let mut target = |labels: &PathBuf| {
        let stem = stem(labels)?;
        let free = (1..).map(|number| if number == 1 { stem.clone() } else { format!("{stem}-{number}") });
        // A name that differs in case alone is the same file on some disks.
        let name = { free }.find(|name| taken.insert(name.to_lowercase())).context("no name is free")?;
        Ok(Target { page: format!("{name}.qc.html"), json: format!("{name}.qc.json") })
    };
    labels.iter().map(&mut target).collect()
}

fn stem(labels: &Path) -> anyhow::Result<String> {
    let name = labels.file_name().with_context(|| format!("`{}` does not name a file", labels.display()))?;
    let name = name.to_string_lossy();
    let stem = name.strip_suffix(SUFFIX).or_else(|| name.rsplit_once('.').map(|(stem, _)| stem)).unwrap_or(&name);
    Ok(stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_after_the_labels_and_each_has_its_own() {
        let labels =
            ["a/x.poses.parquet", "b/X.poses.parquet", "y.1.poses.parquet", "renamed.parquet"].map(PathBuf::from);
        let pages: Vec<String> = targets(&labels).unwrap().into_iter().map(|target| target.page).collect();
        assert_eq!(pages, ["x.qc.html", "X-2.qc.html", "y.1.qc.html", "renamed.qc.html"]);
        assert!(targets(&[PathBuf::from("..")]).is_err());
    }
}
