// The types of cuda.h, cuviddec.h and nvcuvid.h that the stand-ins touch, laid out as there (x86-64 and AArch64 Linux).
#pragma once
#include <stddef.h>

typedef int CUresult;
typedef int CUdevice;
typedef void *CUcontext;
typedef void *CUstream;
typedef void *CUevent;
typedef unsigned long long CUdeviceptr;

enum {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_CONTEXT = 201,
    CUDA_ERROR_MAP_FAILED = 205,
    CUDA_ERROR_NOT_READY = 600,
    CUDA_ERROR_NOT_SUPPORTED = 801,
    CUDA_ERROR_UNKNOWN = 999,
};

typedef struct {
    size_t srcXInBytes, srcY;
    unsigned srcMemoryType;
    const void *srcHost;
    CUdeviceptr srcDevice;
    void *srcArray;
    size_t srcPitch, dstXInBytes, dstY;
    unsigned dstMemoryType;
    void *dstHost;
    CUdeviceptr dstDevice;
    void *dstArray;
    size_t dstPitch, WidthInBytes, Height;
} CUDA_MEMCPY2D;

enum { MPEG2 = 1, MPEG4 = 2, H264 = 4, HEVC = 8, VP8 = 9, VP9 = 10, AV1 = 11 };
enum { CHROMA_400, CHROMA_420, CHROMA_422, CHROMA_444 };
enum { SURFACE_NV12, SURFACE_P016 };
enum { STATUS_SUCCESS = 2, STATUS_ERROR = 8 };
enum { PKT_ENDOFSTREAM = 1, PKT_TIMESTAMP = 2, PKT_ENDOFPICTURE = 8 };

typedef struct { short left, top, right, bottom; } ShortRect;

typedef struct {
    unsigned eCodecType, eChromaFormat, nBitDepthMinus8, reserved1[3];
    unsigned char bIsSupported, nNumNVDECs;
    unsigned short nOutputFormatMask;
    unsigned nMaxWidth, nMaxHeight, nMaxMBCount;
    unsigned short nMinWidth, nMinHeight;
    unsigned char bIsHistogramSupported, nCounterBitDepth;
    unsigned short nMaxHistogramBins;
    unsigned reserved3[10];
} CUVIDDECODECAPS;

typedef struct {
    unsigned long ulWidth, ulHeight, ulNumDecodeSurfaces;
    unsigned CodecType, ChromaFormat;
    unsigned long ulCreationFlags, bitDepthMinus8, ulIntraDecodeOnly, ulMaxWidth, ulMaxHeight, Reserved1;
    ShortRect display_area;
    unsigned OutputFormat, DeinterlaceMode;
    unsigned long ulTargetWidth, ulTargetHeight, ulNumOutputSurfaces;
    void *vidLock;
    ShortRect target_rect;
    unsigned long enableHistogram, Reserved2[4];
} CUVIDDECODECREATEINFO;

typedef struct {
    unsigned ulWidth, ulHeight, ulTargetWidth, ulTargetHeight, ulNumDecodeSurfaces, reserved1[12];
    ShortRect display_area, target_rect;
    unsigned reserved2[11];
} CUVIDRECONFIGUREDECODERINFO;

// The driver's own structure is larger; what stands in the place of its codec-specific part is the stand-ins' affair.
typedef struct {
    int PicWidthInMbs, FrameHeightInMbs, CurrPicIdx, field_pic_flag, bottom_field_flag, second_field;
    void *frame;
} CUVIDPICPARAMS;

typedef struct {
    int progressive_frame, second_field, top_field_first, unpaired_field;
    unsigned reserved_flags, reserved_zero;
    unsigned long long raw_input_dptr;
    unsigned raw_input_pitch, raw_input_format;
    unsigned long long raw_output_dptr;
    unsigned raw_output_pitch, Reserved1;
    CUstream output_stream;
    unsigned Reserved[46];
    unsigned long long *histogram_dptr;
    void *Reserved2[1];
} CUVIDPROCPARAMS;

typedef struct {
    unsigned decodeStatus, reserved[31];
    void *pReserved[8];
} CUVIDGETDECODESTATUS;

typedef struct {
    unsigned codec, frame_rate_numerator, frame_rate_denominator;
    unsigned char progressive_sequence, bit_depth_luma_minus8, bit_depth_chroma_minus8, min_num_decode_surfaces;
    unsigned coded_width, coded_height;
    struct { int left, top, right, bottom; } display_area;
    unsigned chroma_format, bitrate;
    int aspect_x, aspect_y;
    unsigned char video_signal_flags, color_primaries, transfer_characteristics, matrix_coefficients;
    unsigned seqhdr_data_length;
} CUVIDEOFORMAT;

typedef struct {
    unsigned long flags, payload_size;
    const unsigned char *payload;
    long long timestamp;
} CUVIDSOURCEDATAPACKET;

typedef struct {
    int picture_index, progressive_frame, top_field_first, repeat_first_field;
    long long timestamp;
} CUVIDPARSERDISPINFO;

typedef struct {
    unsigned CodecType, ulMaxNumDecodeSurfaces, ulClockRate, ulErrorThreshold, ulMaxDisplayDelay, bAnnexb,
        uReserved1[4];
    void *pUserData;
    int (*pfnSequenceCallback)(void *, CUVIDEOFORMAT *);
    int (*pfnDecodePicture)(void *, CUVIDPICPARAMS *);
    int (*pfnDisplayPicture)(void *, CUVIDPARSERDISPINFO *);
    void *pfnGetOperatingPoint, *pfnGetSEIMsg, *pvReserved2[5], *pExtVideoInfo;
} CUVIDPARSERPARAMS;

// Objects made and not destroyed yet, for tests of leaks: counted in libcuda, for both libraries.
enum { MOCK_CONTEXTS, MOCK_STREAMS, MOCK_EVENTS, MOCK_LOCKS, MOCK_DECODERS, MOCK_PARSERS, MOCK_MAPPED, MOCK_MISUSES, MOCK_KINDS };
void mock_count(int kind, int change);
int mock_live(int kind);

// Whether the calling thread has a current context.
CUresult cuCtxGetCurrent(CUcontext *context);

// What becomes of a CRA picture that begins a stream, when the leading pictures after it are dropped. On an H100 with
// driver 580 one frame a chunk went wrong then, the first such being the CRA's own; by which of these ways is not known.
enum { CRA_STAYS, CRA_TAKES_THEIR_TIME, CRA_IS_LOST, NEXT_TAKES_THEIR_TIME };
int mock_set_cra(int behaviour);

// Leaves out every picture of this number when it is to be displayed, counted from 1 in each stream; 0 leaves out none.
int mock_set_left_out(int every);

// The code that every mapping of a surface fails with; 0 is success.
int mock_set_map_failure(int code);
