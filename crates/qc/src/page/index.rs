//! The index over a batch: a row a video, those that fail first.

use super::html::Html;
use super::video::section;
use super::{STYLE, plot, words};
use crate::finding::Kind;
use crate::report::Report;
use crate::verdict::Verdict;

/// A label file of the batch.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What the label file is called.
    pub name: &'a str,
    /// Its report and the page of it, as a link from the index; or why it could not be checked.
    pub outcome: Result<(&'a Report, &'a str), &'a str>,
}

impl Entry<'_> {
    /// Its verdict; who cannot be read fails.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.outcome.as_ref().map_or(Verdict::Fail, |(report, _)| report.verdict)
    }
}

/// The index of `entries`, which come in any order.
#[must_use]
pub fn index(entries: &[Entry<'_>]) -> String {
    let mut rows: Vec<&Entry<'_>> = entries.iter().collect();
    rows.sort_by_key(|entry| std::cmp::Reverse(entry.verdict()));
    let count = |verdict| rows.iter().filter(|entry| entry.verdict() == verdict).count();
    let counts = [Verdict::Fail, Verdict::Look, Verdict::Pass].map(|verdict| (verdict, count(verdict)));
    let title = format!("Labels of {}", words::count(rows.len(), "video", "videos"));
    Html::page(&title, STYLE, |html| {
        let worst = rows.first().map_or(Verdict::Pass, |entry| entry.verdict());
        html.element("header", &[("class", worst.word())], |html| {
            html.element("div", &[], |html| {
                html.leaf("h1", &[], &title);
                html.element("p", &[("class", "counts")], |html| {
                    for (verdict, count) in counts {
                        let class = if count > 0 { verdict.word() } else { "none" };
                        html.leaf(
                            "span",
                            &[("class", &format!("badge {class}"))],
                            format_args!("{count} {}", verdict.word()),
                        );
                    }
                });
            });
        });
        section(html, "Videos", Some("frames that each kind of finding covers"), |html| table(html, &rows));
    })
}

fn table(html: &mut Html, rows: &[&Entry<'_>]) {
    html.element("table", &[("class", "index")], |html| {
        html.element("thead", &[], |html| html.element("tr", &[], heads));
        html.element("tbody", &[], |html| {
            for entry in rows {
                html.element("tr", &[], |html| row(html, entry));
            }
        });
    });
}

fn heads(html: &mut Html) {
    ["", "video", "timeline"].iter().for_each(|head| html.leaf("th", &[("scope", "col")], head));
    html.leaf("th", &[("scope", "col"), ("class", "number")], "frames");
    for kind in Kind::ALL {
        html.leaf("th", &[("scope", "col"), ("class", "number")], kind.title());
    }
}

fn row(html: &mut Html, entry: &Entry<'_>) {
    let verdict = entry.verdict().word();
    html.element("td", &[], |html| html.leaf("span", &[("class", &format!("badge {verdict}"))], verdict));
    match entry.outcome {
        Ok((report, page)) => checked(html, report, page),
        Err(reason) => {
            html.element("td", &[("class", "video"), ("colspan", &(Kind::ALL.len() + 3).to_string())], |html| {
                html.text(entry.name);
                html.leaf("small", &[], reason);
            });
        }
    }
}

fn checked(html: &mut Html, report: &Report, page: &str) {
    html.element("td", &[("class", "video")], |html| {
        html.leaf("a", &[("href", page)], &report.provenance.input.name);
        html.leaf("small", &[], report.reasons.first().map_or("", String::as_str));
    });
    html.element("td", &[], |html| plot::strip(html, report));
    html.leaf("td", &[("class", "number")], report.frames);
    for kind in Kind::ALL {
        let frames = report.suspicious_frames.get(&kind).map_or_else(String::new, u64::to_string);
        html.leaf("td", &[("class", "number")], frames);
    }
}
