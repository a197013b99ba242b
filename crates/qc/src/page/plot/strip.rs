//! All findings on a narrow strip, for a row of a table.

use super::axis::{Axis, LEFT, RIGHT, WIDTH, number};
use super::{NARROWEST, ROW};
use crate::finding::{Finding, Kind};
use crate::page::html::Html;
use crate::report::Report;
use std::collections::BTreeSet;

/// Draws the findings of `report` above each other.
pub(in crate::page) fn strip(html: &mut Html, report: &Report) {
    let axis = Axis::of(report);
    let view = format!("{LEFT} 0 {} {ROW}", WIDTH - LEFT - RIGHT);
    let attributes =
        [("viewBox", &*view), ("class", "strip"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    html.element("svg", &attributes, |html| {
        bar(html, "ground", [LEFT, WIDTH - RIGHT]);
        for kind in Kind::ALL {
            let of_kind = report.findings.iter().filter(|finding| finding.kind == kind);
            // Findings that nobody could tell apart are drawn once.
            let ends: BTreeSet<[i64; 2]> = of_kind.map(|finding| ends(&axis, finding)).collect();
            ends.into_iter().for_each(|ends| bar(html, kind.word(), ends.map(|x| x as f64)));
        }
    });
}

fn ends(axis: &Axis, finding: &Finding) -> [i64; 2] {
    let [from, to] = [finding.time_s[0], finding.time_s[1] + axis.step].map(|time| axis.x(time) as i64);
    [from, to.max(from + NARROWEST as i64)]
}

fn bar(html: &mut Html, class: &str, [from, to]: [f64; 2]) {
    let (x, width, height) = (number(from), number(to - from), number(ROW));
    html.void("rect", &[("class", class), ("x", &x), ("y", "0"), ("width", &width), ("height", &height)]);
}
