//! The timeline: findings by kind, and under them, on the same axis, confidence, wrist speed and the number of people.

mod axis;
mod chart;
mod strip;

pub(super) use strip::strip;

use super::html::Html;
use super::words;
use crate::finding::{Finding, Kind};
use crate::limits::SURE;
use crate::report::Report;
use axis::{Axis, WIDTH, number, round_up, rule};
use chart::Chart;
use std::collections::BTreeSet;

/// Height of a row of findings, and of the bar in it.
const ROW: f64 = 15.0;
const BAR: f64 = 9.0;
/// Space above a chart, and under the last.
const GAP: f64 = 20.0;
/// Narrower than this a finding could not be seen.
const NARROWEST: f64 = 3.0;
/// Where a chart may end, at any power of ten.
const TOPS: [f64; 9] = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];

/// Draws the timeline of `report`; of its findings, those in `shown` are linked.
pub(super) fn timeline(html: &mut Html, report: &Report, shown: &BTreeSet<usize>) {
    let axis = Axis::of(report);
    let charts = charts(report);
    let bottom = charts.last().map_or(0.0, Chart::bottom);
    let view = format!("0 0 {WIDTH} {:.0}", bottom + GAP);
    let attributes = [("viewBox", &*view), ("class", "plot"), ("role", "img"), ("aria-label", "timeline")];
    html.element("svg", &attributes, |html| {
        axis.draw(html, bottom);
        for (row, kind) in Kind::ALL.into_iter().enumerate() {
            kind_row(html, report, &axis, kind, row as f64 * ROW, shown);
        }
        course(html, report, &axis, &charts);
    });
}

/// Charts from the findings down, as high as what is in them.
fn charts(report: &Report) -> [Chart; 3] {
    let columns = || report.series.columns.iter();
    let most =
        |values: &mut dyn Iterator<Item = f32>| f64::from(values.filter(|value| value.is_finite()).fold(0.0, f32::max));
    let surest = most(&mut columns().filter_map(|column| column.confidence).map(|ends| ends[1]));
    let fastest = most(&mut columns().flat_map(|column| column.wrist_speed).flatten());
    let people = columns().map(|column| column.people[1]).max().unwrap_or(0);
    let mut bottom = Kind::ALL.len() as f64 * ROW;
    let mut chart = |name, unit, height: f64, most: f64| {
        let chart = Chart { name, unit, height, top: bottom + GAP, most };
        bottom = chart.bottom();
        chart
    };
    [
        chart("confidence", "mean score", 84.0, surest.max(1.0)),
        chart("wrist speed", "sizes/s", 84.0, if fastest > 0.0 { round_up(fastest, &TOPS) } else { 1.0 }),
        chart("people", "in the frame", 36.0, f64::from(people.max(1))),
    ]
}

fn course(html: &mut Html, report: &Report, axis: &Axis, charts: &[Chart; 3]) {
    let columns = &report.series.columns;
    let [confidence, speed, people] = charts;
    charts.iter().for_each(|chart| chart.draw(html));
    speed.legend(html);
    rule(html, "limit", confidence.y(SURE));
    confidence.band(html, axis, columns, "confidence", |column| column.confidence.map(|ends| ends.map(f64::from)));
    for (side, class) in ["left", "right"].into_iter().enumerate() {
        let fastest = |speed: f32| [f64::from(speed); 2];
        speed.band(html, axis, columns, class, |column| column.wrist_speed[side].map(fastest));
    }
    people.band(html, axis, columns, "people", |column| Some(column.people.map(f64::from)));
}

fn kind_row(html: &mut Html, report: &Report, axis: &Axis, kind: Kind, top: f64, shown: &BTreeSet<usize>) {
    let of_kind: Vec<(usize, &Finding)> =
        report.findings.iter().enumerate().filter(|(_, finding)| finding.kind == kind).collect();
    let class = if of_kind.is_empty() { "name none" } else { "name" };
    html.leaf("text", &[("class", class), ("x", "0"), ("y", &number(top + ROW / 2.0 + 3.5))], kind.title());
    rule(html, "rule", top + ROW / 2.0);
    let (linked, rest): (Vec<_>, Vec<_>) = of_kind.into_iter().partition(|(index, _)| shown.contains(index));
    html.element("g", &[("class", kind.word())], |html| {
        // Findings that nobody could tell apart are drawn once.
        let places: BTreeSet<i64> = rest.iter().map(|(_, finding)| axis.x(finding.time_s[0]) as i64).collect();
        places.into_iter().for_each(|x| bar(html, x as f64, x as f64, top));
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
