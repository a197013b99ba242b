//! The parser's types (`nvcuvid.h`) and the functions of both video headers, which are in one library.

#![expect(missing_docs, reason = "fields and functions are nvcuvid.h's, described there")]

use std::ffi::{c_int, c_longlong, c_uint, c_ulong, c_ulonglong, c_void};

use crate::cuda::Context;
use crate::cuviddec::{
    ContextLock, DecodeCaps, DecodeCreateInfo, GetDecodeStatus, PicParamsHead, ProcParams, ReconfigureDecoderInfo,
    VideoDecoder, zeroed,
};
use crate::library::table;

/// `CUvideoparser`.
pub type VideoParser = *mut c_void;

/// `CUvideopacketflags`.
pub mod packet_flags {
    use std::ffi::c_ulong;

    pub const END_OF_STREAM: c_ulong = 1;
    pub const TIMESTAMP: c_ulong = 2;
    pub const DISCONTINUITY: c_ulong = 4;
    pub const END_OF_PICTURE: c_ulong = 8;
}

/// The anonymous rectangle of `int`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntRect {
    pub left: c_int,
    pub top: c_int,
    pub right: c_int,
    pub bottom: c_int,
}

/// `CUVIDEOFORMAT`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct VideoFormat {
    pub codec: c_uint,
    pub frame_rate_numerator: c_uint,
    pub frame_rate_denominator: c_uint,
    pub progressive_sequence: u8,
    pub bit_depth_luma_minus8: u8,
    pub bit_depth_chroma_minus8: u8,
    pub min_num_decode_surfaces: u8,
    pub coded_width: c_uint,
    pub coded_height: c_uint,
    pub display_area: IntRect,
    pub chroma_format: c_uint,
    pub bitrate: c_uint,
    pub display_aspect_x: c_int,
    pub display_aspect_y: c_int,
    /// Bits 0 to 2 are the video format, bit 3 is the full-range flag.
    pub video_signal_flags: u8,
    pub color_primaries: u8,
    pub transfer_characteristics: u8,
    pub matrix_coefficients: u8,
    pub seqhdr_data_length: c_uint,
}

/// `CUVIDSOURCEDATAPACKET`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SourceDataPacket {
    pub flags: c_ulong,
    pub payload_size: c_ulong,
    pub payload: *const u8,
    pub timestamp: c_longlong,
}

/// `CUVIDPARSERDISPINFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct ParserDispInfo {
    pub picture_index: c_int,
    pub progressive_frame: c_int,
    pub top_field_first: c_int,
    pub repeat_first_field: c_int,
    pub timestamp: c_longlong,
}

/// `PFNVIDSEQUENCECALLBACK`: returns 0 to fail, 1 to go on, more to set the number of decode surfaces.
pub type SequenceCallback = unsafe extern "C" fn(*mut c_void, *mut VideoFormat) -> c_int;
/// `PFNVIDDECODECALLBACK`: returns 0 to fail.
pub type DecodeCallback = unsafe extern "C" fn(*mut c_void, *mut PicParamsHead) -> c_int;
/// `PFNVIDDISPLAYCALLBACK`: returns 0 to fail.
pub type DisplayCallback = unsafe extern "C" fn(*mut c_void, *mut ParserDispInfo) -> c_int;

/// `CUVIDPARSERPARAMS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ParserParams {
    pub codec_type: c_uint,
    pub max_num_decode_surfaces: c_uint,
    pub clock_rate: c_uint,
    pub error_threshold: c_uint,
    pub max_display_delay: c_uint,
    /// Bit 0 says that AV1 comes as Annex B.
    pub annexb: c_uint,
    pub reserved1: [c_uint; 4],
    pub user_data: *mut c_void,
    pub sequence_callback: Option<SequenceCallback>,
    pub decode_picture: Option<DecodeCallback>,
    pub display_picture: Option<DisplayCallback>,
    pub get_operating_point: *mut c_void,
    pub get_sei_msg: *mut c_void,
    pub reserved2: [*mut c_void; 5],
    pub ext_video_info: *mut c_void,
}

zeroed!(ParserParams);

table! {
    /// The functions of `libnvcuvid.so.1`.
    Cuvid in "libnvcuvid" {
        get_decoder_caps: "cuvidGetDecoderCaps" = fn(*mut DecodeCaps);
        create_decoder: "cuvidCreateDecoder" = fn(*mut VideoDecoder, *mut DecodeCreateInfo);
        reconfigure_decoder: "cuvidReconfigureDecoder" = fn(VideoDecoder, *mut ReconfigureDecoderInfo);
        destroy_decoder: "cuvidDestroyDecoder" = fn(VideoDecoder);
        decode_picture: "cuvidDecodePicture" = fn(VideoDecoder, *mut PicParamsHead);
        get_decode_status: "cuvidGetDecodeStatus" = fn(VideoDecoder, c_int, *mut GetDecodeStatus);
        map_video_frame: "cuvidMapVideoFrame64" =
            fn(VideoDecoder, c_int, *mut c_ulonglong, *mut c_uint, *mut ProcParams);
        unmap_video_frame: "cuvidUnmapVideoFrame64" = fn(VideoDecoder, c_ulonglong);
        ctx_lock_create: "cuvidCtxLockCreate" = fn(*mut ContextLock, Context);
        ctx_lock_destroy: "cuvidCtxLockDestroy" = fn(ContextLock);
        create_video_parser: "cuvidCreateVideoParser" = fn(*mut VideoParser, *mut ParserParams);
        parse_video_data: "cuvidParseVideoData" = fn(VideoParser, *mut SourceDataPacket);
        destroy_video_parser: "cuvidDestroyVideoParser" = fn(VideoParser);
    }
}
