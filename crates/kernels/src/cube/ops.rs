//! The vocabulary on CubeCL's devices: each operation is `swingpose-cube-nn`'s, on the tensors' own buffers.
//!
//! Tensors are f32, f16 or bf16; biases and the parameters of normalisations are always f32, as every sum is.

use burn::backend::Cube;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use swingpose_cube_nn::{self as nn, DeviceSlice, Element};

use super::{Gpu, slice};
use crate::Activation;
use crate::ops::{KernelOps, Residual};
use crate::with_number;

/// The tensor's sizes.
fn dims<const D: usize>(x: &CubeTensor) -> [usize; D] {
    let shape = x.meta.shape();
    std::array::from_fn(|axis| shape[axis])
}

impl Gpu {
    fn with(x: &CubeTensor) -> Self {
        Self { client: x.client.clone(), device: x.device.clone() }
    }
}

impl From<Activation> for nn::Activation {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::None => Self::None,
            Activation::Relu => Self::Relu,
            Activation::Silu => Self::Silu,
            Activation::Gelu => Self::Gelu,
        }
    }
}

fn added<E: Element>(residual: Residual<Cube>) -> Option<DeviceSlice<E>> {
    match residual {
        Residual::None => None,
        Residual::Add(x) => Some(slice(x)),
    }
}

/// A convolution with weights in f32, whatever `x` is in; its result is in f32.
fn last_conv(
    gpu: &Gpu,
    x: CubeTensor,
    (weight, bias): (&DeviceSlice<f32>, &DeviceSlice<f32>),
    (act, residual): (Activation, Residual<Cube>),
    shape: nn::conv::Shape,
) -> CubeTensor {
    let client = gpu.client();
    let plain = matches!((act, &residual), (Activation::None, Residual::None));
    with_number!(x.dtype, E => {
        let x = slice::<E>(x);
        let y = if plain && shape.is_pointwise() {
            nn::pointwise::pointwise(client, &x, weight, bias, shape.over_pixels())
        } else {
            let x = nn::widened(client, &x);
            nn::conv::conv(client, &x, weight, bias, act.into(), added(residual).as_ref(), shape)
        };
        gpu.primitive(&y, shape.output())
    })
}

impl KernelOps for Cube {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
        residual: Residual<Self>,
    ) -> FloatTensor<Self> {
        let ([n, t, inputs], [outputs, _]) = (dims(&x), dims(&weight));
        let (gpu, shape) = (Gpu::with(&x), nn::linear::Shape { rows: n * t, inputs, outputs });
        with_number!(x.dtype, E => {
            let client = gpu.client();
            let (x, weight, residual) = (slice::<E>(x), slice(weight), added(residual));
            let linear = |bias| nn::linear::linear(client, &x, &weight, bias, act.into(), residual.as_ref(), shape);
            let y = if bias.dtype == DType::F32 {
                linear(nn::Bias::Exact(&slice(bias)))
            } else {
                linear(nn::Bias::Rounded(&slice(bias)))
            };
            gpu.primitive(&y, [n, t, outputs])
        })
    }

    fn attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        let [images, tokens, c3] = dims(&qkv);
        let shape = nn::attention::Shape { images, tokens, heads, head_dim: c3 / 3 / heads };
        let gpu = Gpu::with(&qkv);
        with_number!(qkv.dtype, E => {
            let y = nn::attention::attention(gpu.client(), &slice::<E>(qkv), shape);
            gpu.primitive(&y, [images, tokens, c3 / 3])
        })
    }

    fn layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self> {
        let shape: [usize; 3] = dims(&x);
        let gpu = Gpu::with(&x);
        with_number!(x.dtype, E => {
            let x = slice::<E>(x);
            let y = nn::layer_norm::layer_norm(gpu.client(), &x, &slice(weight), &slice(bias), eps, shape[2]);
            gpu.primitive(&y, shape)
        })
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
        let [outputs, rows, columns, _] = dims(&weight);
        let shape = nn::conv::Shape { image: dims(&x), kernel: [rows, columns], outputs, stride, padding };
        let gpu = Gpu::with(&x);
        if x.dtype != weight.dtype {
            return last_conv(&gpu, x, (&slice(weight), &slice(bias)), (act, residual), shape);
        }
        with_number!(x.dtype, E => {
            let client = gpu.client();
            let (x, weight, residual) = (slice::<E>(x), slice(weight), added(residual));
            let y = nn::conv::conv(client, &x, &weight, &slice(bias), act.into(), residual.as_ref(), shape);
            gpu.primitive(&y, shape.output())
        })
    }

    fn depthwise_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
    ) -> FloatTensor<Self> {
        let [rows, columns, _] = dims(&weight);
        let shape = nn::depthwise_conv::Shape { image: dims(&x), kernel: [rows, columns] };
        let gpu = Gpu::with(&x);
        with_number!(x.dtype, E => {
            let (x, weight) = (slice::<E>(x), slice(weight));
            let y = nn::depthwise_conv::depthwise_conv(gpu.client(), &x, &weight, &slice(bias), act.into(), shape);
            gpu.primitive(&y, shape.image)
        })
    }

    fn channel_attention(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (gpu, image) = (Gpu::with(&x), dims(&x));
        with_number!(x.dtype, E => {
            let (x, weight) = (slice::<E>(x), slice(weight));
            let y = nn::channel_attention::channel_attention(gpu.client(), &x, &weight, &slice(bias), image);
            gpu.primitive(&y, image)
        })
    }

    fn spp(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let [n, h, w, c] = dims(&x);
        let gpu = Gpu::with(&x);
        with_number!(x.dtype, E => {
            let y = nn::spp::spp(gpu.client(), &slice::<E>(x), [n, h, w, c]);
            gpu.primitive(&y, [n, h, w, 4 * c])
        })
    }

    fn upsample_concat(x: FloatTensor<Self>, skip: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([.., c], [n, h, w, skip_c]) = (dims::<4>(&x), dims(&skip));
        let (gpu, image) = (Gpu::with(&x), dims(&x));
        with_number!(x.dtype, E => {
            let (x, skip) = (slice::<E>(x), slice(skip));
            let y = nn::upsample_concat::upsample_concat(gpu.client(), &x, &skip, image, skip_c);
            gpu.primitive(&y, [n, h, w, c + skip_c])
        })
    }

    fn concat(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([n, h, w, a_c], [.., b_c]) = (dims(&a), dims::<4>(&b));
        let gpu = Gpu::with(&a);
        with_number!(a.dtype, E => {
            let (a, b) = (slice::<E>(a), slice(b));
            let y = nn::concat::concat(gpu.client(), &a, &b, a_c, b_c);
            gpu.primitive(&y, [n, h, w, a_c + b_c])
        })
    }

    fn deconv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        act: Activation,
    ) -> FloatTensor<Self> {
        let ([n, h, w, i], [outputs, ..]) = (dims(&x), dims::<4>(&weight));
        let shape = nn::deconv::Shape { image: [n, h, w, i], outputs };
        let gpu = Gpu::with(&x);
        with_number!(x.dtype, E => {
            let (x, weight) = (slice::<E>(x), slice(weight));
            let y = nn::deconv::deconv(gpu.client(), &x, &weight, &slice(bias), act.into(), shape);
            gpu.primitive(&y, [n, 2 * h, 2 * w, outputs])
        })
    }
}
