//! `swingpose bench`: what is measured, what it stands beside, and what it needs.

use crate::program::{Outcome, WEIGHTS, media, swingpose};
use serde_json::Value;
use std::ffi::OsString;
use swingpose_cli::Exit;

/// Runs `bench` on the CPU with the nano networks, and `words` behind.
fn bench(words: &[&str]) -> Outcome {
    let mut line: Vec<OsString> = ["bench", "--device", "cpu", "--detector"].map(Into::into).to_vec();
    line.extend([WEIGHTS.detector().into(), "--pose".into(), WEIGHTS.pose().into()]);
    line.extend(words.iter().map(Into::into));
    swingpose(line)
}

fn measured(words: &[&str]) -> Value {
    let outcome = bench(&[words, &["--json"]].concat());
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    serde_json::from_str(&outcome.out).unwrap()
}

/// What the rows are of.
fn names(measured: &Value) -> Vec<&str> {
    measured["rows"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect()
}

#[test]
fn every_stage_is_measured_beside_a_product() {
    let video = media("clips/h264_bframes.mp4");
    let measured = measured(&["--video", video.to_str().unwrap(), "--files", "2"]);
    let names = names(&measured);
    assert_eq!([names[0], names[2], names[3]], ["decode", "letterbox", "top-k and NMS"], "{names:?}");
    assert_eq!(names[5..], ["crop", "DARK-UDP", "e2e"], "{names:?}");
    let rows = measured["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["fps"].as_f64().unwrap() > 0.0), "{measured}");
    for network in [&rows[1], &rows[4]] {
        let share = network["tflops"].as_f64().unwrap() / measured["ceiling"]["tflops"].as_f64().unwrap();
        assert!((network["share"].as_f64().unwrap() - share).abs() < 1e-9, "{network}");
    }
    assert!(rows[7]["note"].as_str().unwrap().starts_with("2 files, 180 frames"), "{}", rows[7]);
}

#[test]
fn another_programs_figures_stand_beside() {
    let figures = r#"echo '{"what": "letterbox", "ms": 1e6, "name": "a slow one"}'"#;
    let measured = measured(&["detect", "--peer", figures]);
    assert_eq!((measured["peer"].as_str(), names(&measured)[1]), (Some("a slow one"), "letterbox"));
    assert!(measured["rows"][1]["times_the_peer"].as_f64().unwrap() > 1.0);
    assert_eq!(bench(&["detect", "--peer", "exit 3"]).exit, Exit::CouldNotStart);
}

#[test]
fn what_cannot_be_measured_is_said() {
    for (words, said) in [
        (&["bench", "e2e"][..], "--video"),
        (&["bench", "pose", "--pose", "vitpose-x", "--made-up"], "vitpose-x"),
        (&["bench", "pose", "--weights", "nowhere"], "--made-up"),
    ] {
        let outcome = swingpose(words);
        assert_eq!(outcome.exit, Exit::CouldNotStart, "{words:?}");
        assert!(outcome.err.contains(said), "{words:?}: {}", outcome.err);
    }
}
