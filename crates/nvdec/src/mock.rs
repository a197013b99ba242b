//! Stand-ins for `libcuda.so.1` and `libnvcuvid.so.1`, for tests on machines without a GPU.
//!
//! They decode with libavcodec and behave as the driver does where that is known; their sources are in `mock/`.

use std::path::Path;

/// The folder that holds them, for [`crate::Context::open_in`].
#[must_use]
pub fn folder() -> &'static Path {
    Path::new(env!("NVDEC_MOCK_FOLDER"))
}
