//! What a label file is called: `<stem>.poses.parquet`, for a video as for a picture, beside it or in a folder of choice.

use crate::error::LabelsError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf, absolute};

/// What follows the input's stem in the name of its label file.
pub const SUFFIX: &str = ".poses.parquet";

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
}
