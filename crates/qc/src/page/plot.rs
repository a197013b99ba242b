//! The timeline: findings by kind, and under them, on the same axis, confidence, wrist speed and the number of people.

use super::html::Html;
use super::words;
use crate::finding::{Finding, Kind};
use crate::limits::SURE;
use crate::report::Report;
use crate::series::Column;
use std::collections::BTreeSet;

/// Width of the drawing, and of what stands left of the plot and right of it.
const WIDTH: f64 = 1040.0;
const LEFT: f64 = 122.0;
const RIGHT: f64 = 10.0;
/// Height of a row of findings, and of the bar in it.
const ROW: f64 = 15.0;
const BAR: f64 = 9.0;
/// Space above a chart.
const GAP: f64 = 20.0;
/// Narrower than this a finding could not be seen.
const NARROWEST: f64 = 3.0;
/// Ticks of the time axis, at most.
const TICKS: f64 = 10.0;

/// A chart under the findings.
struct Chart {
    name: &'static str,
    unit: &'static str,
    height: f64,
    top: f64,
    most: f64,
}

/// Where a time lies.
struct Axis {
    start: f64,
    length: f64,
    step: f64,
}

impl Axis {
    fn of(report: &Report) -> Self {
        let step = report.step_s.map_or(0.0, |steps| steps[1]).max(0.0);
        let length = report.series.end_s - report.series.start_s + step;
        Self { start: report.series.start_s, length: if length > 0.0 { length } else { 1.0 }, step }
    }

    fn x(&self, time: f64) -> f64 {
        let share = ((time - self.start) / self.length).clamp(0.0, 1.0);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    /// The ticks' times: at most [`TICKS`], at round numbers.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let every = round_step(self.length / TICKS);
        let first = (self.start / every).ceil();
        let count = ((self.start + self.length) / every).floor() - first;
        (0..=count.clamp(0.0, 2.0 * TICKS) as u32).map(move |tick| (first + f64::from(tick)) * every)
    }
}

/// The next of 1, 2, 5, 10, ... from `least` on, at any power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|&step| step >= least).unwrap_or(10.0 * power)
}

/// Draws the timeline of `report`; of its findings, those in `shown` are linked.
pub(super) fn timeline(html: &mut Html, report: &Report, shown: &BTreeSet<usize>) {
    let axis = Axis::of(report);
    let charts = charts(report);
    let bottom = charts.last().map_or(0.0, |chart| chart.top + chart.height);
    let view = format!("0 0 {WIDTH} {:.0}", bottom + 22.0);
    html.element(
        "svg",
        &[("viewBox", &view), ("class", "plot"), ("role", "img"), ("aria-label", "timeline")],
        |html| {
            grid(html, &axis, bottom);
            for (row, kind) in Kind::ALL.into_iter().enumerate() {
                kind_row(html, report, &axis, kind, row as f64 * ROW, shown);
            }
            let [confidence, speed, people] = &charts;
            charts.iter().for_each(|chart| frame(html, chart));
            legend(html, speed);
            let sure = number(confidence.y(SURE));
            html.void(
                "line",
                &[
                    ("class", "limit"),
                    ("x1", &number(LEFT)),
                    ("x2", &number(WIDTH - RIGHT)),
                    ("y1", &sure),
                    ("y2", &sure),
                ],
            );
            let columns = &report.series.columns;
            band(html, &axis, confidence, columns, "confidence", |column| {
                column.confidence.map(|ends| ends.map(f64::from))
            });
            for (side, class) in ["left", "right"].into_iter().enumerate() {
                band(html, &axis, speed, columns, class, |column| {
                    column.wrist_speed[side].map(|speed| [f64::from(speed); 2])
                });
            }
            band(html, &axis, people, columns, "people", |column| Some(column.people.map(f64::from)));
        },
    );
}

fn charts(report: &Report) -> [Chart; 3] {
    let columns = || report.series.columns.iter();
    let most =
        |values: &mut dyn Iterator<Item = f32>| f64::from(values.filter(|value| value.is_finite()).fold(0.0, f32::max));
    let surest = most(&mut columns().filter_map(|column| column.confidence).map(|ends| ends[1]));
    let fastest = most(&mut columns().flat_map(|column| column.wrist_speed).flatten());
    let people = columns().map(|column| column.people[1]).max().unwrap_or(0);
    let mut top = Kind::ALL.len() as f64 * ROW;
    let mut chart = |name, unit, height: f64, most: f64| {
        top += GAP;
        let chart = Chart { name, unit, height, top, most };
        top += height;
        chart
    };
    [
        chart("confidence", "mean score", 84.0, surest.max(1.0)),
        chart("wrist speed", "sizes/s", 84.0, if fastest > 0.0 { round_step(fastest) } else { 1.0 }),
        chart("people", "in the frame", 36.0, f64::from(people.max(1))),
    ]
}

impl Chart {
    fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value / self.most).clamp(0.0, 1.0))
    }
}

fn grid(html: &mut Html, axis: &Axis, bottom: f64) {
    let (low, base) = (number(bottom), number(bottom + 14.0));
    for time in axis.ticks() {
        let x = number(axis.x(time));
        html.void("line", &[("class", "grid"), ("x1", &x), ("x2", &x), ("y1", "0"), ("y2", &low)]);
        html.leaf("text", &[("class", "tick"), ("x", &x), ("y", &base)], tick(time));
    }
}

fn tick(time: f64) -> String {
    let rounded = (time * 1000.0).round() / 1000.0;
    if rounded.abs() < 60.0 {
        format!("{rounded} s")
    } else {
        format!("{}:{:02}", rounded as i64 / 60, rounded as i64 % 60)
    }
}

fn frame(html: &mut Html, chart: &Chart) {
    let (top, bottom) = (chart.top, chart.top + chart.height);
    for (value, y) in [(chart.most, top), (0.0, bottom)] {
        let (line, base) = (number(y), number(y + 3.5));
        html.void(
            "line",
            &[("class", "rule"), ("x1", &number(LEFT)), ("x2", &number(WIDTH - RIGHT)), ("y1", &line), ("y2", &line)],
        );
        html.leaf(
            "text",
            &[("class", "end"), ("x", &number(LEFT - 6.0)), ("y", &base)],
            (value * 100.0).round() / 100.0,
        );
    }
    let middle = f64::midpoint(top, bottom);
    html.leaf("text", &[("class", "name"), ("x", "0"), ("y", &number(middle))], chart.name);
    html.leaf("text", &[("class", "unit"), ("x", "0"), ("y", &number(middle + 12.0))], chart.unit);
}

/// What the colours of the sides are.
fn legend(html: &mut Html, chart: &Chart) {
    let y = number(chart.top + chart.height / 2.0 + 24.0);
    html.element("text", &[("class", "unit"), ("x", "0"), ("y", &y)], |html| {
        html.leaf("tspan", &[("class", "left")], "left");
        html.text(" ");
        html.leaf("tspan", &[("class", "right")], "right");
    });
}

fn kind_row(html: &mut Html, report: &Report, axis: &Axis, kind: Kind, top: f64, shown: &BTreeSet<usize>) {
    let middle = number(top + ROW / 2.0);
    let of_kind: Vec<(usize, &Finding)> =
        report.findings.iter().enumerate().filter(|(_, finding)| finding.kind == kind).collect();
    let class = if of_kind.is_empty() { "name none" } else { "name" };
    html.leaf("text", &[("class", class), ("x", "0"), ("y", &number(top + ROW / 2.0 + 3.5))], kind.title());
    html.void(
        "line",
        &[("class", "rule"), ("x1", &number(LEFT)), ("x2", &number(WIDTH - RIGHT)), ("y1", &middle), ("y2", &middle)],
    );
    let (linked, rest): (Vec<_>, Vec<_>) = of_kind.into_iter().partition(|(index, _)| shown.contains(index));
    html.element("g", &[("class", kind.word())], |html| {
        let columns: BTreeSet<i64> = rest.iter().map(|(_, finding)| axis.x(finding.time_s[0]) as i64).collect();
        columns.into_iter().for_each(|x| bar(html, x as f64, x as f64 + 1.0, top));
        for (index, finding) in linked {
            html.element("a", &[("href", &format!("#finding-{index}"))], |html| {
                html.leaf("title", &[], words::finding(finding));
                bar(html, axis.x(finding.time_s[0]), axis.x(finding.time_s[1] + axis.step), top);
            });
        }
    });
}

fn bar(html: &mut Html, from: f64, to: f64, top: f64) {
    let (y, width) = (number(top + (ROW - BAR) / 2.0), number((to - from).max(NARROWEST)));
    html.void("rect", &[("x", &number(from)), ("y", &y), ("width", &width), ("height", &number(BAR)), ("rx", "1")]);
}

/// What lies between the lowest and the highest value of each column; a line, where they are one. It is broken where there is
/// none.
fn band(
    html: &mut Html,
    axis: &Axis,
    chart: &Chart,
    columns: &[Column],
    class: &str,
    of: impl Fn(&Column) -> Option<[f64; 2]>,
) {
    let points = columns.iter().map(|column| Some((axis.x(column.time_s), of(column)?)));
    let mut path = String::new();
    for stretch in points.collect::<Vec<_>>().split(Option::is_none) {
        let stretch: Vec<(f64, [f64; 2])> = stretch.iter().copied().flatten().collect();
        let tops = stretch.iter().map(|(x, ends)| (*x, ends[1]));
        let bottoms = stretch.iter().rev().filter(|(_, ends)| ends[0] < ends[1]).map(|(x, ends)| (*x, ends[0]));
        let outline = tops.chain(bottoms).map(|(x, value)| format!("{} {}", number(x), number(chart.y(value))));
        let outline = outline.collect::<Vec<_>>().join("L");
        if !outline.is_empty() {
            path.extend(["M", &outline, if stretch.len() == 1 { "h1" } else { "" }]);
        }
    }
    if !path.is_empty() {
        html.void("path", &[("class", class), ("d", &path)]);
    }
}

/// A strip of all findings, small, for a row of a table.
pub(super) fn strip(html: &mut Html, report: &Report) {
    let axis = Axis::of(report);
    html.element(
        "svg",
        &[
            ("viewBox", &format!("{LEFT} 0 {} {ROW}", WIDTH - LEFT - RIGHT)),
            ("class", "strip"),
            ("preserveAspectRatio", "none"),
            ("aria-hidden", "true"),
        ],
        |html| {
            html.void(
                "rect",
                &[
                    ("class", "ground"),
                    ("x", &number(LEFT)),
                    ("y", "0"),
                    ("width", &number(WIDTH - LEFT - RIGHT)),
                    ("height", &number(ROW)),
                ],
            );
            for kind in Kind::ALL {
                let of_kind = report.findings.iter().filter(|finding| finding.kind == kind);
                let columns: BTreeSet<[i64; 2]> = of_kind
                    .map(|finding| {
                        let ends = [finding.time_s[0], finding.time_s[1] + axis.step].map(|time| axis.x(time) as i64);
                        [ends[0], ends[1].max(ends[0] + NARROWEST as i64)]
                    })
                    .collect();
                for [from, to] in columns {
                    html.void(
                        "rect",
                        &[
                            ("class", kind.word()),
                            ("x", &from.to_string()),
                            ("y", "0"),
                            ("width", &(to - from).to_string()),
                            ("height", &number(ROW)),
                        ],
                    );
                }
            }
        },
    );
}

/// A coordinate, short.
fn number(value: f64) -> String {
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
        assert_eq!([round_step(0.16), round_step(1.0), round_step(360.0)], [0.2, 1.0, 500.0]);
    }

    #[test]
    fn a_time_outside_is_drawn_at_the_edge() {
        let axis = Axis { start: 1.0, length: 2.0, step: 0.0 };
        assert_eq!([axis.x(-5.0), axis.x(3.0), axis.x(9.0)], [LEFT, WIDTH - RIGHT, WIDTH - RIGHT]);
    }
}
