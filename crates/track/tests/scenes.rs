//! People made up, who cross, hide, leave and come back, and those of real footage.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_track::{Primary, Tracker};

const SIZE: (u32, u32) = (1920, 1080);
const FPS: f64 = 50.0;

/// Somebody 200 pixels wide and 500 high whose box's centre is at `x`, y 540.
fn person(x: f64) -> PersonLabel {
    let x = x as f32;
    PersonLabel {
        person: 0,
        track: None,
        primary: false,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(x - 100.0, 290.0, x + 100.0, 790.0),
        box_score: 0.9,
        keypoints: std::array::from_fn(|k| {
            let side = if k % 2 == 0 { -60.0 } else { 60.0 };
            Keypoint::from([x + side, 310.0 + 27.0 * k as f32, 0.9])
        }),
    }
}

fn frame(number: u64, time_s: f64, people: Vec<PersonLabel>) -> FrameLabels {
    let numbered = (0..).zip(people).map(|(number, label)| PersonLabel { person: number, ..label });
    FrameLabels { frame: FrameIndex(number), pts: (time_s * 1e6) as i64, time_s, people: numbered.collect() }
}

/// The track of everybody at each of `times`, where `people` says who is in the picture then.
fn tracks_at(times: impl IntoIterator<Item = f64>, people: impl Fn(f64) -> Vec<PersonLabel>) -> Vec<Vec<u32>> {
    let mut tracker = Tracker::default();
    let follow = |(number, time_s)| {
        let mut labels = frame(number, time_s, people(time_s));
        tracker.follow(&mut labels);
        labels.people.iter().map(|person| person.track.unwrap()).collect()
    };
    (0..).zip(times).map(follow).collect()
}

fn times(seconds: f64) -> impl Iterator<Item = f64> {
    (0..(seconds * FPS) as u32).map(|number| f64::from(number) / FPS)
}

fn tracks(seconds: f64, people: impl Fn(f64) -> Vec<PersonLabel>) -> Vec<Vec<u32>> {
    tracks_at(times(seconds), people)
}

#[test]
fn who_is_in_the_first_frame_is_counted_from_nought_best_box_first() {
    assert_eq!(tracks(0.1, |_| vec![person(900.0), person(300.0), person(1500.0)]), vec![vec![0, 1, 2]; 5]);
}

#[test]
fn the_order_of_boxes_is_no_identity() {
    let swapped = |time_s: f64| (time_s * FPS) as u32 % 2 == 1;
    let found = tracks(1.0, |time_s| {
        let mut people = vec![person(300.0), person(420.0)];
        if swapped(time_s) {
            people.reverse();
        }
        people
    });
    let expected = times(1.0).map(|time_s| if swapped(time_s) { vec![1, 0] } else { vec![0, 1] });
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn people_who_cross_keep_their_tracks() {
    for speed in [200.0, 400.0, 900.0] {
        let found =
            tracks(2.0, |time_s| vec![person(960.0 + speed * (time_s - 1.0)), person(960.0 - speed * (time_s - 1.0))]);
        assert!(found.iter().all(|frame| *frame == [0, 1]), "{speed}: {found:?}");
    }
}

#[test]
fn who_is_hidden_behind_another_while_they_cross_keeps_the_track() {
    for speed in [200.0, 400.0, 900.0] {
        let found = tracks(2.0, |time_s| {
            let [front, behind] = [1.0, -1.0].map(|way| person(960.0 + way * speed * (time_s - 1.0)));
            // As the detector drops one of two boxes that lie on each other.
            if front.bounding_box.iou(behind.bounding_box) > 0.4 { vec![front] } else { vec![front, behind] }
        });
        assert!(found.iter().any(|frame| frame.len() == 1), "{speed}");
        assert!(found.iter().all(|frame| frame[..] == [0, 1][..frame.len()]), "{speed}: {found:?}");
    }
}

/// The tracks of a walker before and after `hidden` seconds out of sight, beside somebody who stands.
fn hidden_for(hidden: f64) -> (u32, u32) {
    let found = tracks(4.0, |time_s| {
        let mut people = vec![person(1500.0)];
        if !(1.0 - 1e-9..1.0 + hidden - 1e-9).contains(&time_s) {
            people.push(person(200.0 + 150.0 * time_s));
        }
        people
    });
    assert!(found.iter().all(|frame| frame[0] == 0));
    (found[0][1], found.last().unwrap()[1])
}

#[test]
fn who_is_out_of_sight_for_less_than_a_second_is_known_again() {
    for hidden in [0.02, 0.5, 0.8, 0.98] {
        assert_eq!(hidden_for(hidden), (1, 1), "{hidden} s");
    }
    for hidden in [1.02, 1.5] {
        assert_eq!(hidden_for(hidden), (1, 2), "{hidden} s");
    }
}

#[test]
fn who_leaves_and_turns_back_is_known_again() {
    // Out at the right with 600 pixels a second, where the detector sees nobody, and in again.
    let found = tracks(4.0, |time_s| {
        let x = 1800.0 - 600.0 * (time_s - 1.4).abs() + 240.0;
        if x < 1800.0 { vec![person(x)] } else { vec![] }
    });
    assert_eq!(found.iter().filter(|frame| frame.is_empty()).count(), 41);
    assert!(found.iter().flatten().all(|&track| track == 0), "{found:?}");
}

#[test]
fn who_comes_in_later_or_elsewhere_is_new() {
    let found = tracks(2.0, |time_s| {
        let first = if time_s < 1.0 { Some(person(300.0)) } else { None };
        let second = (time_s >= 0.5).then(|| person(1000.0));
        let third = (time_s >= 1.2).then(|| person(1600.0));
        first.into_iter().chain(second).chain(third).collect()
    });
    assert_eq!((&found[0], &found[30], &found[55], &found[70]), (&vec![0], &vec![0, 1], &vec![1], &vec![1, 2]));
}

#[test]
fn a_child_in_a_grown_ups_place_is_somebody_else() {
    let found = tracks(0.2, |time_s| {
        let mut label = person(500.0);
        if time_s >= 0.1 {
            label.bounding_box = BoundingBox::new(470.0, 500.0, 530.0, 620.0);
        }
        vec![label]
    });
    assert_eq!(found.concat(), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
}

#[test]
fn a_frame_with_nobody_ends_no_track() {
    let found =
        tracks(1.0, |time_s| if (0.5..0.51).contains(&time_s) { vec![] } else { vec![person(600.0), person(900.0)] });
    assert_eq!(found.iter().filter(|frame| frame.is_empty()).count(), 1);
    assert!(found.iter().all(|frame| frame.is_empty() || *frame == [0, 1]));
}

#[test]
fn motion_is_over_real_time() {
    // Steps of 1/240 s to 1/8 s, in which the one moves by up to 150 pixels and crosses the other.
    let mut now_s = 0.0;
    let steps: Vec<f64> = [1, 30, 2, 10, 4, 1, 24]
        .into_iter()
        .cycle()
        .take(60)
        .map(|step| {
            now_s += f64::from(step) / 240.0;
            now_s
        })
        .collect();
    let found = tracks_at(steps, |time_s| vec![person(100.0 + 300.0 * time_s), person(960.0)]);
    assert!(found.iter().all(|frame| *frame == [0, 1]), "{found:?}");
}

#[test]
fn a_crowd_keeps_its_tracks() {
    let found = tracks(1.0, |time_s| {
        let walker = |number: u32| person(130.0 * f64::from(number) + (20.0 + f64::from(number % 3) * 10.0) * time_s);
        (0..40).map(walker).collect()
    });
    assert!(found.iter().all(|frame| frame.iter().copied().eq(0..40)));
}

#[test]
fn what_is_not_a_number_is_nobody_known() {
    let found = tracks(0.06, |_| {
        let mut label = person(f64::NAN);
        label.keypoints = [Keypoint::from([f32::NAN; 3]); 17];
        vec![label, person(500.0)]
    });
    assert_eq!(found, [[0, 1], [2, 1], [3, 1]]);
}

#[test]
fn a_tracker_that_was_fed_what_it_said_goes_on_as_if_it_had_not_stopped() {
    let scene = |time_s: f64| vec![person(960.0 + 400.0 * (time_s - 1.0)), person(960.0 - 400.0 * (time_s - 1.0))];
    let labels: Vec<_> = (0..).zip(times(2.0)).map(|(number, time_s)| frame(number, time_s, scene(time_s))).collect();
    let run = |tracker: &mut Tracker, labels: &[FrameLabels]| -> Vec<FrameLabels> {
        let mut labels = labels.to_vec();
        for frame in &mut labels {
            tracker.follow(frame);
            Primary::Motion.mark(frame, SIZE, tracker);
        }
        labels
    };
    let whole = run(&mut Tracker::default(), &labels);
    for stop in [1, 49, 50, 51, 99] {
        let mut tracker = Tracker::default();
        whole[..stop].iter().for_each(|frame| tracker.follow(&mut frame.clone()));
        assert_eq!(run(&mut tracker, &labels[stop..]), whole[stop..], "{stop}");
    }
}

/// Who is primary by `rule` in the last frame of a second of three people: a large one, a central one who shakes in one frame,
/// and one who swings the left wrist.
fn primary(rule: Primary) -> usize {
    let mut tracker = Tracker::default();
    let mut labels = frame(0, 0.0, vec![]);
    for (number, time_s) in (0..).zip(times(1.0)) {
        let mut people = vec![person(300.0), person(950.0), person(1500.0)];
        people[0].bounding_box.y2 += 60.0;
        people[1].keypoints[10].point.x += if number == 25 { 5000.0 } else { 0.0 };
        people[2].keypoints[9].point.y += 150.0 * (10.0 * time_s).sin() as f32;
        labels = frame(number, time_s, people);
        tracker.follow(&mut labels);
        rule.mark(&mut labels, SIZE, &tracker);
    }
    assert_eq!(labels.people.iter().filter(|person| person.primary).count(), 1);
    labels.people.iter().position(|person| person.primary).unwrap()
}

#[test]
fn the_primary_person_is_the_largest_the_most_central_or_the_one_who_swings() {
    assert_eq!([Primary::Largest, Primary::Central, Primary::Motion].map(primary), [0, 1, 2]);
}

#[test]
fn of_equals_the_first_is_primary() {
    for (rule, first) in [(Primary::Largest, 0), (Primary::Central, 0), (Primary::Motion, 0)] {
        let (mut tracker, mut labels) = (Tracker::default(), frame(0, 0.0, vec![person(400.0), person(1520.0)]));
        tracker.follow(&mut labels);
        rule.mark(&mut labels, SIZE, &tracker);
        assert_eq!(labels.people.iter().position(|person| person.primary), Some(first), "{rule}");
    }
}

#[test]
fn two_people_of_real_footage_have_two_tracks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/labels/single_cam01.poses.parquet");
    let (mut tracker, mut seen, mut frames) = (Tracker::default(), BTreeSet::new(), 0);
    for labels in swingpose_labels::read(&path).unwrap().frames {
        let mut labels = labels.unwrap();
        tracker.follow(&mut labels);
        seen.extend(labels.people.iter().map(|person| person.track.unwrap()));
        frames += 1;
    }
    assert_eq!((frames, seen), (100, BTreeSet::from([0, 1])));
}
