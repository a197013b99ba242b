//! Numbers in device memory: a CubeCL handle that is known to hold as many as it says. What every operation takes and leaves.

#![expect(unsafe_code, reason = "a kernel's argument trusts the length that comes with a handle")]

use std::marker::PhantomData;

use cubecl::prelude::*;
use cubecl::server::{Handle, ServerError};

/// `len` numbers of type `E` on a device. A clone is the same memory.
#[derive(Debug, Clone)]
pub struct DeviceSlice<E> {
    /// At least `len` numbers long.
    handle: Handle,
    len: usize,
    element: PhantomData<E>,
}

impl<E: CubeElement> DeviceSlice<E> {
    /// Copies `values` to the device.
    #[must_use]
    pub fn new(client: &Client, values: &[E]) -> Self {
        // No device has empty buffers.
        let bytes = E::as_bytes(values);
        let handle = if bytes.is_empty() { client.empty(size_of::<E>()) } else { client.create_from_slice(bytes) };
        Self { handle, len: values.len(), element: PhantomData }
    }

    /// Room for `len` numbers, whatever they are.
    #[must_use]
    pub fn empty(client: &Client, len: usize) -> Self {
        Self { handle: client.empty(len.max(1) * size_of::<E>()), len, element: PhantomData }
    }

    /// The first `len` numbers of another owner's memory: a tensor's, or planes copied from a decoder's surface.
    ///
    /// # Panics
    /// If it is shorter.
    #[must_use]
    pub fn from_handle(handle: Handle, len: usize) -> Self {
        let bytes = (len * size_of::<E>()) as u64;
        assert!(handle.size_in_used() >= bytes, "{len} numbers in {} bytes", handle.size_in_used());
        Self { handle, len, element: PhantomData }
    }

    /// How many numbers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the first number's address is a multiple of `bytes`, as far as 256, of which every allocation's is.
    #[must_use]
    pub fn is_aligned(&self, bytes: u64) -> bool {
        self.start().is_multiple_of(bytes)
    }

    /// Bytes of the allocation before the first number.
    pub(crate) fn start(&self) -> u64 {
        self.handle.offset_start.unwrap_or(0)
    }

    /// The memory itself, for a tensor that is made of it.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Copies the numbers to the host, waiting for all that writes them.
    ///
    /// # Errors
    /// What went wrong in a kernel that writes them, which the launch itself does not tell.
    pub fn read(&self, client: &Client) -> Result<Vec<E>, ServerError> {
        let bytes = client.read_one(self.handle.clone())?;
        Ok(bytemuck::pod_collect_to_vec(&bytes[..self.len * size_of::<E>()]))
    }

    /// As an argument of a kernel.
    #[must_use]
    pub fn arg(&self) -> BufferArg {
        // SAFETY: the handle holds at least `len` numbers (field invariant).
        unsafe { BufferArg::from_raw_parts(self.handle.clone(), self.len) }
    }

    /// As an argument of a kernel that takes vectors of `width` numbers; a rest that fills none is left out.
    #[must_use]
    pub fn vectors(&self, width: usize) -> BufferArg {
        // SAFETY: the handle holds at least `len` numbers (field invariant), hence as many vectors as fit `len`.
        unsafe { BufferArg::from_raw_parts(self.handle.clone(), self.len / width) }
    }
}
