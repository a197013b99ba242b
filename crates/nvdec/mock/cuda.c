// Stand-in for libcuda.so.1: one device, whose memory is the host's, and streams that do their work at once.
#include "nvidia.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_int live[MOCK_KINDS];

// Each thread's stack of contexts, as the driver keeps it.
static _Thread_local CUcontext stack[16];
static _Thread_local int depth;

// Handles are addresses nobody reads, one kind each, so that a mix-up is noticed.
static char primary_context, any_stream;

void mock_count(int kind, int change) { atomic_fetch_add(&live[kind], change); }
int mock_live(int kind) { return atomic_load(&live[kind]); }

static CUresult misuse(CUresult code) {
    mock_count(MOCK_MISUSES, 1);
    return code;
}

CUresult cuInit(unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; }

CUresult cuDriverGetVersion(int *version) {
    *version = 13000;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
    *count = 1;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
    *device = ordinal;
    return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
    (void)device;
    strncpy(name, "Mock of a GPU", length);
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    (void)device;
    mock_count(MOCK_CONTEXTS, 1);
    *context = &primary_context;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    (void)device;
    mock_count(MOCK_CONTEXTS, -1);
    return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
    if (context != &primary_context || depth == 16)
        return misuse(CUDA_ERROR_INVALID_CONTEXT);
    stack[depth++] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
    if (depth == 0)
        return misuse(CUDA_ERROR_INVALID_CONTEXT);
    *context = stack[--depth];
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context) {
    *context = depth ? stack[depth - 1] : NULL;
    return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
    (void)flags;
    if (depth == 0)
        return misuse(CUDA_ERROR_INVALID_CONTEXT);
    mock_count(MOCK_STREAMS, 1);
    *stream = &any_stream;
    return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
    if (stream != &any_stream)
        return misuse(CUDA_ERROR_INVALID_VALUE);
    mock_count(MOCK_STREAMS, -1);
    return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
    return stream == &any_stream ? CUDA_SUCCESS : misuse(CUDA_ERROR_INVALID_VALUE);
}

// An event is reached when it has been asked about twice or waited for: so that unmapping has something to wait for.
typedef struct { int recorded, asked; } Event;

CUresult cuEventCreate(CUevent *event, unsigned flags) {
    (void)flags;
    mock_count(MOCK_EVENTS, 1);
    *event = calloc(1, sizeof(Event));
    return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
    mock_count(MOCK_EVENTS, -1);
    free(event);
    return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
    ((Event *)event)->recorded = 1;
    return stream == &any_stream ? CUDA_SUCCESS : misuse(CUDA_ERROR_INVALID_VALUE);
}

CUresult cuEventQuery(CUevent event) {
    Event *e = event;
    return e->recorded && e->asked++ < 2 ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event) {
    ((Event *)event)->asked = 2;
    return CUDA_SUCCESS;
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream) {
    if (depth == 0 || stream != &any_stream || copy->srcMemoryType != 2 || copy->dstMemoryType != 1)
        return misuse(CUDA_ERROR_INVALID_VALUE);
    const char *from = (const char *)copy->srcDevice;
    char *to = copy->dstHost;
    for (size_t row = 0; row < copy->Height; row++)
        memcpy(to + row * copy->dstPitch, from + row * copy->srcPitch, copy->WidthInBytes);
    return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult code, const char **name) {
    (void)code;
    *name = "CUDA_ERROR_OF_THE_MOCK";
    return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult code, const char **text) {
    (void)code;
    *text = "an error of the mock";
    return CUDA_SUCCESS;
}
