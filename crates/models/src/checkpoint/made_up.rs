//! Weights of a network that nobody trained, for measuring how fast it is: speed does not depend on what the numbers are, as long as
//! they are numbers.
//!
//! In: a configuration. Out: a weights file like any other, whose metadata says that it is made up.

use super::safetensors::{Announced, FORMAT, Precision, Writer};
use super::{Architecture, CheckpointError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What the metadata names as the origin.
const ORIGIN: &str = "made up";

/// The logits' biases in a detector's last layer: class 0 is found everywhere, every other nowhere.
const FOUND: f32 = 1.0;
const NOT_FOUND: f32 = -8.0;

/// Writes the network that `config` describes to `out`. A tensor's numbers follow from its name; the variance of what goes through
/// the network stays about 1, so that half precision holds it.
///
/// # Errors
/// [`CheckpointError::Io`] when the disk refuses.
pub fn write_made_up<A: Architecture + Serialize>(
    config: &A,
    precision: Precision,
    program: &str,
    out: &Path,
) -> Result<(), CheckpointError> {
    let unserialisable = |source| CheckpointError::Config { path: out.to_owned(), source };
    let metadata = BTreeMap::from([
        ("format", FORMAT.to_owned()),
        ("family", A::FAMILY.to_owned()),
        ("architecture", config.name()),
        ("config", serde_json::to_string(config).map_err(unserialisable)?),
        ("source_name", ORIGIN.to_owned()),
        ("source_sha256", ORIGIN.to_owned()),
        ("program", program.to_owned()),
    ]);
    let announce = |(name, shape): (String, Vec<usize>)| Announced { name, precision, shape };
    let tensors: Vec<Announced> = config.tensors().into_iter().map(announce).collect();
    let mut writer = Writer::create(out, &metadata, &tensors)?;
    for tensor in &tensors {
        writer.write(&precision.narrow(&numbers(&tensor.name, &tensor.shape)))?;
    }
    writer.finish().map(drop)
}

/// The numbers of the tensor `name`.
fn numbers(name: &str, shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    match shape {
        [_] if name.starts_with("bbox_head.rtm_cls") => {
            std::iter::once(FOUND).chain(std::iter::repeat(NOT_FOUND)).take(count).collect()
        }
        [_] => {
            let is_factor = name.ends_with("weight") || name.ends_with("running_var");
            vec![if is_factor { 1.0 } else { 0.0 }; count]
        }
        [outputs, ..] => {
            // Uniform in [-1, 1), times the root of three over the inputs: a variance of one over the inputs.
            let scale = (3.0 * *outputs as f32 / count as f32).sqrt();
            unit(name).take(count).map(|number| number * scale).collect()
        }
        [] => vec![0.0; count],
    }
}

/// Numbers in [-1, 1): SplitMix64 (Steele et al. 2014) from the FNV-1a hash of `name`.
fn unit(name: &str) -> impl Iterator<Item = f32> {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let mut state = name.bytes().fold(0xCBF2_9CE4_8422_2325, hash);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 40) as f32 * 2f32.powi(-23) - 1.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::WeightsFile;
    use crate::rtmdet::RtmDetConfig;

    #[test]
    fn a_made_up_network_is_a_whole_one_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("rtmdet-tiny.safetensors");
        let config = RtmDetConfig::named("rtmdet-tiny").unwrap().person();
        write_made_up(&config, Precision::F16, "a test", &out).unwrap();
        let file = WeightsFile::open(&out).unwrap();
        assert_eq!((file.architecture(), file.source_name()), ("rtmdet-tiny", ORIGIN));
        assert_eq!(file.config::<RtmDetConfig>().unwrap(), config);
        assert!(file.verify().unwrap() > 4_000_000);
    }

    #[test]
    fn numbers_have_the_variance_that_keeps_activations_where_they_are() {
        let numbers = numbers("x.weight", &[64, 100]);
        let variance = numbers.iter().map(|number| number * number).sum::<f32>() / 6400.0;
        assert!((variance * 100.0 - 1.0).abs() < 0.05, "{variance}");
    }
}
