//! How much arithmetic an RTMDet is, read off the names and shapes of its tensors.

use super::config::{RtmDetConfig, STRIDES};
use crate::checkpoint::Architecture;

impl RtmDetConfig {
    /// Floating-point operations of the convolutions for one picture, two a multiplication and addition.
    #[must_use]
    pub fn flops(&self) -> u64 {
        let tensors = self.tensors();
        2 * tensors.iter().map(|(name, shape)| self.macs(name, shape)).sum::<u64>()
    }

    /// Multiplications that the tensor `name` takes part in.
    fn macs(&self, name: &str, shape: &[usize]) -> u64 {
        let Some(stride) = stride(name) else { return 0 };
        let per_pixel = match shape {
            // The head's stacked convolutions may be stored once for three maps; their normalisations are there for each.
            [channels] if name.ends_with("bn.weight") && is_stacked(name) => 9 * channels * channels,
            [_, _, _, _] if !is_stacked(name) => shape.iter().product(),
            _ => 0,
        };
        // The gate's layer sees the mean of the map.
        let side = if name.contains("attention.fc") { 1 } else { self.input_size / stride };
        (per_pixel * side * side) as u64
    }
}

fn is_stacked(name: &str) -> bool {
    name.contains(".cls_convs.") || name.contains(".reg_convs.")
}

/// Pixels of the picture from one pixel of the map that `name` makes to the next.
fn stride(name: &str) -> Option<usize> {
    let mut parts = name.split('.');
    let (part, place) = (parts.next()?, parts.next()?);
    let number = || parts.clone().next()?.parse::<usize>().ok();
    let level = |level: usize| STRIDES.get(level).copied();
    match (part, place) {
        ("backbone", "stem") => Some(2),
        ("backbone", stage) => Some(2 << stage.strip_prefix("stage")?.parse::<u32>().ok()?),
        ("neck", "reduce_layers") => level(2 - number()?),
        ("neck", "top_down_blocks") => level(1 - number()?),
        ("neck", "downsamples" | "bottom_up_blocks") => level(1 + number()?),
        ("neck" | "bbox_head", _) => level(number()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted with hooks on mmdet 3.3's own modules, 640x640.
    #[test]
    fn the_published_sizes_cost_what_mmdet_does() {
        for (name, coco, person) in [("rtmdet-m", 78.13, 77.88), ("rtmdet-tiny", 16.07, 15.94)] {
            let config = RtmDetConfig::named(name).unwrap();
            let giga = |config: &RtmDetConfig| config.flops() as f64 / 1e9;
            assert!((giga(&config) - coco).abs() < 0.01, "{name}: {}", giga(&config));
            let config = config.person();
            assert!((giga(&config) - person).abs() < 0.01, "{name}: {}", giga(&config));
        }
    }
}
