//! Large buffers that are used again. A network asks for the same sizes image after image, and fresh pages cost more to
//! fault in and to clear than most operations take to fill them.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{AllocationProperty, Bytes};

/// Numbers below which the allocator is as fast.
const LARGE: usize = 16 << 10;
/// Numbers kept at most while nobody uses them: half a gibibyte.
const KEPT: usize = 128 << 20;

/// Buffers waiting to be used again, the longest unused first.
static UNUSED: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// `len` numbers that the caller overwrites, all of them: they are whatever the last user left.
/// Builds with assertions make them NaN, so that what was not overwritten shows.
pub(crate) fn take(len: usize) -> Vec<f32> {
    let mut buffer = if len < LARGE { Vec::new() } else { unused(len).unwrap_or_default() };
    if cfg!(debug_assertions) {
        buffer.clear();
        buffer.resize(len, f32::NAN);
    } else if buffer.capacity() == 0 {
        // Zeroed pages come from the system as they are: cheaper than to write zeros.
        buffer = vec![0.0; len];
    } else {
        buffer.resize(len, 0.0);
    }
    buffer
}

/// The buffer that holds `len` numbers most tightly, if one does without wasting half of it.
fn unused(len: usize) -> Option<Vec<f32>> {
    let mut unused = UNUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |buffer: &&(usize, usize)| (len..=2 * len).contains(&buffer.1);
    let capacities = unused.iter().map(Vec::capacity).enumerate();
    let (index, _) = capacities.collect::<Vec<_>>().iter().filter(fits).min_by_key(|buffer| buffer.1).copied()?;
    Some(unused.remove(index))
}

/// Takes a buffer back.
pub(crate) fn give(buffer: Vec<f32>) {
    if buffer.capacity() < LARGE {
        return;
    }
    let mut unused = UNUSED.lock().unwrap_or_else(PoisonError::into_inner);
    unused.push(buffer);
    let mut kept: usize = unused.iter().map(Vec::capacity).sum();
    while kept > KEPT {
        kept -= unused.remove(0).capacity();
    }
}

/// A buffer that is given back when its last user drops it.
struct Returned(Vec<f32>);

impl AsRef<[u8]> for Returned {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

/// The buffer as a tensor's memory.
pub(crate) fn bytes(buffer: Vec<f32>) -> Bytes {
    if buffer.len() < LARGE {
        return Bytes::from_elems(buffer);
    }
    Bytes::from_shared(bytes::Bytes::from_owner(Returned(buffer)), AllocationProperty::Native)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_returned_buffer_is_used_again_for_nearly_its_size() {
        // A size no other test asks for: the buffers are the whole process's.
        let len = (7 << 20) + 12_345;
        let first = take(len);
        let place = first.as_ptr();
        drop(bytes(first));
        assert_eq!(unused(len / 3), None);
        let second = take(len - 1000);
        assert_eq!((second.as_ptr(), second.len()), (place, len - 1000));
    }

    #[test]
    fn nothing_is_kept_without_limit() {
        for _ in 0..5 {
            give(Vec::with_capacity(KEPT / 4 + 1));
        }
        let kept: usize = UNUSED.lock().unwrap().iter().map(Vec::capacity).sum();
        assert!(kept <= KEPT);
    }
}
