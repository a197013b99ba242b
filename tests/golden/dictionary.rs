//! The dictionaries against the authors' own networks: the names and shapes in their state dicts are the ones we load, and
//! the configuration comes back from them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::{Device, TensorData};
use swingpose_models::checkpoint::{Architecture, Hints};
use swingpose_models::{CheckpointError, RtmDet, RtmDetConfig, TensorSource, VitPose, VitPoseConfig};
use swingpose_tests::weights::FormulaWeights;

use crate::network::{RTMDETS, VITPOSES, rtmdet, vitpose};

/// Weights that note what is asked of them, or that lie about one shape.
struct Watched {
    weights: FormulaWeights,
    asked: RefCell<BTreeMap<String, Vec<usize>>>,
    changed: Option<(&'static str, Option<Vec<usize>>)>,
}

impl Watched {
    fn new(name: &str) -> Self {
        Self { weights: FormulaWeights::of(name), asked: RefCell::default(), changed: None }
    }

    /// The same, with another shape for one tensor, or without it.
    fn with(self, name: &'static str, shape: Option<Vec<usize>>) -> Self {
        Self { changed: Some((name, shape)), ..self }
    }
}

impl TensorSource for Watched {
    fn names(&self) -> Vec<&str> {
        self.weights.names()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        match &self.changed {
            Some((changed, shape)) if *changed == name => shape.as_deref(),
            _ => self.weights.shape(name),
        }
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
        let asked_before = self.asked.borrow_mut().insert(name.to_owned(), expected.to_vec());
        assert!(asked_before.is_none() || name.ends_with(".conv.weight"), "{name} is read twice");
        self.weights.values(name, expected)
    }
}

fn rtmdet_hints(config: &RtmDetConfig) -> Hints {
    Hints { exp_on_reg: Some(config.exp_on_reg), share_conv: Some(true), ..Hints::default() }
}

fn sorted(tensors: Vec<(String, Vec<usize>)>) -> BTreeMap<String, Vec<usize>> {
    tensors.into_iter().collect()
}

#[test]
fn every_tensor_of_mmdets_networks_has_its_place() {
    for name in RTMDETS {
        assert_eq!(sorted(rtmdet(name).tensors()), FormulaWeights::of(name).kept(), "{name}");
    }
}

#[test]
fn every_tensor_of_mmposes_networks_has_its_place() {
    for name in VITPOSES {
        assert_eq!(sorted(vitpose(name).tensors()), FormulaWeights::of(name).kept(), "{name}");
    }
}

#[test]
fn the_networks_load_every_tensor_of_their_dictionaries() {
    for name in ["rtmdet_nano1", "rtmdet_nano3"] {
        let (weights, config) = (Watched::new(name), rtmdet(name));
        RtmDet::load(&weights, &config, &Device::flex()).unwrap();
        assert_eq!(weights.asked.into_inner(), sorted(config.tensors()), "{name}");
    }
    for name in ["vitpose_nano", "vitpose_nano_simple"] {
        let (weights, config) = (Watched::new(name), vitpose(name));
        VitPose::load(&weights, &config, &Device::flex()).unwrap();
        assert_eq!(weights.asked.into_inner(), sorted(config.tensors()), "{name}");
    }
}

#[test]
fn a_detectors_configuration_comes_back_from_its_tensors() {
    for name in RTMDETS {
        let config = rtmdet(name);
        let inferred = RtmDetConfig::infer(&FormulaWeights::of(name), &rtmdet_hints(&config)).unwrap();
        // How large a picture it saw is nowhere in its tensors: the published networks saw 640 pixels.
        assert_eq!(inferred, RtmDetConfig { input_size: 640, ..config }, "{name}");
    }
    let names = RTMDETS.map(|name| rtmdet(name).name());
    let nano = "rtmdet-deepen0.167-widen0.125";
    assert_eq!(names, [nano, nano, "rtmdet-tiny", "rtmdet-m", "rtmdet-m", "rtmdet-m"]);
}

#[test]
fn a_pose_estimators_configuration_comes_back_from_its_tensors() {
    for name in VITPOSES {
        let config = vitpose(name);
        let num_heads = name.starts_with("vitpose_nano").then_some(3);
        let hints = Hints { num_heads, ..Hints::default() };
        assert_eq!(VitPoseConfig::infer(&FormulaWeights::of(name), &hints).unwrap(), config, "{name}");
    }
    let names = VITPOSES.map(|name| vitpose(name).name());
    assert_eq!(names, ["vitpose-2x48", "vitpose-2x48-simple", "vitpose-s", "vitpose-b", "vitpose-l", "vitpose-h"]);
}

#[test]
fn what_shapes_do_not_tell_must_be_stated() {
    let silent = Hints::default();
    let error = RtmDetConfig::infer(&FormulaWeights::of("rtmdet_m_person"), &silent).unwrap_err();
    assert!(error.to_string().contains("--exp-on-reg"), "{error}");
    let error = VitPoseConfig::infer(&FormulaWeights::of("vitpose_nano"), &silent).unwrap_err();
    assert!(error.to_string().contains("--num-heads"), "{error}");
}

#[test]
fn heads_that_do_not_divide_the_channels_are_refused() {
    for num_heads in [0, 5, 96] {
        let config = VitPoseConfig { num_heads, ..vitpose("vitpose_nano") };
        let error = VitPose::load(&FormulaWeights::of("vitpose_nano"), &config, &Device::flex()).unwrap_err();
        assert!(matches!(error, CheckpointError::Invalid { field: "num_heads", .. }), "{num_heads}: {error}");
    }
}

#[test]
fn sizes_that_no_network_has_are_refused() {
    let nano = rtmdet("rtmdet_nano1");
    for config in [
        RtmDetConfig { deepen_factor: 1e300, ..nano.clone() },
        RtmDetConfig { deepen_factor: f64::NAN, ..nano.clone() },
        RtmDetConfig { widen_factor: -1.0, ..nano.clone() },
        RtmDetConfig { stacked_convs: usize::MAX, ..nano.clone() },
        RtmDetConfig { num_csp_blocks: usize::MAX, ..nano.clone() },
        RtmDetConfig { num_classes: 0, ..nano.clone() },
        RtmDetConfig { input_size: 100, ..nano },
    ] {
        let error = RtmDet::load(&FormulaWeights::of("rtmdet_nano1"), &config, &Device::flex()).unwrap_err();
        assert!(matches!(error, CheckpointError::Invalid { .. }), "{config:?}: {error}");
    }
}

#[test]
fn a_tensor_that_is_missing_or_misshapen_is_named() {
    let key = "neck.out_convs.1.conv.weight";
    let config = rtmdet("rtmdet_nano1");
    let load = |shape| RtmDet::load(&Watched::new("rtmdet_nano1").with(key, shape), &config, &Device::flex());
    assert_eq!(load(None).unwrap_err().to_string(), "neck.out_convs.1.conv.weight: not in the checkpoint");
    let error = load(Some(vec![32, 64, 1, 1])).unwrap_err();
    assert_eq!(error.to_string(), "neck.out_convs.1.conv.weight: expected [32, 64, 3, 3], found [32, 64, 1, 1]");
}
