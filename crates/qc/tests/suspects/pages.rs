//! Pages are well-formed, need nothing else, lead where they say, and say what was found.

use crate::swing::{Rate, checked, swing};
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeSet;
use swingpose_core::FrameIndex;
use swingpose_qc::page::{Entry, Thumbnail, index, video};
use swingpose_qc::{Kind, Report};

/// Attributes through which a page could ask for another file.
const LINKS: [&str; 6] = ["src", "href", "srcset", "action", "data", "poster"];

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}: {page}"))
}

fn elements<'a>(document: &'a Document<'_>) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(Node::is_element)
}

/// A page is well-formed, has no script, asks for nothing from elsewhere, has each name once, and its links lead somewhere.
pub(crate) fn assert_sound(page: &str) {
    let document = parsed(page);
    let names: Vec<&str> = elements(&document).filter_map(|element| element.attribute("id")).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len(), "{names:?}");
    for element in elements(&document) {
        assert!(!["script", "link", "iframe", "object"].contains(&element.tag_name().name()), "{element:?}");
        for attribute in element.attributes().filter(|attribute| LINKS.contains(&attribute.name())) {
            let link = attribute.value();
            let within = link.strip_prefix('#').is_some_and(|name| unique.contains(name));
            let beside = link.ends_with(".qc.html") && !link.contains("://");
            assert!(within || beside || link.starts_with("data:image/jpeg;base64,"), "{link}");
        }
        for attribute in element.attributes() {
            assert!(!attribute.value().contains("NaN"), "{element:?}");
        }
    }
    let style =
        elements(&document).find(|element| element.has_tag_name((XHTML, "style"))).and_then(|style| style.text());
    assert!(style.is_some_and(|style| !style.contains("url(") && !style.contains("@import")));
}

const XHTML: &str = "http://www.w3.org/1999/xhtml";

fn text(page: &str) -> String {
    parsed(page)
        .descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text().map(str::to_owned))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A swing with several faults.
fn suspicious() -> Report {
    let mut frames = swing(3.0, Rate::Even(60), true);
    frames[20..25].iter_mut().for_each(|frame| frame.people.clear());
    frames[60].people[0].keypoints[9].point.x += 90.0;
    frames[100..108].iter_mut().for_each(|frame| frame.people[0].keypoints.swap(15, 16));
    checked(&frames)
}

#[test]
fn a_page_says_what_was_found_and_links_it_to_its_frame() {
    let report = suspicious();
    let page = video(&report, Err("the video <swing.mov> is not there"));
    assert_sound(&page);
    let said = text(&page);
    for words in
        ["Abschlag <7> & \"Fluß\".mov", "look", "left/right swap", "the video <swing.mov> is not there", "off the path"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let jitter = report.findings.iter().position(|finding| finding.kind == Kind::Jitter).unwrap();
    let document = parsed(&page);
    let row =
        elements(&document).find(|element| element.attribute("id") == Some(&format!("finding-{jitter}"))).unwrap();
    assert!(row.descendants().any(|element| element.attribute("href") == Some("#frame-60")));
}

#[test]
fn a_picture_is_within_the_page_and_the_keypoint_ringed() {
    let report = suspicious();
    let thumbnail =
        Thumbnail { frame: FrameIndex(60), jpeg: vec![1, 2, 3], size: (100, 200), view: [400.0, 400.0, 800.0, 1200.0] };
    let page = video(&report, Ok(&[thumbnail]));
    assert_sound(&page);
    let document = parsed(&page);
    let figure = elements(&document).find(|element| element.attribute("id") == Some("frame-60")).unwrap();
    let image = figure.descendants().find(|node| node.has_tag_name((XHTML, "image"))).unwrap();
    assert_eq!(image.attribute("href"), Some("data:image/jpeg;base64,AQID"));
    let ring = figure.descendants().find(|node| node.attribute("class") == Some("ring")).unwrap();
    let worst = report.worst.iter().find(|worst| worst.frame.0 == 60).unwrap();
    let x: f32 = ring.attribute("cx").unwrap().parse().unwrap();
    assert!((x - (worst.keypoints[0][0] + 0.5 - 400.0) / 4.0).abs() < 0.06, "{x}");
}

#[test]
fn good_labels_no_labels_and_nobody_have_pages_too() {
    let mut empty = swing(1.0, Rate::Phone, false);
    empty.iter_mut().for_each(|frame| frame.people.clear());
    for frames in [swing(1.0, Rate::Phone, true), empty, vec![], swing(0.01, Rate::Even(60), false)] {
        assert_sound(&video(&checked(&frames), Ok(&[])));
    }
}

#[test]
fn an_hour_is_drawn_no_larger_than_a_minute() {
    let long = video(&checked(&swing(400.0, Rate::Even(30), false)), Ok(&[]));
    let short = video(&checked(&swing(40.0, Rate::Even(30), false)), Ok(&[]));
    assert!(long.len() < short.len() + short.len() / 4, "{} and {} bytes", long.len(), short.len());
}

#[test]
fn only_the_worst_of_very_many_findings_are_listed() {
    let mut frames = swing(120.0, Rate::Even(30), false);
    frames.iter_mut().skip(2).step_by(9).for_each(|frame| frame.people.clear());
    let report = checked(&frames);
    assert!(report.findings.len() > 390, "{}", report.findings.len());
    let page = video(&report, Ok(&[]));
    assert_sound(&page);
    let listed = elements(&parsed(&page))
        .filter(|element| element.attribute("id").is_some_and(|id| id.starts_with("finding-")))
        .count();
    assert_eq!(listed, 300);
}

#[test]
fn an_index_has_the_failed_first_and_links_to_every_page() {
    let (good, suspicious) = (checked(&swing(1.0, Rate::Even(60), false)), suspicious());
    let entries = [
        Entry { name: "a.poses.parquet", outcome: Ok((&good, "a.qc.html")) },
        Entry { name: "b.poses.parquet", outcome: Ok((&suspicious, "b & c.qc.html")) },
        Entry { name: "d.poses.parquet", outcome: Err("not a label file: <damaged>") },
    ];
    let page = index(&entries);
    assert_sound(&page);
    let said = text(&page);
    let places = ["not a label file: <damaged>", "missing in 5 frames", "nothing suspicious"]
        .map(|words| said.find(words).unwrap());
    assert!(places.is_sorted(), "{said}");
    assert!(page.contains("href=\"b &amp; c.qc.html\""));
}
