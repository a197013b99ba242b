//! `swingpose label`: what is labeled, what is refused, what the labels say of their making, what they do not depend on.

use crate::program::{WEIGHTS, detect_into, label_into, labels, media, swingpose, swingpose_interrupted};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use swingpose_cli::Exit;
use swingpose_core::{FrameLabels, Origin};
use tempfile::{TempDir, tempdir};

const VIDEO: &str = "single_cam01.mp4";
const VIDEO_LABELS: &str = "single_cam01.poses.parquet";
const PICTURE: &str = "basketball1.png";
const PICTURE_LABELS: &str = "basketball1.poses.parquet";

/// Detections of the nano network, whose weights are random, score low.
const ANYBODY: [&str; 2] = ["--score-threshold", "0"];

/// The label file of the video, made with the nano detector under `options`.
fn labeled(options: &[&str]) -> TempDir {
    let folder = tempdir().unwrap();
    let mut line = detect_into(folder.path(), &[&media(VIDEO)]);
    line.extend(ANYBODY.iter().chain(options).map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    folder
}

fn frames_of(folder: &TempDir) -> Vec<FrameLabels> {
    labels(&folder.path().join(VIDEO_LABELS)).1
}

fn bytes_of(folder: &TempDir) -> Vec<u8> {
    fs::read(folder.path().join(VIDEO_LABELS)).unwrap()
}

fn origins(frame: &FrameLabels) -> BTreeSet<Origin> {
    frame.people.iter().map(|person| person.origin).collect()
}

fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_video_has_labels_for_every_frame_with_its_own_time() {
    let folder = labeled(&["--max-people", "1"]);
    let (provenance, frames) = labels(&folder.path().join(VIDEO_LABELS));
    let times: Vec<_> = frames.iter().map(|frame| (frame.frame.0, frame.pts)).collect();
    let expected: Vec<_> = (0..100).map(|index| (index, index as i64 * 256)).collect();
    assert_eq!(times, expected);
    assert_eq!(frames[60].time_s, 1.0);
    assert!(frames.iter().all(|frame| frame.people.len() == 1 && frame.people[0].primary));
    assert!(frames.iter().all(|frame| origins(frame) == BTreeSet::from([Origin::Detected])));
    assert_eq!((provenance.input.frames, provenance.input.lost_frames, provenance.input.size), (100, 0, (1080, 1920)));
    assert_eq!((provenance.input.codec.as_str(), provenance.device.kind.as_str()), ("h264", "cpu"));
    assert_eq!(provenance.options["score-threshold"], "0");
    assert_eq!(provenance.options["boxes"], "detected");
    assert!(!provenance.pose.demo && provenance.detector.is_some());
}

#[test]
fn a_picture_is_an_input_of_one_frame_and_boxes_lie_in_it() {
    let folder = tempdir().unwrap();
    let mut line = detect_into(folder.path(), &[&media(PICTURE)]);
    line.extend(ANYBODY.map(Into::into));
    assert_eq!(swingpose(line).exit, Exit::Done);
    let (_, frames) = labels(&folder.path().join(PICTURE_LABELS));
    let people = &frames[0].people;
    assert!(frames.len() == 1 && people.len() > 1, "{} frames, {} people", frames.len(), people.len());
    for (index, person) in people.iter().enumerate() {
        let corners = person.bounding_box;
        assert!(corners.is_proper() && corners.x1 >= 0.0 && corners.y1 >= 0.0, "{corners:?}");
        assert!(corners.x2 <= 640.0 && corners.y2 <= 480.0, "{corners:?}");
        assert_eq!(person.person as usize, index);
    }
    assert!(people.is_sorted_by(|a, b| a.box_score >= b.box_score));
    let largest = people.iter().map(|person| person.bounding_box.area()).fold(0.0, f32::max);
    let primary: Vec<_> = people.iter().filter(|person| person.primary).map(|p| p.bounding_box.area()).collect();
    assert_eq!(primary, [largest]);
}

#[test]
fn nobody_is_invented_where_nobody_is_found() {
    let folder = tempdir().unwrap();
    let mut line = detect_into(folder.path(), &[&media(PICTURE)]);
    line.extend(["--score-threshold", "1"].map(Into::into));
    assert_eq!(swingpose(line).exit, Exit::Done);
    let (_, frames) = labels(&folder.path().join(PICTURE_LABELS));
    assert!(frames.len() == 1 && frames[0].people.is_empty());
}

#[test]
fn without_a_detector_the_whole_frame_is_the_box_and_says_so() {
    let folder = tempdir().unwrap();
    let mut line = label_into(folder.path(), &[&media(PICTURE)]);
    line.extend(["--mode", "fast"].map(Into::into));
    assert_eq!(swingpose(line).exit, Exit::Done);
    let (provenance, frames) = labels(&folder.path().join(PICTURE_LABELS));
    let [person] = frames[0].people.as_slice() else { panic!("{:?}", frames[0].people) };
    assert_eq!((person.origin, <[f32; 4]>::from(person.bounding_box)), (Origin::WholeFrame, [0.0, 0.0, 640.0, 480.0]));
    assert_eq!((provenance.detector, provenance.options["boxes"].as_str()), (None, "whole_frame"));
}

#[test]
fn one_bad_file_does_not_stop_the_others_and_is_named() {
    let folder = tempdir().unwrap();
    let bad = folder.path().join("broken.mp4");
    fs::write(&bad, b"not a video at all").unwrap();
    let mut line = label_into(folder.path(), &[&bad, &media(PICTURE)]);
    line.extend(["--mode", "fast", "--json"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains(&format!("error: {}: not labeled: ", bad.display())), "{}", outcome.err);
    assert_eq!(file_names(folder.path()), [PICTURE_LABELS, "broken.mp4"]);
    let summary: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((&summary["labeled"], &summary["failed"], &summary["frames"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(summary["inputs"][0]["status"], "failed");
    assert_eq!(summary["inputs"][1]["status"], "labeled");
    for stage in ["decode", "letterbox", "detect", "crop", "estimate", "keypoints", "write"] {
        assert!(summary["stages_s"][stage].is_f64(), "{stage}");
    }
}

#[test]
fn the_demonstration_pair_finds_the_athlete_and_his_labels_say_what_made_them() {
    let folder = tempdir().unwrap();
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights");
    let mut line: Vec<std::ffi::OsString> = vec!["label".into(), media(VIDEO).into(), "--out".into()];
    line.extend([folder.path().into(), "--weights".into(), weights.into()]);
    line.extend(["--detector", "demo", "--pose", "demo", "--frames", "50..52"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.err.contains("not for real labels"), "{}", outcome.err);
    let (provenance, frames) = labels(&folder.path().join(VIDEO_LABELS));
    assert!(provenance.pose.demo && provenance.detector.unwrap().demo);
    for frame in frames {
        let athlete = frame.people.iter().find(|person| person.primary).unwrap();
        let corners = athlete.bounding_box;
        // Where a person looking at the picture sees him, his head and his raised foot.
        assert!(corners.x1 < 200.0 && corners.x2 > 700.0 && corners.y1 < 450.0 && corners.y2 > 1100.0, "{corners:?}");
        for (keypoint, x, y) in [(0, 735.0, 625.0), (15, 410.0, 1095.0), (16, 130.0, 1058.0)] {
            let found = athlete.keypoints[keypoint];
            let distance = (found.point.x - x).hypot(found.point.y - y);
            assert!(distance < 25.0 && found.score > 0.5, "{keypoint}: {found:?}");
        }
    }
}

#[test]
fn where_there_are_no_other_weights_the_demonstration_pair_stands_in_and_says_so() {
    let folder = tempdir().unwrap();
    let demo = folder.path().join("weights/demo");
    fs::create_dir_all(&demo).unwrap();
    for file in ["rtmdet-demo.safetensors", "vitpose-demo.safetensors"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/demo").join(file), demo.join(file)).unwrap();
    }
    let out = tempdir().unwrap();
    let weights = folder.path().join("weights");
    let mut line: Vec<std::ffi::OsString> = vec!["label".into(), media(PICTURE).into(), "--out".into()];
    line.extend([out.path().into(), "--weights".into(), weights.clone().into()]);
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.err.contains("demonstration networks") && outcome.err.contains("not for real"), "{}", outcome.err);
    let (provenance, _) = labels(&out.path().join(PICTURE_LABELS));
    assert!(provenance.pose.demo && provenance.detector.unwrap().demo);

    let listed = swingpose(["weights".as_ref(), "list".as_ref(), "--weights".as_ref(), weights.as_os_str()]);
    assert_eq!(listed.exit, Exit::Done, "{}", listed.err);
    let demo: Vec<&str> = listed.out.lines().filter(|line| line.starts_with("demo/")).collect();
    assert_eq!(demo.len(), 2, "{}", listed.out);
    assert!(demo.iter().all(|line| line.contains("demo: not for real labels")), "{demo:?}");
}

#[test]
fn a_file_of_which_nothing_can_be_decoded_says_what_was_lost() {
    let folder = tempdir().unwrap();
    let bad = folder.path().join("spoilt.mp4");
    let mut bytes = fs::read(media(VIDEO)).unwrap();
    let first_frame = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 1000;
    bytes[first_frame..first_frame + 64].fill(0xFF);
    fs::write(&bad, bytes).unwrap();
    let mut line = label_into(folder.path(), &[&bad]);
    line.extend(["--mode", "fast"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::SomeFailed, "{}", outcome.err);
    assert!(outcome.err.contains("no frame could be decoded; ") && outcome.err.contains("h264"), "{}", outcome.err);
    assert_eq!(file_names(folder.path()), ["spoilt.mp4"]);
}

#[test]
fn a_folder_is_searched_for_videos_and_pictures() {
    let (inputs, outputs) = (tempdir().unwrap(), tempdir().unwrap());
    fs::create_dir(inputs.path().join("deeper")).unwrap();
    fs::copy(media(PICTURE), inputs.path().join("one.png")).unwrap();
    fs::copy(media(PICTURE), inputs.path().join("deeper/two.png")).unwrap();
    fs::write(inputs.path().join("notes.txt"), "no picture").unwrap();
    let mut line = label_into(outputs.path(), &[&inputs.path()]);
    line.extend(["--mode", "fast"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    assert!(outcome.err.contains("2 of 2 inputs labeled"), "{}", outcome.err);
    assert_eq!(file_names(outputs.path()), ["one.poses.parquet", "two.poses.parquet"]);
}

#[test]
fn frames_are_chosen_by_their_numbers() {
    let frames = frames_of(&labeled(&["--frames", "97.."]));
    let times: Vec<_> = frames.iter().map(|frame| (frame.frame.0, frame.pts)).collect();
    assert_eq!(times, [(97, 97 * 256), (98, 98 * 256), (99, 99 * 256)]);
}

#[test]
fn a_range_beyond_the_end_is_refused() {
    let folder = tempdir().unwrap();
    let mut line = detect_into(folder.path(), &[&media(VIDEO)]);
    line.extend(["--frames", "100..200"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("100 frames"), "{}", outcome.err);
}

#[test]
fn frames_that_the_detector_skips_are_marked() {
    let frames = frames_of(&labeled(&["--frames", "4..12", "--detect-every", "5", "--max-people", "1"]));
    let seen: Vec<_> = frames.iter().map(|frame| (frame.frame.0, origins(frame))).collect();
    let detected = BTreeSet::from([Origin::Detected]);
    for frame in [4, 5, 10] {
        assert!(seen.contains(&(frame, detected.clone())), "{seen:?}");
    }
    assert!(seen.iter().all(|(_, origins)| !origins.contains(&Origin::WholeFrame)));
}

#[test]
fn given_boxes_are_used_as_they_stand_and_only_where_they_stand() {
    let folder = tempdir().unwrap();
    let boxes = folder.path().join("boxes.csv");
    fs::write(&boxes, "frame,x1,y1,x2,y2,score\n1,-10,300,600,1500,0.25\n1,10,20,300,400\n").unwrap();
    let mut line = label_into(folder.path(), &[&media(VIDEO)]);
    line.extend(["--frames".into(), "..3".into(), "--boxes".into(), boxes.clone().into()]);
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.err);
    let (provenance, frames) = labels(&folder.path().join(VIDEO_LABELS));
    assert!(provenance.options["boxes"].starts_with("given sha256:"));
    assert_eq!(frames.iter().map(|frame| frame.people.len()).collect::<Vec<_>>(), [0, 2, 0]);
    let told: Vec<_> = frames[1]
        .people
        .iter()
        .map(|person| (person.origin, person.box_score, <[f32; 4]>::from(person.bounding_box)))
        .collect();
    let expected =
        [(Origin::Given, 1.0, [10.0, 20.0, 300.0, 400.0]), (Origin::Given, 0.25, [-10.0, 300.0, 600.0, 1500.0])];
    assert_eq!(told, expected);
}

#[test]
fn exported_labels_serve_as_boxes_and_give_the_same_keypoints() {
    let folder = labeled(&["--frames", "..2"]);
    let label_file = folder.path().join(VIDEO_LABELS);
    let exported = swingpose(["export".as_ref(), label_file.as_os_str(), "--to".as_ref(), "jsonl".as_ref()]);
    assert_eq!(exported.exit, Exit::Done, "{}", exported.err);
    let boxes = folder.path().join("boxes.jsonl");
    fs::write(&boxes, &exported.out).unwrap();
    let again = tempdir().unwrap();
    let mut line = label_into(again.path(), &[&media(VIDEO)]);
    line.extend(["--frames".into(), "..2".into(), "--boxes".into(), boxes.into()]);
    assert_eq!(swingpose(line).exit, Exit::Done);
    let mut expected = frames_of(&folder);
    expected.iter_mut().flat_map(|frame| &mut frame.people).for_each(|person| person.origin = Origin::Given);
    assert_eq!(frames_of(&again), expected);
}

#[test]
fn a_bad_file_of_boxes_is_refused_with_its_line() {
    let folder = tempdir().unwrap();
    let boxes = folder.path().join("boxes.csv");
    fs::write(&boxes, "0,1,2,3,4\n0,5,2,3,4\n").unwrap();
    let mut line = label_into(folder.path(), &[&media(PICTURE)]);
    line.extend(["--boxes".into(), boxes.into()]);
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::CouldNotStart);
    assert!(outcome.err.contains("boxes.csv, line 2: "), "{}", outcome.err);
}

#[test]
fn the_flip_test_changes_the_keypoints_and_nothing_else() {
    let (plain, flipped) = (labeled(&["--frames", "..1"]), labeled(&["--frames", "..1", "--mode", "hifi"]));
    let (mut plain, flipped) = (frames_of(&plain), frames_of(&flipped));
    assert_ne!(plain, flipped);
    for (plain, flipped) in plain[0].people.iter_mut().zip(&flipped[0].people) {
        plain.keypoints = flipped.keypoints;
    }
    assert_eq!(plain, flipped);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let one = labeled(&["--frames", "..8", "--threads", "1"]);
    let three = labeled(&["--frames", "..8", "--threads", "3"]);
    assert_eq!(bytes_of(&one), bytes_of(&three));
}

#[test]
fn finished_work_is_left_and_other_labels_are_only_replaced_when_told() {
    let folder = tempdir().unwrap();
    let run = |options: &[&str]| {
        let mut line = label_into(folder.path(), &[&media(PICTURE)]);
        line.extend(["--mode", "fast"].iter().chain(options).map(Into::into));
        swingpose(line)
    };
    assert_eq!(run(&[]).exit, Exit::Done);
    let first = fs::read(folder.path().join(PICTURE_LABELS)).unwrap();

    let again = run(&[]);
    assert_eq!(again.exit, Exit::Done);
    assert!(again.err.contains("labeled before"), "{}", again.err);

    let other = run(&["--flip"]);
    assert_eq!(other.exit, Exit::SomeFailed);
    assert!(other.err.contains("other options") && other.err.contains("--overwrite"), "{}", other.err);
    assert_eq!(fs::read(folder.path().join(PICTURE_LABELS)).unwrap(), first);

    assert_eq!(run(&["--flip", "--overwrite"]).exit, Exit::Done);
    assert_ne!(fs::read(folder.path().join(PICTURE_LABELS)).unwrap(), first);
}

#[test]
fn a_damaged_label_file_is_no_finished_work() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(PICTURE_LABELS), b"PAR1").unwrap();
    let mut line = label_into(folder.path(), &[&media(PICTURE)]);
    line.extend(["--mode", "fast"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::SomeFailed);
    assert!(outcome.err.contains("--overwrite"), "{}", outcome.err);
}

#[test]
fn an_interrupted_run_leaves_no_label_file() {
    let folder = tempdir().unwrap();
    let elsewhere = tempdir().unwrap();
    let summary = elsewhere.path().join("summary.json");
    let mut line = label_into(folder.path(), &[&media(VIDEO), &media(PICTURE)]);
    line.extend(["--mode", "fast"].map(Into::into));
    line.extend(["--summary".into(), summary.clone().into()]);
    let outcome = swingpose_interrupted(line, true);
    assert_eq!(outcome.exit, Exit::Interrupted);
    assert!(outcome.err.contains("interrupted"), "{}", outcome.err);
    assert!(file_names(folder.path()).iter().all(|name| name.ends_with(".poses.partial")));
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(summary).unwrap()).unwrap();
    assert_eq!(
        (&summary["inputs"][0]["status"], &summary["inputs"][1]["status"]),
        (&"interrupted".into(), &"not_begun".into())
    );
}

#[test]
fn without_weights_nothing_starts_and_it_says_what_to_do() {
    let empty = tempdir().unwrap();
    let outcome =
        swingpose(["label".as_ref(), media(PICTURE).as_os_str(), "--weights".as_ref(), empty.path().as_os_str()]);
    assert_eq!(outcome.exit, Exit::CouldNotStart);
    assert!(outcome.err.contains("swingpose weights convert"), "{}", outcome.err);
}

#[test]
fn what_cannot_start_says_why() {
    let cases: [(&[&str], &str); 5] = [
        (&["--device", "cuda"], "--device cpu"),
        (&["--precision", "bf16"], "fp32"),
        (&["--detector", "model.pth"], "swingpose weights convert model.pth"),
        (&["--detector", "none", "--detect-every", "3"], "--detect-every"),
        (&["--frames", "9..3"], "A..B"),
    ];
    for (options, said) in cases {
        let folder = tempdir().unwrap();
        let mut line = label_into(folder.path(), &[&media(PICTURE)]);
        line.extend(["--weights".into(), WEIGHTS.folder().into()]);
        if !options.contains(&"--detector") {
            line.extend(["--detector", "none"].map(Into::into));
        }
        line.extend(options.iter().map(Into::into));
        let outcome = swingpose(line);
        assert_eq!(outcome.exit, Exit::CouldNotStart, "{options:?}: {}", outcome.err);
        assert!(outcome.err.contains(said), "{options:?}: {}", outcome.err);
    }
}

#[test]
fn weights_of_the_other_network_are_refused() {
    let folder = tempdir().unwrap();
    let mut line = label_into(folder.path(), &[&media(PICTURE)]);
    line.extend(["--detector".into(), WEIGHTS.pose().into()]);
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::CouldNotStart);
    assert!(outcome.err.contains("vitpose.safetensors"), "{}", outcome.err);
}

#[test]
fn inputs_that_would_share_a_label_file_are_refused() {
    let inputs = tempdir().unwrap();
    let (one, two) = (inputs.path().join("one"), inputs.path().join("two"));
    for folder in [&one, &two] {
        fs::create_dir(folder).unwrap();
        fs::copy(media(PICTURE), folder.join("swing.png")).unwrap();
    }
    let out = tempdir().unwrap();
    let mut line = label_into(out.path(), &[&one, &two]);
    line.extend(["--mode", "fast"].map(Into::into));
    let outcome = swingpose(line);
    assert_eq!(outcome.exit, Exit::CouldNotStart);
    assert!(outcome.err.contains("swing.poses.parquet"), "{}", outcome.err);
}

#[test]
fn help_is_data_and_refusals_are_words() {
    let help = swingpose(["label", "--help"]);
    assert_eq!((help.exit, help.err.as_str()), (Exit::Done, ""));
    assert!(help.out.contains("--detect-every"));
    let refusal = swingpose(["label", "--no-such-option"]);
    assert_eq!((refusal.exit, refusal.out.as_str()), (Exit::CouldNotStart, ""));
}
