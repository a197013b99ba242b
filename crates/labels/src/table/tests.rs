//! Label files whole, cut, flipped, forged and foreign.

use super::columns::write_rows;
use super::rows::Rows;
use super::schema::{properties, schema};
use super::*;
use crate::error::{Damage, LabelsError};
use crate::sample::{any_frames, bits, frame, person, provenance};
use crate::sink::{Ending, LabelSink};
use parquet::data_type::Int64Type;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swingpose_core::provenance::Provenance;
use swingpose_core::{FrameIndex, FrameLabels};
use tempfile::TempDir;

fn write_all(path: &Path, frames: &[FrameLabels]) {
    let mut writer = LabelWriter::create(path, &provenance()).unwrap();
    frames.iter().for_each(|frame| writer.write(frame).unwrap());
    writer.finish(Ending { lost_frames: 3 }).unwrap();
}

fn read_all(path: &Path) -> Result<(Provenance, Vec<FrameLabels>), LabelsError> {
    let Labels { provenance, frames } = read(path)?;
    Ok((provenance, frames.collect::<Result<_, _>>()?))
}

/// A folder and the path of a label file in it.
fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.poses.parquet");
    (folder, path)
}

/// Someone, nobody, two people, a gap, nobody.
fn some_frames() -> Vec<FrameLabels> {
    vec![frame(0, 1), frame(1, 0), frame(2, 2), frame(7, 0)]
}

#[test]
fn the_provenance_comes_back_with_the_counts_of_the_end() {
    let (_folder, path) = scratch();
    write_all(&path, &some_frames());
    let mut expected = provenance();
    (expected.input.frames, expected.input.lost_frames) = (4, 3);
    let (found, frames) = read_all(&path).unwrap();
    assert_eq!(found, expected);
    assert_eq!(frames, some_frames());
}

#[test]
fn a_video_without_frames_is_a_label_file() {
    let (_folder, path) = scratch();
    write_all(&path, &[]);
    assert_eq!(read_all(&path).unwrap().1, []);
}

#[test]
fn more_frames_than_a_row_group_holds_come_back_in_order() {
    let (_folder, path) = scratch();
    let frames: Vec<_> = (0..9000).map(|number| frame(number, (number % 4) as u32)).collect();
    write_all(&path, &frames);
    assert_eq!(read_all(&path).unwrap().1, frames);
    let file = parquet::file::reader::SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let groups = parquet::file::reader::FileReader::metadata(&file).num_row_groups();
    assert_eq!(groups, 2, "15,750 rows");
}

#[test]
fn frames_must_come_in_increasing_order() {
    let (_folder, path) = scratch();
    for next in [4, 5] {
        let mut writer = LabelWriter::create(&path, &provenance()).unwrap();
        writer.write(&frame(5, 1)).unwrap();
        let error = writer.write(&frame(next, 1)).unwrap_err();
        assert!(matches!(error, LabelsError::Order { previous: 5, found } if found == next), "{error}");
    }
}

#[test]
fn a_frame_number_that_the_table_cannot_hold_is_refused() {
    let (_folder, path) = scratch();
    let mut writer = LabelWriter::create(&path, &provenance()).unwrap();
    let last = FrameLabels { frame: FrameIndex(1 << 63), ..frame(0, 1) };
    assert!(matches!(writer.write(&last), Err(LabelsError::FrameNumber { .. })));
}

#[test]
fn labels_that_are_not_finished_leave_nothing() {
    let (folder, path) = scratch();
    let mut writer = LabelWriter::create(&path, &provenance()).unwrap();
    (0..9000).for_each(|number| writer.write(&frame(number, 1)).unwrap());
    assert!(!path.exists());
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_bytes_are_those_of_the_committed_file() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/labels/golden.poses.parquet");
    let (_folder, path) = scratch();
    write_all(&path, &some_frames());
    if std::env::var_os("SWINGPOSE_BLESS").is_some() {
        fs::copy(&path, golden).unwrap();
    }
    let same = fs::read(&path).unwrap() == fs::read(golden).unwrap();
    assert!(same, "the format has changed: raise FORMAT if old files cannot be read, and run with SWINGPOSE_BLESS=1");
    assert_eq!(read_all(Path::new(golden)).unwrap().1, some_frames());
}

/// A label file, its path and its bytes, open for damage in place.
fn victim() -> (TempDir, PathBuf, Vec<u8>, File) {
    let (folder, path) = scratch();
    write_all(&path, &some_frames());
    let bytes = fs::read(&path).unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    (folder, path, bytes, file)
}

fn put(file: &mut File, place: usize, byte: u8) {
    file.seek(SeekFrom::Start(place as u64)).unwrap();
    file.write_all(&[byte]).unwrap();
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let (_folder, path, bytes, file) = victim();
    for length in (0..bytes.len()).rev() {
        file.set_len(length as u64).unwrap();
        match read_all(&path) {
            Err(LabelsError::NotParquet { .. }) => assert!(length < 4, "{length}"),
            Err(LabelsError::Damaged { damage: Damage::CutShort { bytes }, .. }) => assert_eq!(bytes, length as u64),
            other => panic!("cut to {length} bytes: {other:?}"),
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed() {
    let (_folder, path, bytes, mut file) = victim();
    for (place, byte) in bytes.iter().enumerate() {
        put(&mut file, place, byte ^ (1 << (place % 8)));
        assert!(read(&path).is_err(), "bit {} of byte {place}", place % 8);
        put(&mut file, place, *byte);
    }
    assert!(read(&path).is_ok());
}

#[test]
fn a_forged_file_is_read_or_refused_but_never_a_panic() {
    let (_folder, path, bytes, mut file) = victim();
    let mut refused = 0;
    for (place, byte) in bytes.iter().enumerate() {
        put(&mut file, place, [0x00, 0x7f, 0xff, !byte][place % 4]);
        // Where the seal itself was hit there is nothing to forge.
        refused += usize::from(seal::apply(&mut file, &path).is_err() || read_all(&path).is_err());
        put(&mut file, place, *byte);
    }
    assert!((bytes.len() / 4..bytes.len()).contains(&refused), "{refused} of {}", bytes.len());
}

#[test]
fn other_files_are_told_from_labels() {
    let (folder, path) = scratch();
    for bytes in [&b""[..], b"PA", b"PAR2", b"{\"frame\":0}", &[0; 4096]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(read(&path), Err(LabelsError::NotParquet { .. })), "{bytes:?}");
    }
    assert!(matches!(read(folder.path()), Err(LabelsError::Read { .. })));
    assert!(matches!(read(&folder.path().join("missing")), Err(LabelsError::Read { .. })));
}

/// A Parquet file of one column, `frame`, with this metadata.
fn write_foreign(path: &Path, metadata: &[(&str, &str)]) {
    let schema = Arc::new(parse_message_type("message m { required int64 frame; }").unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2, 3], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    for (key, value) in metadata {
        writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), (*value).to_owned()));
    }
    writer.append_key_value_metadata(seal::blank());
    writer.close().unwrap();
}

fn seal_file(path: &Path) {
    seal::apply(&mut File::options().read(true).write(true).open(path).unwrap(), path).unwrap();
}

#[test]
fn a_parquet_file_of_something_else_is_named_as_such() {
    let (_folder, path) = scratch();
    write_foreign(&path, &[]);
    assert!(matches!(read(&path), Err(LabelsError::Damaged { damage: Damage::Digest { .. }, .. })));
    seal_file(&path);
    assert!(matches!(read(&path), Err(LabelsError::NotLabels { missing: FORMAT_KEY, .. })));
    write_foreign(&path, &[(FORMAT_KEY, "2")]);
    seal_file(&path);
    assert!(matches!(read(&path), Err(LabelsError::Format { found, .. }) if found == "2"));
    write_foreign(&path, &[(FORMAT_KEY, FORMAT)]);
    seal_file(&path);
    assert!(matches!(read(&path), Err(LabelsError::Damaged { damage: Damage::Columns, .. })));
}

#[test]
fn a_parquet_file_without_a_seal_is_not_one_of_labels() {
    let (_folder, path) = scratch();
    write_foreign(&path, &[]);
    let bytes = fs::read(&path).unwrap();
    let place = bytes.windows(seal::KEY.len()).position(|window| window == seal::KEY.as_bytes()).unwrap();
    let mut unsealed = bytes;
    unsealed[place..place + 9].copy_from_slice(b"something");
    fs::write(&path, unsealed).unwrap();
    assert!(matches!(read(&path), Err(LabelsError::NotLabels { missing: seal::KEY, .. })));
}

/// What reading a file of these rows comes to, where the provenance says `frames` frames.
fn forge(rows: &Rows, frames: u64, provenance_json: Option<&str>) -> Result<Vec<FrameLabels>, LabelsError> {
    let (_folder, path) = scratch();
    let (schema, properties) = (schema().unwrap(), properties("forger".to_owned()).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, properties).unwrap();
    write_rows(rows, writer.next_row_group().unwrap()).unwrap();
    let mut provenance = provenance();
    provenance.input.frames = frames;
    let json = serde_json::to_string(&provenance).unwrap();
    let json = provenance_json.unwrap_or(&json);
    for (key, value) in [(FORMAT_KEY, FORMAT), (PROVENANCE_KEY, json)] {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_owned()));
    }
    writer.append_key_value_metadata(seal::blank());
    writer.close().unwrap();
    seal_file(&path);
    read_all(&path).map(|(_, frames)| frames)
}

fn rows(frames: &[FrameLabels]) -> Rows {
    let mut rows = Rows::default();
    frames.iter().for_each(|frame| rows.push(frame).unwrap());
    rows
}

#[test]
fn rows_that_contradict_each_other_are_refused() {
    let damage = |forger: fn(&mut Rows)| {
        let mut rows = rows(&[frame(0, 2), frame(1, 0), frame(2, 1)]);
        forger(&mut rows);
        match forge(&rows, 3, None) {
            Err(LabelsError::Damaged { damage, .. }) => damage,
            other => panic!("{other:?}"),
        }
    };
    // Rows 0 and 1 are two people of frame 0, row 2 is nobody in frame 1, row 3 is a person in frame 2.
    assert!(matches!(damage(|rows| rows.frame[3] = -1), Damage::Frame { frame: -1 }));
    assert!(matches!(damage(|rows| rows.frame[3] = 0), Damage::Frame { frame: 0 }));
    assert!(matches!(damage(|rows| rows.pts[1] = 9), Damage::Frame { frame: 0 }));
    assert!(matches!(damage(|rows| rows.time_s[1] = -0.0), Damage::Frame { frame: 0 }));
    let nobody_again = |rows: &mut Rows| {
        (rows.frame[3], rows.pts[3], rows.time_s[3]) = (rows.frame[2], rows.pts[2], rows.time_s[2]);
    };
    assert!(matches!(damage(nobody_again), Damage::Frame { frame: 1 }));
    assert!(matches!(damage(|rows| rows.origin[0] = "guessed".into()), Damage::Origin { found } if found == "guessed"));
    assert!(matches!(damage(|rows| rows.origin[0] = "none".into()), Damage::Origin { .. }));
    assert!(matches!(damage(|rows| rows.origin[2] = "detected".into()), Damage::Column { column: "person" }));
    assert!(matches!(damage(|rows| rows.primary[2] = true), Damage::Column { column: "person" }));
    let tracked_nobody = |rows: &mut Rows| {
        rows.tracked[2] = 1;
        rows.track.push(7);
    };
    assert!(matches!(damage(tracked_nobody), Damage::Column { column: "person" }));
}

#[test]
fn another_number_of_frames_than_stated_is_refused() {
    let error = forge(&rows(&some_frames()), 5, None).unwrap_err();
    let LabelsError::Damaged { damage: Damage::FrameCount { expected: 5, found: 4 }, .. } = error else {
        panic!("{error:?}");
    };
}

#[test]
fn a_provenance_that_is_not_understood_is_refused() {
    for json in ["", "{}", "\u{0}"] {
        let error = forge(&rows(&some_frames()), 4, Some(json)).unwrap_err();
        assert!(matches!(error, LabelsError::Damaged { damage: Damage::Provenance(_), .. }), "{error}");
    }
}

#[test]
fn a_seal_in_the_provenance_does_not_hide_the_real_one() {
    let (_folder, path) = scratch();
    let mut provenance = provenance();
    provenance.input.name = format!("{}\u{18}\u{40}{}", seal::KEY, "0".repeat(64));
    LabelWriter::create(&path, &provenance).unwrap().finish(Ending::default()).unwrap();
    assert_eq!(read_all(&path).unwrap().0, provenance);
}

#[test]
fn a_finished_file_replaces_the_one_before() {
    let (_folder, path) = scratch();
    write_all(&path, &some_frames());
    let mut other = some_frames();
    other[0].people = vec![person(4)];
    write_all(&path, &other);
    assert_eq!(read_all(&path).unwrap().1, other);
}

proptest! {
    // Each case waits for the disk.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn writing_and_reading_is_the_identity(frames in any_frames()) {
        let (_folder, path) = scratch();
        write_all(&path, &frames);
        prop_assert_eq!(bits(&read_all(&path).unwrap().1), bits(&frames));
    }

    #[test]
    fn equal_labels_make_equal_bytes(frames in any_frames()) {
        let ((_one, first), (_two, second)) = (scratch(), scratch());
        write_all(&first, &frames);
        write_all(&second, &frames);
        prop_assert!(fs::read(first).unwrap() == fs::read(second).unwrap());
    }

    #[test]
    fn random_bytes_are_never_labels(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (_folder, path) = scratch();
        fs::write(&path, [b"PAR1", bytes.as_slice(), b"PAR1"].concat()).unwrap();
        prop_assert!(read(&path).is_err());
    }
}
