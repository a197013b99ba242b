//! What sizes a ViTPose has, under mmpretrain's and mmpose's names, and the published ones.

use serde::{Deserialize, Serialize};

/// `[rows, columns]` of the crop the network sees.
pub const INPUT: [usize; 2] = [256, 192];

/// `[rows, columns]` of patches, and so of the features.
pub const GRID: [usize; 2] = [16, 12];

/// `[rows, columns]` of a heatmap.
pub const HEATMAP: [usize; 2] = [64, 48];

/// The sizes of one ViTPose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitPoseConfig {
    /// Channels of a token.
    pub embed_dims: usize,
    /// Transformer layers.
    pub num_layers: usize,
    /// Attention heads in each layer; they divide the channels among them.
    pub num_heads: usize,
    /// Channels between the two linear layers of a feed-forward network.
    pub feedforward_channels: usize,
    /// How features become heatmaps.
    pub head: Head,
    /// Joints, and so heatmaps.
    pub num_keypoints: usize,
}

/// The two heads of the paper (section 3.1): both bring the features to four times their size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Head {
    /// Two transposed convolutions, then a 1x1 convolution.
    Classic {
        /// Channels after each transposed convolution.
        deconv_out_channels: [usize; 2],
    },
    /// ReLU, bilinear interpolation, then a 3x3 convolution.
    Simple,
}

/// One row of [`VARIANTS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    /// As in file names and on the command line.
    pub name: &'static str,
    /// See [`VitPoseConfig::embed_dims`].
    pub embed_dims: usize,
    /// See [`VitPoseConfig::num_layers`].
    pub num_layers: usize,
    /// See [`VitPoseConfig::num_heads`].
    pub num_heads: usize,
}

/// The published sizes (mmpose `td-hm_ViTPose-*_8xb64-210e_coco-256x192.py`), each with either head.
#[rustfmt::skip]
pub const VARIANTS: [Variant; 4] = [
    Variant { name: "vitpose-s", embed_dims:  384, num_layers: 12, num_heads: 12 },
    Variant { name: "vitpose-b", embed_dims:  768, num_layers: 12, num_heads: 12 },
    Variant { name: "vitpose-l", embed_dims: 1024, num_layers: 24, num_heads: 16 },
    Variant { name: "vitpose-h", embed_dims: 1280, num_layers: 32, num_heads: 16 },
];

impl From<Variant> for VitPoseConfig {
    /// The variant as published, with the classic head, for COCO's 17 joints.
    fn from(variant: Variant) -> Self {
        Self {
            embed_dims: variant.embed_dims,
            num_layers: variant.num_layers,
            num_heads: variant.num_heads,
            feedforward_channels: 4 * variant.embed_dims,
            head: Head::Classic { deconv_out_channels: [256, 256] },
            num_keypoints: 17,
        }
    }
}

impl VitPoseConfig {
    /// The published size of this name (`vitpose-h`), or its variant with the simple head (`vitpose-h-simple`).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (size, simple) = match name.strip_suffix("-simple") {
            Some(size) => (size, true),
            None => (name, false),
        };
        let variant = VARIANTS.into_iter().find(|variant| variant.name == size)?;
        let config = Self::from(variant);
        Some(if simple { Self { head: Head::Simple, ..config } } else { config })
    }

    /// Tokens of one crop.
    pub(crate) fn num_patches() -> usize {
        GRID[0] * GRID[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_survives_json() {
        for name in ["vitpose-s", "vitpose-h-simple"] {
            let config = VitPoseConfig::named(name).unwrap();
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<VitPoseConfig>(&text).unwrap(), config);
        }
    }

    #[test]
    fn only_published_sizes_have_names() {
        for name in ["vitpose", "vitpose-g", "vitpose-s-", "-simple"] {
            assert_eq!(VitPoseConfig::named(name), None, "{name}");
        }
    }
}
