//! A frame with its people, and its number and time in the corner.

use crate::canvas::{Canvas, tag_size};
use crate::error::OverlayError;
use crate::person::{self, View};
use crate::style::Style;
use image::RgbImage;
use swingpose_core::FrameLabels;

/// Draws `labels` on their frame. The labels' coordinates are pixels of `picture`, which is upright.
///
/// People are drawn from the last to the first and the primary one at the end, so that the best boxes lie on top, and names above all. What
/// is not finite or far outside the picture is left out.
///
/// # Errors
/// [`OverlayError::Size`].
pub fn draw(picture: &mut RgbImage, labels: &FrameLabels, style: &Style) -> Result<(), OverlayError> {
    draw_scaled(picture, labels, View { scale: (1.0, 1.0) }, style)
}

/// The same on a picture that was scaled as `view` says.
pub(crate) fn draw_scaled(
    picture: &mut RgbImage,
    labels: &FrameLabels,
    view: View,
    style: &Style,
) -> Result<(), OverlayError> {
    let mut canvas = Canvas::of(picture)?;
    let others = labels.people.iter().rev().filter(|person| !person.primary);
    let people: Vec<_> = others.chain(labels.people.iter().filter(|person| person.primary)).collect();
    for person in &people {
        person::draw(&mut canvas, person, view, style);
    }
    for person in &people {
        person::name(&mut canvas, person, view);
    }
    if style.caption {
        caption(&mut canvas, labels);
    }
    canvas.show(picture);
    Ok(())
}

fn caption(canvas: &mut Canvas, labels: &FrameLabels) {
    let nobody = if labels.people.is_empty() { "   nobody" } else { "" };
    let text = format!("frame {}   {:.3} s{nobody}", labels.frame.0, labels.time_s);
    let size = (0.03 * canvas.short_side()).clamp(12.0, 64.0);
    let margin = 0.5 * size;
    let top = canvas.height() - margin - tag_size(&text, size).1;
    canvas.tag(&text, size, (margin, top), None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::{LEFT, MIDDLE, RIGHT};
    use image::Rgb;
    use proptest::prelude::*;
    use swingpose_core::{BoundingBox, FrameIndex, Keypoint, Origin, PersonLabel};

    const GREY: Rgb<u8> = Rgb([90, 90, 90]);
    const NOSE: usize = 0;
    const LEFT_WRIST: usize = 9;
    const RIGHT_WRIST: usize = 10;

    fn grey(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, GREY)
    }

    /// Somebody of whom only these keypoints are sure.
    fn person(bounding_box: [f32; 4], keypoints: &[(usize, [f32; 2])]) -> PersonLabel {
        let mut person = PersonLabel {
            person: 0,
            track: None,
            primary: true,
            origin: Origin::Detected,
            bounding_box: BoundingBox::from(bounding_box),
            box_score: 0.9,
            keypoints: [Keypoint::from([50.0, 50.0, 0.29]); 17],
        };
        for &(keypoint, [x, y]) in keypoints {
            person.keypoints[keypoint] = Keypoint::from([x, y, 0.3]);
        }
        person
    }

    fn frame(people: Vec<PersonLabel>) -> FrameLabels {
        FrameLabels { frame: FrameIndex(7), pts: 7, time_s: 0.07, people }
    }

    fn drawn(mut picture: RgbImage, people: Vec<PersonLabel>) -> RgbImage {
        draw(&mut picture, &frame(people), &Style { caption: false, ..Style::default() }).unwrap();
        picture
    }

    const BOX: [f32; 4] = [20.0, 40.0, 180.0, 190.0];

    #[test]
    fn a_keypoint_has_the_colour_of_its_side_and_lies_where_the_labels_say() {
        let keypoints = [(NOSE, [60.0, 60.0]), (LEFT_WRIST, [100.0, 120.0]), (RIGHT_WRIST, [140.0, 170.0])];
        let picture = drawn(grey(200, 200), vec![person(BOX, &keypoints)]);
        for ((_, [x, y]), colour) in keypoints.into_iter().zip([MIDDLE, LEFT, RIGHT]) {
            assert_eq!(*picture.get_pixel(x as u32, y as u32), colour);
        }
    }

    #[test]
    fn a_limb_is_drawn_where_both_its_ends_are_sure() {
        let (shoulder, elbow) = ((5, [60.0, 60.0]), (7, [60.0, 120.0]));
        assert_eq!(*drawn(grey(200, 200), vec![person(BOX, &[shoulder, elbow])]).get_pixel(60, 90), LEFT);
        assert_eq!(*drawn(grey(200, 200), vec![person(BOX, &[shoulder])]).get_pixel(60, 90), GREY);
    }

    #[test]
    fn what_is_not_sure_leaves_no_trace() {
        let picture = drawn(grey(200, 200), vec![person(BOX, &[])]);
        let inside = (40..160).flat_map(|y| (40..160).map(move |x| (x, y)));
        assert!(inside.map(|(x, y)| picture.get_pixel(x, y.max(60))).all(|pixel| *pixel == GREY));
        assert_ne!(*picture.get_pixel(20, 100), GREY);
    }

    #[test]
    fn nobody_changes_nothing_but_the_caption() {
        assert_eq!(drawn(grey(200, 200), vec![]), grey(200, 200));
        let mut picture = grey(200, 200);
        draw(&mut picture, &frame(vec![]), &Style::default()).unwrap();
        assert_ne!(picture, grey(200, 200));
        assert!(picture.rows().take(150).flatten().all(|pixel| *pixel == GREY));
    }

    #[test]
    fn the_same_labels_give_the_same_bytes() {
        let people = || vec![person(BOX, &[(LEFT_WRIST, [33.3, 77.7]), (7, [90.1, 150.9])])];
        assert_eq!(drawn(grey(200, 200), people()), drawn(grey(200, 200), people()));
    }

    #[test]
    fn a_picture_without_pixels_is_refused() {
        let refusal = draw(&mut grey(0, 9), &frame(vec![]), &Style::default());
        assert_eq!(refusal, Err(OverlayError::Size { width: 0, height: 9 }));
    }

    fn any_person() -> impl Strategy<Value = PersonLabel> {
        let near = || -100.0_f32..300.0;
        let number = move || prop_oneof![3 => near(), 1 => any::<f32>()];
        let keypoint = move || [number(), number(), prop_oneof![0.0_f32..1.0, any::<f32>()]].prop_map(Keypoint::from);
        let of = (any::<u32>(), any::<Option<u32>>(), any::<bool>(), 0..Origin::ALL.len());
        (of, [number(), number(), number(), number()], any::<f32>(), proptest::array::uniform17(keypoint())).prop_map(
            |((person, track, primary, origin), corners, box_score, keypoints)| PersonLabel {
                person,
                track,
                primary,
                origin: Origin::ALL[origin],
                bounding_box: corners.into(),
                box_score,
                keypoints,
            },
        )
    }

    proptest! {
        #[test]
        fn any_labels_are_drawn_on_any_picture(
            size in (1_u32..300, 1_u32..300),
            people in proptest::collection::vec(any_person(), 0..4),
            time_s in any::<f64>(),
        ) {
            let mut picture = grey(size.0, size.1);
            let labels = FrameLabels { time_s, ..frame(people) };
            prop_assert_eq!(draw(&mut picture, &labels, &Style::default()), Ok(()));
            prop_assert_eq!(picture.dimensions(), size);
        }
    }
}
