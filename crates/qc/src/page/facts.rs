//! What is known of the video and of how it was labeled.

use super::html::Html;
use super::words;
use crate::report::Report;
use swingpose_core::provenance::{Program, Weights};

/// The facts, side by side.
pub(super) fn list(html: &mut Html, report: &Report) {
    html.element("dl", &[("class", "facts")], |html| {
        for (name, value) in facts(report) {
            html.element("div", &[], |html| {
                html.leaf("dt", &[], name);
                html.leaf("dd", &[], value);
            });
        }
    });
}

fn facts(report: &Report) -> [(&'static str, String); 8] {
    let provenance = &report.provenance;
    let input = &provenance.input;
    let (width, height) = input.size;
    let lost = if input.lost_frames > 0 { format!(", {} lost", input.lost_frames) } else { String::new() };
    let people = words::count(report.people.len(), "person", "people");
    let main = report.people.iter().find(|person| person.main);
    let about = main.map_or_else(String::new, |main| format!(", about track {}", main.track));
    let detector = provenance.detector.as_ref().map_or_else(|| "no detector".to_owned(), network);
    let device = &provenance.device;
    [
        ("picture", format!("{width} × {height} px, {}, turned {}°", input.codec, input.rotation)),
        ("length", format!("{} frames, {}{lost}", report.frames, words::time(report.duration_s))),
        ("frame rate", rate(report.step_s)),
        ("people", format!("{people}{about}")),
        ("networks", format!("{detector}, {}", network(&provenance.pose))),
        ("made on", format!("{} in {}", device.kind, device.precision)),
        ("file", words::bytes(input.bytes)),
        ("SHA-256", input.sha256.chars().take(16).chain(['…']).collect()),
    ]
}

fn network(weights: &Weights) -> String {
    let demo = if weights.demo { " (demo)" } else { "" };
    format!("{}{demo}", weights.architecture)
}

fn rate(steps: Option<[f64; 3]>) -> String {
    match steps {
        Some([least, usual, most]) if usual > 0.0 => {
            let range = if most - least > 0.1 * usual {
                format!(", steps {:.1} to {:.1} ms", 1000.0 * least, 1000.0 * most)
            } else {
                String::new()
            };
            format!("{:.2} frames/s{range}", 1.0 / usual)
        }
        _ => "not known".to_owned(),
    }
}

/// Who made the page.
pub(super) fn footer(html: &mut Html, program: &Program) {
    html.element("footer", &[], |html| {
        html.text(format_args!("Labels by {} {}. ", program.name, program.version));
        html.text("Findings are suspects: what they say is so in the labels, and why is for you to see.");
    });
}
