//! What the picture of a frame is called where a format names one: a labeled picture by its own name, a video's frame 7
//! of `swing.mov` as `swing/frame_000007.jpg`.
//!
//! CVAT takes the number of a video's frame from a name of this form, and FFmpeg writes such pictures:
//! `ffmpeg -i swing.mov -fps_mode passthrough -start_number 0 swing/frame_%06d.jpg`.

use std::path::Path;
use swingpose_core::FrameIndex;
use swingpose_core::provenance::Input;

/// Codecs of single pictures, as label files name them.
const PICTURES: [&str; 2] = ["jpeg", "png"];

/// Whether the input is a picture, not a video.
pub(super) fn is_picture(input: &Input) -> bool {
    input.frames <= 1 && PICTURES.contains(&input.codec.as_str())
}

/// The input's name without its extension. A name that is none, as `..` is, must not become a path.
pub(super) fn stem(input: &Input) -> &str {
    Path::new(&input.name).file_stem().and_then(|stem| stem.to_str()).unwrap_or("unnamed")
}

/// What the picture of `frame` is called, relative to the folder of all pictures.
#[must_use]
pub fn frame_file(input: &Input, frame: FrameIndex) -> String {
    if is_picture(input) { input.name.clone() } else { format!("{}/frame_{:06}.jpg", stem(input), frame.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::provenance;

    #[test]
    fn frames_are_numbered_in_a_folder_and_pictures_keep_their_name() {
        let mut input = provenance().input;
        input.name = "swing.1.MOV".to_owned();
        assert_eq!(frame_file(&input, FrameIndex(7)), "swing.1/frame_000007.jpg");
        assert_eq!(frame_file(&input, FrameIndex(1_234_567)), "swing.1/frame_1234567.jpg");
        input.name = "..".to_owned();
        assert_eq!(stem(&input), "unnamed");
        (input.codec, input.frames, input.name) = ("jpeg".to_owned(), 1, "000000000139.jpg".to_owned());
        assert_eq!(frame_file(&input, FrameIndex(0)), "000000000139.jpg");
    }
}
