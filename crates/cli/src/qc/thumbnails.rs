//! The pictures on a page: the worst frames, cut to who they are about, with everybody's skeleton.

use crate::overlay::picture::decode_each;
use anyhow::Context;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use std::path::Path;
use swingpose_core::{FrameLabels, FramePx, Point};
use swingpose_labels::read;
use swingpose_overlay::{Style, draw};
use swingpose_qc::page::Thumbnail;
use swingpose_qc::{Report, WorstFrame};

/// Pixels of a picture at most, across and down: half as many again as the page shows it in, so that it is sharp on most screens
/// and small in the file.
const ROOM: (f32, f32) = (300.0, 400.0);
/// JPEG's quality, of 100.
const QUALITY: u8 = 82;
/// What is shown around the people, in parts of what they take up.
const MARGIN: f32 = 0.12;
/// The pictures of the worst frames of `report`, from the label file and its video.
///
/// # Errors
/// A label file that cannot be read any more, a video that cannot be decoded.
pub(super) fn of(report: &Report, labels: &Path, video: &Path) -> anyhow::Result<Vec<Thumbnail>> {
    let worst = |frame: &FrameLabels| report.worst.iter().find(|worst| worst.frame == frame.frame);
    let wanted = read(labels)?.frames.filter(|frame| frame.as_ref().map_or(true, |frame| worst(frame).is_some()));
    let frames: Vec<FrameLabels> = wanted.collect::<Result<_, _>>()?;
    let mut thumbnails = Vec::with_capacity(frames.len());
    decode_each(video, &frames, |picture, labels| {
        let worst = worst(labels).context("a frame that was not asked for")?;
        thumbnails.push(thumbnail(&picture, labels, worst)?);
        Ok(())
    })?;
    Ok(thumbnails)
}

fn thumbnail(picture: &RgbImage, labels: &FrameLabels, worst: &WorstFrame) -> anyhow::Result<Thumbnail> {
    let [x1, y1, x2, y2] = view(worst.focus, picture.dimensions());
    let cut = imageops::crop_imm(picture, x1, y1, x2 - x1, y2 - y1);
    let (width, height) = ((x2 - x1) as f32, (y2 - y1) as f32);
    let fit = (ROOM.0 / width).min(ROOM.1 / height);
    let size = [width, height].map(|side| (fit * side).round().max(1.0) as u32);
    let mut small = imageops::resize(&*cut, size[0], size[1], FilterType::Triangle);
    let scale = [size[0] as f32 / width, size[1] as f32 / height];
    draw(
        &mut small,
        &moved(labels, worst, [x1 as f32, y1 as f32], scale),
        &Style { caption: false, ..Style::default() },
    )?;
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    encoder.write_image(&small, size[0], size[1], ExtendedColorType::Rgb8)?;
    Ok(Thumbnail { frame: labels.frame, jpeg, size: size.into(), view: [x1, y1, x2, y2].map(|side| side as f32) })
}

/// The part of a frame of `size` that shows `focus` with some room around, in the shape of [`ROOM`] where it can be; all of it where there is no focus.
fn view(focus: Option<[f32; 4]>, size: (u32, u32)) -> [u32; 4] {
    let (right, bottom) = (size.0 as f32, size.1 as f32);
    let [x1, y1, x2, y2] = focus.unwrap_or([0.0, 0.0, right, bottom]);
    let margin = focus.map_or(0.0, |_| MARGIN * (x2 - x1).max(y2 - y1));
    let shape = ROOM.0 / ROOM.1;
    let (width, height) = (x2 - x1 + 2.0 * margin, y2 - y1 + 2.0 * margin);
    let (width, height) = (width.max(shape * height), height.max(width / shape));
    let side = |middle: f32, length: f32, most: f32| {
        // Moved into the frame before it is cut, so that it keeps its shape where it can.
        let length = length.clamp(1.0, most);
        let start = (middle - length / 2.0).clamp(0.0, most - length);
        (start as u32, ((start + length).ceil() as u32).min(most as u32))
    };
    let ((x1, x2), (y1, y2)) = (side(f32::midpoint(x1, x2), width, right), side(f32::midpoint(y1, y2), height, bottom));
    [x1, y1, x2.max(x1 + 1), y2.max(y1 + 1)]
}

/// `labels` in pixels of the picture, with the tracks that the report speaks of.
fn moved(labels: &FrameLabels, worst: &WorstFrame, [x1, y1]: [f32; 2], scale: [f32; 2]) -> FrameLabels {
    // A pixel has its coordinates at its centre.
    let at = |x: f32, y: f32| [(x + 0.5 - x1) * scale[0] - 0.5, (y + 0.5 - y1) * scale[1] - 0.5];
    let mut labels = labels.clone();
    for person in &mut labels.people {
        person.track = worst.tracks.get(&person.person).copied().or(person.track);
        let [left, top, right, bottom] = person.bounding_box.into();
        let ([left, top], [right, bottom]) = (at(left, top), at(right, bottom));
        person.bounding_box = [left, top, right, bottom].into();
        for keypoint in &mut person.keypoints {
            let [x, y] = at(keypoint.point.x, keypoint.point.y);
            keypoint.point = Point::<FramePx>::new(x, y);
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_holds_its_focus_and_stays_in_the_frame() {
        let size = (1080, 1920);
        for focus in [[100.0, 200.0, 400.0, 900.0], [-50.0, 1700.0, 60.0, 2100.0], [1000.0, 10.0, 1070.0, 20.0]] {
            let [x1, y1, x2, y2] = view(Some(focus), size);
            assert!(x1 < x2 && y1 < y2 && x2 <= size.0 && y2 <= size.1, "{focus:?}");
            assert!(x1 as f32 <= focus[0].max(0.0) && y1 as f32 <= focus[1].max(0.0), "{focus:?}");
            assert!(x2 as f32 >= focus[2].min(1080.0) && y2 as f32 >= focus[3].min(1920.0), "{focus:?}");
        }
        assert_eq!(view(None, size), [0, 0, 1080, 1920]);
        let far = view(Some([1e9, 1e9, 2e9, 2e9]), size);
        assert!(far[2] <= 1080 && far[3] <= 1920 && far[0] < far[2] && far[1] < far[3], "{far:?}");
    }
}
