//! What the fuzz targets of `crates/video/fuzz` drive: every parser of untrusted bytes, without a file.
//!
//! Not part of the interface. Each function takes any bytes and must return: no panic, no hang, no memory beyond a small
//! multiple of what it was given.

use std::path::Path;

use crate::annexb;
use crate::chunk::ChunkPlan;
use crate::demux::{CodecConfig, Format, Media, MediaFile};

/// Reads `bytes` as a container, cuts its samples, and reads the first access units.
pub fn container(bytes: &[u8]) {
    let file = MediaFile::from_bytes(Path::new("fuzz"), bytes.to_vec());
    let Ok(head) = file.head() else { return };
    let Ok(media) = Media::read(file, Format::of(&head)) else { return };
    let samples = &media.track.samples;
    // A sample has at least a byte, and an edit list repeats a track eight times at most.
    assert!(samples.len() <= 16 * bytes.len() + 16, "{} samples of {} bytes", samples.len(), bytes.len());
    let plan = ChunkPlan::new(samples);
    let mut unit = Vec::new();
    for frame in [0, plan.frame_count() / 2, plan.frame_count()] {
        let number = plan.holding(frame);
        let chunk = plan.chunk(samples, number..number + 1);
        for sample in samples.iter(chunk.feed).take(16) {
            media.picture_kind(&sample);
            // Damage is what is looked for; it must only be told.
            drop(media.access_unit(&sample, &mut unit));
        }
    }
}

/// Reads `bytes` as every kind of configuration record.
pub fn configuration(bytes: &[u8]) {
    for read in [CodecConfig::avc, CodecConfig::hevc, CodecConfig::av1] {
        if let Some(config) = read(bytes) {
            assert!(config.parameter_sets.len() <= 2 * bytes.len());
        }
    }
}

/// Reads `bytes` as length-prefixed NAL units, the first byte being the size of a length.
pub fn nal_units(bytes: &[u8]) {
    let Some((&length_bytes, units)) = bytes.split_first() else { return };
    let mut units = units.to_vec();
    annexb::from_length_prefixed(&mut units, 0, length_bytes % 4 + 1);
    assert!(units.len() <= 4 * bytes.len());
}
