//! `swingpose label` killed in the middle, again and again: nothing is lost, nothing comes twice, and the label file is that of
//! a run that nobody disturbed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::tempdir;

const KILLS: usize = 50;

/// An undisturbed run changes its folder about this often.
const CHANGES: u64 = 30;

const CLIP: &str = "h264_bframes.mp4";
const LABELS: &str = "h264_bframes.poses.parquet";

fn tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(path)
}

/// The nano pose network, converted by the program itself.
fn convert_pose(folder: &Path) -> PathBuf {
    let out = folder.join("vitpose.safetensors");
    let checkpoint = tests("fixtures/checkpoints/vitpose_nano.pth");
    let mut convert = Command::new(env!("CARGO_BIN_EXE_swingpose"));
    let converted = convert.args(["weights", "convert"]).arg(checkpoint).arg("--out").arg(&out).output().unwrap();
    assert!(converted.status.success(), "{}", String::from_utf8_lossy(&converted.stderr));
    out
}

fn label(pose: &Path, out: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swingpose"));
    command.arg("label").arg(tests("media/clips").join(CLIP)).args(["--mode", "fast", "--device", "cpu"]);
    command.arg("--segment").arg("0.1").arg("--pose").arg(pose).arg("--out").arg(out);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Every file in `folder` and in the folders within, with its size.
fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut files = Vec::new();
    // Files come and go while they are looked at.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => files.extend(listing(&entry.path())),
            Ok(metadata) => files.push((entry.path(), metadata.len())),
            Err(_) => {}
        }
    }
    files.sort_unstable();
    files
}

/// Kills `process` when it has changed `folder` so often, or lets it end.
fn kill_after(changes: u64, mut process: Child, folder: &Path) {
    let (mut seen, mut left) = (listing(folder), changes);
    while left > 0 && process.try_wait().unwrap().is_none() {
        let now = listing(folder);
        if now != seen {
            seen = now;
            left -= 1;
        }
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Numbers below `bound` in no order: Knuth's generator for MMIX.
fn numbers(bound: u64) -> impl Iterator<Item = u64> {
    let next =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(20), next).map(move |state| (state >> 33) % bound)
}

#[test]
fn the_label_file_is_that_of_an_undisturbed_run_whenever_the_process_was_killed() {
    let folder = tempdir().unwrap();
    let pose = convert_pose(folder.path());
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert!(label(&pose, &whole).wait().unwrap().success());
    let expected = fs::read(whole.join(LABELS)).unwrap();

    let (output, mut continued) = (killed.join(LABELS), 0);
    for changes in numbers(CHANGES).take(KILLS) {
        kill_after(changes, label(&pose, &killed), &killed);
        if output.exists() {
            assert!(fs::read(&output).unwrap() == expected, "killed after {changes} changes");
            fs::remove_dir_all(&killed).unwrap();
        } else if listing(&killed).iter().any(|(path, _)| path.to_string_lossy().ends_with(".segment.parquet")) {
            continued += 1;
        }
    }
    assert!(continued > KILLS / 4, "only {continued} of {KILLS} kills came between the first segment and the last");
    assert!(label(&pose, &killed).wait().unwrap().success());
    assert!(fs::read(&output).unwrap() == expected);
    assert_eq!(listing(&killed), [(output, expected.len() as u64)]);
}
