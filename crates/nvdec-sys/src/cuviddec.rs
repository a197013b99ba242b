//! The decoder's types (`cuviddec.h`): what it can do, how it is made, and what becomes of a picture.

#![expect(missing_docs, reason = "fields and constants are cuviddec.h's, described there")]

use std::ffi::{c_int, c_short, c_uint, c_ulong, c_ulonglong, c_void};

use crate::cuda::Stream;

/// `CUvideodecoder`.
pub type VideoDecoder = *mut c_void;
/// `CUvideoctxlock`.
pub type ContextLock = *mut c_void;

/// `cudaVideoCodec`.
pub mod codec {
    use std::ffi::c_uint;

    pub const MPEG1: c_uint = 0;
    pub const MPEG2: c_uint = 1;
    pub const MPEG4: c_uint = 2;
    pub const VC1: c_uint = 3;
    pub const H264: c_uint = 4;
    pub const JPEG: c_uint = 5;
    pub const HEVC: c_uint = 8;
    pub const VP8: c_uint = 9;
    pub const VP9: c_uint = 10;
    pub const AV1: c_uint = 11;
}

/// `cudaVideoChromaFormat`.
pub mod chroma {
    use std::ffi::c_uint;

    pub const MONOCHROME: c_uint = 0;
    pub const YUV420: c_uint = 1;
    pub const YUV422: c_uint = 2;
    pub const YUV444: c_uint = 3;
}

/// `cudaVideoSurfaceFormat`.
pub mod surface_format {
    use std::ffi::c_uint;

    pub const NV12: c_uint = 0;
    pub const P016: c_uint = 1;
}

/// `cudaVideoDeinterlaceMode`.
pub mod deinterlace {
    use std::ffi::c_uint;

    pub const WEAVE: c_uint = 0;
    pub const ADAPTIVE: c_uint = 2;
}

/// `cuvidDecodeStatus`.
pub mod decode_status {
    use std::ffi::c_uint;

    pub const INVALID: c_uint = 0;
    pub const IN_PROGRESS: c_uint = 1;
    pub const SUCCESS: c_uint = 2;
    pub const ERROR: c_uint = 8;
    pub const ERROR_CONCEALED: c_uint = 9;
}

/// `cudaVideoCreate_PreferCUVID`: the decoding engine itself.
pub const CREATE_PREFER_CUVID: c_ulong = 4;

/// The anonymous rectangles of `short`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShortRect {
    pub left: c_short,
    pub top: c_short,
    pub right: c_short,
    pub bottom: c_short,
}

/// `CUVIDDECODECAPS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodeCaps {
    pub codec_type: c_uint,
    pub chroma_format: c_uint,
    pub bit_depth_minus8: c_uint,
    pub reserved1: [c_uint; 3],
    pub is_supported: u8,
    pub num_nvdecs: u8,
    pub output_format_mask: u16,
    pub max_width: c_uint,
    pub max_height: c_uint,
    pub max_mb_count: c_uint,
    pub min_width: u16,
    pub min_height: u16,
    pub is_histogram_supported: u8,
    pub counter_bit_depth: u8,
    pub max_histogram_bins: u16,
    pub reserved3: [c_uint; 10],
}

/// `CUVIDDECODECREATEINFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DecodeCreateInfo {
    pub width: c_ulong,
    pub height: c_ulong,
    pub num_decode_surfaces: c_ulong,
    pub codec_type: c_uint,
    pub chroma_format: c_uint,
    pub creation_flags: c_ulong,
    pub bit_depth_minus8: c_ulong,
    pub intra_decode_only: c_ulong,
    pub max_width: c_ulong,
    pub max_height: c_ulong,
    pub reserved1: c_ulong,
    pub display_area: ShortRect,
    pub output_format: c_uint,
    pub deinterlace_mode: c_uint,
    pub target_width: c_ulong,
    pub target_height: c_ulong,
    pub num_output_surfaces: c_ulong,
    pub vid_lock: ContextLock,
    pub target_rect: ShortRect,
    pub enable_histogram: c_ulong,
    pub reserved2: [c_ulong; 4],
}

/// `CUVIDRECONFIGUREDECODERINFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ReconfigureDecoderInfo {
    pub width: c_uint,
    pub height: c_uint,
    pub target_width: c_uint,
    pub target_height: c_uint,
    pub num_decode_surfaces: c_uint,
    pub reserved1: [c_uint; 12],
    pub display_area: ShortRect,
    pub target_rect: ShortRect,
    pub reserved2: [c_uint; 11],
}

/// The first fields of `CUVIDPICPARAMS`: the rest is codec-specific and only handed on by its address.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PicParamsHead {
    pub pic_width_in_mbs: c_int,
    pub frame_height_in_mbs: c_int,
    pub curr_pic_idx: c_int,
    pub field_pic_flag: c_int,
    pub bottom_field_flag: c_int,
    pub second_field: c_int,
}

/// `CUVIDPROCPARAMS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProcParams {
    pub progressive_frame: c_int,
    pub second_field: c_int,
    pub top_field_first: c_int,
    pub unpaired_field: c_int,
    pub reserved_flags: c_uint,
    pub reserved_zero: c_uint,
    pub raw_input_dptr: c_ulonglong,
    pub raw_input_pitch: c_uint,
    pub raw_input_format: c_uint,
    pub raw_output_dptr: c_ulonglong,
    pub raw_output_pitch: c_uint,
    pub reserved1: c_uint,
    pub output_stream: Stream,
    pub reserved: [c_uint; 46],
    pub histogram_dptr: *mut c_ulonglong,
    pub reserved2: [*mut c_void; 1],
}

/// `CUVIDGETDECODESTATUS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GetDecodeStatus {
    pub decode_status: c_uint,
    pub reserved: [c_uint; 31],
    pub reserved_pointers: [*mut c_void; 8],
}

/// Types of integers, floats and raw pointers, for which all bytes zero is a value.
macro_rules! zeroed {
    ($($type:ty),*) => {$(
        impl Default for $type {
            fn default() -> Self {
                #[expect(unsafe_code, reason = "the C interface asks for memory set to zero, reserved fields included")]
                // SAFETY: every field is an integer or a raw pointer, for which zero is valid.
                unsafe {
                    std::mem::zeroed()
                }
            }
        }
    )*};
}
pub(crate) use zeroed;

zeroed!(DecodeCreateInfo, ReconfigureDecoderInfo, ProcParams, GetDecodeStatus);
