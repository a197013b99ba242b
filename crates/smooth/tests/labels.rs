//! `smooth` over whole videos: who is smoothed, what is filled, what stays.

#![allow(clippy::unwrap_used, reason = "a test that cannot get that far has failed")]

use proptest::prelude::*;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_smooth::{Butterworth, Filter, Identity, OneEuro, Options, Report, SavitzkyGolay, SmoothError, smooth};

const RATE: f64 = 60.0;

fn options(identity: Identity) -> Options {
    let filter = Filter::SavitzkyGolay(SavitzkyGolay::new(7, 2).unwrap());
    Options { filter, max_gap: 0.1, keypoint_threshold: 0.0, identity }
}

fn filters() -> [Filter; 3] {
    [
        options(Identity::Auto).filter,
        Filter::Butterworth(Butterworth::new(6.0, 4).unwrap()),
        Filter::OneEuro(OneEuro::new(1.0, 0.007, 1.0).unwrap()),
    ]
}

/// A person whose every keypoint is at (`x`, 2 `x`).
fn person(number: u32, x: f32) -> PersonLabel {
    PersonLabel {
        person: number,
        track: None,
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(x - 50.0, 0.0, x + 50.0, 300.0),
        box_score: 0.9,
        keypoints: [Keypoint::from([x, 2.0 * x, 0.8]); 17],
    }
}

/// Frames of a person who walks a pixel a frame and trembles by another, missing from those `gone`.
fn walk(count: u64, gone: &[u64]) -> Vec<FrameLabels> {
    let frame = |n: u64| {
        let x = 100.0 + n as f32 + if n.is_multiple_of(2) { 1.0 } else { -1.0 };
        let people = if gone.contains(&n) { vec![] } else { vec![person(0, x)] };
        FrameLabels { frame: FrameIndex(n), pts: n.cast_signed(), time_s: n as f64 / RATE, people }
    };
    (0..count).map(frame).collect()
}

/// How far the person's nose is from the walk without the tremble, at most, over these frames.
fn tremble(frames: &[FrameLabels]) -> f32 {
    let off = |frame: &FrameLabels| (frame.people[0].keypoints[0].point.x - 100.0 - frame.frame.0 as f32).abs();
    frames.iter().map(off).fold(0.0, f32::max)
}

#[test]
fn trembling_goes_and_scores_and_boxes_stay() {
    for filter in filters() {
        let (raw, mut frames) = (walk(120, &[]), walk(120, &[]));
        let report = smooth(&mut frames, &Options { filter, ..options(Identity::Auto) }).unwrap();
        assert_eq!(report, Report { identities: 1, stretches: 1, ..Report::default() });
        // One Euro lags behind a walk; the others have no reason to be off.
        let limit = if matches!(filter, Filter::OneEuro(_)) { 12.0 } else { 0.5 };
        assert!(tremble(&frames[10..110]) < limit, "{filter:?}: {}", tremble(&frames[10..110]));
        for (raw, smooth) in raw.iter().zip(&frames) {
            let (raw, smooth) = (&raw.people[0], &smooth.people[0]);
            assert_eq!((raw.bounding_box, raw.origin), (smooth.bounding_box, smooth.origin));
            assert!(raw.keypoints.iter().zip(&smooth.keypoints).all(|(raw, smooth)| raw.score == smooth.score));
        }
    }
}

#[test]
fn a_short_gap_is_filled_and_says_so() {
    let mut frames = walk(60, &[20, 21, 22]);
    let report = smooth(&mut frames, &options(Identity::Auto)).unwrap();
    assert_eq!((report.people_filled, report.stretches), (3, 1));
    for frame in &frames[20..23] {
        let [person] = &frame.people[..] else { panic!("one person") };
        assert_eq!((person.origin, person.primary, person.person), (Origin::Interpolated, true, 0));
        assert!((person.keypoints[0].point.x - 100.0 - frame.frame.0 as f32).abs() < 1.5);
    }
    assert_eq!(frames[23].people[0].origin, Origin::Detected);
}

#[test]
fn a_long_gap_stays_and_nothing_is_smoothed_across() {
    let gone: Vec<u64> = (20..40).collect();
    let mut frames = walk(60, &gone);
    // What lies beyond the gap must not reach over it.
    for frame in &mut frames[40..] {
        frame.people = vec![person(0, 130.0 + 9.0 * frame.frame.0 as f32 % 5.0)];
    }
    let (mut alone, mut both) = (frames[..20].to_vec(), frames);
    let report = smooth(&mut both, &options(Identity::Auto)).unwrap();
    smooth(&mut alone, &options(Identity::Auto)).unwrap();
    assert_eq!((report.people_filled, report.stretches), (0, 2));
    assert!(both[20..40].iter().all(|frame| frame.people.is_empty()));
    assert_eq!(both[..20], alone);
}

#[test]
fn an_unsure_keypoint_is_drawn_between_its_neighbours() {
    let mut frames = walk(60, &[]);
    frames[30].people[0].keypoints[4] = Keypoint::from([9000.0, -5.0, 0.1]);
    frames[31].people[0].keypoints[4] = Keypoint::from([f32::NAN, 0.0, 0.9]);
    let report = smooth(&mut frames, &Options { keypoint_threshold: 0.3, ..options(Identity::Auto) }).unwrap();
    assert_eq!(report.keypoints_filled, 2);
    for (frame, score) in [(30, 0.1), (31, 0.9)] {
        let keypoint = frames[frame].people[0].keypoints[4];
        assert!((keypoint.point.x - 100.0 - frame as f32).abs() < 2.0 && keypoint.score == score, "{keypoint:?}");
    }
}

#[test]
fn people_without_tracks_need_to_be_told_apart() {
    let two = || {
        let mut frames = walk(30, &[]);
        frames.iter_mut().for_each(|frame| frame.people.push(person(1, 600.0 + (frame.frame.0 % 2) as f32)));
        frames
    };
    let mut frames = two();
    let refusal = smooth(&mut frames, &options(Identity::Auto)).unwrap_err();
    assert_eq!((refusal, &frames), (SmoothError::NoIdentity { frame: 0, people: 2 }, &two()));
    smooth(&mut frames, &options(Identity::Primary)).unwrap();
    assert!(frames.iter().zip(two()).all(|(smooth, raw)| smooth.people[1] == raw.people[1]));
    assert!(tremble(&frames[5..25]) < 0.5);
    assert_eq!(smooth(&mut two(), &options(Identity::Person)).unwrap().identities, 2);
    let mut tracked = two();
    tracked.iter_mut().flat_map(|frame| &mut frame.people).for_each(|person| person.track = Some(person.person + 7));
    assert_eq!(smooth(&mut tracked, &options(Identity::Auto)).unwrap().identities, 2);
    tracked[3].people[1].track = tracked[3].people[0].track;
    assert_eq!(smooth(&mut tracked, &options(Identity::Auto)), Err(SmoothError::Twice { frame: 3 }));
}

#[test]
fn somebody_elsewhere_is_somebody_else() {
    let mut frames = walk(40, &[]);
    frames[20..].iter_mut().for_each(|frame| frame.people = vec![person(0, 900.0)]);
    let report = smooth(&mut frames, &options(Identity::Auto)).unwrap();
    assert_eq!(report.stretches, 2);
    assert!(frames[20..].iter().all(|frame| frame.people[0].keypoints[0].point.x == 900.0));
}

#[test]
fn times_must_grow_and_carry_the_cutoff() {
    let mut frames = walk(10, &[]);
    frames[4].time_s = frames[3].time_s;
    assert!(matches!(smooth(&mut frames, &options(Identity::Auto)), Err(SmoothError::Time { frame: 4, .. })));
    let filter = Filter::Butterworth(Butterworth::new(30.0, 4).unwrap());
    let refusal = smooth(&mut walk(10, &[]), &Options { filter, ..options(Identity::Auto) });
    assert!(matches!(refusal, Err(SmoothError::Cutoff { .. })), "{refusal:?}");
}

proptest! {
    #[test]
    fn smoothing_neither_loses_nor_invents_frames(
        steps in proptest::collection::vec((0.001_f64..0.3, any::<bool>(), 0.0_f32..2000.0), 0..60),
        filter in proptest::sample::select(filters().to_vec()),
    ) {
        let mut time_s = 0.0;
        let mut frames: Vec<FrameLabels> = Vec::new();
        for (n, (step, is_there, x)) in steps.into_iter().enumerate() {
            time_s += step;
            let people = if is_there { vec![person(0, x)] } else { vec![] };
            frames.push(FrameLabels { frame: FrameIndex(n as u64), pts: n as i64, time_s, people });
        }
        let mut smoothed = frames.clone();
        if let Ok(report) = smooth(&mut smoothed, &Options { filter, ..options(Identity::Auto) }) {
            let count = |frames: &[FrameLabels]| frames.iter().map(|frame| frame.people.len() as u64).sum::<u64>();
            prop_assert_eq!(count(&smoothed), count(&frames) + report.people_filled);
            let finite = |person: &PersonLabel| person.keypoints.iter().all(|k| k.point.x.is_finite() && k.point.y.is_finite());
            prop_assert!(smoothed.iter().flat_map(|frame| &frame.people).all(finite));
        }
    }
}
