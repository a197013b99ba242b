//! A place in a checkpoint while a network loads: `backbone.stage1.0`, and from there the tensors below it.
//! In: a [`TensorSource`]. Out: parameters on a device, in the layouts the kernels want.

use std::fmt::Display;

use burn::module::{Param, ParamId};
use burn::tensor::{Device, FloatDType, Tensor, TensorData};

use crate::Placement;
use crate::checkpoint::{CheckpointError, TensorSource};

/// Added to the running variance before its root, as the published configs' `norm_cfg` has it.
const BATCH_NORM_EPS: f64 = 1e-5;

/// A path into a checkpoint, and where what lies there is loaded to.
pub(crate) struct Scope<'a> {
    source: &'a dyn TensorSource,
    device: &'a Device,
    numbers: FloatDType,
    path: String,
}

impl<'a> Scope<'a> {
    /// The top of a checkpoint that was found to hold `tensors`, under these names and shapes.
    pub(crate) fn verified(
        source: &'a dyn TensorSource,
        tensors: &[(String, Vec<usize>)],
        place: &'a Placement,
    ) -> Result<Self, CheckpointError> {
        for (key, expected) in tensors {
            let found = source.shape(key).ok_or_else(|| CheckpointError::Missing { key: key.clone() })?;
            if found != expected {
                return Err(CheckpointError::Shape {
                    key: key.clone(),
                    expected: expected.clone(),
                    found: found.to_vec(),
                });
            }
        }
        Ok(Self { source, device: &place.device, numbers: place.numbers, path: String::new() })
    }

    /// The place `name` below this one.
    pub(crate) fn at(&self, name: impl Display) -> Self {
        Self { path: self.key(name), ..*self }
    }

    /// The same place, to be loaded in single precision wherever the rest is not.
    pub(crate) fn in_f32(&self) -> Self {
        Self { numbers: FloatDType::F32, path: self.path.clone(), ..*self }
    }

    /// Whether matrices are loaded in half precision or bfloat16.
    pub(crate) const fn is_half(&self) -> bool {
        !matches!(self.numbers, FloatDType::F32)
    }

    /// The `count` numbered places below `name`, each loaded by `load`.
    pub(crate) fn each<M>(
        &self,
        name: &str,
        count: usize,
        load: impl Fn(&Self) -> Result<M, CheckpointError>,
    ) -> Result<Vec<M>, CheckpointError> {
        let list = self.at(name);
        (0..count).map(|index| load(&list.at(index))).collect()
    }

    /// The shape of the tensor `name`.
    pub(crate) fn dims<const D: usize>(&self, name: &str) -> Result<[usize; D], CheckpointError> {
        self.source.dims(&self.key(name))
    }

    /// The values of the tensor `name`, in its own row-major order.
    pub(crate) fn values<const D: usize>(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        self.source.to_vec(&self.key(name), &self.dims::<D>(name)?)
    }

    /// The tensor `name` as it is stored; of a memory-mapped file in the place's numbers nothing is copied for the host.
    pub(crate) fn stored<const D: usize>(&self, name: &str) -> Result<Param<Tensor<D>>, CheckpointError> {
        self.reshaped::<D, D>(name, self.dims(name)?)
    }

    /// [`Self::stored`], of a vector in the numbers of matrices.
    pub(crate) fn stored_as_matrix(&self, name: &str) -> Result<Param<Tensor<1>>, CheckpointError> {
        let data = self.source.values_for(&self.key(name), &self.dims::<1>(name)?, self.numbers)?;
        let options = (self.device, self.numbers.into());
        Ok(Param::initialized(ParamId::new(), Tensor::from_data(data, options)))
    }

    /// [`Self::stored`], a tensor of `S` dimensions, with its numbers in the same order as one of `shape`.
    pub(crate) fn reshaped<const S: usize, const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Param<Tensor<D>>, CheckpointError> {
        let data = self.source.values_for(&self.key(name), &self.dims::<S>(name)?, self.numbers_of::<D>())?;
        let (bytes, stored, dtype) = data.into_parts();
        Ok(self.parameter_of(TensorData::from_bytes(bytes, [stored.num_elements()], dtype), shape))
    }

    /// `values`, of row-major `shape`, as a parameter.
    pub(crate) fn parameter<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        let len = values.len();
        self.parameter_of(TensorData::new(values, [len]), shape)
    }

    /// The numbers of `row`, in the same order, as a parameter. They go to the device as one row: of a matrix a GPU may spread the
    /// rows out in its memory, and each use would put them together anew.
    fn parameter_of<const D: usize>(&self, row: TensorData, shape: [usize; D]) -> Param<Tensor<D>> {
        let options = (self.device, self.numbers_of::<D>().into());
        Param::initialized(ParamId::new(), Tensor::<1>::from_data(row, options).reshape(shape))
    }

    /// What a parameter of `D` dimensions is held in. Vectors, biases and a normalisation's parameters, are small and added to
    /// sums in f32: they stay as exact.
    const fn numbers_of<const D: usize>(&self) -> FloatDType {
        if D == 1 { FloatDType::F32 } else { self.numbers }
    }

    fn key(&self, name: impl Display) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }
}

/// Batch normalisation at inference, as the factor and the summand of each channel: `bn(y) = y * scale + shift`.
pub(crate) struct BatchNorm {
    pub(crate) scale: Vec<f64>,
    pub(crate) shift: Vec<f64>,
}

impl BatchNorm {
    /// The batch normalisation stored at `scope`.
    pub(crate) fn load(scope: &Scope<'_>) -> Result<Self, CheckpointError> {
        let [weight, bias, mean, variance] = [
            scope.values::<1>("weight")?,
            scope.values::<1>("bias")?,
            scope.values::<1>("running_mean")?,
            scope.values::<1>("running_var")?,
        ];
        let scale: Vec<f64> = weight
            .iter()
            .zip(&variance)
            .map(|(&weight, &variance)| f64::from(weight) / (f64::from(variance) + BATCH_NORM_EPS).sqrt())
            .collect();
        let shift = bias
            .iter()
            .zip(&mean)
            .zip(&scale)
            .map(|((&bias, &mean), scale)| f64::from(bias) - f64::from(mean) * scale)
            .collect();
        Ok(Self { scale, shift })
    }

    /// The bias of the convolution that this normalisation was folded into.
    pub(crate) fn bias(&self) -> Vec<f32> {
        self.shift.iter().map(|&shift| shift as f32).collect()
    }
}
