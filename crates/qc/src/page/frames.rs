//! The frames to look at, each with its picture where there is one, and rings around the keypoints that are meant.

use super::html::Html;
use super::words;
use crate::report::Report;
use crate::worst::WorstFrame;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use swingpose_core::FrameIndex;

/// A picture of one of the worst frames, with its skeletons.
#[derive(Clone, Debug, PartialEq)]
pub struct Thumbnail {
    /// Which frame.
    pub frame: FrameIndex,
    /// The picture as a JPEG file.
    pub jpeg: Vec<u8>,
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// The part of the frame it shows: `x1`, `y1`, `x2`, `y2` in pixels of the upright frame.
    pub view: [f32; 4],
}

/// A ring's radius, in parts of the picture's height, and its width.
const RING: f32 = 0.035;
/// Findings that are told under a picture.
const TOLD: usize = 3;

/// The frames, in their order.
pub(super) fn grid(html: &mut Html, report: &Report, thumbnails: &[Thumbnail]) {
    html.element("div", &[("class", "frames")], |html| {
        for worst in &report.worst {
            let thumbnail = thumbnails.iter().find(|thumbnail| thumbnail.frame == worst.frame);
            html.element("figure", &[("id", &format!("frame-{}", worst.frame.0))], |html| {
                if let Some(thumbnail) = thumbnail {
                    picture(html, worst, thumbnail);
                }
                html.element("figcaption", &[], |html| caption(html, report, worst));
            });
        }
    });
}

fn picture(html: &mut Html, worst: &WorstFrame, thumbnail: &Thumbnail) {
    let (width, height) = (thumbnail.size.0.to_string(), thumbnail.size.1.to_string());
    let label = format!("frame {} with its labels", worst.frame.0);
    let attributes = [
        ("viewBox", &*format!("0 0 {width} {height}")),
        ("width", &*width),
        ("height", &*height),
        ("role", "img"),
        ("aria-label", &*label),
    ];
    html.element("svg", &attributes, |html| {
        let data = format!("data:image/jpeg;base64,{}", STANDARD.encode(&thumbnail.jpeg));
        html.void("image", &[("href", &data), ("width", &width), ("height", &height)]);
        let radius = format!("{:.1}", RING * thumbnail.size.1 as f32);
        for point in &worst.keypoints {
            let [x, y] = on_picture(*point, thumbnail).map(|side| format!("{side:.1}"));
            html.void("circle", &[("class", "ring"), ("cx", &x), ("cy", &y), ("r", &radius)]);
        }
    });
}

/// Where a point of the frame lies on the picture. A frame's pixel has its coordinates at its centre.
fn on_picture([x, y]: [f32; 2], thumbnail: &Thumbnail) -> [f32; 2] {
    let [x1, y1, x2, y2] = thumbnail.view;
    let scale = (thumbnail.size.0 as f32 / (x2 - x1), thumbnail.size.1 as f32 / (y2 - y1));
    [(x + 0.5 - x1) * scale.0, (y + 0.5 - y1) * scale.1]
}

fn caption(html: &mut Html, report: &Report, worst: &WorstFrame) {
    html.leaf("b", &[], format_args!("frame {}", worst.frame.0));
    html.leaf("span", &[("class", "time")], words::time(worst.time_s));
    for &index in worst.findings.iter().take(TOLD) {
        let finding = &report.findings[index];
        html.element("span", &[("class", "kind")], |html| {
            html.leaf("span", &[("class", &format!("dot {}", finding.kind.word()))], "");
            html.leaf("a", &[("href", &format!("#finding-{index}"))], finding.kind.title());
            html.text(format_args!(" {}", words::keypoints(&finding.keypoints)));
        });
    }
    if worst.findings.is_empty() {
        let score = worst.confidence.map_or_else(String::new, |score| format!("mean score {score:.2}"));
        html.leaf("span", &[("class", "kind")], score);
    }
}
