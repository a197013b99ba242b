//! Command-line arguments to the files they stand for: a file, a folder, or a glob.
//!
//! A folder is searched, its folders too, for videos and pictures by their extensions; pictures that were drawn of labels
//! are passed over. A file that is named is taken whatever it is called. Order is that of the arguments, sorted by path within each; a file that two of them name comes
//! once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::error::VideoError;

/// Extensions of videos that are read.
pub const VIDEO_EXTENSIONS: &[&str] = if cfg!(feature = "ffmpeg") {
    &["mp4", "mov", "m4v", "mkv", "webm", "avi"]
} else {
    &["mp4", "mov", "m4v", "mkv", "webm"]
};

/// Extensions of pictures that are read.
pub const PICTURE_EXTENSIONS: &[&str] = &["png", "jpg", "jpeg"];

/// What the stem of a picture that was drawn of labels ends in: it is no footage.
pub const OVERLAY_ENDING: &str = ".overlay";

/// Folders within folders that are entered: a cycle of links ends here.
const DEEPEST: usize = 32;

/// The files that `arguments` stand for.
///
/// # Errors
/// [`VideoError::NothingMatched`] for the first argument that stands for none, [`VideoError::BadGlob`] for one that cannot
/// be understood, [`VideoError::Open`] for a folder that cannot be read.
pub fn expand(arguments: &[String]) -> Result<Vec<PathBuf>, VideoError> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for argument in arguments {
        let found = expand_one(argument)?;
        files.extend(found.into_iter().filter(|path| seen.insert(path.clone())));
    }
    Ok(files)
}

fn expand_one(argument: &str) -> Result<Vec<PathBuf>, VideoError> {
    let nothing = |reason| Err(VideoError::NothingMatched { argument: argument.to_owned(), reason });
    let path = Path::new(argument);
    // A path that exists is meant literally, whatever characters it holds.
    if path.is_dir() {
        let found = search(path)?;
        return if found.is_empty() { nothing("the folder and those within hold neither") } else { Ok(found) };
    }
    if path.exists() {
        return Ok(vec![path.to_owned()]);
    }
    if !argument.contains(['*', '?', '[']) {
        return nothing("there is no such file or folder");
    }
    let found = match_glob(argument)?;
    if found.is_empty() { nothing("the pattern matches neither") } else { Ok(found) }
}

/// The videos and pictures in `folder` and the folders within, sorted; hidden files and folders are passed over.
fn search(folder: &Path) -> Result<Vec<PathBuf>, VideoError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let failed = |source| VideoError::Open { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if path.is_dir() {
                if depth < DEEPEST {
                    folders.push((path, depth + 1));
                }
            } else if is_media(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What the glob `pattern` matches, sorted: a file by its extension, a folder for what is in it.
fn match_glob(pattern: &str) -> Result<Vec<PathBuf>, VideoError> {
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::default() };
    let matches = glob::glob_with(pattern, options).map_err(|error| VideoError::BadGlob {
        argument: pattern.to_owned(),
        position: error.pos,
        problem: error.msg,
    })?;
    let mut found = Vec::new();
    for path in matches {
        let path = path.map_err(|error| VideoError::Open { path: error.path().to_owned(), source: error.into() })?;
        if path.is_dir() {
            found.extend(search(&path)?);
        } else if is_media(&path) {
            found.push(path);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether the extension of `path` is one of a video or picture, and it was not drawn of labels.
fn is_media(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
    !stem.ends_with(OVERLAY_ENDING.as_bytes()) && has_media_extension(path)
}

fn has_media_extension(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
        VIDEO_EXTENSIONS.iter().chain(PICTURE_EXTENSIONS).any(|known| extension.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of empty files.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, []).unwrap();
        }
        folder
    }

    fn expanded(folder: &tempfile::TempDir, arguments: &[&str]) -> Result<Vec<String>, VideoError> {
        let inside = |argument: &&str| folder.path().join(argument).to_str().unwrap().to_owned();
        let found = expand(&arguments.iter().map(inside).collect::<Vec<_>>())?;
        let relative = |path: PathBuf| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        Ok(found.into_iter().map(relative).collect())
    }

    #[test]
    fn a_folder_is_searched_and_sorted() {
        let folder = folder(&["b.MP4", "a/c.mov", "a/notes.txt", "a/.hidden.mp4", ".cache/d.mp4", "still.jpeg"]);
        assert_eq!(expanded(&folder, &["."]).unwrap(), ["a/c.mov", "b.MP4", "still.jpeg"]);
    }

    #[test]
    fn pictures_drawn_of_labels_are_no_footage_unless_named() {
        let folder = folder(&["a.mp4", "a.overlay.jpg", "a.frame7.overlay.png", "overlay.png"]);
        assert_eq!(expanded(&folder, &["."]).unwrap(), ["a.mp4", "overlay.png"]);
        assert_eq!(expanded(&folder, &["a*"]).unwrap(), ["a.mp4"]);
        assert_eq!(expanded(&folder, &["a.overlay.jpg"]).unwrap(), ["a.overlay.jpg"]);
    }

    #[test]
    fn a_named_file_is_taken_whatever_it_is_called_and_only_once() {
        let folder = folder(&["swing[1].mp4", "odd.bin"]);
        let found = expanded(&folder, &["odd.bin", "swing[1].mp4", "*.mp4", "odd.bin"]).unwrap();
        assert_eq!(found, ["odd.bin", "swing[1].mp4"]);
    }

    #[test]
    fn a_glob_matches_media_and_folders() {
        let folder = folder(&["day1/a.mp4", "day2/b.webm", "day2/b.json", "other/c.mp4"]);
        assert_eq!(expanded(&folder, &["day?"]).unwrap(), ["day1/a.mp4", "day2/b.webm"]);
        assert_eq!(expanded(&folder, &["**/*.mp4"]).unwrap(), ["day1/a.mp4", "other/c.mp4"]);
        assert_eq!(expanded(&folder, &["day2/*"]).unwrap(), ["day2/b.webm"]);
    }

    #[test]
    fn an_argument_that_matches_nothing_is_named() {
        let folder = folder(&["notes.txt"]);
        for argument in [".", "none.mp4", "*.mp4"] {
            let error = expanded(&folder, &[argument]).unwrap_err();
            assert!(matches!(&error, VideoError::NothingMatched { .. }), "{error}");
            assert!(error.to_string().contains(argument), "{error}");
        }
        let error = expanded(&folder, &["a[.mp4"]).unwrap_err();
        assert!(matches!(&error, VideoError::BadGlob { .. }), "{error}");
    }
}
