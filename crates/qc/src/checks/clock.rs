//! Frames with odd times: that run back, stand still, leave a hole or come too soon; and frames left out of the count.

use crate::finding::{Kind, Mark};
use crate::limits::{LOCAL, STEP, STEP_SHORT, STEP_SIGMAS};
use crate::robust::{Spread, blocks, local};
use crate::scene::Scene;

pub(super) fn check(scene: &Scene) -> Vec<Mark> {
    let clock = &scene.clock;
    let steps: Vec<f64> = (0..clock.len()).map(|place| clock.step(place)).collect();
    let blocks = blocks(&clock.times, LOCAL);
    let spreads = local(&steps, &blocks, |steps| Spread::of(steps.iter().copied()));
    let usual = clock.median_step().unwrap_or(f64::NAN);
    let mut marks = Vec::new();
    for (block, places) in blocks.iter().enumerate() {
        let spread = spreads[block].unwrap_or(Spread { median: usual, sigma: 0.0 });
        marks.extend(places.clone().filter_map(|place| odd(scene, place, steps[place], spread)));
    }
    marks
}

fn odd(scene: &Scene, place: usize, step: f64, spread: Spread) -> Option<Mark> {
    let clock = &scene.clock;
    let mark = |first: usize, score: f64, note: String| {
        Some(Mark::new(Kind::Time, first..place + 1, score, note).worst_at(place))
    };
    if f64::from(clock.errors[place]) > clock.timebase.seconds(1) {
        return mark(place, f64::NAN, "the time in seconds is not that of the ticks".to_owned());
    }
    if place == 0 {
        return None;
    }
    let left_out = clock.frames[place].saturating_sub(clock.frames[place - 1] + 1);
    if left_out > 0 {
        return mark(place - 1, left_out as f64, format!("{left_out} frames of the video left out"));
    }
    if step <= 0.0 {
        return mark(place - 1, f64::NAN, format!("time goes {:.1} ms back or stands still", -1000.0 * step));
    }
    let times = step / spread.median;
    let most = STEP.max(1.0 + STEP_SIGMAS * spread.sigma / spread.median);
    if times > most {
        return mark(
            place - 1,
            times / most,
            format!("{:.1} ms to this frame, usually {:.1}", 1000.0 * step, 1000.0 * spread.median),
        );
    }
    if times < STEP_SHORT && spread.median - STEP_SIGMAS * spread.sigma > step {
        return mark(
            place - 1,
            STEP_SHORT / times,
            format!("only {:.1} ms to this frame, usually {:.1}", 1000.0 * step, 1000.0 * spread.median),
        );
    }
    None
}
