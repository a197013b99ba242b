// Stand-in for the parser half of libnvcuvid.so.1. libavcodec parses and decodes at once; its frames go through the
// callbacks as the driver's would: a sequence callback whenever the format changes, then a picture to decode, and some
// pictures later the same to display. Leading pictures that cannot be decoded are dropped here as the driver drops them.
#include "nvidia.h"
#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HELD = 16, MIN_SURFACES = 8 };

typedef struct {
    CUVIDPARSERPARAMS parameters;
    AVCodecContext *codec;
    CUVIDEOFORMAT format;
    int surfaces, next_surface;
    // Decoded and not displayed yet, the oldest first.
    CUVIDPARSERDISPINFO held[MOST_HELD];
    unsigned held_count;
    // A CRA picture that began the stream, while only leading pictures have followed; and whether one has come yet.
    int begun, cra_begins;
    long long cra_time;
    // Dropped leading pictures, and whose time is then given for whose.
    int dropped;
    long long dropped_time, retimed;
    int retimed_known;
    // Pictures that came to be displayed.
    int displayed;
} Parser;

static atomic_int cra_behaviour = CRA_TAKES_THEIR_TIME;

int mock_set_cra(int behaviour) { return atomic_exchange(&cra_behaviour, behaviour); }

static atomic_int left_out;

int mock_set_left_out(int every) { return atomic_exchange(&left_out, every); }

static enum AVCodecID codec_id(unsigned codec) {
    switch (codec) {
    case MPEG2: return AV_CODEC_ID_MPEG2VIDEO;
    case MPEG4: return AV_CODEC_ID_MPEG4;
    case H264: return AV_CODEC_ID_H264;
    case HEVC: return AV_CODEC_ID_HEVC;
    case VP8: return AV_CODEC_ID_VP8;
    case VP9: return AV_CODEC_ID_VP9;
    case AV1: return AV_CODEC_ID_AV1;
    default: return AV_CODEC_ID_NONE;
    }
}

CUresult cuvidCreateVideoParser(void **handle, CUVIDPARSERPARAMS *parameters) {
    const AVCodec *codec = avcodec_find_decoder(codec_id(parameters->CodecType));
    if (!codec || !parameters->pUserData || !parameters->pfnSequenceCallback || !parameters->pfnDecodePicture ||
        !parameters->pfnDisplayPicture)
        return CUDA_ERROR_INVALID_VALUE;
    Parser *parser = calloc(1, sizeof *parser);
    parser->parameters = *parameters;
    parser->codec = avcodec_alloc_context3(codec);
    parser->codec->thread_count = 1;
    parser->codec->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    if (avcodec_open2(parser->codec, codec, NULL) < 0) {
        avcodec_free_context(&parser->codec);
        free(parser);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    av_log_set_level(AV_LOG_QUIET);
    mock_count(MOCK_PARSERS, 1);
    *handle = parser;
    return CUDA_SUCCESS;
}

CUresult cuvidDestroyVideoParser(void *handle) {
    Parser *parser = handle;
    avcodec_free_context(&parser->codec);
    mock_count(MOCK_PARSERS, -1);
    free(parser);
    return CUDA_SUCCESS;
}

static int display(Parser *parser, unsigned keep) {
    while (parser->held_count > keep) {
        CUVIDPARSERDISPINFO shown = parser->held[0];
        memmove(parser->held, parser->held + 1, --parser->held_count * sizeof *parser->held);
        int every = atomic_load(&left_out);
        if (every && ++parser->displayed % every == 0)
            continue;
        int behaviour = atomic_load(&cra_behaviour);
        int is_cra = parser->dropped && shown.timestamp == parser->cra_time;
        if (is_cra && behaviour == CRA_IS_LOST)
            continue;
        if (is_cra && behaviour == CRA_TAKES_THEIR_TIME)
            shown.timestamp = parser->dropped_time;
        if (parser->retimed_known && behaviour == NEXT_TAKES_THEIR_TIME && shown.timestamp == parser->retimed)
            shown.timestamp = parser->dropped_time;
        if (!parser->parameters.pfnDisplayPicture(parser->parameters.pUserData, &shown))
            return 0;
    }
    return 1;
}

static unsigned chroma_format(const AVPixFmtDescriptor *layout) {
    if (layout->nb_components == 1)
        return CHROMA_400;
    return layout->log2_chroma_h ? CHROMA_420 : layout->log2_chroma_w ? CHROMA_422 : CHROMA_444;
}

// Calls back if the frame is of another format than the one before.
static int sequence(Parser *parser, const AVFrame *frame) {
    const AVPixFmtDescriptor *layout = av_pix_fmt_desc_get(frame->format);
    CUVIDEOFORMAT format = {
        .codec = parser->parameters.CodecType,
        .progressive_sequence = parser->surfaces ? parser->format.progressive_sequence : !frame->interlaced_frame,
        .bit_depth_luma_minus8 = layout->comp[0].depth - 8,
        .bit_depth_chroma_minus8 = layout->comp[0].depth - 8,
        .min_num_decode_surfaces = MIN_SURFACES,
        .coded_width = (frame->width + 15u) & ~15u,
        .coded_height = (frame->height + 15u) & ~15u,
        .display_area = {0, 0, frame->width, frame->height},
        .chroma_format = chroma_format(layout),
        .video_signal_flags = frame->color_range == AVCOL_RANGE_JPEG ? 8 : 0,
        .color_primaries = frame->color_primaries,
        .transfer_characteristics = frame->color_trc,
        .matrix_coefficients = frame->colorspace,
    };
    if (parser->surfaces && !memcmp(&format, &parser->format, sizeof format))
        return 1;
    // Pictures of the old format are displayed before the new one is told.
    if (!display(parser, 0))
        return 0;
    parser->format = format;
    int surfaces = parser->parameters.pfnSequenceCallback(parser->parameters.pUserData, &format);
    if (surfaces > 1)
        parser->surfaces = surfaces;
    else if (surfaces == 1)
        parser->surfaces = MIN_SURFACES;
    return surfaces > 0;
}

static int take_frames(Parser *parser) {
    AVFrame *frame = av_frame_alloc();
    int going = 1;
    while (going && avcodec_receive_frame(parser->codec, frame) == 0) {
        going = sequence(parser, frame);
        if (going) {
            CUVIDPICPARAMS picture = {.CurrPicIdx = parser->next_surface, .frame = frame};
            parser->next_surface = (parser->next_surface + 1) % parser->surfaces;
            going = parser->parameters.pfnDecodePicture(parser->parameters.pUserData, &picture);
            parser->held[parser->held_count++] = (CUVIDPARSERDISPINFO){
                .picture_index = picture.CurrPicIdx,
                .progressive_frame = !frame->interlaced_frame,
                .top_field_first = frame->top_field_first,
                .timestamp = frame->pts == AV_NOPTS_VALUE ? 0 : frame->pts,
            };
        }
        unsigned delay = parser->parameters.ulMaxDisplayDelay;
        going = going && display(parser, delay < MIN_SURFACES - 1 ? delay : MIN_SURFACES - 1);
        av_frame_unref(frame);
    }
    av_frame_free(&frame);
    return going;
}

// The type of the first slice in an HEVC access unit; -1 if there is none.
static int hevc_slice_type(const unsigned char *data, size_t size) {
    for (size_t i = 0; i + 3 < size; i++) {
        if (data[i] || data[i + 1] || data[i + 2] != 1)
            continue;
        int type = data[i + 3] >> 1 & 63;
        if (type < 32)
            return type;
    }
    return -1;
}

// Whether the picture is a leading one of the CRA that begins the stream, which the driver drops.
static int is_dropped(Parser *parser, const CUVIDSOURCEDATAPACKET *packet) {
    if (parser->parameters.CodecType != HEVC)
        return 0;
    int type = hevc_slice_type(packet->payload, packet->payload_size);
    int is_rasl = type == 8 || type == 9;
    if (!parser->begun && type >= 0) {
        parser->begun = 1;
        parser->cra_begins = type == 21;
        parser->cra_time = packet->timestamp;
    } else if (type >= 16) {
        parser->cra_begins = 0;
    }
    if (parser->cra_begins && is_rasl) {
        parser->dropped++;
        parser->dropped_time = packet->timestamp;
        return 1;
    }
    if (parser->dropped && !parser->retimed_known && type >= 0 && type < 16) {
        parser->retimed = packet->timestamp;
        parser->retimed_known = 1;
    }
    return 0;
}

CUresult cuvidParseVideoData(void *handle, CUVIDSOURCEDATAPACKET *packet) {
    Parser *parser = handle;
    int going = 1;
    if (packet->payload_size && !is_dropped(parser, packet)) {
        AVPacket *copy = av_packet_alloc();
        av_new_packet(copy, packet->payload_size);
        memcpy(copy->data, packet->payload, packet->payload_size);
        copy->pts = packet->flags & PKT_TIMESTAMP ? packet->timestamp : AV_NOPTS_VALUE;
        // A picture that cannot be parsed at all is left out without a word.
        avcodec_send_packet(parser->codec, copy);
        av_packet_free(&copy);
        going = take_frames(parser);
    }
    if (going && packet->flags & PKT_ENDOFSTREAM) {
        avcodec_send_packet(parser->codec, NULL);
        going = take_frames(parser) && display(parser, 0);
        avcodec_flush_buffers(parser->codec);
        parser->begun = parser->cra_begins = parser->dropped = parser->retimed_known = 0;
    }
    return going ? CUDA_SUCCESS : CUDA_ERROR_UNKNOWN;
}
