//! Sizes, alignments and offsets of our types against those that bindgen made of NVIDIA's headers.

use std::mem::{align_of, offset_of, size_of};

use nvdec_sys::{cuda, cuviddec, nvcuvid};
use nvidia_video_codec_sdk::sys::{cuviddec as sdk_dec, nvcuvid as sdk_vid};

/// Ours and the header's type, then the fields whose offsets must agree, by both names.
macro_rules! same_layout {
    ($ours:ty, $theirs:ty, $($our_field:ident = $their_field:ident),* $(,)?) => {
        assert_eq!(size_of::<$ours>(), size_of::<$theirs>(), "size of {}", stringify!($ours));
        same_offsets!($ours, $theirs, $($our_field = $their_field),*);
    };
}

macro_rules! same_offsets {
    ($ours:ty, $theirs:ty, $($our_field:ident = $their_field:ident),* $(,)?) => {
        assert_eq!(align_of::<$ours>(), align_of::<$theirs>(), "alignment of {}", stringify!($ours));
        $(assert_eq!(
            offset_of!($ours, $our_field), offset_of!($theirs, $their_field),
            "offset of {}.{}", stringify!($ours), stringify!($our_field),
        );)*
    };
}

#[test]
fn decoder_types_are_laid_out_as_in_cuviddec_h() {
    same_layout!(
        cuviddec::DecodeCaps,
        sdk_dec::CUVIDDECODECAPS,
        codec_type = eCodecType,
        chroma_format = eChromaFormat,
        bit_depth_minus8 = nBitDepthMinus8,
        is_supported = bIsSupported,
        num_nvdecs = nNumNVDECs,
        output_format_mask = nOutputFormatMask,
        max_width = nMaxWidth,
        max_height = nMaxHeight,
        max_mb_count = nMaxMBCount,
        min_width = nMinWidth,
        min_height = nMinHeight,
        is_histogram_supported = bIsHistogramSupported,
        counter_bit_depth = nCounterBitDepth,
        max_histogram_bins = nMaxHistogramBins
    );
    same_layout!(
        cuviddec::DecodeCreateInfo,
        sdk_dec::CUVIDDECODECREATEINFO,
        width = ulWidth,
        height = ulHeight,
        num_decode_surfaces = ulNumDecodeSurfaces,
        codec_type = CodecType,
        chroma_format = ChromaFormat,
        creation_flags = ulCreationFlags,
        bit_depth_minus8 = bitDepthMinus8,
        intra_decode_only = ulIntraDecodeOnly,
        max_width = ulMaxWidth,
        max_height = ulMaxHeight,
        display_area = display_area,
        output_format = OutputFormat,
        deinterlace_mode = DeinterlaceMode,
        target_width = ulTargetWidth,
        target_height = ulTargetHeight,
        num_output_surfaces = ulNumOutputSurfaces,
        vid_lock = vidLock,
        target_rect = target_rect,
        enable_histogram = enableHistogram
    );
    same_layout!(
        cuviddec::ReconfigureDecoderInfo,
        sdk_dec::CUVIDRECONFIGUREDECODERINFO,
        width = ulWidth,
        height = ulHeight,
        target_width = ulTargetWidth,
        target_height = ulTargetHeight,
        num_decode_surfaces = ulNumDecodeSurfaces,
        display_area = display_area,
        target_rect = target_rect
    );
}

#[test]
fn picture_types_are_laid_out_as_in_cuviddec_h() {
    same_layout!(
        cuviddec::ProcParams,
        sdk_dec::CUVIDPROCPARAMS,
        progressive_frame = progressive_frame,
        second_field = second_field,
        top_field_first = top_field_first,
        unpaired_field = unpaired_field,
        raw_input_dptr = raw_input_dptr,
        raw_output_dptr = raw_output_dptr,
        raw_output_pitch = raw_output_pitch,
        output_stream = output_stream,
        histogram_dptr = histogram_dptr
    );
    same_layout!(
        cuviddec::GetDecodeStatus,
        sdk_dec::CUVIDGETDECODESTATUS,
        decode_status = decodeStatus,
        reserved = reserved,
        reserved_pointers = pReserved
    );
    assert_eq!(offset_of!(cuviddec::PicParamsHead, curr_pic_idx), offset_of!(sdk_dec::CUVIDPICPARAMS, CurrPicIdx));
    assert_eq!(offset_of!(cuviddec::PicParamsHead, second_field), offset_of!(sdk_dec::CUVIDPICPARAMS, second_field));
}

#[test]
fn parser_types_are_laid_out_as_in_nvcuvid_h() {
    same_layout!(
        nvcuvid::VideoFormat,
        sdk_vid::CUVIDEOFORMAT,
        codec = codec,
        frame_rate_numerator = frame_rate,
        progressive_sequence = progressive_sequence,
        bit_depth_luma_minus8 = bit_depth_luma_minus8,
        bit_depth_chroma_minus8 = bit_depth_chroma_minus8,
        min_num_decode_surfaces = min_num_decode_surfaces,
        coded_width = coded_width,
        coded_height = coded_height,
        display_area = display_area,
        chroma_format = chroma_format,
        bitrate = bitrate,
        display_aspect_x = display_aspect_ratio,
        video_signal_flags = video_signal_description,
        seqhdr_data_length = seqhdr_data_length
    );
    same_layout!(
        nvcuvid::SourceDataPacket,
        sdk_vid::CUVIDSOURCEDATAPACKET,
        flags = flags,
        payload_size = payload_size,
        payload = payload,
        timestamp = timestamp
    );
    same_layout!(
        nvcuvid::ParserDispInfo,
        sdk_vid::CUVIDPARSERDISPINFO,
        picture_index = picture_index,
        progressive_frame = progressive_frame,
        top_field_first = top_field_first,
        repeat_first_field = repeat_first_field,
        timestamp = timestamp
    );
    same_layout!(
        nvcuvid::ParserParams,
        sdk_vid::CUVIDPARSERPARAMS,
        codec_type = CodecType,
        max_num_decode_surfaces = ulMaxNumDecodeSurfaces,
        clock_rate = ulClockRate,
        error_threshold = ulErrorThreshold,
        max_display_delay = ulMaxDisplayDelay,
        reserved1 = uReserved1,
        user_data = pUserData,
        sequence_callback = pfnSequenceCallback,
        decode_picture = pfnDecodePicture,
        display_picture = pfnDisplayPicture,
        get_operating_point = pfnGetOperatingPoint,
        get_sei_msg = pfnGetSEIMsg,
        reserved2 = pvReserved2,
        ext_video_info = pExtVideoInfo
    );
}

#[test]
fn rectangles_and_copies_have_the_sizes_of_their_c_types() {
    assert_eq!(size_of::<cuviddec::ShortRect>(), 8);
    assert_eq!(size_of::<nvcuvid::IntRect>(), 16);
    assert_eq!((size_of::<cuda::Memcpy2D>(), offset_of!(cuda::Memcpy2D, width_in_bytes)), (128, 112));
}

#[test]
fn constants_are_the_headers() {
    use sdk_dec::{cudaVideoChromaFormat as Chroma, cudaVideoCodec as Codec, cudaVideoSurfaceFormat as Surface};
    let codecs = [
        (cuviddec::codec::MPEG2, Codec::cudaVideoCodec_MPEG2),
        (cuviddec::codec::MPEG4, Codec::cudaVideoCodec_MPEG4),
        (cuviddec::codec::H264, Codec::cudaVideoCodec_H264),
        (cuviddec::codec::HEVC, Codec::cudaVideoCodec_HEVC),
        (cuviddec::codec::VP8, Codec::cudaVideoCodec_VP8),
        (cuviddec::codec::VP9, Codec::cudaVideoCodec_VP9),
        (cuviddec::codec::AV1, Codec::cudaVideoCodec_AV1),
    ];
    assert!(codecs.iter().all(|&(ours, theirs)| ours == theirs as u32));
    assert_eq!(cuviddec::chroma::YUV420, Chroma::cudaVideoChromaFormat_420 as u32);
    assert_eq!(cuviddec::surface_format::P016, Surface::cudaVideoSurfaceFormat_P016 as u32);
    assert_eq!(cuviddec::decode_status::ERROR, sdk_dec::cuvidDecodeStatus::cuvidDecodeStatus_Error as u32);
    let flags = sdk_vid::CUvideopacketflags::CUVID_PKT_ENDOFPICTURE as u64;
    assert_eq!(nvcuvid::packet_flags::END_OF_PICTURE, flags);
}
