//! Conversion from end to end, over the checkpoints in `tests/fixtures/checkpoints`: every number arrives, and what must
//! be refused is, with nothing written. `tools/fixtures/checkpoints.py` made the files in `dialects`.

use super::*;
use crate::{Placement, VitPose, VitPoseConfig};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor};
use proptest::prelude::*;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/checkpoints");

fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name)
}

/// Everything stated that a checkpoint may be silent about.
fn stated() -> Hints {
    Hints {
        exp_on_reg: Some(true),
        score_thr: Some(0.05),
        nms_pre: Some(1000),
        iou_threshold: Some(0.6),
        max_per_img: Some(100),
        share_conv: None,
        num_heads: Some(2),
    }
}

fn request(hints: Hints) -> Request {
    Request { hints, program: "swingpose test".to_owned(), ..Request::default() }
}

struct Converted {
    file: WeightsFile,
    report: Report,
    _folder: tempfile::TempDir,
}

fn convert(checkpoint: &Path, request: Request) -> Result<Converted, CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("weights.safetensors");
    let report = Conversion::new(checkpoint, request)?.write(&out, false)?;
    Ok(Converted { file: WeightsFile::open(&out)?, report, _folder: folder })
}

/// The error that converting `bytes` ends in. Nothing may have been written.
fn refusal(bytes: &[u8]) -> Option<CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let (checkpoint, out) = (folder.path().join("x.pth"), folder.path().join("out.safetensors"));
    fs::write(&checkpoint, bytes).unwrap();
    let refusal = Conversion::new(&checkpoint, request(stated())).and_then(|it| it.write(&out, false)).err();
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, if refusal.is_some() { 1 } else { 2 }, "{refusal:?}");
    refusal
}

/// The numbers that `tools/fixtures/checkpoints.py` gives the tensor `name`.
fn formula(name: &str, count: usize) -> Vec<f32> {
    let seed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let (scale, offset) = if name.ends_with("running_var") { (0.25, 1.0) } else { (0.5, 0.0) };
    let number = |index: u64| {
        let mut x = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        (((x >> 40) as f32) * 2.0_f32.powi(-24) * 2.0 - 1.0) * scale + offset
    };
    (1..=count as u64).map(number).collect()
}

/// Asserts that every tensor of `file` is `expected(name)`, and there are as many as the report says.
fn assert_numbers(converted: &Converted, expected: impl Fn(&str, usize) -> Vec<f32>) {
    let file = &converted.file;
    assert_eq!(file.names().len(), converted.report.used);
    for name in file.names() {
        let shape = file.shape(name).unwrap();
        let found = file.to_vec(name, shape).unwrap();
        assert_eq!(found, expected(name, found.len()), "{name}");
    }
}

fn rounded(precision: Precision) -> impl Fn(&str, usize) -> Vec<f32> {
    move |name, count| precision.widen(&precision.narrow(&formula(name, count)))
}

#[test]
fn every_tensor_of_the_nano_checkpoints_arrives_bit_for_bit() {
    for (name, architecture, tensors) in [("rtmdet_nano1.pth", "rtmdet", 476), ("vitpose_nano.pth", "vitpose", 43)] {
        let converted = convert(&fixture(name), request(Hints::default())).unwrap();
        let original = Checkpoint::open(&fixture(name), StateDict::Model).unwrap();
        let source: &dyn TensorSource = &original;
        assert_eq!(converted.file.family(), architecture);
        assert_numbers(&converted, |name, _| source.to_vec(name, source.shape(name).unwrap()).unwrap());
        let ignored: usize = converted.report.ignored.values().map(Vec::len).sum();
        assert_eq!(converted.report.used + ignored, tensors, "{name}");
        assert_eq!(converted.file.verify().unwrap(), converted.report.parameters);
    }
}

#[test]
fn shared_head_convolutions_are_stored_once_whether_aliased_or_copied() {
    for (name, hints) in [("rtmdet_nano1.pth", Hints::default()), ("dialects/rtmdet_copies_bf16.pth", stated())] {
        let converted = convert(&fixture(name), request(hints)).unwrap();
        let shared = &converted.report.ignored["equal to the first level's, stored once"];
        assert_eq!(shared.len(), 8, "{name}");
        assert!(converted.file.shape("bbox_head.reg_convs.2.1.conv.weight").is_none());
        assert!(converted.file.shape("bbox_head.reg_convs.0.1.conv.weight").is_some());
    }
}

#[test]
fn zip_with_objects_of_mmengine_and_numpy_converts_exactly() {
    let converted = convert(&fixture("dialects/mmpose_f32.pth"), request(Hints::default())).unwrap();
    assert_numbers(&converted, formula);
    let opaque = &converted.report.opaque;
    assert!(opaque.contains_key("mmengine.logging.history_buffer.HistoryBuffer"), "{opaque:?}");
    assert!(opaque.contains_key("numpy.core.multiarray.scalar"), "{opaque:?}");
}

#[test]
fn legacy_containers_bare_state_dicts_and_half_precision_convert_exactly() {
    for (name, precision) in [
        ("legacy_f16", Precision::F16),
        ("stem_of_21_characters", Precision::F16),
        ("rtmdet_copies_bf16", Precision::Bf16),
    ] {
        let converted = convert(&fixture(&format!("dialects/{name}.pth")), request(stated())).unwrap();
        assert_eq!(converted.report.precisions.keys().collect::<Vec<_>>(), [&precision], "{name}");
        assert_numbers(&converted, rounded(precision));
    }
}

/// `pos_embed` of 193 positions, as the fixtures store it.
fn positions_with_class_token(width: usize) -> (Vec<f32>, Vec<f32>) {
    let mut stored = formula("backbone.pos_embed", 193 * width);
    let patches = stored.split_off(width);
    (stored, patches)
}

#[test]
fn under_mmposes_names_the_class_tokens_position_is_dropped() {
    let converted = convert(&fixture("dialects/class_token_bf16.pth"), request(Hints::default())).unwrap();
    let exact = rounded(Precision::Bf16);
    assert_numbers(&converted, |name, count| match name {
        "backbone.pos_embed" => {
            let (_, patches) = positions_with_class_token(8);
            Precision::Bf16.widen(&Precision::Bf16.narrow(&patches))
        }
        _ => exact(name, count),
    });
}

#[test]
fn under_the_vitpose_repositorys_names_the_class_tokens_position_is_added_to_every_patch() {
    let converted = convert(&fixture("dialects/vitpose_repository_f32.pth"), request(Hints::default())).unwrap();
    assert_eq!(converted.report.dialect, Dialect::VitPoseRepository);
    assert_numbers(&converted, |name, count| match name {
        "backbone.pos_embed" => {
            let (class_token, patches) = positions_with_class_token(8);
            patches.iter().enumerate().map(|(index, patch)| patch + class_token[index % 8]).collect()
        }
        _ => formula(name, count),
    });
}

#[test]
fn the_other_weights_are_taken_on_request_alone() {
    let path = fixture("dialects/ema_f16.pth");
    assert_numbers(&convert(&path, request(Hints::default())).unwrap(), rounded(Precision::F16));
    let averaged = Request { state_dict: StateDict::Ema, ..request(Hints::default()) };
    let exact = rounded(Precision::F16);
    let twice = |name: &str, count| exact(name, count).iter().map(|value| value * 2.0).collect();
    assert_numbers(&convert(&path, averaged.clone()).unwrap(), twice);
    let without = convert(&fixture("vitpose_nano.pth"), averaged).err();
    assert!(matches!(without, Some(CheckpointError::NoEma { .. })), "{without:?}");
}

#[test]
fn numbers_are_rounded_to_the_precision_asked_for() {
    for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
        let asked = Request { precision: Some(precision), ..request(Hints::default()) };
        let converted = convert(&fixture("dialects/mmpose_f32.pth"), asked).unwrap();
        assert_numbers(&converted, rounded(precision));
    }
}

#[test]
fn what_shapes_cannot_tell_is_asked_for_never_guessed() {
    let refusal = |hints| convert(&fixture("dialects/rtmdet_copies_bf16.pth"), request(hints)).err();
    let silent = refusal(Hints::default());
    assert!(matches!(silent, Some(CheckpointError::Undetermined { .. })), "{silent:?}");
    for silent_about in [
        Hints { exp_on_reg: None, ..stated() },
        Hints { score_thr: None, ..stated() },
        Hints { nms_pre: None, ..stated() },
        Hints { iou_threshold: None, ..stated() },
        Hints { max_per_img: None, ..stated() },
    ] {
        let silent = refusal(silent_about);
        assert!(matches!(silent, Some(CheckpointError::Undetermined { .. })), "{silent:?}");
    }
    let heads = convert(&fixture("dialects/legacy_f16.pth"), request(Hints::default())).err();
    assert!(matches!(heads, Some(CheckpointError::Undetermined { flag: "--num-heads", .. })), "{heads:?}");
}

#[test]
fn what_the_person_states_wins_over_the_config_text() {
    let hints = Hints { score_thr: Some(0.25), ..Hints::default() };
    let stated = convert(&fixture("rtmdet_nano1.pth"), request(hints)).unwrap();
    assert!(stated.report.config.contains("0.25"), "{}", stated.report.config);
    let silent = convert(&fixture("rtmdet_nano1.pth"), request(Hints::default())).unwrap();
    assert!(!silent.report.config.contains("0.25"), "{}", silent.report.config);
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes_and_metadata_tells_the_origin() {
    let [first, second] = [(); 2].map(|()| convert(&fixture("vitpose_nano.pth"), request(Hints::default())).unwrap());
    assert_eq!(fs::read(first.file.path()).unwrap(), fs::read(second.file.path()).unwrap());
    assert_eq!(first.file.source_name(), "vitpose_nano.pth");
    assert_eq!(first.file.program(), "swingpose test");
    assert_eq!(first.file.source_sha256(), first.report.source_sha256);
    assert_eq!(first.file.content_sha256(), first.report.content_sha256);
}

#[test]
fn a_weights_file_that_is_there_is_replaced_only_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("weights.safetensors");
    fs::write(&out, "mine").unwrap();
    let conversion = Conversion::new(&fixture("vitpose_nano.pth"), request(Hints::default())).unwrap();
    assert!(matches!(conversion.write(&out, false), Err(CheckpointError::Exists { .. })));
    assert_eq!(fs::read(&out).unwrap(), b"mine");
    conversion.write(&out, true).unwrap();
    assert!(WeightsFile::open(&out).is_ok());
}

#[test]
fn each_hostile_checkpoint_is_refused_by_name_and_nothing_is_written() {
    let unexecuted = Path::new("swingpose-executed-a-pickle");
    type Expected = fn(&CheckpointError) -> bool;
    let table: [(&str, Expected); 9] = [
        ("resnet", |error| matches!(error, CheckpointError::Unrecognised { .. })),
        ("nan", |error| matches!(error, CheckpointError::NotFinite { key } if key == "backbone.ln1.bias")),
        (
            "system_in_meta",
            |error| matches!(error, CheckpointError::Malicious { callable, .. } if callable == "posix.system"),
        ),
        (
            "system_as_state",
            |error| matches!(error, CheckpointError::Malicious { callable, .. } if callable == "posix.system"),
        ),
        (
            "eval_protocol_4",
            |error| matches!(error, CheckpointError::Malicious { callable, .. } if callable == "builtins.eval"),
        ),
        ("repeated_zero", |error| matches!(error, CheckpointError::Inflated { .. })),
        ("nested", |error| matches!(error, CheckpointError::Unreadable { .. })),
        ("memo", |error| matches!(error, CheckpointError::Unreadable { .. })),
        ("no_tensors", |error| matches!(error, CheckpointError::Unrecognised { .. })),
    ];
    for (name, expected) in table {
        let bytes = fs::read(fixture(&format!("dialects/refused_{name}.pth"))).unwrap();
        let refusal = refusal(&bytes).unwrap();
        assert!(expected(&refusal), "{name}: {refusal:?}");
    }
    assert!(!unexecuted.exists());
}

#[test]
fn a_checkpoint_cut_anywhere_is_refused() {
    for name in ["dialects/mmpose_f32.pth", "dialects/legacy_f16.pth"] {
        let whole = fs::read(fixture(name)).unwrap();
        for sixteenth in 0..16 {
            let refusal = refusal(&whole[..whole.len() * sixteenth / 16]);
            let named =
                matches!(refusal, Some(CheckpointError::Unreadable { .. } | CheckpointError::UnreadableTensor { .. }));
            assert!(named, "{name} cut at {sixteenth}/16: {refusal:?}");
        }
    }
}

#[test]
fn files_of_other_kinds_are_refused() {
    let noise: Vec<u8> = formula("noise", 5000).iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
    for bytes in [&[][..], &[0; 4096], &noise, b"PK\x03\x04", b"\x80\x02}q\x00.", b"{\"a\": 1}"] {
        assert!(refusal(bytes).is_some());
    }
    let absent = Conversion::new(Path::new("no-such.pth"), Request::default()).err();
    assert!(matches!(absent, Some(CheckpointError::Io { .. })), "{absent:?}");
}

#[test]
fn a_weights_file_cut_or_changed_is_found_out() {
    let converted = convert(&fixture("vitpose_nano.pth"), request(Hints::default())).unwrap();
    let whole = fs::read(converted.file.path()).unwrap();
    let path = converted.file.path().with_file_name("damaged.safetensors");
    for length in (0..whole.len()).step_by(whole.len() / 16).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        let refusal = WeightsFile::open(&path).err();
        let named = matches!(refusal, Some(CheckpointError::Damaged { .. } | CheckpointError::Io { .. }));
        assert!(named, "cut at {length}: {refusal:?}");
    }
    let mut changed = whole.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    fs::write(&path, &changed).unwrap();
    let refusal = WeightsFile::open(&path).unwrap().verify().err();
    assert!(matches!(refusal, Some(CheckpointError::Changed { .. })), "{refusal:?}");
}

#[test]
fn a_safetensors_file_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    let header = b"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header, &[7]].concat();
    fs::write(&path, bytes).unwrap();
    let refusal = WeightsFile::open(&path).err();
    assert!(matches!(refusal, Some(CheckpointError::Foreign { key: "format", .. })), "{refusal:?}");
}

#[test]
fn a_tensor_of_another_name_shape_or_network_is_refused_with_both_shapes() {
    let converted = convert(&fixture("vitpose_nano.pth"), request(Hints::default())).unwrap();
    let missing = converted.file.values("backbone.nothing", &[1]).err();
    assert!(matches!(missing, Some(CheckpointError::Missing { .. })), "{missing:?}");
    let shape = converted.file.values("backbone.ln1.weight", &[49]).unwrap_err();
    assert_eq!(shape.to_string(), "backbone.ln1.weight: expected [49], found [48]");
    let family = converted.file.config::<crate::RtmDetConfig>().unwrap_err();
    assert!(matches!(family, CheckpointError::WrongFamily { expected: "rtmdet", .. }), "{family:?}");
}

/// A weights file in each precision.
fn one_of_each_precision() -> [(Converted, FloatDType); 3] {
    [("mmpose_f32", FloatDType::F32), ("legacy_f16", FloatDType::F16), ("rtmdet_copies_bf16", FloatDType::BF16)].map(
        |(name, numbers)| (convert(&fixture(&format!("dialects/{name}.pth")), request(stated())).unwrap(), numbers),
    )
}

#[test]
fn tensors_borrow_the_map_and_unaligned_ones_are_copied() {
    for (Converted { file, _folder, .. }, numbers) in one_of_each_precision() {
        let name = file.names()[0];
        let shape = file.shape(name).unwrap();
        let shift = |file: &WeightsFile| {
            let data = file.values_for(name, shape, numbers).unwrap();
            let again = file.values_for(name, shape, numbers).unwrap();
            let borrowed = data.as_bytes().as_ptr() == again.as_bytes().as_ptr();
            (data.convert_dtype(numbers.into()), borrowed)
        };
        let (values, borrowed) = shift(&file);
        assert!(borrowed);
        // One space more in the header moves every tensor off its alignment.
        let map = fs::read(file.path()).unwrap();
        let length = u64::from_le_bytes(map[..8].try_into().unwrap()) as usize;
        let moved = [&(length as u64 + 1).to_le_bytes()[..], &map[8..8 + length], b" ", &map[8 + length..]].concat();
        let path = file.path().with_file_name("moved.safetensors");
        fs::write(&path, moved).unwrap();
        let (copied, borrowed) = shift(&WeightsFile::open(&path).unwrap());
        assert!(!borrowed);
        assert_eq!(copied, values);
    }
}

#[test]
fn numbers_wanted_as_they_are_stored_are_the_maps_and_the_same_as_by_way_of_f32() {
    for (Converted { file, .. }, stored) in one_of_each_precision() {
        for name in file.names() {
            let shape = file.shape(name).unwrap();
            for numbers in [FloatDType::F32, FloatDType::F16, FloatDType::BF16] {
                let data = file.values_for(name, shape, numbers).unwrap();
                let again = file.values_for(name, shape, numbers).unwrap();
                let borrowed = data.as_bytes().as_ptr() == again.as_bytes().as_ptr();
                assert_eq!(borrowed, stored == numbers, "{name}");
                let dtype: DType = numbers.into();
                assert_eq!(data.dtype(), if borrowed { dtype } else { DType::F32 }, "{name}");
                let converted = file.values(name, shape).unwrap().convert_dtype(dtype);
                assert_eq!(data.convert_dtype(dtype), converted, "{name} in {numbers:?}");
            }
        }
    }
}

/// A weights file that tells which tensors came by way of f32: all of them, where `as_stored` is not set.
struct Watched<'a> {
    file: &'a WeightsFile,
    as_stored: bool,
    by_f32: RefCell<Vec<String>>,
}

impl TensorSource for Watched<'_> {
    fn names(&self) -> Vec<&str> {
        self.file.names()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.file.shape(name)
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
        self.by_f32.borrow_mut().push(name.to_owned());
        self.file.values(name, expected)
    }

    fn values_for(&self, name: &str, expected: &[usize], numbers: FloatDType) -> Result<TensorData, CheckpointError> {
        if self.as_stored { self.file.values_for(name, expected, numbers) } else { self.values(name, expected) }
    }
}

/// The parameters of a network, one after the other.
#[derive(Default)]
struct Parameters(Vec<TensorData>);

impl ModuleVisitor for Parameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().into_data());
    }
}

#[test]
fn a_network_holds_the_same_numbers_whether_they_came_as_stored_or_by_way_of_f32() {
    let [f32_file, f16_file, _] = one_of_each_precision();
    for (Converted { file, .. }, _) in [f32_file, f16_file] {
        for numbers in [FloatDType::F32, FloatDType::F16, FloatDType::BF16] {
            let load = |as_stored| {
                let source = Watched { file: &file, as_stored, by_f32: RefCell::default() };
                let place = Placement { device: Device::flex(), numbers };
                let network = VitPose::load(&source, &file.config::<VitPoseConfig>().unwrap(), place).unwrap();
                let mut parameters = Parameters::default();
                network.visit(&mut parameters);
                let layers = source.by_f32.into_inner().iter().filter(|name| name.contains(".layers.")).count();
                (parameters.0, layers)
            };
            let ((as_stored, none), (by_f32, layers)) = (load(true), load(false));
            assert!(layers > 0);
            assert_eq!(none, 0, "a layer's tensors are loaded as they are");
            assert_eq!(as_stored.len(), by_f32.len());
            assert!(as_stored == by_f32, "in {numbers:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The whole importer over damaged files: it must answer, whatever the damage.
    #[test]
    fn a_damaged_checkpoint_never_panics(at in 0..27_676_usize, bits in 1..=255_u8, legacy: bool) {
        let name = if legacy { "dialects/legacy_f16.pth" } else { "dialects/stem_of_21_characters.pth" };
        let mut bytes = fs::read(fixture(name)).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= bits;
        refusal(&bytes);
    }

    /// Damage in the pickle alone, where every byte is an instruction.
    #[test]
    fn a_damaged_pickle_never_panics(damage in prop::collection::vec((0..4000_usize, any::<u8>()), 1..8)) {
        let mut bytes = fs::read(fixture("dialects/legacy_f16.pth")).unwrap();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        refusal(&bytes);
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), magic in 0..3_usize) {
        let start: [&[u8]; 3] = [b"", b"\x80\x02", b"PK\x03\x04"];
        prop_assert!(refusal(&[start[magic], &bytes].concat()).is_some());
    }
}
