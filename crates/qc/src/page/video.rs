//! The page of one video.

use super::frames::{self, Thumbnail};
use super::html::Html;
use super::{STYLE, facts, plot, tables, words};
use crate::report::Report;
use std::collections::BTreeSet;

/// Findings that are listed, at most, the worst ones: nobody reads more, and the JSON has them all.
const LISTED: usize = 300;

/// The page of `report`. `thumbnails` are of its worst frames, in any order, or why there are none.
#[must_use]
pub fn video(report: &Report, thumbnails: Result<&[Thumbnail], &str>) -> String {
    let title = format!("{}: {}", report.provenance.input.name, report.verdict.word());
    let shown = listed(report);
    Html::page(&title, STYLE, |html| {
        header(html, report);
        facts::list(html, report);
        section(html, "Timeline", None, |html| plot::timeline(html, report, &shown));
        findings(html, report, &shown);
        worst(html, report, thumbnails);
        html.element("div", &[("class", "pair")], |html| {
            section(html, "Keypoints", Some("of the person the video is about"), |html| {
                tables::keypoints(html, report)
            });
            section(html, "People", Some("as followed through the video"), |html| tables::people(html, report));
        });
        html.element("section", &[], |html| {
            html.element("details", &[], |html| {
                html.leaf("summary", &[], "How it was judged: every limit and its reason");
                tables::limits(html);
            });
        });
        facts::footer(html, &report.provenance.program);
    })
}

/// The findings that are listed, by their indices.
fn listed(report: &Report) -> BTreeSet<usize> {
    let mut order: Vec<usize> = (0..report.findings.len()).collect();
    order.sort_by(|&one, &other| report.findings[other].score.total_cmp(&report.findings[one].score));
    order.into_iter().take(LISTED).collect()
}

fn header(html: &mut Html, report: &Report) {
    html.element("header", &[("class", report.verdict.word())], |html| {
        html.leaf("p", &[("class", "verdict")], report.verdict.word());
        html.element("div", &[], |html| {
            html.leaf("h1", &[], &report.provenance.input.name);
            html.element("ul", &[("class", "reasons")], |html| {
                report.reasons.iter().for_each(|reason| html.leaf("li", &[], reason));
            });
        });
    });
}

/// A section under a heading, with a few words beside it.
pub(super) fn section(html: &mut Html, title: &str, note: Option<&str>, content: impl FnOnce(&mut Html)) {
    html.element("section", &[], |html| {
        html.element("h2", &[], |html| {
            html.text(title);
            if let Some(note) = note {
                html.leaf("small", &[], note);
            }
        });
        content(html);
    });
}

fn findings(html: &mut Html, report: &Report, shown: &BTreeSet<usize>) {
    let all = report.findings.len();
    let note = if all > shown.len() {
        format!("the worst {} of {all}; the JSON beside this page has them all", shown.len())
    } else {
        if all == 0 { "none".to_owned() } else { words::count(all, "finding", "findings") }
    };
    section(html, "Findings", Some(&note), |html| {
        if all > 0 {
            tables::findings(html, report, shown);
        }
    });
}

fn worst(html: &mut Html, report: &Report, thumbnails: Result<&[Thumbnail], &str>) {
    let note = match thumbnails {
        Ok(_) => "the worst of each kind, then where the network was least sure".to_owned(),
        Err(reason) => format!("without pictures: {reason}"),
    };
    section(html, "Frames to look at", Some(&note), |html| frames::grid(html, report, thumbnails.unwrap_or_default()));
}
