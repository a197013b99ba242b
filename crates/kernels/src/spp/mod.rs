//! Spatial pyramid pooling (He et al. 2015, as YOLO and RTMDet use it): the image beside its maxima over 5x5, 9x9 and 13x13 windows.

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
use crate::ops::KernelOps;

/// `[x, maxpool5(x), maxpool9(x), maxpool13(x)]` over channels; windows are centred, stride 1, and stop at the image's edge.
/// A NaN in a window is the window's maximum, as in torch.
///
/// # Shapes
/// * `x` `[n, h, w, c]`
/// * result `[n, h, w, 4c]`
#[cfg(feature = "burn")]
pub fn spp(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::spp(x.into_dispatch()))
}
