//! PNG and JPEG files as one upright picture, as `cv2.imread` gives it.
//!
//! The orientation in the EXIF data is applied, mirrored ones included; transparency is dropped; 16-bit samples keep their
//! high byte; grey becomes three equal channels.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{DynamicImage, ImageDecoder, ImageResult, Limits};

use crate::error::VideoError;
use crate::frame::{BgrImage, Picture};
use crate::info::Codec;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_SIGNATURE: &[u8] = b"\xff\xd8\xff";

/// Reads the picture at `path`.
///
/// # Errors
/// [`VideoError::Open`], or [`VideoError::Picture`] if it is no whole PNG or JPEG.
pub(crate) fn read(path: &Path) -> Result<(Codec, Picture), VideoError> {
    let bytes = fs::read(path).map_err(|source| VideoError::Open { path: path.to_owned(), source })?;
    let codec = if bytes.starts_with(PNG_SIGNATURE) { Codec::Png } else { Codec::Jpeg };
    match decode(&bytes) {
        Ok(picture) => Ok((codec, picture)),
        Err(reason) => Err(VideoError::Picture { path: path.to_owned(), codec, reason }),
    }
}

/// Decodes the bytes of a PNG or JPEG file, or says why it cannot.
fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let image = if bytes.starts_with(PNG_SIGNATURE) {
        upright(PngDecoder::new(Cursor::new(bytes)))
    } else if bytes.starts_with(JPEG_SIGNATURE) {
        if !is_whole_jpeg(bytes) {
            return Err("the file is cut short: copy it again".to_owned());
        }
        upright(JpegDecoder::new(Cursor::new(bytes)))
    } else {
        return Err("its first bytes are neither PNG's nor JPEG's".to_owned());
    };
    let image = image.map_err(|error| error.to_string())?;
    Picture::from_bgr(to_bgr(image)).ok_or_else(|| "it has no pixels".to_owned())
}

fn upright(decoder: ImageResult<impl ImageDecoder>) -> ImageResult<DynamicImage> {
    let mut decoder = decoder?;
    decoder.set_limits(Limits::default())?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn to_bgr(image: DynamicImage) -> BgrImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let color = image.color();
    let wide = color.bytes_per_pixel() > color.channel_count();
    let mut data = if wide {
        image.into_rgb16().into_raw().into_iter().map(|sample| (sample >> 8) as u8).collect()
    } else {
        image.into_rgb8().into_raw()
    };
    data.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
    BgrImage { width, height, data }
}

/// Whether the scan is followed by an end marker: a decoder fills in what a cut file lacks without a word.
///
/// Segments before the scan are passed over by their lengths (ITU-T T.81, annex B), because a thumbnail among them has an
/// end marker of its own.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    const END: [u8; 2] = [0xFF, 0xD9];
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        if marker == START_OF_SCAN {
            return bytes[at..].windows(2).any(|pair| pair == END);
        }
        // A marker may be preceded by fill bytes.
        at += if marker == 0xFF { 1 } else { 2 + usize::from(u16::from_be_bytes([high, low])) };
    }
    false
}

#[cfg(test)]
mod tests {
    use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;
    use crate::frame::Planes;

    fn png(width: u32, height: u32, color: ExtendedColorType, samples: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(samples, width, height, color).unwrap();
        bytes
    }

    fn bgr(picture: &Picture) -> &[u8] {
        match picture.planes() {
            Planes::Bgr(bgr) => bgr,
            planes => panic!("not BGR: {planes:?}"),
        }
    }

    /// A JPEG of one colour a quadrant (red, green / blue, white), with an EXIF orientation.
    fn jpeg(orientation: u8) -> Vec<u8> {
        let quadrants = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        let samples: Vec<u8> =
            (0..32 * 16).flat_map(|i| quadrants[usize::from(i % 32 >= 16) + 2 * usize::from(i / 32 >= 8)]).collect();
        let mut plain = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut plain, 100);
        encoder.write_image(&samples, 32, 16, ExtendedColorType::Rgb8).unwrap();
        let mut exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        [&plain[..2], &exif, &plain[2..]].concat()
    }

    #[test]
    fn channels_are_swapped_and_transparency_dropped() {
        let picture = decode(&png(2, 1, ExtendedColorType::Rgba8, &[1, 2, 3, 0, 4, 5, 6, 255])).unwrap();
        assert_eq!(bgr(&picture), [3, 2, 1, 6, 5, 4]);
        assert_eq!((picture.width(), picture.height()), (2, 1));
    }

    #[test]
    fn grey_and_deep_samples_become_eight_bit_bgr() {
        let grey = decode(&png(1, 1, ExtendedColorType::L8, &[77])).unwrap();
        assert_eq!(bgr(&grey), [77, 77, 77]);
        let deep: Vec<u8> = [0x12FF_u16, 0x34FF, 0x56FF].iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        let deep = decode(&png(1, 1, ExtendedColorType::Rgb16, &deep)).unwrap();
        assert_eq!(bgr(&deep), [0x56, 0x34, 0x12]);
    }

    #[test]
    fn every_exif_orientation_puts_the_corners_where_they_belong() {
        const NAMES: [&str; 4] = ["red", "green", "blue", "white"];
        // Top left, top right, bottom left, bottom right of the upright picture.
        let corners = [
            [0, 1, 2, 3],
            [1, 0, 3, 2],
            [3, 2, 1, 0],
            [2, 3, 0, 1],
            [0, 2, 1, 3],
            [2, 0, 3, 1],
            [3, 1, 2, 0],
            [1, 3, 0, 2],
        ];
        for (orientation, expected) in (1..).zip(corners) {
            let picture = decode(&jpeg(orientation)).unwrap();
            let (width, height) = (picture.width(), picture.height());
            assert_eq!((width, height), if orientation < 5 { (32, 16) } else { (16, 32) }, "{orientation}");
            let found = [(2, 2), (width - 3, 2), (2, height - 3), (width - 3, height - 3)].map(|(x, y)| {
                let pixel = &bgr(&picture)[(y * width + x) * 3..][..3];
                match [pixel[2] > 128, pixel[1] > 128, pixel[0] > 128] {
                    [true, false, false] => "red",
                    [false, true, false] => "green",
                    [false, false, true] => "blue",
                    _ => "white",
                }
            });
            assert_eq!(found, expected.map(|corner| NAMES[corner]), "{orientation}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let (png, jpeg) = (png(8, 8, ExtendedColorType::L8, &[9; 64]), jpeg(1));
        for whole in [png, jpeg] {
            assert!(decode(&whole).is_ok());
            // PNG's last 12 bytes are an empty end chunk.
            for length in 0..whole.len() - 12 {
                assert!(decode(&whole[..length]).is_err(), "{length} of {}", whole.len());
            }
        }
        assert!(decode(b"GIF89a").unwrap_err().contains("neither"));
    }
}
