//! Where things are: the video that a label file is of, and the picture that is made of them.

use anyhow::{Context, bail, ensure};
use std::ffi::{OsStr, OsString};
use std::fs::{canonicalize, create_dir_all, metadata};
use std::path::{Path, PathBuf};
use swingpose::digest_file;
use swingpose_core::provenance::Input;
use swingpose_video::input::OVERLAY_ENDING;

/// The pictures that can be written.
const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

/// The picture of `labels` in their folder: `x.overlay.jpg` of `x.poses.parquet`, or `x.frame7.overlay.jpg` of its
/// frame 7 alone.
pub(super) fn beside(labels: &Path, only: Option<u64>) -> anyhow::Result<PathBuf> {
    Ok(labels.with_file_name(name(labels, only)?))
}

fn name(labels: &Path, only: Option<u64>) -> anyhow::Result<OsString> {
    let stem = labels.file_stem().with_context(|| format!("`{}` does not name a file", labels.display()))?;
    let stem = Path::new(stem);
    let mut name =
        if has_extension(stem, &["poses"]) { stem.file_stem() } else { None }.unwrap_or(stem.as_os_str()).to_owned();
    if let Some(frame) = only {
        name.push(format!(".frame{frame}"));
    }
    name.push(OVERLAY_ENDING);
    name.push(".jpg");
    Ok(name)
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| known.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// Whether the picture at `path` is to be a PNG.
pub(super) fn is_png(path: &Path) -> bool {
    has_extension(path, &["png"])
}

/// Where the picture of each label file goes.
///
/// # Errors
/// A folder that cannot be made, one file for several, a name that is no picture's, two label files of one name.
pub(super) fn targets(labels: &[PathBuf], out: Option<&Path>, only: Option<u64>) -> anyhow::Result<Vec<PathBuf>> {
    let targets: Vec<PathBuf> = match out {
        None => labels.iter().map(|labels| beside(labels, only)).collect::<Result<_, _>>()?,
        Some(file) if has_extension(file, &EXTENSIONS) && !file.is_dir() => {
            ensure!(
                labels.len() == 1,
                "several label files cannot be drawn into {}: give --out a folder",
                file.display()
            );
            vec![file.to_owned()]
        }
        Some(folder) => {
            let named = folder.is_dir() || folder.extension().is_none();
            ensure!(named, "{}: pictures are written as .jpg or .png, and there is no such folder", folder.display());
            create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            let names = labels.iter().map(|labels| Ok(folder.join(name(labels, only)?)));
            names.collect::<anyhow::Result<_>>()?
        }
    };
    for (index, target) in targets.iter().enumerate() {
        ensure!(
            !targets[..index].contains(target),
            "two of the label files would be drawn into {}: draw them in two runs, with another --out for each",
            target.display()
        );
    }
    Ok(targets)
}

/// The file that was labeled: `given`, or the one of its name in that folder; by default beside the labels, or here.
///
/// # Errors
/// No such file, or another than the one that was labeled.
pub(crate) fn find_video(labels: &Path, input: &Input, given: Option<&Path>) -> anyhow::Result<PathBuf> {
    // The name comes out of a file that anyone may have made: it is not to lead elsewhere.
    let name = Path::new(&input.name).file_name().context("the labels do not say what they were made of")?;
    let candidates = match given {
        Some(file) if !file.is_dir() => vec![file.to_owned()],
        Some(folder) => vec![folder.join(name)],
        None => vec![labels.with_file_name(name), PathBuf::from(name)],
    };
    let Some(video) = candidates.iter().find(|path| path.is_file()) else {
        let places: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        bail!("{} is not there: say with --video where {} is", places.join(" or "), input.name);
    };
    check(video, input)?;
    Ok(video.clone())
}

/// Whether `video` is the very file that was labeled.
fn check(video: &Path, input: &Input) -> anyhow::Result<()> {
    let refusal = || format!("{}: another file than the one that was labeled", video.display());
    let bytes = metadata(video).with_context(|| format!("{}: cannot be read", video.display()))?.len();
    ensure!(
        bytes == input.bytes,
        "{}: it has {bytes} bytes, and that one {}; give the original with --video",
        refusal(),
        input.bytes
    );
    let sha256 = digest_file(video)?.sha256;
    ensure!(
        sha256 == input.sha256,
        "{}: its SHA-256 is {sha256}, and that one's {}; give the original with --video",
        refusal(),
        input.sha256
    );
    Ok(())
}

/// Refuses a `target` that is the labeled picture itself.
pub(super) fn spare(target: &Path, video: &Path) -> anyhow::Result<()> {
    let same = matches!((canonicalize(target), canonicalize(video)), (Ok(one), Ok(other)) if one == other);
    ensure!(!same, "{} is the picture that was labeled: give --out another name", target.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_called_after_the_labels() {
        for (labels, only, picture) in [
            ("a/swing.1.poses.parquet", None, "a/swing.1.overlay.jpg"),
            ("swing.poses.parquet", Some(7), "swing.frame7.overlay.jpg"),
            ("renamed.parquet", None, "renamed.overlay.jpg"),
        ] {
            assert_eq!(beside(Path::new(labels), only).unwrap(), Path::new(picture), "{labels}");
        }
        assert!(beside(Path::new(".."), None).is_err());
    }

    #[test]
    fn a_target_is_a_picture_or_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let one = [PathBuf::from("x/a.poses.parquet")];
        let two = [one[0].clone(), PathBuf::from("y/a.poses.parquet")];
        let at = |name: &str| folder.path().join(name);
        assert_eq!(targets(&one, Some(&at("b.PNG")), None).unwrap(), [at("b.PNG")]);
        assert_eq!(targets(&one, Some(&at("new")), None).unwrap(), [at("new/a.overlay.jpg")]);
        assert_eq!(targets(&two, None, None).unwrap().len(), 2);
        for (labels, out, said) in
            [(&one[..], "b.gif", ".jpg or .png"), (&two[..], "b.jpg", "a folder"), (&two[..], "new", "two runs")]
        {
            let refusal = targets(labels, Some(&at(out)), None).unwrap_err().to_string();
            assert!(refusal.contains(said), "{refusal}");
        }
    }
}
