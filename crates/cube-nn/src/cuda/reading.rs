//! Copies to the host that are waited for later.

use std::marker::PhantomData;

use cubecl::bytes::Bytes;
use cubecl::client::Client;
use cubecl::device_handle::DeviceHandle;
use cubecl::prelude::*;
use cubecl::server::{CopyDescriptor, Server, ServerError};
use cubecl_environment::future::{DynFut, reader::read_sync};
use cubecl_environment::stream::StreamId;

use super::stream::{CudaError, CudaServer};
use crate::DeviceSlice;

/// Numbers on their way to the host.
pub struct Reading<E> {
    bytes: DynFut<Result<Vec<Bytes>, ServerError>>,
    len: usize,
    element: PhantomData<E>,
}

impl<E> std::fmt::Debug for Reading<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<E: CubeElement> Reading<E> {
    /// Begins to copy `numbers`, behind what writes them, and before what this thread launches after this.
    ///
    /// # Errors
    /// The device's server is gone.
    ///
    /// # Panics
    /// If `client` is not a CUDA device's.
    pub fn begin(client: &Client, numbers: &DeviceSlice<E>) -> Result<Self, CudaError> {
        assert!(super::stream::is_cuda(client), "{} is not CUDA", client.name());
        let stream = StreamId::current();
        let handle = numbers.handle().clone();
        let shape = [handle.size_in_used() as usize].into();
        let descriptor = CopyDescriptor::new(handle.binding(), shape, [1].into(), 1);
        let device = DeviceHandle::<CudaServer>::new(client.service_id().device);
        let begun = device.submit_blocking(move |server: &mut CudaServer| server.read(vec![descriptor], stream));
        let bytes = begun.map_err(|error| CudaError::Buffers {
            reason: error.message().unwrap_or("a copy to the host panicked").to_owned(),
        })?;
        Ok(Self { bytes, len: numbers.len(), element: PhantomData })
    }

    /// The numbers, once they are there.
    ///
    /// # Errors
    /// What went wrong in a kernel that writes them.
    pub fn wait(self) -> Result<Vec<E>, ServerError> {
        let read = read_sync(self.bytes)?;
        let bytes = read.first().map_or(&[][..], |bytes| &bytes[..self.len * size_of::<E>()]);
        Ok(bytemuck::pod_collect_to_vec(bytes))
    }
}
