// Stand-in for the decoder half of libnvcuvid.so.1: capabilities as an H100's, decode surfaces that hold libavcodec's
// frames, and output surfaces into which mapping copies them as NV12 or P016. Pictures come from parser.c.
#include "nvidia.h"
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SURFACES = 64, PITCH_UNIT = 512 };

typedef struct {
    CUVIDDECODECREATEINFO info;
    AVFrame *surfaces[MOST_SURFACES];
    unsigned char *mapped[MOST_SURFACES];
    unsigned mapped_count;
} Decoder;

static char any_lock;

static atomic_int map_failure;

int mock_set_map_failure(int code) { return atomic_exchange(&map_failure, code); }

static CUresult misuse(const char *what) {
    fprintf(stderr, "mock libnvcuvid: %s\n", what);
    mock_count(MOCK_MISUSES, 1);
    return CUDA_ERROR_INVALID_VALUE;
}

static int has_context(void) {
    CUcontext context;
    cuCtxGetCurrent(&context);
    return context != NULL;
}

CUresult cuvidGetDecoderCaps(CUVIDDECODECAPS *caps) {
    if (!has_context())
        return CUDA_ERROR_INVALID_CONTEXT;
    int deep = caps->nBitDepthMinus8 == 2;
    int shallow = caps->nBitDepthMinus8 == 0;
    int known = 0;
    switch (caps->eCodecType) {
    case MPEG2: case MPEG4: case H264: case VP8: known = shallow; break;
    case HEVC: case VP9: known = shallow || deep; break;
    }
    caps->bIsSupported = known && caps->eChromaFormat == CHROMA_420;
    if (!caps->bIsSupported)
        return CUDA_SUCCESS;
    caps->nNumNVDECs = 7;
    caps->nOutputFormatMask = deep ? 1 << SURFACE_NV12 | 1 << SURFACE_P016 : 1 << SURFACE_NV12;
    caps->nMaxWidth = caps->nMaxHeight = caps->eCodecType == HEVC || caps->eCodecType == VP9 ? 8192 : 4096;
    caps->nMaxMBCount = 65536;
    caps->nMinWidth = 48;
    caps->nMinHeight = 16;
    return CUDA_SUCCESS;
}

CUresult cuvidCtxLockCreate(void **lock, CUcontext context) {
    if (!context)
        return misuse("a lock without a context");
    mock_count(MOCK_LOCKS, 1);
    *lock = &any_lock;
    return CUDA_SUCCESS;
}

CUresult cuvidCtxLockDestroy(void *lock) {
    mock_count(MOCK_LOCKS, -1);
    return lock == &any_lock ? CUDA_SUCCESS : misuse("not a lock");
}

CUresult cuvidCreateDecoder(void **decoder, CUVIDDECODECREATEINFO *info) {
    if (!has_context())
        return CUDA_ERROR_INVALID_CONTEXT;
    if (!info->ulWidth || !info->ulHeight || !info->ulTargetWidth || !info->ulTargetHeight)
        return misuse("a decoder without a size");
    if (info->ulTargetWidth % 2 || info->ulTargetHeight % 2)
        return misuse("a decoder with an odd output size");
    if (info->ulNumDecodeSurfaces < 1 || info->ulNumDecodeSurfaces > MOST_SURFACES || info->ulNumOutputSurfaces < 1 ||
        info->ulNumOutputSurfaces > MOST_SURFACES || info->ulMaxWidth < info->ulWidth ||
        info->ulMaxHeight < info->ulHeight || info->vidLock != &any_lock)
        return misuse("a decoder with bad parameters");
    Decoder *made = calloc(1, sizeof *made);
    made->info = *info;
    mock_count(MOCK_DECODERS, 1);
    *decoder = made;
    return CUDA_SUCCESS;
}

CUresult cuvidReconfigureDecoder(void *handle, CUVIDRECONFIGUREDECODERINFO *info) {
    Decoder *decoder = handle;
    if (decoder->mapped_count)
        return misuse("a decoder changed while surfaces are mapped");
    if (info->ulWidth > decoder->info.ulMaxWidth || info->ulHeight > decoder->info.ulMaxHeight)
        return misuse("a decoder changed to a size it has no room for");
    decoder->info.ulWidth = info->ulWidth;
    decoder->info.ulHeight = info->ulHeight;
    decoder->info.ulTargetWidth = info->ulTargetWidth;
    decoder->info.ulTargetHeight = info->ulTargetHeight;
    return CUDA_SUCCESS;
}

CUresult cuvidDestroyDecoder(void *handle) {
    Decoder *decoder = handle;
    if (decoder->mapped_count)
        misuse("a decoder destroyed while surfaces are mapped");
    for (int i = 0; i < MOST_SURFACES; i++)
        av_frame_free(&decoder->surfaces[i]);
    mock_count(MOCK_DECODERS, -1);
    free(decoder);
    return CUDA_SUCCESS;
}

CUresult cuvidDecodePicture(void *handle, CUVIDPICPARAMS *picture) {
    Decoder *decoder = handle;
    if (picture->CurrPicIdx < 0 || picture->CurrPicIdx >= (int)decoder->info.ulNumDecodeSurfaces)
        return misuse("a picture for a surface that is not there");
    AVFrame **surface = &decoder->surfaces[picture->CurrPicIdx];
    av_frame_free(surface);
    *surface = av_frame_clone(picture->frame);
    return CUDA_SUCCESS;
}

CUresult cuvidGetDecodeStatus(void *handle, int index, CUVIDGETDECODESTATUS *status) {
    Decoder *decoder = handle;
    if (decoder->info.CodecType != H264 && decoder->info.CodecType != HEVC)
        return CUDA_ERROR_NOT_SUPPORTED;
    AVFrame *frame = decoder->surfaces[index];
    int damaged = !frame || frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT;
    status->decodeStatus = damaged ? STATUS_ERROR : STATUS_SUCCESS;
    return CUDA_SUCCESS;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// One row of samples, shifted up to the top of its words where it is deep.
static void copy_row(unsigned char *to, const unsigned char *from, size_t samples, size_t step, int shift) {
    for (size_t i = 0; i < samples; i++) {
        if (shift)
            ((unsigned short *)to)[i * step] = (unsigned short)(((const unsigned short *)from)[i] << shift);
        else
            to[i * step] = from[i];
    }
}

static void copy_frame(const Decoder *decoder, const AVFrame *frame, unsigned char *to, size_t pitch) {
    int depth = av_pix_fmt_desc_get(frame->format)->comp[0].depth;
    int shift = depth > 8 ? 16 - depth : 0;
    size_t bytes = shift ? 2 : 1;
    size_t width = least(decoder->info.ulTargetWidth, frame->width);
    size_t height = least(decoder->info.ulTargetHeight, frame->height);
    for (size_t y = 0; y < height; y++)
        copy_row(to + y * pitch, frame->data[0] + (ptrdiff_t)y * frame->linesize[0], width, 1, shift);
    unsigned char *chroma = to + pitch * decoder->info.ulTargetHeight;
    for (size_t y = 0; y < (height + 1) / 2; y++)
        for (int plane = 0; plane < 2; plane++)
            copy_row(chroma + y * pitch + plane * bytes,
                     frame->data[1 + plane] + (ptrdiff_t)y * frame->linesize[1 + plane], (width + 1) / 2, 2, shift);
}

CUresult cuvidMapVideoFrame64(void *handle, int index, unsigned long long *pointer, unsigned *pitch,
                              CUVIDPROCPARAMS *processing) {
    Decoder *decoder = handle;
    if (!has_context())
        return CUDA_ERROR_INVALID_CONTEXT;
    if (atomic_load(&map_failure))
        return atomic_load(&map_failure);
    if (index < 0 || index >= (int)decoder->info.ulNumDecodeSurfaces || !decoder->surfaces[index])
        return CUDA_ERROR_MAP_FAILED;
    if (decoder->mapped_count == decoder->info.ulNumOutputSurfaces || !processing->output_stream)
        return misuse("more surfaces mapped than there are, or no stream");
    size_t bytes = decoder->info.OutputFormat == SURFACE_P016 ? 2 : 1;
    size_t row = (decoder->info.ulTargetWidth * bytes + PITCH_UNIT - 1) / PITCH_UNIT * PITCH_UNIT;
    unsigned char *surface = calloc(row, decoder->info.ulTargetHeight * 3 / 2);
    copy_frame(decoder, decoder->surfaces[index], surface, row);
    decoder->mapped[decoder->mapped_count++] = surface;
    mock_count(MOCK_MAPPED, 1);
    *pointer = (unsigned long long)surface;
    *pitch = (unsigned)row;
    return CUDA_SUCCESS;
}

CUresult cuvidUnmapVideoFrame64(void *handle, unsigned long long pointer) {
    Decoder *decoder = handle;
    for (unsigned i = 0; i < decoder->mapped_count; i++) {
        if ((unsigned long long)decoder->mapped[i] != pointer)
            continue;
        free(decoder->mapped[i]);
        decoder->mapped[i] = decoder->mapped[--decoder->mapped_count];
        mock_count(MOCK_MAPPED, -1);
        return CUDA_SUCCESS;
    }
    return misuse("a surface unmapped that is not mapped");
}
