//! A fully connected layer over tokens, with its activation and residual: `act(x wᵀ + b) + residual`.
//! The four matrix products of a transformer block are this operation.

#[cfg(feature = "burn")]
pub mod host;
pub mod reference;
#[cfg(all(test, feature = "burn"))]
mod tests;

#[cfg(feature = "burn")]
use burn::backend::Dispatch;
#[cfg(feature = "burn")]
use burn::tensor::Tensor;

#[cfg(feature = "burn")]
use crate::Activation;
#[cfg(feature = "burn")]
use crate::ops::{KernelOps, Residual};

/// The product's sizes: `rows` tokens of `inputs` numbers become `rows` tokens of `outputs` numbers.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Tokens of all images together.
    pub rows: usize,
    /// Numbers a token has before.
    pub inputs: usize,
    /// Numbers a token has after.
    pub outputs: usize,
}

/// `act(x weightᵀ + bias) + residual`.
///
/// # Shapes
/// * `x` `[n, t, i]`, `weight` `[o, i]` (as torch stores it), `bias` `[o]` in f32 or in the numbers of `weight`
/// * `residual` `[n, t, o]`, or `[1, t, o]` to be added to every image
/// * result `[n, t, o]`
///
/// # Panics
/// If the shapes do not fit together.
#[cfg(feature = "burn")]
pub fn linear(
    x: Tensor<3>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    act: Activation,
    residual: Option<Tensor<3>>,
) -> Tensor<3> {
    let ([n, t, inputs], [outputs, weight_inputs]) = (x.dims(), weight.dims());
    assert_eq!(inputs, weight_inputs, "linear: x has {inputs} channels, weight takes {weight_inputs}");
    assert_eq!(bias.dims(), [outputs], "linear: bias of weight [{outputs}, {inputs}]");
    if let Some(residual) = &residual {
        let [images, tokens, channels] = residual.dims();
        assert!([1, n].contains(&images), "linear: residual of {images} images for {n}");
        assert_eq!([tokens, channels], [t, outputs], "linear: residual shape");
    }
    let residual = Residual::from(residual);
    Tensor::from_dispatch(Dispatch::linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        act,
        residual,
    ))
}
