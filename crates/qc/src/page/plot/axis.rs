//! The time axis that findings and charts share, and coordinates as SVG writes them.

use crate::page::html::Html;
use crate::report::Report;

/// Width of the drawing, and of what stands left of the plot and right of it.
pub(super) const WIDTH: f64 = 1040.0;
pub(super) const LEFT: f64 = 122.0;
pub(super) const RIGHT: f64 = 10.0;
/// Ticks of the axis, at most.
const TICKS: f64 = 10.0;
/// From the first of them on, a tick's step is one of these, or whole hours: seconds.
const MINUTES: [f64; 9] = [10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0];
const HOUR: f64 = 3600.0;

/// Where a time lies.
pub(super) struct Axis {
    start: f64,
    length: f64,
    /// The usual time from frame to frame: what a frame takes up.
    pub(super) step: f64,
}

impl Axis {
    pub(super) fn of(report: &Report) -> Self {
        let step = report.step_s.map_or(0.0, |steps| steps[1]).max(0.0);
        let length = report.series.end_s - report.series.start_s + step;
        Self { start: report.series.start_s, length: if length > 0.0 { length } else { 1.0 }, step }
    }

    pub(super) fn x(&self, time: f64) -> f64 {
        let share = ((time - self.start) / self.length).clamp(0.0, 1.0);
        // A timebase that cannot be makes times that are no numbers.
        LEFT + if share.is_nan() { 0.0 } else { share } * (WIDTH - LEFT - RIGHT)
    }

    /// The ticks' times: at most [`TICKS`] and one, at round numbers.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let every = tick_step(self.length / TICKS);
        let first = (self.start / every).ceil();
        let count = ((self.start + self.length) / every).floor() - first;
        (0..=count.clamp(0.0, TICKS) as u32).map(move |tick| (first + f64::from(tick)) * every)
    }

    /// A line down to `bottom` at each tick, and its time under it.
    pub(super) fn draw(&self, html: &mut Html, bottom: f64) {
        let (low, base) = (number(bottom), number(bottom + 14.0));
        for time in self.ticks() {
            let x = number(self.x(time));
            html.void("line", &[("class", "grid"), ("x1", &x), ("x2", &x), ("y1", "0"), ("y2", &low)]);
            html.leaf("text", &[("class", "tick"), ("x", &x), ("y", &base)], tick(time));
        }
    }
}

/// A round time of at least `least` seconds.
fn tick_step(least: f64) -> f64 {
    if least <= MINUTES[0] {
        return round_up(least, &[1.0, 2.0, 5.0, 10.0]);
    }
    let hours = (least / HOUR).ceil() * HOUR;
    MINUTES.into_iter().find(|&step| step >= least).unwrap_or(hours)
}

fn tick(time: f64) -> String {
    let rounded = (time * 1000.0).round() / 1000.0;
    if rounded.abs() < 60.0 {
        return format!("{rounded} s");
    }
    format!("{}:{:02}", rounded as i64 / 60, rounded as i64 % 60)
}

/// A line from the left end of the plot to the right one.
pub(super) fn rule(html: &mut Html, class: &str, y: f64) {
    let (x1, x2, y) = (number(LEFT), number(WIDTH - RIGHT), number(y));
    html.void("line", &[("class", class), ("x1", &x1), ("x2", &x2), ("y1", &y), ("y2", &y)]);
}

/// The next of `steps` from `least` on, at any power of ten.
pub(super) fn round_up(least: f64, steps: &[f64]) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    steps.iter().map(|step| step * power).find(|&step| step >= least).unwrap_or(10.0 * power)
}

/// A coordinate, short.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (start, length) in [(0.0, 1.6), (12.3, 0.05), (0.0, 3600.0), (-2.0, 7.0)] {
            let axis = Axis { start, length, step: 0.0 };
            let ticks: Vec<f64> = axis.ticks().collect();
            assert!((2..=11).contains(&ticks.len()), "{ticks:?}");
            assert!(ticks.iter().all(|&tick| (start - 1e-9..=start + length + 1e-9).contains(&tick)), "{ticks:?}");
        }
        assert_eq!([0.16, 1.0, 6.0, 100.0, 5000.0].map(tick_step), [0.2, 1.0, 10.0, 120.0, 7200.0]);
    }

    #[test]
    fn a_time_outside_is_drawn_at_the_edge() {
        let axis = Axis { start: 1.0, length: 2.0, step: 0.0 };
        assert_eq!([axis.x(-5.0), axis.x(3.0), axis.x(9.0)], [LEFT, WIDTH - RIGHT, WIDTH - RIGHT]);
    }
}
