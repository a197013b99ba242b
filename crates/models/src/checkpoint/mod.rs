//! Checkpoints: where trained weights come from and how they reach a model.
//!
//! The authors' `.pth` files are read once by [`Checkpoint`] and written by [`Conversion`] as safetensors under their own
//! names and shapes; [`WeightsFile`] maps such a file into memory and hands its tensors to `rtmdet` and `vitpose`. Both
//! readers are a [`TensorSource`], which is all a model sees.

mod architecture;
mod config_text;
mod convert;
mod dialect;
mod error;
mod made_up;
mod network;
mod openmmlab;
mod report;
mod safetensors;
mod weights_file;

pub use architecture::{Architecture, Hints};
pub use config_text::hints_of;
pub use convert::{Conversion, Request};
pub use dialect::Dialect;
pub use error::CheckpointError;
pub use made_up::write_made_up;
pub use openmmlab::{Checkpoint, StateDict};
pub use report::Report;
pub use safetensors::Precision;
pub use weights_file::WeightsFile;

use burn::tensor::{FloatDType, TensorData};

/// Named tensors of one checkpoint, whatever file they come from. Names and shapes are PyTorch's.
pub trait TensorSource {
    /// Every name, sorted.
    fn names(&self) -> Vec<&str>;

    /// The shape stored under `name`.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// The values under `name` as f32 in row-major order; half precision is widened. Where the file allows it the data
    /// borrows the memory map, so that nothing is copied.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] without such a tensor, [`CheckpointError::Shape`] when its shape is not `expected`,
    /// [`CheckpointError::DType`] when it holds no floating-point numbers.
    fn values(&self, name: &str, expected: &[usize]) -> Result<TensorData, CheckpointError>;

    /// [`Self::values`] for a place that holds `numbers`: where the file stores just those they come as they are stored, in
    /// `numbers`, and otherwise as f32. Rounded to `numbers`, either is the same.
    ///
    /// # Errors
    /// Those of [`Self::values`].
    fn values_for(&self, name: &str, expected: &[usize], _numbers: FloatDType) -> Result<TensorData, CheckpointError> {
        self.values(name, expected)
    }

    /// [`Self::values`] copied into a vector, for the arithmetic done at load (folding a batch norm).
    ///
    /// # Errors
    /// Those of [`Self::values`].
    fn to_vec(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let refused = |refusal: burn::tensor::DataError| CheckpointError::DType {
            key: name.to_owned(),
            found: refusal.to_string(),
        };
        self.values(name, expected)?.try_into_vec::<f32>().map_err(refused)
    }
}

impl dyn TensorSource + '_ {
    /// The shape under `name`, when it has `D` dimensions.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] without such a tensor, [`CheckpointError::Rank`] when its rank is not `D`.
    pub fn dims<const D: usize>(&self, name: &str) -> Result<[usize; D], CheckpointError> {
        let shape = self.shape(name).ok_or_else(|| CheckpointError::Missing { key: name.to_owned() })?;
        <[usize; D]>::try_from(shape).map_err(|_other_rank| CheckpointError::Rank {
            key: name.to_owned(),
            expected: D,
            found: shape.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests;
