//! Draws one frame with its people: `draw VIDEO LABELS.poses.parquet FRAME OUT.jpg`.
//!
//! In: the video and its label file. Out: a picture of the upright frame with each person's box, limbs and keypoints; left
//! limbs are orange, right ones blue, the middle white. A keypoint scoring under 0.3 is left out.

use anyhow::{Context, bail};
use image::{Rgb, RgbImage};
use std::path::Path;
use swingpose_core::pose::{FrameLabels, PersonLabel};
use swingpose_core::skeleton::{KEYPOINT_NAMES, LIMBS};
use swingpose_video::{DecodedFrame, SourceOptions, VideoSource};

const LEFT: Rgb<u8> = Rgb([255, 140, 30]);
const RIGHT: Rgb<u8> = Rgb([60, 150, 255]);
const MIDDLE: Rgb<u8> = Rgb([255, 255, 255]);
const SHOWN: f32 = 0.3;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [video, labels, frame, out] = arguments.as_slice() else {
        bail!("usage: draw VIDEO LABELS.poses.parquet FRAME OUT.jpg");
    };
    let number: u64 = frame.parse().with_context(|| format!("{frame} is not a frame's number"))?;
    let mut picture = frame_of(Path::new(video), number)?;
    for person in labels_of(Path::new(labels), number)?.people {
        draw(&mut picture, &person);
    }
    picture.save(out).with_context(|| format!("cannot write {out}"))
}

fn frame_of(path: &Path, number: u64) -> anyhow::Result<RgbImage> {
    let options = SourceOptions { frames: Some(number..number + 1), ..SourceOptions::default() };
    let frame: DecodedFrame = VideoSource::open(path, &options)?.next().context("the video is shorter than that")??;
    let bgr = frame.to_bgr();
    let rgb = bgr.data.chunks_exact(3).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
    RgbImage::from_raw(bgr.width as u32, bgr.height as u32, rgb).context("the frame's size and data do not fit")
}

fn labels_of(path: &Path, number: u64) -> anyhow::Result<FrameLabels> {
    for labels in swingpose_labels::read(path)?.frames {
        let labels = labels?;
        if labels.frame.0 == number {
            return Ok(labels);
        }
    }
    bail!("{} has no frame {number}", path.display())
}

fn draw(picture: &mut RgbImage, person: &PersonLabel) {
    let b = person.bounding_box;
    let corners = [(b.x1, b.y1), (b.x2, b.y1), (b.x2, b.y2), (b.x1, b.y2), (b.x1, b.y1)];
    corners.windows(2).for_each(|side| line(picture, side[0], side[1], 1.5, MIDDLE));
    let point = |k: usize| (person.keypoints[k].point.x, person.keypoints[k].point.y);
    let shown = |k: usize| person.keypoints[k].score >= SHOWN;
    for [a, b] in LIMBS.into_iter().filter(|limb| limb.iter().all(|&k| shown(k))) {
        let colour = if side(a) == side(b) { side(a) } else { MIDDLE };
        line(picture, point(a), point(b), 4.0, colour);
    }
    (0..KEYPOINT_NAMES.len()).filter(|&k| shown(k)).for_each(|k| disc(picture, point(k), 7.0, side(k)));
}

fn side(keypoint: usize) -> Rgb<u8> {
    match KEYPOINT_NAMES[keypoint].split_once('_') {
        Some(("left", _)) => LEFT,
        Some(("right", _)) => RIGHT,
        _ => MIDDLE,
    }
}

/// A line as overlapping discs, one a pixel.
fn line(picture: &mut RgbImage, from: (f32, f32), to: (f32, f32), radius: f32, colour: Rgb<u8>) {
    let steps = (to.0 - from.0).hypot(to.1 - from.1).ceil().max(1.0);
    for step in 0..=steps as u32 {
        let t = step as f32 / steps;
        disc(picture, (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1)), radius, colour);
    }
}

fn disc(picture: &mut RgbImage, (x, y): (f32, f32), radius: f32, colour: Rgb<u8>) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let (left, right) = ((x - radius).max(0.0), (x + radius).min(width - 1.0));
    let (top, bottom) = ((y - radius).max(0.0), (y + radius).min(height - 1.0));
    if !(left <= right && top <= bottom) {
        return;
    }
    for row in top as u32..=bottom as u32 {
        for col in left as u32..=right as u32 {
            if (col as f32 - x).hypot(row as f32 - y) <= radius {
                picture.put_pixel(col, row, colour);
            }
        }
    }
}
