//! Every kind of fault, put into good labels, is found where it was put; in the good labels nothing is.

use crate::swing::{Rate, checked, swing};
use std::ops::RangeInclusive;
use swingpose_core::FrameLabels;
use swingpose_qc::{Finding, Kind, Report, Verdict};

const LEFT_ELBOW: usize = 7;
const LEFT_WRIST: usize = 9;
const RIGHT_WRIST: usize = 10;
const LEFT_SHIN: [usize; 2] = [13, 15];

/// A swing at 60 frames a second with a bystander, as `change` leaves it.
fn with(change: impl FnOnce(&mut Vec<FrameLabels>)) -> Report {
    let mut frames = swing(3.0, Rate::Even(60), true);
    change(&mut frames);
    checked(&frames)
}

/// The finding of `kind` whose frames overlap `frames`.
fn found<'a>(report: &'a Report, kind: Kind, frames: &RangeInclusive<u64>) -> &'a Finding {
    let overlaps = |finding: &&Finding| finding.frames[0] <= *frames.end() && *frames.start() <= finding.frames[1];
    let of_kind = report.findings.iter().filter(|finding| finding.kind == kind);
    of_kind.clone().find(overlaps).unwrap_or_else(|| panic!("no {kind:?} in {frames:?}: {:#?}", report.findings))
}

/// The same, and it is all there is.
fn only<'a>(report: &'a Report, kind: Kind, frames: &RangeInclusive<u64>) -> &'a Finding {
    let finding = found(report, kind, frames);
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    finding
}

fn move_by(frame: &mut FrameLabels, keypoint: usize, [dx, dy]: [f32; 2]) {
    let point = &mut frame.people[0].keypoints[keypoint].point;
    (point.x, point.y) = (point.x + dx, point.y + dy);
}

#[test]
fn nothing_is_found_in_good_labels_at_any_rate() {
    for rate in [Rate::Even(24), Rate::Even(30), Rate::Even(60), Rate::Even(120), Rate::Even(240), Rate::Phone] {
        for with_bystander in [false, true] {
            let report = checked(&swing(4.0, rate, with_bystander));
            assert_eq!(report.findings, [], "{rate:?}");
            assert_eq!((report.verdict, report.people.len()), (Verdict::Pass, 1 + usize::from(with_bystander)));
        }
    }
}

#[test]
fn a_wrist_off_its_path_is_jitter_even_in_the_swing() {
    for rate in [Rate::Even(30), Rate::Even(60), Rate::Phone] {
        let mut frames = swing(3.0, rate, true);
        // In the middle of the downswing, where the wrist is fastest.
        let at = frames.iter().position(|frame| frame.time_s > 1.55).unwrap();
        move_by(&mut frames[at], LEFT_WRIST, [45.0, 60.0]);
        let report = checked(&frames);
        let finding = found(&report, Kind::Jitter, &(at as u64..=at as u64));
        assert_eq!((finding.worst_frame, &finding.keypoints[..]), (at as u64, &["left_wrist"][..]), "{rate:?}");
        assert_eq!((finding.track, report.verdict), (Some(0), Verdict::Look));
    }
}

#[test]
fn a_wrist_that_shakes_all_the_time_is_jitter_too() {
    let report = with(|frames| {
        for frame in frames.iter_mut() {
            let side = if frame.frame.0 % 2 == 0 { 15.0 } else { -15.0 };
            move_by(frame, RIGHT_WRIST, [side, 0.0]);
        }
    });
    let finding = only(&report, Kind::Jitter, &(0..=179));
    assert_eq!((finding.frames, &finding.keypoints[..]), ([0, 179], &["right_wrist"][..]));
    assert_eq!(report.verdict, Verdict::Fail);
}

#[test]
fn somebody_who_is_not_there_is_missing() {
    let report = with(|frames| frames[60..72].iter_mut().for_each(|frame| _ = frame.people.remove(0)));
    assert_eq!(
        (found(&report, Kind::Missing, &(60..=71)).frames, found(&report, Kind::Missing, &(60..=71)).track),
        ([60, 71], Some(0))
    );
    let report = with(|frames| frames[60..72].iter_mut().for_each(|frame| frame.people.clear()));
    assert_eq!((only(&report, Kind::Missing, &(60..=71)).frames, report.findings[0].track), ([60, 71], None));
}

#[test]
fn a_fall_of_the_scores_is_unsure() {
    let report = with(|frames| {
        let scores = frames[100..112]
            .iter_mut()
            .flat_map(|frame| &mut frame.people[0].keypoints)
            .map(|keypoint| &mut keypoint.score);
        scores.for_each(|score| *score *= 0.5);
    });
    assert_eq!(only(&report, Kind::Unsure, &(100..=111)).frames, [100, 111]);
    let report =
        with(|frames| frames[20..60].iter_mut().for_each(|frame| frame.people[0].keypoints[RIGHT_WRIST].score = 0.1));
    let finding = only(&report, Kind::Unsure, &(20..=59));
    assert_eq!((finding.frames, &finding.keypoints[..]), ([20, 59], &["right_wrist"][..]));
}

#[test]
fn a_limb_that_grows_or_shrinks_is_broken() {
    let report = with(|frames| {
        for frame in &mut frames[30..50] {
            move_by(frame, LEFT_SHIN[1], [0.0, 150.0]);
        }
    });
    let finding = found(&report, Kind::LimbLength, &(30..=49));
    assert_eq!((finding.frames, &finding.keypoints[..]), ([30, 49], &["left_knee", "left_ankle"][..]));
    let report = with(|frames| {
        for frame in &mut frames[120..140] {
            frame.people[0].keypoints[LEFT_WRIST] = frame.people[0].keypoints[LEFT_ELBOW];
        }
    });
    assert_eq!(found(&report, Kind::LimbLength, &(120..=139)).frames, [120, 139]);
}

#[test]
fn sides_that_change_places_are_a_swap() {
    for pairs in [&[[9, 10]][..], &[[5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [15, 16]]] {
        let report = with(|frames| {
            for frame in &mut frames[140..155] {
                pairs.iter().for_each(|&[left, right]| frame.people[0].keypoints.swap(left, right));
            }
        });
        let finding = found(&report, Kind::Swap, &(140..=154));
        assert_eq!((finding.frames, finding.keypoints.len()), ([140, 154], 2 * pairs.len()));
    }
    let for_good = with(|frames| frames[90..].iter_mut().for_each(|frame| frame.people[0].keypoints.swap(15, 16)));
    let finding = found(&for_good, Kind::Swap, &(90..=179));
    assert!(finding.frames == [89, 90] && finding.note.contains("not back"), "{finding:?}");
}

#[test]
fn another_primary_person_is_a_switch() {
    let report = with(|frames| {
        for frame in &mut frames[50..] {
            frame.people.iter_mut().for_each(|person| person.primary = !person.primary);
        }
    });
    assert_eq!(only(&report, Kind::Switch, &(50..=179)).frames, [49, 50]);
    let alone = with(|frames| {
        for frame in frames.iter_mut() {
            let bystander = frame.frame.0 >= 50;
            frame.people.retain(|person| (person.person == 1) == bystander);
            frame.people[0].primary = true;
        }
    });
    assert_eq!(only(&alone, Kind::Switch, &(50..=179)).frames, [49, 50]);
}

#[test]
fn a_track_that_goes_on_with_somebody_else_is_a_switch() {
    let report = with(|frames| {
        for frame in frames.iter_mut() {
            let exchanged = frame.frame.0 >= 70;
            frame.people.iter_mut().for_each(|person| person.track = Some(3 + (person.person ^ u32::from(exchanged))));
        }
    });
    let tracks: Vec<_> = report.findings.iter().map(|finding| (finding.kind, finding.frames, finding.track)).collect();
    assert!(tracks.contains(&(Kind::Switch, [69, 70], Some(3))), "{tracks:?}");
    assert!(tracks.contains(&(Kind::Switch, [69, 70], Some(4))), "{tracks:?}");
}

#[test]
fn keypoints_that_stand_still_are_frozen() {
    let report = with(|frames| {
        let still = frames[80].people[0].keypoints;
        frames[80..100].iter_mut().for_each(|frame| frame.people[0].keypoints = still);
    });
    let finding = found(&report, Kind::Frozen, &(80..=99));
    assert_eq!((finding.frames, finding.keypoints.len()), ([80, 99], 17));
}

#[test]
fn odd_times_are_found_and_time_that_runs_back_fails() {
    let hole = with(|frames| frames[90..].iter_mut().for_each(|frame| shift(frame, 9000)));
    let finding = only(&hole, Kind::Time, &(89..=90));
    assert!(finding.frames == [89, 90] && finding.note.contains("116.7 ms"), "{finding:?}");
    assert_eq!(hole.verdict, Verdict::Look);
    let back = with(|frames| shift(&mut frames[90], -3000));
    assert_eq!(found(&back, Kind::Time, &(89..=91)).worst_frame, 90);
    assert_eq!(back.verdict, Verdict::Fail);
    let left_out = with(|frames| drop(frames.remove(90)));
    assert_eq!(only(&left_out, Kind::Time, &(89..=91)).frames, [89, 91]);
    let wrong_seconds = with(|frames| frames[90].time_s += 0.001);
    assert_eq!(only(&wrong_seconds, Kind::Time, &(90..=90)).frames, [90, 90]);
}

fn shift(frame: &mut FrameLabels, ticks: i64) {
    frame.pts += ticks;
    frame.time_s = frame.pts as f64 / 90_000.0;
}

#[test]
fn what_is_no_number_is_nowhere_and_fails() {
    let report = with(|frames| frames[10].people[0].keypoints[LEFT_WRIST].point.x = f32::NAN);
    assert_eq!(only(&report, Kind::Nowhere, &(10..=10)).keypoints, ["left_wrist"]);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.reasons[0].contains("no numbers"), "{:?}", report.reasons);
}

#[test]
fn a_video_that_is_wrong_in_many_frames_fails() {
    let report = with(|frames| frames[40..80].iter_mut().for_each(|frame| frame.people.clear()));
    assert_eq!((report.verdict, report.reasons[0].contains("22 %")), (Verdict::Fail, true), "{:?}", report.reasons);
    for frames in [vec![], with_nobody()] {
        assert_eq!(checked(&frames).verdict, Verdict::Fail);
    }
}

fn with_nobody() -> Vec<FrameLabels> {
    let mut frames = swing(1.0, Rate::Even(30), false);
    frames.iter_mut().for_each(|frame| frame.people.clear());
    frames
}

#[test]
fn the_worst_frames_are_of_every_kind_and_say_where_to_look() {
    let report = with(|frames| {
        frames[60..66].iter_mut().for_each(|frame| frame.people.clear());
        move_by(&mut frames[120], LEFT_WRIST, [80.0, 0.0]);
    });
    let wrist = report.worst.iter().find(|worst| worst.frame.0 == 120).unwrap();
    assert!((8..=20).contains(&report.worst.len()) && wrist.keypoints.len() == 1, "{:?}", report.worst);
    assert_eq!(report.findings[wrist.findings[0]].kind, Kind::Jitter);
    assert_eq!(wrist.tracks, [(0, 0), (1, 1)].into());
    let nobody = report.worst.iter().find(|worst| worst.frame.0 == 60).unwrap();
    assert_eq!((nobody.focus, nobody.confidence), (None, None));
}

#[test]
fn findings_are_the_same_at_every_size_of_person() {
    let report = |scale: f32| {
        with(|frames| {
            move_by(&mut frames[120], LEFT_WRIST, [80.0, 0.0]);
            for person in frames.iter_mut().flat_map(|frame| &mut frame.people) {
                person.bounding_box = <[f32; 4]>::from(person.bounding_box).map(|side| side * scale).into();
                for keypoint in &mut person.keypoints {
                    (keypoint.point.x, keypoint.point.y) = (keypoint.point.x * scale, keypoint.point.y * scale);
                }
            }
        })
    };
    let kinds =
        |report: &Report| report.findings.iter().map(|finding| (finding.kind, finding.frames)).collect::<Vec<_>>();
    assert_eq!(kinds(&report(0.25)), kinds(&report(1.0)));
    assert_eq!(kinds(&report(1.0)), [(Kind::Jitter, [120, 120])]);
}
