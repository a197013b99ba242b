//! `swingpose weights` as it is typed: convert, list, verify, over the checkpoints in `tests/fixtures/checkpoints`.

use crate::{Exit, Io, run};
use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::AtomicBool;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/checkpoints");

struct Said {
    exit: Exit,
    out: String,
    err: String,
}

fn weights(words: &[&str], folder: &Path) -> Said {
    let (mut out, mut err, interrupted) = (Vec::new(), Vec::new(), AtomicBool::new(false));
    let mut io = Io { out: &mut out, err: &mut err, err_is_terminal: false, interrupted: &interrupted };
    let line = ["swingpose", "weights"].iter().chain(words).map(OsString::from);
    let exit = run(line.chain([OsString::from("--weights"), folder.into()]), &mut io);
    let [out, err] = [out, err].map(|bytes| String::from_utf8(bytes).unwrap());
    Said { exit, out, err }
}

fn fixture(name: &str) -> String {
    format!("{FIXTURES}/{name}.pth")
}

#[test]
fn a_checkpoint_is_converted_into_the_folder_reported_listed_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let converted = weights(&["convert", &fixture("vitpose_nano")], folder.path());
    assert_eq!(converted.exit, Exit::Done, "{}", converted.err);
    for words in ["vitpose", "used     41 tensors (41 F32)", "counts training steps", "missing  none"] {
        assert!(converted.out.contains(words), "{words}: {}", converted.out);
    }
    let listed = weights(&["list"], folder.path());
    assert!(listed.out.contains("from vitpose_nano.pth"), "{}", listed.out);
    assert!(listed.out.contains("td-hm_ViTPose-huge_8xb64-210e_coco-256x192-e32adcd4_20230314.pth"));
    let verified = weights(&["verify"], folder.path());
    assert_eq!(verified.exit, Exit::Done, "{}", verified.err);
    assert!(verified.out.starts_with("ok") && verified.out.contains("not a published file"), "{}", verified.out);
}

#[test]
fn a_changed_file_is_told_by_name_and_the_others_are_still_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    let converted = weights(&["convert", &fixture("vitpose_nano"), "--out", bad.to_str().unwrap()], folder.path());
    assert_eq!(converted.exit, Exit::Done, "{}", converted.err);
    std::fs::copy(&bad, &good).unwrap();
    let mut bytes = std::fs::read(&bad).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&bad, bytes).unwrap();
    let verified = weights(&["verify"], folder.path());
    assert_eq!(verified.exit, Exit::SomeFailed);
    let lines: Vec<_> = verified.out.lines().collect();
    assert!(lines[0].starts_with("ok") && lines[0].contains("a.safetensors"), "{}", verified.out);
    assert!(lines[1].starts_with("failed") && lines[1].contains("b.safetensors"), "{}", verified.out);
}

#[test]
fn a_checkpoint_that_is_refused_leaves_no_file_and_ends_in_2() {
    let folder = tempfile::tempdir().unwrap();
    let refused = weights(&["convert", &fixture("dialects/refused_system_in_meta")], folder.path());
    assert_eq!(refused.exit, Exit::CouldNotStart);
    assert!(
        refused.err.contains("posix.system") && refused.err.contains("refused_system_in_meta.pth"),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_not_known_is_asked_for_by_the_name_of_its_option_and_then_taken() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = fixture("dialects/rtmdet_copies_bf16");
    let mut words = vec!["convert", checkpoint.as_str()];
    let options = [
        ("--score-thr", "0.05"),
        ("--nms-pre", "1000"),
        ("--iou-threshold", "0.6"),
        ("--max-per-img", "100"),
        ("--exp-on-reg", "true"),
    ];
    for (option, value) in options {
        let asked = weights(&words, folder.path());
        assert!(asked.exit == Exit::CouldNotStart && asked.err.contains(option), "{option}: {}", asked.err);
        words.extend([option, value]);
    }
    let converted = weights(&words, folder.path());
    assert_eq!(converted.exit, Exit::Done, "{}", converted.err);
}

#[test]
fn an_empty_folder_cannot_be_verified_and_a_misspelled_name_is_not_pulled() {
    let folder = tempfile::tempdir().unwrap();
    let verified = weights(&["verify"], folder.path());
    assert!(verified.exit == Exit::CouldNotStart && verified.err.contains("weights pull"), "{}", verified.err);
    let pulled = weights(&["pull", "vitpose-g"], folder.path());
    assert!(pulled.exit == Exit::CouldNotStart && pulled.err.contains("vitpose-h"), "{}", pulled.err);
}
