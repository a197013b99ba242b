//! The `swingpose` program as a process: exit codes, which stream says what, and a signal in the middle.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::tempdir;

fn swingpose() -> Command {
    Command::new(env!("CARGO_BIN_EXE_swingpose"))
}

fn tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(path)
}

/// The nano pose network, converted by the program itself.
fn convert_pose(folder: &Path) -> PathBuf {
    let out = folder.join("vitpose.safetensors");
    let checkpoint = tests("fixtures/checkpoints/vitpose_nano.pth");
    let converted = swingpose().args(["weights", "convert"]).arg(checkpoint).arg("--out").arg(&out).output().unwrap();
    assert!(converted.status.success(), "{}", String::from_utf8_lossy(&converted.stderr));
    out
}

fn label(folder: &Path, input: &str) -> Command {
    let mut command = swingpose();
    command.arg("label").arg(tests(input)).args(["--mode", "fast", "--json"]);
    command.arg("--pose").arg(convert_pose(folder)).arg("--out").arg(folder);
    command
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn data_goes_to_standard_output_and_words_to_standard_error() {
    let folder = tempdir().unwrap();
    let output = label(folder.path(), "media/basketball1.png").output().unwrap();
    assert_eq!(code(&output), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["frames"], &summary["people"]), (&1.into(), &1.into()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 frame, 1 person in "));
}

#[test]
fn a_run_that_cannot_start_exits_with_2() {
    let folder = tempdir().unwrap();
    for words in [["label", "--no-such-option"], ["label", "no-such-file.mp4"]] {
        let output = swingpose().args(words).current_dir(folder.path()).output().unwrap();
        assert_eq!(code(&output), Some(2), "{words:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}");
    }
}

/// Whether the signal comes before or after the last frame, no label file is there that is not whole.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_a_whole_label_file_or_none() {
    let folder = tempdir().unwrap();
    let mut command = label(folder.path(), "media/single_cam01.mp4");
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(process.stderr.take().unwrap()).lines();
    assert!(words.next().unwrap().unwrap().contains("100 frames to label"));
    let signal = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(signal.success());
    words.for_each(drop);
    let status = process.wait().unwrap();
    let label_file = folder.path().join("single_cam01.poses.parquet");
    if status.success() {
        assert_eq!(swingpose_labels::read(&label_file).unwrap().frames.count(), 100);
    } else {
        assert_eq!(status.code(), Some(130));
        assert!(!label_file.exists());
    }
}
