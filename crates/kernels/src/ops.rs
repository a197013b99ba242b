//! The fused vocabulary as a Burn backend extension: one method an operation, implemented by each back end.
//! The free functions of the crate check shapes and call these through Burn's run-time dispatch.

use burn::backend::{Backend, Dispatch, ExtensionType, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

use crate::host::{Array, array, tensor};
use crate::{
    Activation, attention, channel_attention, concat, conv, deconv, depthwise_conv, layer_norm, linear, spp,
    upsample_concat,
};

/// What is added to an operation's result, if anything. A residual of one image is added to every image.
#[derive(ExtensionType)]
pub enum Residual<B: Backend> {
    /// Nothing.
    None,
    /// This tensor, of the result's shape.
    Add(FloatTensor<B>),
}

impl<const D: usize> From<Option<Tensor<D>>> for Residual<Dispatch> {
    fn from(residual: Option<Tensor<D>>) -> Self {
        residual.map_or(Self::None, |x| Self::Add(x.into_dispatch()))
    }
}

/// The operations of this crate; shapes and meaning are those of the free functions of the same names.
#[backend_extension(Flex, Cube: cfg(feature = "cuda"))]
pub trait KernelOps: Backend {
    /// See [`linear()`](crate::linear()).
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
        #[extension_type] residual: Residual<Self>,
    ) -> FloatTensor<Self>;

    /// See [`attention()`](crate::attention()).
    fn attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;

    /// See [`layer_norm()`](crate::layer_norm()).
    fn layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self>;

    /// See [`conv()`](crate::conv()).
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
        padding: usize,
        act: Activation,
        #[extension_type] residual: Residual<Self>,
    ) -> FloatTensor<Self>;

    /// See [`depthwise_conv()`](crate::depthwise_conv()).
    fn depthwise_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
    ) -> FloatTensor<Self>;

    /// See [`channel_attention()`](crate::channel_attention()).
    fn channel_attention(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>)
    -> FloatTensor<Self>;

    /// See [`spp()`](crate::spp()).
    fn spp(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`upsample_concat()`](crate::upsample_concat()).
    fn upsample_concat(x: FloatTensor<Self>, skip: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`concat()`](crate::concat()).
    fn concat(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`deconv()`](crate::deconv()).
    fn deconv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
    ) -> FloatTensor<Self>;
}

/// The residual's array, when there is one.
fn residual_array<const D: usize>(residual: Residual<Flex>) -> Option<Array<D>> {
    match residual {
        Residual::None => None,
        Residual::Add(x) => Some(array(x)),
    }
}

impl KernelOps for Flex {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
        residual: Residual<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight, bias, residual) =
            (array::<3>(x), array::<2>(weight), array::<1>(bias), residual_array::<3>(residual));
        let ([n, t, inputs], [outputs, _]) = (x.shape, weight.shape);
        let shape = linear::Shape { rows: n * t, inputs, outputs };
        let y = linear::host::linear(&x, &weight, &bias, act, residual.as_deref(), shape, t);
        tensor(y, [n, t, outputs])
    }

    fn attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let qkv = array::<3>(qkv);
        let [images, tokens, c3] = qkv.shape;
        let shape = attention::Shape { images, tokens, heads, head_dim: c3 / 3 / heads };
        tensor(attention::host::attention(&qkv, shape), [images, tokens, c3 / 3])
    }

    fn layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (array::<3>(x), array::<1>(weight), array::<1>(bias));
        tensor(layer_norm::host::layer_norm(&x, &weight, &bias, eps), x.shape)
    }

    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
        padding: usize,
        act: Activation,
        residual: Residual<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight, bias, residual) =
            (array::<4>(x), array::<4>(weight), array::<1>(bias), residual_array::<4>(residual));
        let shape = conv::Shape::new(x.shape, weight.shape, stride, padding);
        let y = conv::host::conv(&x, &weight, &bias, act, residual.as_deref(), shape);
        tensor(y, shape.output())
    }

    fn depthwise_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (array::<4>(x), array::<3>(weight), array::<1>(bias));
        let [kernel_rows, kernel_cols, _] = weight.shape;
        let shape = depthwise_conv::Shape { image: x.shape, kernel: [kernel_rows, kernel_cols] };
        tensor(depthwise_conv::host::depthwise_conv(&x, &weight, &bias, act, shape), x.shape)
    }

    fn channel_attention(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (array::<4>(x), array::<2>(weight), array::<1>(bias));
        tensor(channel_attention::host::channel_attention(&x, &weight, &bias, x.shape), x.shape)
    }

    fn spp(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = array::<4>(x);
        let [n, h, w, c] = x.shape;
        tensor(spp::host::spp(&x, x.shape), [n, h, w, 4 * c])
    }

    fn upsample_concat(x: FloatTensor<Self>, skip: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, skip) = (array::<4>(x), array::<4>(skip));
        let ([.., c], [n, h, w, skip_c]) = (x.shape, skip.shape);
        tensor(upsample_concat::host::upsample_concat(&x, &skip, x.shape, skip_c), [n, h, w, c + skip_c])
    }

    fn concat(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let (a, b) = (array::<4>(a), array::<4>(b));
        let ([n, h, w, a_c], [.., b_c]) = (a.shape, b.shape);
        tensor(concat::host::concat(&a, &b, a_c, b_c), [n, h, w, a_c + b_c])
    }

    fn deconv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (array::<4>(x), array::<4>(weight), array::<1>(bias));
        let shape = deconv::Shape { image: x.shape, outputs: weight.shape[0] };
        tensor(deconv::host::deconv(&x, &weight, &bias, act, shape), shape.output())
    }
}
