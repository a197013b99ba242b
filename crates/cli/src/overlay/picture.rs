//! The picture of some frames and their labels: decoded, drawn, encoded, written.

use anyhow::{Context, anyhow};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use std::io::Write;
use std::num::NonZeroU32;
use std::path::Path;
use swingpose_core::FrameLabels;
use swingpose_core::provenance::Provenance;
use swingpose_labels::WholeFile;
use swingpose_overlay::{Layout, Sheet, Style, Title, draw};
use swingpose_video::{BgrImage, DecodedFrame, SourceOptions, VideoSource};

/// JPEG's quality, of 100: thin coloured lines suffer first.
const QUALITY: u8 = 92;

/// Frames that are at most so far apart are decoded in one go: to start anew means to decode from the last frame that
/// stands for itself, which is seldom nearer.
const NEAR: u64 = 60;

/// One frame in its full size, or several on a sheet.
///
/// # Errors
/// No frames, a frame that cannot be decoded, one too large to draw on.
pub(super) fn of(
    frames: &[FrameLabels],
    video: &Path,
    provenance: &Provenance,
    style: Style,
) -> anyhow::Result<RgbImage> {
    if let [labels] = frames {
        return alone(labels, video, provenance, style);
    }
    let count = u32::try_from(frames.len()).ok().and_then(NonZeroU32::new).context("the labels hold no frame")?;
    let mut sheet = Sheet::new(Layout::new(count, provenance.input.size), &title(provenance))?;
    decode_each(video, frames, |picture, labels| Ok(sheet.push(&picture, labels, &style)?))?;
    Ok(sheet.into_picture())
}

fn alone(labels: &FrameLabels, video: &Path, provenance: &Provenance, style: Style) -> anyhow::Result<RgbImage> {
    // A picture has no other frames that it could be told from.
    let is_picture = ["png", "jpeg"].contains(&provenance.input.codec.as_str());
    let style = Style { caption: style.caption && !is_picture, ..style };
    let mut drawn = RgbImage::default();
    decode(video, std::slice::from_ref(labels), |picture, labels| {
        drawn = picture;
        Ok(draw(&mut drawn, labels, &style)?)
    })?;
    Ok(drawn)
}

fn title(provenance: &Provenance) -> Title {
    let input = &provenance.input;
    let demo = provenance.pose.demo || provenance.detector.as_ref().is_some_and(|weights| weights.demo);
    let networks = if demo { "demo networks: not for real labels" } else { provenance.pose.architecture.as_str() };
    let (width, height) = input.size;
    Title { name: input.name.clone(), note: format!("{} frames, {width}×{height}   {networks}", input.frames) }
}

/// Gives `take` the upright picture of each of `frames`, which are in their order and may be far apart.
///
/// # Errors
/// A video that cannot be opened, a frame that cannot be decoded, what `take` answers.
pub(crate) fn decode_each(
    video: &Path,
    frames: &[FrameLabels],
    mut take: impl FnMut(RgbImage, &FrameLabels) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut stretches = frames.chunk_by(|one, next| next.frame.0 - one.frame.0 <= NEAR);
    stretches.try_for_each(|neighbours| decode(video, neighbours, &mut take))
}

/// The same in one go.
fn decode(
    video: &Path,
    frames: &[FrameLabels],
    mut take: impl FnMut(RgbImage, &FrameLabels) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let [first, last] = [frames.first(), frames.last()].map(|labels| labels.map_or(0, |labels| labels.frame.0));
    let options = SourceOptions { frames: Some(first..last + 1), ..SourceOptions::default() };
    let mut source = VideoSource::open(video, &options)?;
    for labels in frames {
        let frame = wanted(&mut source, labels)
            .with_context(|| format!("{}: frame {} cannot be decoded", video.display(), labels.frame.0))?;
        take(rgb(frame.to_bgr())?, labels)?;
    }
    Ok(())
}

/// The frame that `labels` are of; those before it are passed over, lost ones too.
fn wanted(source: &mut VideoSource, labels: &FrameLabels) -> anyhow::Result<DecodedFrame> {
    let mut loss = None;
    for frame in source {
        match frame {
            Ok(frame) if frame.index == labels.frame => return Ok(frame),
            Ok(_) => {}
            Err(error) => loss = Some(error),
        }
    }
    Err(loss.map_or_else(|| anyhow!("the video ends before it"), Into::into))
}

fn rgb(image: BgrImage) -> anyhow::Result<RgbImage> {
    let BgrImage { width, height, mut data } = image;
    data.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
    let picture = RgbImage::from_raw(u32::try_from(width)?, u32::try_from(height)?, data);
    picture.context("its pixels do not fit its size")
}

/// Writes `picture` to `target`, as PNG or JPEG by its extension; the file appears only whole.
///
/// # Errors
/// A picture too large for JPEG, a file that cannot be written.
pub(super) fn write(picture: &RgbImage, target: &Path) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    let (width, height) = picture.dimensions();
    let encoded = if super::place::is_png(target) {
        PngEncoder::new(&mut bytes).write_image(picture, width, height, ExtendedColorType::Rgb8)
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        encoder.write_image(picture, width, height, ExtendedColorType::Rgb8)
    };
    encoded
        .with_context(|| format!("{}: a picture of {width} x {height} pixels cannot be encoded", target.display()))?;
    let mut file = WholeFile::create(target)?;
    file.write_all(&bytes).with_context(|| format!("{}: cannot be written", target.display()))?;
    Ok(file.finish()?)
}
