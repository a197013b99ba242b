//! `export` in process, on copies of the golden label file.

use super::*;
use std::path::Path;
use tempfile::TempDir;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/labels/golden.poses.parquet");
/// The numbers of its frames.
const FRAMES: [u64; 4] = [0, 1, 2, 7];

/// What a run printed, said and came to.
struct Ran {
    out: String,
    err: String,
    exit: anyhow::Result<Exit>,
}

fn args(labels: &[PathBuf], out: Option<&Path>) -> ExportArgs {
    ExportArgs {
        labels: labels.to_vec(),
        to: Format::Jsonl,
        out: out.map(Path::to_owned),
        keypoint_threshold: None,
        layout: None,
        track: None,
        y_up: false,
    }
}

fn export_words(labels: &[PathBuf], out: Option<&Path>, interrupted: bool) -> Ran {
    export_as(Format::Jsonl, labels, out, interrupted)
}

fn export_as(to: Format, labels: &[PathBuf], out: Option<&Path>, interrupted: bool) -> Ran {
    let (mut printed, mut said) = (Vec::new(), Vec::new());
    let interrupted = AtomicBool::new(interrupted);
    let args = ExportArgs { to, ..args(labels, out) };
    let exit =
        run(&args, &mut Io { out: &mut printed, err: &mut said, err_is_terminal: false, interrupted: &interrupted });
    Ran { out: String::from_utf8(printed).unwrap(), err: String::from_utf8(said).unwrap(), exit }
}

/// A folder with copies of the golden file under these names, and their paths.
fn copies(names: &[&str]) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    for path in &paths {
        std::fs::copy(GOLDEN, path).unwrap();
    }
    (folder, paths)
}

fn assert_is_golden(lines: &str) {
    let starts = FRAMES.map(|frame| format!(r#"{{"frame":{frame},"pts":{frame},"#));
    assert_eq!(lines.lines().count(), FRAMES.len());
    assert!(lines.lines().zip(starts).all(|(line, start)| line.starts_with(&start)), "{lines}");
}

#[test]
fn one_label_file_goes_to_standard_output_and_nothing_is_said() {
    for out in [None, Some(Path::new("-"))] {
        let ran = export_words(&[GOLDEN.into()], out, false);
        assert_is_golden(&ran.out);
        assert_eq!((ran.err.as_str(), ran.exit.unwrap()), ("", Exit::Done));
    }
}

#[test]
fn several_label_files_go_into_a_folder_that_need_not_exist() {
    let (folder, labels) = copies(&["a.poses.parquet", "b.poses.parquet"]);
    let out = folder.path().join("new");
    let ran = export_words(&labels, Some(&out), false);
    assert_eq!((ran.out.as_str(), ran.exit.unwrap()), ("", Exit::Done));
    assert_is_golden(&std::fs::read_to_string(out.join("a.poses.jsonl")).unwrap());
    assert_is_golden(&std::fs::read_to_string(out.join("b.poses.jsonl")).unwrap());
    assert!(ran.err.contains("a.poses.parquet: 4 frames -> "), "{}", ran.err);
}

#[test]
fn several_label_files_do_not_share_standard_output() {
    let error = export_words(&[GOLDEN.into(), GOLDEN.into()], None, false).exit.unwrap_err();
    assert!(error.to_string().contains("give --out a folder"), "{error}");
}

#[test]
fn two_label_files_of_one_name_are_refused_before_any_is_exported() {
    let (folder, labels) = copies(&["a.poses.parquet"]);
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let labels = [labels[0].clone(), other.join("a.poses.parquet")];
    let error = export_words(&labels, Some(folder.path()), false).exit.unwrap_err();
    assert!(error.to_string().contains("another --out for each"), "{error}");
    assert!(!folder.path().join("a.poses.jsonl").exists());
}

#[test]
fn labels_are_not_overwritten_by_their_own_export() {
    let (_folder, labels) = copies(&["a.poses.parquet"]);
    assert!(export_words(&labels, Some(&labels[0]), false).exit.is_err());
    assert_eq!(std::fs::read(&labels[0]).unwrap(), std::fs::read(GOLDEN).unwrap());
}

#[test]
fn a_bad_label_file_is_named_and_the_others_are_exported() {
    let (folder, mut labels) = copies(&["a.poses.parquet", "b.poses.parquet"]);
    std::fs::write(&labels[0], "not labels").unwrap();
    labels.push(folder.path().join("missing.poses.parquet"));
    let ran = export_words(&labels, Some(folder.path()), false);
    assert_eq!(ran.exit.unwrap(), Exit::SomeFailed);
    assert!(ran.err.contains("a.poses.parquet: not exported: ") && ran.err.contains("missing.poses"), "{}", ran.err);
    assert!(!folder.path().join("a.poses.jsonl").exists());
    assert_is_golden(&std::fs::read_to_string(folder.path().join("b.poses.jsonl")).unwrap());
}

#[test]
fn an_interrupted_export_leaves_no_file() {
    let (folder, labels) = copies(&["a.poses.parquet"]);
    let ran = export_words(&labels, Some(&folder.path().join("a.jsonl")), true);
    assert_eq!(ran.exit.unwrap(), Exit::Interrupted);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A reader that has gone away.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_the_export_in_silence() {
    let args = args(&[GOLDEN.into()], None);
    let mut said = Vec::new();
    let interrupted = AtomicBool::new(false);
    let io = &mut Io { out: &mut Closed, err: &mut said, err_is_terminal: false, interrupted: &interrupted };
    assert_eq!(run(&args, io).unwrap(), Exit::Done);
    assert!(said.is_empty());
}

#[test]
fn an_option_of_another_format_is_refused() {
    let mut args = args(&[GOLDEN.into()], None);
    args.y_up = true;
    let error = args.check_options().unwrap_err();
    assert!(error.to_string().contains("--y-up is an option of trc alone"), "{error}");
    args.to = Format::Trc;
    args.check_options().unwrap();
}

#[test]
fn several_label_files_share_a_file_and_a_bad_one_is_left_out() {
    let (folder, labels) = copies(&["a.poses.parquet", "b.poses.parquet"]);
    std::fs::write(&labels[0], "not labels").unwrap();
    let out = folder.path().join("all.csv");
    let ran = export_as(Format::Csv, &labels, Some(&out), false);
    assert_eq!(ran.exit.unwrap(), Exit::SomeFailed);
    assert!(ran.err.contains("a.poses.parquet: not exported") && ran.err.contains("2 label files: 4 frames -> "));
    assert!(std::fs::read_to_string(out).unwrap().starts_with("input,frame,pts,"));
}

#[test]
fn without_a_readable_label_file_nothing_is_written() {
    let (folder, labels) = copies(&["a.poses.parquet"]);
    std::fs::write(&labels[0], "not labels").unwrap();
    for format in [Format::Csv, Format::Coco, Format::Mmpose, Format::Trc] {
        let ran = export_as(format, &labels, None, false);
        assert_eq!((ran.out.as_str(), ran.exit.unwrap()), ("", Exit::SomeFailed));
        export_as(format, &labels, Some(&folder.path().join("out")), false).exit.unwrap();
        assert!(!folder.path().join("out").exists());
    }
}
