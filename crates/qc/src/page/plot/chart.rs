//! A value over time: its frame, and lines or bands in it.

use super::axis::{Axis, LEFT, number, rule};
use crate::page::html::Html;
use crate::series::Column;

/// A chart under the findings. Its values start at 0.
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) height: f64,
    pub(super) top: f64,
    /// The value at its top.
    pub(super) most: f64,
}

impl Chart {
    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value / self.most).clamp(0.0, 1.0))
    }

    /// Its top and bottom with their values, and its name.
    pub(super) fn draw(&self, html: &mut Html) {
        for value in [self.most, 0.0] {
            let y = self.y(value);
            rule(html, "rule", y);
            let (x, base) = (number(LEFT - 6.0), number(y + 3.5));
            html.leaf("text", &[("class", "end"), ("x", &x), ("y", &base)], (value * 100.0).round() / 100.0);
        }
        let middle = f64::midpoint(self.top, self.bottom());
        html.leaf("text", &[("class", "name"), ("x", "0"), ("y", &number(middle))], self.name);
        html.leaf("text", &[("class", "unit"), ("x", "0"), ("y", &number(middle + 12.0))], self.unit);
    }

    /// What the colours of the sides are.
    pub(super) fn legend(&self, html: &mut Html) {
        let y = number(self.top + self.height / 2.0 + 24.0);
        html.element("text", &[("class", "unit"), ("x", "0"), ("y", &y)], |html| {
            html.leaf("tspan", &[("class", "left")], "left");
            html.text(" ");
            html.leaf("tspan", &[("class", "right")], "right");
        });
    }

    /// What lies between the lowest and the highest value of each column, a line where they are one, broken where there is none.
    pub(super) fn band(
        &self,
        html: &mut Html,
        axis: &Axis,
        columns: &[Column],
        class: &str,
        of: impl Fn(&Column) -> Option<[f64; 2]>,
    ) {
        let points: Vec<_> = columns.iter().map(|column| Some((axis.x(column.time_s), of(column)?))).collect();
        let mut path = String::new();
        for stretch in points.split(Option::is_none).filter(|stretch| !stretch.is_empty()) {
            let there = stretch.iter().flatten().map(|(x, ends)| (*x, ends[1]));
            let back = stretch.iter().rev().flatten().map(|(x, ends)| (*x, ends[0]));
            let outline = there.chain(back).map(|(x, value)| format!("{} {}", number(x), number(self.y(value))));
            path.extend(["M", &outline.collect::<Vec<_>>().join("L"), "z"]);
        }
        if !path.is_empty() {
            html.void("path", &[("class", class), ("d", &path)]);
        }
    }
}
