//! A decoded picture in the device's memory, for as long as it is mapped.

#![expect(unsafe_code, reason = "calls into the CUDA driver")]

use std::ptr;

use nvdec_sys::cuda::{self, Memcpy2D};

use crate::decoder::{Decoder, Mapped};
use crate::error::NvdecError;
use crate::format::StreamFormat;
use crate::options::surface_rows;
use crate::stream::{Event, Stream};

/// How a surface's samples lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// 8 bits a sample: luma rows, then rows of interleaved Cb and Cr, both halved.
    Nv12,
    /// The same in 16-bit words, little-endian, the sample in the upper bits and zeros below.
    P016,
}

impl PixelFormat {
    /// Bytes a sample.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Nv12 => 1,
            Self::P016 => 2,
        }
    }
}

/// Whether a picture is what was coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As far as the driver tells.
    Decoded,
    /// The driver met an error in it.
    Damaged,
    /// A picture before it was damaged or refused, and no picture since lets decoding start afresh.
    Suspect,
}

/// Rows of samples in the device's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Where the first row begins (`CUdeviceptr`).
    pub pointer: u64,
    /// Bytes from row to row.
    pub pitch: usize,
    /// Bytes of a row that are samples.
    pub row_bytes: usize,
    /// Rows.
    pub rows: usize,
}

/// A decoded picture, mapped.
///
/// What reads it goes into [`Surface::stream`]. Dropping it unmaps it at once: wait for that work first, or let
/// [`Surface::release_after`] do so later.
#[derive(Debug)]
pub struct Surface<'d> {
    decoder: &'d mut Decoder,
    stream: &'d Stream,
    /// Mapped until it is taken.
    mapped: Option<Mapped>,
    luma: Plane,
    pts: i64,
    status: Status,
}

impl<'d> Surface<'d> {
    pub(crate) fn new(
        decoder: &'d mut Decoder,
        stream: &'d Stream,
        mapped: Mapped,
        (pts, status): (i64, Status),
    ) -> Self {
        let format = decoder.format();
        let luma = Plane {
            pointer: mapped.pointer,
            pitch: mapped.pitch as usize,
            row_bytes: format.shown.width as usize * pixel_format(format).bytes(),
            rows: format.shown.height as usize,
        };
        Self { decoder, stream, mapped: Some(mapped), luma, pts, status }
    }

    /// What the stream is, the colours included.
    #[must_use]
    pub const fn format(&self) -> &StreamFormat {
        self.decoder.format()
    }

    /// How the samples lie.
    #[must_use]
    pub const fn pixel_format(&self) -> PixelFormat {
        pixel_format(self.format())
    }

    /// Columns that are shown.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.format().shown.width
    }

    /// Rows that are shown.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.format().shown.height
    }

    /// The time of the packet that the picture came in.
    #[must_use]
    pub const fn pts(&self) -> i64 {
        self.pts
    }

    /// Whether it is what was coded.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The luma samples.
    #[must_use]
    pub const fn luma(&self) -> Plane {
        self.luma
    }

    /// The chroma samples, interleaved.
    #[must_use]
    pub fn chroma(&self) -> Plane {
        let Plane { pointer, pitch, .. } = self.luma;
        let columns = self.width().div_ceil(2) as usize;
        Plane {
            pointer: pointer + pitch as u64 * u64::from(surface_rows(self.format())),
            pitch,
            row_bytes: 2 * columns * self.pixel_format().bytes(),
            rows: self.height().div_ceil(2) as usize,
        }
    }

    /// The stream in whose order the samples are there.
    #[must_use]
    pub const fn stream(&self) -> &Stream {
        self.stream
    }

    /// Keeps the surface mapped until `event`: recorded behind the last work that reads it.
    pub fn release_after(mut self, event: Event) {
        if let Some(mapped) = self.mapped.take() {
            self.decoder.unmap_after(mapped, event);
        }
    }

    /// Luma and chroma rows without padding, copied to the host: for checks and for programs that need them there.
    ///
    /// # Errors
    /// The failed call.
    pub fn read_back(&self) -> Result<(Vec<u8>, Vec<u8>), NvdecError> {
        Ok((self.read_plane(&self.luma())?, self.read_plane(&self.chroma())?))
    }

    fn read_plane(&self, plane: &Plane) -> Result<Vec<u8>, NvdecError> {
        let mut rows = vec![0_u8; plane.row_bytes * plane.rows];
        let copy = Memcpy2D {
            src_x_in_bytes: 0,
            src_y: 0,
            src_memory_type: cuda::MEMORY_DEVICE,
            src_host: ptr::null(),
            src_device: plane.pointer,
            src_array: ptr::null_mut(),
            src_pitch: plane.pitch,
            dst_x_in_bytes: 0,
            dst_y: 0,
            dst_memory_type: cuda::MEMORY_HOST,
            dst_host: rows.as_mut_ptr().cast(),
            dst_device: 0,
            dst_array: ptr::null_mut(),
            dst_pitch: plane.row_bytes,
            width_in_bytes: plane.row_bytes,
            height: plane.rows,
        };
        let context = self.decoder.context();
        let _current = context.enter()?;
        // SAFETY: the plane lies in the mapped surface, and `rows` has all its bytes and lives until the stream is done.
        let code = unsafe { (context.cuda().memcpy_2d_async)(&raw const copy, self.stream.as_raw()) };
        let copied = context.check("cuMemcpy2DAsync", code);
        self.stream.synchronize()?;
        copied.map(|()| rows)
    }
}

impl Drop for Surface<'_> {
    fn drop(&mut self) {
        if let Some(mapped) = self.mapped.take() {
            self.decoder.unmap(mapped);
        }
    }
}

const fn pixel_format(format: &StreamFormat) -> PixelFormat {
    if format.is_deep() { PixelFormat::P016 } else { PixelFormat::Nv12 }
}
