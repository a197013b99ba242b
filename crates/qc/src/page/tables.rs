//! The tables of a video's page: findings, people, keypoints, limits.

use super::html::Html;
use super::words;
use crate::finding::Finding;
use crate::limits::LIMITS;
use crate::report::Report;
use std::collections::BTreeSet;

/// A table with these heads; those that start with `#` stand above numbers, which are set to the right.
fn table(html: &mut Html, class: &str, heads: &[&str], rows: impl FnOnce(&mut Html)) {
    html.element("table", &[("class", class)], |html| {
        html.element("thead", &[], |html| {
            html.element("tr", &[], |html| {
                for head in heads {
                    let (class, head) = head.strip_prefix('#').map_or(("", *head), |head| ("number", head));
                    html.leaf("th", &[("class", class), ("scope", "col")], head);
                }
            });
        });
        html.element("tbody", &[], rows);
    });
}

fn number(html: &mut Html, value: impl std::fmt::Display) {
    html.leaf("td", &[("class", "number")], value);
}

/// The findings in `shown`, by frame.
pub(super) fn findings(html: &mut Html, report: &Report, shown: &BTreeSet<usize>) {
    let heads = ["kind", "#frames", "#time", "#track", "keypoints", "#score", "what", "look at"];
    table(html, "findings", &heads, |html| {
        for &index in shown {
            let finding = &report.findings[index];
            html.element("tr", &[("id", &format!("finding-{index}"))], |html| finding_row(html, report, finding));
        }
    });
}

fn finding_row(html: &mut Html, report: &Report, finding: &Finding) {
    html.element("td", &[("class", "kind")], |html| {
        html.leaf("span", &[("class", &format!("dot {}", finding.kind.word()))], "");
        html.text(finding.kind.title());
    });
    number(html, words::span(finding.frames));
    number(html, words::time(finding.time_s[0]));
    number(html, finding.track.map_or_else(String::new, |track| track.to_string()));
    html.leaf("td", &[("title", &finding.keypoints.join(", "))], words::keypoints(&finding.keypoints));
    number(html, format_args!("{:.1}", finding.score));
    html.leaf("td", &[("class", "note")], &finding.note);
    html.element("td", &[], |html| {
        let is_shown = report.worst.iter().any(|worst| worst.frame.0 == finding.worst_frame);
        let frame = format!("frame {}", finding.worst_frame);
        if is_shown {
            html.leaf("a", &[("href", &format!("#frame-{}", finding.worst_frame))], frame);
        } else {
            html.text(frame);
        }
    });
}

/// The people.
pub(super) fn people(html: &mut Html, report: &Report) {
    let heads = ["#track", "#frames", "#from–to", "#score", "#size", "#findings", ""];
    table(html, "", &heads, |html| {
        for person in report.people.iter().take(MOST_PEOPLE) {
            html.element("tr", &[], |html| {
                number(html, person.track);
                number(html, person.frames);
                number(html, words::span(person.span));
                number(html, format_args!("{:.2}", person.confidence));
                number(html, person.size_px.map_or_else(String::new, |size| format!("{size:.0} px")));
                number(html, person.findings);
                html.leaf("td", &[], if person.main { "the video is about" } else { "" });
            });
        }
    });
    if report.people.len() > MOST_PEOPLE {
        html.leaf(
            "p",
            &[("class", "more")],
            format_args!("and {} more, in the JSON", report.people.len() - MOST_PEOPLE),
        );
    }
}

/// People that are listed.
const MOST_PEOPLE: usize = 25;

/// The 17 keypoints.
pub(super) fn keypoints(html: &mut Html, report: &Report) {
    let heads = ["keypoint", "#score", "#unsure", "#top speed", "#findings"];
    table(html, "", &heads, |html| {
        for keypoint in &report.keypoints {
            html.element("tr", &[], |html| {
                html.leaf("td", &[], keypoint.keypoint.replace('_', " "));
                number(html, format_args!("{:.2}", keypoint.score));
                number(html, format_args!("{:.0} %", 100.0 * keypoint.unsure));
                number(html, keypoint.top_speed.map_or_else(String::new, |speed| format!("{speed:.1} sizes/s")));
                number(html, if keypoint.findings > 0 { keypoint.findings.to_string() } else { String::new() });
            });
        }
    });
}

/// Every number that decides.
pub(super) fn limits(html: &mut Html) {
    table(html, "limits", &["what", "#limit", "", "why"], |html| {
        for limit in LIMITS {
            html.element("tr", &[], |html| {
                html.leaf("td", &[], limit.of);
                number(html, limit.value);
                html.leaf("td", &[], limit.unit);
                html.leaf("td", &[("class", "note")], limit.reason);
            });
        }
    });
}
