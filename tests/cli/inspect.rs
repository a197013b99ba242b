//! `swingpose inspect`: everything that a label file says of its making.

use crate::program::{golden, labels, swingpose};
use std::fs;
use swingpose_cli::Exit;
use tempfile::tempdir;

#[test]
fn all_of_the_provenance_is_told() {
    let (made, _) = labels(&golden());
    let outcome = swingpose(["inspect".as_ref(), golden().as_os_str()]);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    let hashes = [&made.input.sha256, &made.pose.sha256, &made.detector.as_ref().unwrap().sha256];
    let words = [&made.input.name, &made.input.matrix, &made.input.range, &made.device.name, &made.program.version];
    for said in hashes.into_iter().chain(words).chain(made.options.keys()).chain(made.options.values()) {
        assert!(outcome.out.contains(said.as_str()), "{said} in {}", outcome.out);
    }
    assert!(outcome.out.contains("people    3 (detected 3), nobody in 2 frames"), "{}", outcome.out);
}

#[test]
fn the_same_can_be_had_as_json() {
    let (made, frames) = labels(&golden());
    let outcome = swingpose(["inspect".as_ref(), "--json".as_ref(), golden().as_os_str()]);
    let told: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    for (part, expected) in serde_json::to_value(made).unwrap().as_object().unwrap() {
        assert_eq!(&told[0][part], expected, "{part}");
    }
    let holds = &told[0]["holds"];
    assert_eq!((&holds["frames"], &holds["people"]), (&4.into(), &3.into()));
    assert_eq!(holds["seconds"][1], frames[3].time_s);
    assert_eq!(holds["origins"]["detected"], 3);
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.poses.parquet");
    let mut bytes = fs::read(golden()).unwrap();
    bytes[200] ^= 1;
    fs::write(&path, bytes).unwrap();
    let outcome = swingpose(["inspect".as_ref(), golden().as_os_str(), path.as_os_str()]);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("x.poses.parquet") && outcome.out.contains("sha256"), "{}", outcome.err);
}
