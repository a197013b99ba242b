//! One person: box, limbs, keypoints and a tag, all sized by how large the person is in the picture.
//!
//! Labels may hold any number, whatever made them: what is not finite or lies far outside the picture is left out here, so
//! that the rasteriser sees only what it can draw.

use crate::canvas::{Canvas, tag_size};
use crate::style::{Style, box_colour, limb, side};
use swingpose_core::skeleton::LIMBS;
use swingpose_core::{BoundingBox, FramePx, Keypoint, Origin, PersonLabel, Point};
use tiny_skia::Rect;

/// A limb's width, in parts of the diagonal that the person's keypoints span.
const LIMB: f32 = 0.011;
/// Limbs between keypoints of the head are thinner by this factor, because they are shorter.
const HEAD: f32 = 0.6;
/// The keypoints of the head, in COCO's order, come first.
const HEAD_KEYPOINTS: usize = 5;

/// Where the labels' frame lies on a canvas of any size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// Canvas pixels a frame pixel, across and down; the two differ by rounding.
    pub(crate) scale: (f32, f32),
}

impl View {
    /// Where a point lies. A frame's pixel has its coordinates at its centre, a canvas's at its corner.
    fn at(self, point: Point<FramePx>) -> (f32, f32) {
        ((point.x + 0.5) * self.scale.0, (point.y + 0.5) * self.scale.1)
    }
}

/// Draws the box, limbs and keypoints of `person`.
pub(crate) fn draw(canvas: &mut Canvas, person: &PersonLabel, view: View, style: &Style) {
    let points = person.keypoints.map(|keypoint| shown(canvas, keypoint, view, style));
    let corners = corners(canvas, person.bounding_box, view);
    let width = limb_width(canvas, &points, corners);
    let edge = (0.3 * width).max(0.75);
    if let Some(corners) = corners {
        canvas.rectangle(corners, (0.45 * width).max(1.25), 0.75 * edge, box_colour(person));
    }
    let limbs = || LIMBS.into_iter().filter_map(|limb| Some((limb, [points[limb[0]]?, points[limb[1]]?])));
    let width_of = |[a, b]: [usize; 2]| if a.max(b) < HEAD_KEYPOINTS { HEAD * width } else { width };
    for (ends, line) in limbs() {
        canvas.line_edge(line, width_of(ends), edge);
    }
    for (ends, line) in limbs() {
        canvas.line(line, width_of(ends), limb(ends));
    }
    for (keypoint, point) in points.into_iter().enumerate() {
        let radius = if keypoint < HEAD_KEYPOINTS { HEAD * width } else { 0.9 * width };
        if let Some(point) = point {
            canvas.disc(point, radius.max(1.5), edge, side(keypoint));
        }
    }
}

/// Writes at the box of `person` who it is.
pub(crate) fn name(canvas: &mut Canvas, person: &PersonLabel, view: View) {
    let Some(corners) = corners(canvas, person.bounding_box, view) else { return };
    let size = (0.027 * canvas.short_side()).clamp(11.0, 60.0);
    let text = tag(person);
    let above = corners.top() - tag_size(&text, size).1 - 0.2 * size;
    canvas.tag(&text, size, (corners.left(), above), Some(box_colour(person)));
}

/// Where a keypoint is drawn; `None` where it is not: its score is too low, or it is no place near the picture.
fn shown(canvas: &Canvas, keypoint: Keypoint, view: View, style: &Style) -> Option<(f32, f32)> {
    let (x, y) = view.at(keypoint.point);
    let (width, height) = (canvas.width(), canvas.height());
    let near = (-width..=2.0 * width).contains(&x) && (-height..=2.0 * height).contains(&y);
    (keypoint.score >= style.keypoint_threshold && near).then_some((x, y))
}

/// The part of the box that lies on the canvas; `None` where there is none.
fn corners(canvas: &Canvas, corners: BoundingBox<FramePx>, view: View) -> Option<Rect> {
    if !corners.is_proper() {
        return None;
    }
    let (left, top) = view.at(Point::new(corners.x1, corners.y1));
    let (right, bottom) = view.at(Point::new(corners.x2, corners.y2));
    let canvas = Rect::from_ltrb(0.0, 0.0, canvas.width(), canvas.height())?;
    Rect::from_ltrb(left, top, right, bottom)?.intersect(&canvas)
}

/// Canvas pixels; from the keypoints, because a box may be the whole frame.
fn limb_width(canvas: &Canvas, points: &[Option<(f32, f32)>], corners: Option<Rect>) -> f32 {
    let span = |of: fn(&(f32, f32)) -> f32| {
        let values = || points.iter().flatten().map(of);
        values().fold(f32::NEG_INFINITY, f32::max) - values().fold(f32::INFINITY, f32::min)
    };
    let spanned = span(|point| point.0).hypot(span(|point| point.1));
    let boxed = corners.map_or(0.0, |corners| corners.width().hypot(corners.height()));
    let person = if points.iter().flatten().count() > 1 { spanned } else { boxed };
    (LIMB * person).clamp(1.5, (0.012 * canvas.short_side()).max(1.5))
}

/// What stands at the box: who, how sure the detector was, and where the box is from if not from the detector.
fn tag(person: &PersonLabel) -> String {
    let who = person.track.map_or_else(|| format!("#{}", person.person), |track| format!("track {track}"));
    match person.origin {
        Origin::Detected => format!("{who}  {:.2}", person.box_score),
        Origin::Carried => format!("{who}  {:.2} carried", person.box_score),
        Origin::Given => format!("{who}  given"),
        Origin::WholeFrame => format!("{who}  whole frame"),
        Origin::Interpolated => format!("{who}  interpolated"),
    }
}
