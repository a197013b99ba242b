//! 100,000 frames of two tracked people, smoothed by each filter. The result is checked before the time, in seconds, is told.

use std::time::Instant;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel};
use swingpose_smooth::{Butterworth, Filter, Identity, OneEuro, Options, Report, SavitzkyGolay, SmoothError, smooth};

const FRAMES: u64 = 100_000;

fn main() -> Result<(), SmoothError> {
    let filters = [
        Filter::Butterworth(Butterworth::new(6.0, 4)?),
        Filter::SavitzkyGolay(SavitzkyGolay::new(9, 2)?),
        Filter::OneEuro(OneEuro::new(1.0, 0.007, 1.0)?),
    ];
    filters.into_iter().try_for_each(report)
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn report(filter: Filter) -> Result<(), SmoothError> {
    let mut frames: Vec<_> = (0..FRAMES).map(frame).collect();
    let options = Options { filter, max_gap: 0.2, keypoint_threshold: 0.0, identity: Identity::Auto };
    let start = Instant::now();
    let report = smooth(&mut frames, &options)?;
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(report, Report { identities: 2, stretches: 2, people_filled: 2 * FRAMES / 1000, keypoints_filled: 0 });
    println!("{:<16}{seconds:>8.2} s", filter.name());
    Ok(())
}

/// Every thousandth frame has nobody.
fn frame(number: u64) -> FrameLabels {
    let (pts, time_s) = (number.cast_signed(), number as f64 / 60.0);
    let people = if number % 1000 == 500 { vec![] } else { vec![person(number, 0), person(number, 1)] };
    FrameLabels { frame: FrameIndex(number), pts, time_s, people }
}

fn person(frame: u64, number: u32) -> PersonLabel {
    let phase = frame as f32 * 0.01 + number as f32;
    PersonLabel {
        person: number,
        track: Some(number),
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(100.0, 500.0, 500.0, 1300.0),
        box_score: 0.9,
        keypoints: std::array::from_fn(|k| Keypoint::from([300.0 + 200.0 * (phase + k as f32).sin(), 900.0, 0.9])),
    }
}
