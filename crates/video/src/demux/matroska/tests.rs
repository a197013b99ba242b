//! Files made by hand: clusters of unknown size, damage, no video.

use super::*;
use std::path::Path;

/// An element with a one-byte size.
fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
    [id, vec![0x80 | body.len() as u8], body.to_vec()].concat()
}

fn with_tracks(clusters: &[u8]) -> Vec<u8> {
    let entry = [element(id::TRACK_NUMBER, &[1]), element(id::TRACK_TYPE, &[1]), element(id::CODEC_ID, b"V_VP9")];
    let tracks = element(id::TRACKS, &element(id::TRACK_ENTRY, &entry.concat()));
    let header = [0x1A, 0x45, 0xDF, 0xA3, 0x80];
    let segment = [0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    [&header[..], &segment, &tracks, clusters].concat()
}

fn cluster(time: u8, blocks: &[&[u8]]) -> Vec<u8> {
    let blocks: Vec<u8> = blocks.iter().flat_map(|block| element(id::SIMPLE_BLOCK, block)).collect();
    // Of unknown size, as live recordings have it.
    [&[0x1F, 0x43, 0xB6, 0x75, 0xFF][..], &element(id::TIMESTAMP, &[time]), &blocks].concat()
}

fn times(bytes: Vec<u8>) -> (Vec<(i64, bool)>, usize) {
    let track = read(&MediaFile::from_bytes(Path::new("a.webm"), bytes)).unwrap();
    let samples = track.samples.iter(0..track.samples.len()).map(|sample| (sample.pts, sample.sync));
    (samples.collect(), track.notes.len())
}

#[test]
fn clusters_of_unknown_size_follow_one_another() {
    let first = cluster(10, &[&[0x81, 0, 0, 0x80, 7], &[0x82, 0, 0, 0, 7], &[0x81, 0, 33, 0, 7]]);
    let second = cluster(90, &[&[0x81, 0xFF, 0xFF, 0x80, 7]]);
    assert_eq!(times(with_tracks(&[first, second].concat())), (vec![(10, true), (43, false), (89, true)], 0));
}

#[test]
fn damage_costs_the_rest_of_its_cluster_only() {
    let mut first = cluster(10, &[&[0x81, 0, 0, 0x80, 7]]);
    first.extend_from_slice(&[0, 0, 0, 0]);
    let second = cluster(90, &[&[0x81, 0, 0, 0x80, 7]]);
    assert_eq!(times(with_tracks(&[first, second].concat())), (vec![(10, true), (90, true)], 1));
}

#[test]
fn a_file_without_a_video_track_says_what_it_has() {
    let bytes = with_tracks(&[]);
    let position = bytes.windows(3).position(|bytes| bytes == [0x83, 0x81, 1]).unwrap();
    let mut audio = bytes;
    audio[position + 2] = 2;
    let error = read(&MediaFile::from_bytes(Path::new("voice.mka"), audio)).unwrap_err();
    assert_eq!(error.to_string(), "voice.mka holds no video: its tracks are audio");
}

#[test]
fn a_timebase_is_in_lowest_terms() {
    assert_eq!(timebase(1_000_000), Timebase::new(1, 1000));
    assert_eq!(timebase(41_708_333), Timebase::new(41_708_333, 1_000_000_000));
    assert_eq!(timebase(0), None);
}
