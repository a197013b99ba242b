//! The names a checkpoint's authors use, translated to the ones the networks load: [`Translated`].
//!
//! mmdet 3.x and mmpose 1.x names pass as they are. The ViTPose authors' repository (mmpose 0.x) names the same tensors
//! differently, and keeps a position for a class token that the network does not have:
//!
//! * the authors add it to every patch (`ViT.forward_features`: `x + pos_embed[:, 1:] + pos_embed[:, :1]`), so under
//!   their names `pos_embed` becomes that sum, which is the same function;
//! * mmpretrain drops it (`VisionTransformer._prepare_pos_embed`), so under mmpose's names the first token is dropped.

use super::openmmlab::Checkpoint;
use super::safetensors::Precision;
use super::{CheckpointError, TensorSource};
use burn::tensor::TensorData;
use std::fmt;

/// ViTPose's positions, and how many there are with a class token's: 16 x 12 patches and one.
const POSITIONS: &str = "backbone.pos_embed";
const POSITIONS_WITH_CLASS_TOKEN: usize = 16 * 12 + 1;

/// A part of a name in the ViTPose repository, and mmpose's for the same.
const VITPOSE_NAMES: [(&str, &str); 8] = [
    ("keypoint_head.", "head."),
    (".patch_embed.proj.", ".patch_embed.projection."),
    (".blocks.", ".layers."),
    (".norm1.", ".ln1."),
    (".norm2.", ".ln2."),
    (".mlp.fc1.", ".ffn.layers.0.0."),
    (".mlp.fc2.", ".ffn.layers.1."),
    (".last_norm.", ".ln1."),
];

/// Whose names a checkpoint uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// mmdet 3.x and mmpose 1.x.
    OpenMmLab,
    /// The ViTPose authors' repository.
    VitPoseRepository,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenMmLab => "OpenMMLab names",
            Self::VitPoseRepository => "the ViTPose repository's names",
        })
    }
}

/// A checkpoint under the names, and in the shapes, that the networks load.
#[derive(Debug)]
pub(super) struct Translated {
    checkpoint: Checkpoint,
    dialect: Dialect,
    /// The shape of `pos_embed` without its class token, when it has one.
    positions: Option<[usize; 3]>,
}

impl Translated {
    pub(super) fn new(mut checkpoint: Checkpoint) -> Result<Self, CheckpointError> {
        let foreign = |name: &&str| name.starts_with("backbone.blocks.");
        let dialect = match checkpoint.names().iter().any(foreign) {
            true => Dialect::VitPoseRepository,
            false => Dialect::OpenMmLab,
        };
        if dialect == Dialect::VitPoseRepository {
            checkpoint.rename(mmpose_name)?;
        }
        let positions = match checkpoint.shape(POSITIONS) {
            Some(&[one, POSITIONS_WITH_CLASS_TOKEN, width]) => Some([one, POSITIONS_WITH_CLASS_TOKEN - 1, width]),
            _ => None,
        };
        Ok(Self { checkpoint, dialect, positions })
    }

    pub(super) const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What was done to the positions, in words for the report.
    pub(super) fn positions_note(&self) -> Option<&'static str> {
        self.positions.map(|_shape| match self.dialect {
            Dialect::OpenMmLab => "pos_embed: its class token was dropped, as mmpretrain does",
            Dialect::VitPoseRepository => "pos_embed: its class token was added to every patch, as ViTPose does",
        })
    }

    /// The element type that `name` is kept in. A sum of two halves is kept in f32.
    pub(super) fn precision(&self, name: &str) -> Result<Precision, CheckpointError> {
        match self.is_translated(name) {
            true => Ok(Precision::F32),
            false => self.checkpoint.precision(name),
        }
    }

    fn is_translated(&self, name: &str) -> bool {
        name == POSITIONS && self.positions.is_some()
    }

    /// `pos_embed` without a class token.
    fn patch_positions(&self, [one, tokens, width]: [usize; 3]) -> Result<Vec<f32>, CheckpointError> {
        let stored = self.checkpoint.to_vec(POSITIONS, &[one, tokens + 1, width])?;
        let (class_token, patches) = stored.split_at(width.min(stored.len()));
        Ok(match self.dialect {
            Dialect::OpenMmLab => patches.to_vec(),
            Dialect::VitPoseRepository => patches.iter().zip(class_token.iter().cycle()).map(|(a, b)| a + b).collect(),
        })
    }
}

impl TensorSource for Translated {
    fn names(&self) -> Vec<&str> {
        self.checkpoint.names()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        match &self.positions {
            Some(shape) if name == POSITIONS => Some(shape),
            _ => self.checkpoint.shape(name),
        }
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError> {
        match self.positions {
            Some(shape) if name == POSITIONS && expected == shape => {
                Ok(TensorData::new(self.patch_positions(shape)?, expected))
            }
            Some(shape) if name == POSITIONS => {
                let (expected, found) = (expected.to_vec(), shape.to_vec());
                Err(CheckpointError::Shape { key: name.to_owned(), expected, found })
            }
            _ => self.checkpoint.values(name, expected),
        }
    }
}

fn mmpose_name(name: &str) -> String {
    VITPOSE_NAMES.iter().fold(name.to_owned(), |name, (theirs, ours)| name.replace(theirs, ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_vitpose_repository_has_mmposes() {
        for (theirs, ours) in [
            ("backbone.patch_embed.proj.weight", "backbone.patch_embed.projection.weight"),
            ("backbone.blocks.11.norm1.bias", "backbone.layers.11.ln1.bias"),
            ("backbone.blocks.0.attn.qkv.weight", "backbone.layers.0.attn.qkv.weight"),
            ("backbone.blocks.0.attn.proj.weight", "backbone.layers.0.attn.proj.weight"),
            ("backbone.blocks.3.norm2.weight", "backbone.layers.3.ln2.weight"),
            ("backbone.blocks.3.mlp.fc1.weight", "backbone.layers.3.ffn.layers.0.0.weight"),
            ("backbone.blocks.3.mlp.fc2.bias", "backbone.layers.3.ffn.layers.1.bias"),
            ("backbone.last_norm.weight", "backbone.ln1.weight"),
            ("keypoint_head.deconv_layers.4.running_var", "head.deconv_layers.4.running_var"),
            ("keypoint_head.final_layer.bias", "head.final_layer.bias"),
        ] {
            assert_eq!(mmpose_name(theirs), ours);
        }
    }
}
