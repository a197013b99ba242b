//! What a label file is called: `<stem>.poses.parquet`, for a video as for a picture, beside it or in a folder of choice; and
//! which label files a folder holds, by that name.

use crate::error::LabelsError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf, absolute};

/// What follows the input's stem in the name of its label file.
pub const SUFFIX: &str = ".poses.parquet";

/// Folders within folders that are entered: a cycle of links ends here.
const DEEPEST: usize = 32;

/// The label file of `input`: `<stem>.poses.parquet` in `out_dir`, or beside the input where there is none. Only the
/// last extension goes: `swing.1.MOV` is labeled in `swing.1.poses.parquet`.
///
/// # Errors
/// [`LabelsError::NoFileName`] where `input` ends in no name, as `..` does.
pub fn output_path(out_dir: Option<&Path>, input: &Path) -> Result<PathBuf, LabelsError> {
    let stem = input.file_stem().ok_or_else(|| LabelsError::NoFileName { path: input.to_owned() })?;
    let mut name = stem.to_owned();
    name.push(SUFFIX);
    Ok(out_dir.map_or_else(|| input.with_file_name(&name), |folder| folder.join(&name)))
}

/// The label files of `inputs`, in their order. To be asked before any work is done: where two inputs share a stem and
/// a folder, one's labels would overwrite the other's.
///
/// # Errors
/// [`LabelsError::SharedOutput`] for two inputs with one label file, [`LabelsError::NoFileName`] as [`output_path`].
pub fn output_paths(out_dir: Option<&Path>, inputs: &[impl AsRef<Path>]) -> Result<Vec<PathBuf>, LabelsError> {
    let mut owners = BTreeMap::new();
    let mut outputs = Vec::with_capacity(inputs.len());
    for input in inputs.iter().map(AsRef::as_ref) {
        let output = output_path(out_dir, input)?;
        // `a.mp4` and `./a.mp4` are one file, and so are their labels. An empty path has no absolute form, and no name.
        let place = absolute(&output).unwrap_or_else(|_| output.clone());
        if let Some(first) = owners.insert(place, input) {
            return Err(LabelsError::SharedOutput { first: first.to_owned(), second: input.to_owned(), output });
        }
        outputs.push(output);
    }
    Ok(outputs)
}

/// The label files that `arguments` stand for: a file for itself, whatever it is called, a folder for the label files in it
/// and in the folders within, sorted. Hidden files and folders are passed over.
///
/// # Errors
/// [`LabelsError::NoLabelFiles`] for the first folder without any, [`LabelsError::Read`] for one that cannot be searched.
pub fn label_files(arguments: &[impl AsRef<Path>]) -> Result<Vec<PathBuf>, LabelsError> {
    let mut files = Vec::new();
    for argument in arguments.iter().map(AsRef::as_ref) {
        if argument.is_dir() {
            let start = files.len();
            search(argument, 0, &mut files)?;
            if files.len() == start {
                return Err(LabelsError::NoLabelFiles { path: argument.to_owned() });
            }
            files[start..].sort();
        } else {
            files.push(argument.to_owned());
        }
    }
    Ok(files)
}

fn search(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), LabelsError> {
    let refusal = |source| LabelsError::Read { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(refusal)? {
        let entry = entry.map_err(refusal)?;
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.as_encoded_bytes();
        if name.starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            if depth < DEEPEST {
                search(&path, depth + 1, files)?;
            }
        } else if name.ends_with(SUFFIX.as_bytes()) {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_go_beside_the_input_or_into_the_folder() {
        for (folder, input, output) in [
            (None, "a/swing.1.MOV", "a/swing.1.poses.parquet"),
            (None, "swing", "swing.poses.parquet"),
            (Some("out"), "a/swing.mp4", "out/swing.poses.parquet"),
            (Some("out"), "/b/still.png", "out/still.poses.parquet"),
            (Some(""), "a/Abschlag am Fluß 7.mp4", "Abschlag am Fluß 7.poses.parquet"),
        ] {
            let found = output_path(folder.map(Path::new), Path::new(input)).unwrap();
            assert_eq!(found, Path::new(output), "{input}");
        }
    }

    #[test]
    fn a_path_without_a_name_has_no_label_file() {
        for input in ["..", "/", ""] {
            assert!(matches!(output_path(None, Path::new(input)), Err(LabelsError::NoFileName { .. })), "{input}");
        }
    }

    #[test]
    fn equal_stems_in_two_folders_collide_only_in_a_folder_of_choice() {
        let inputs = ["a/x.mp4", "b/x.mov"];
        assert_eq!(output_paths(None, &inputs).unwrap().len(), 2);
        let Err(LabelsError::SharedOutput { first, second, output }) = output_paths(Some(Path::new("o")), &inputs)
        else {
            panic!("the two share o/x.poses.parquet");
        };
        assert_eq!((first, second), (inputs[0].into(), inputs[1].into()));
        assert_eq!(output, Path::new("o/x.poses.parquet"));
    }

    #[test]
    fn a_video_and_a_picture_of_one_stem_collide_beside_each_other() {
        assert!(matches!(output_paths(None, &["x.mp4", "x.png"]), Err(LabelsError::SharedOutput { .. })));
    }

    #[test]
    fn one_file_spelled_in_two_ways_collides_with_itself() {
        assert!(matches!(output_paths(None, &["x.mp4", "./x.mp4"]), Err(LabelsError::SharedOutput { .. })));
    }

    #[test]
    fn a_folder_stands_for_its_label_files_and_those_within() {
        let folder = tempfile::tempdir().unwrap();
        let within = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(within("deeper/.hidden")).unwrap();
        std::fs::create_dir(within("empty")).unwrap();
        let names = [
            "b.poses.parquet",
            "a.poses.parquet",
            "deeper/c.poses.parquet",
            "deeper/.hidden/d.poses.parquet",
            "e.parquet",
        ];
        names.iter().for_each(|name| std::fs::write(within(name), "").unwrap());
        let found = label_files(&[within("e.parquet"), folder.path().to_owned()]).unwrap();
        let expected = ["e.parquet", "a.poses.parquet", "b.poses.parquet", "deeper/c.poses.parquet"].map(within);
        assert_eq!(found, expected);
        let nothing = label_files(&[within("empty")]);
        assert!(matches!(nothing, Err(LabelsError::NoLabelFiles { path }) if path == within("empty")));
    }
}
