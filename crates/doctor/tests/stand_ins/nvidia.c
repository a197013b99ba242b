// Stand-ins for NVIDIA's libraries, one a macro: they answer questions and do nothing else.
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#define GIVE(value, result) return *value = result, 0
#define NEVER_CALLED(name) int name(void) { return 1; }

#ifdef CUDA // DRIVER is its version, INIT what cuInit gives, after HANGS seconds.
int cuInit(unsigned flags) { return sleep(HANGS), flags ? 1 : INIT; }
int cuDriverGetVersion(int *version) { GIVE(version, DRIVER); }
int cuDeviceGetCount(int *count) { GIVE(count, 1); }
int cuDeviceGet(int *device, int number) { GIVE(device, number); }
int cuDeviceGetName(char *name, int length) { return strncpy(name, "Stand-in of a GPU", length), 0; }
int cuDeviceGetPCIBusId(char *name, int length) { return strncpy(name, "0000:01:00.0", length), 0; }
int cuDeviceGetAttribute(int *value, int attribute) { GIVE(value, attribute == 75 ? 9 : 0); }
int cuDeviceTotalMem_v2(size_t *bytes) { GIVE(bytes, (size_t)80 << 30); }
int cuGetErrorName(int code, const char **name) { return *name = "CUDA_ERROR_OF_THE_STAND_IN", code == 0; }
int cuGetErrorString(int code, const char **text) { return *text = "an error of the stand-in", code == 0; }
int cuDevicePrimaryCtxRetain(void **context) { GIVE(context, context); }
int cuDevicePrimaryCtxRelease_v2(void) { return 0; }
int cuCtxPushCurrent_v2(void) { return 0; }
int cuCtxPopCurrent_v2(void **context) { GIVE(context, NULL); }
NEVER_CALLED(cuStreamCreate) NEVER_CALLED(cuStreamDestroy_v2) NEVER_CALLED(cuStreamSynchronize)
NEVER_CALLED(cuEventCreate) NEVER_CALLED(cuEventDestroy_v2) NEVER_CALLED(cuEventRecord)
NEVER_CALLED(cuEventQuery) NEVER_CALLED(cuEventSynchronize) NEVER_CALLED(cuMemcpy2DAsync_v2)
#endif

#ifdef NVCUVID // H.264 with 8 bits and HEVC with 8 or 10, on ENGINES engines.
typedef struct {
    unsigned codec, chroma, depth_minus_8, reserved[3];
    unsigned char supported, engines;
    unsigned short outputs;
    unsigned width, height, macroblocks;
} Caps;
int cuvidGetDecoderCaps(Caps *caps) {
    caps->supported = ENGINES && (caps->codec == 4 ? !caps->depth_minus_8 : caps->codec == 8 && caps->depth_minus_8 < 3);
    caps->engines = ENGINES;
    caps->width = caps->height = 4096;
    return 0;
}
NEVER_CALLED(cuvidCreateDecoder) NEVER_CALLED(cuvidReconfigureDecoder) NEVER_CALLED(cuvidDestroyDecoder)
NEVER_CALLED(cuvidDecodePicture) NEVER_CALLED(cuvidGetDecodeStatus) NEVER_CALLED(cuvidMapVideoFrame64)
NEVER_CALLED(cuvidUnmapVideoFrame64) NEVER_CALLED(cuvidCtxLockCreate) NEVER_CALLED(cuvidCtxLockDestroy)
NEVER_CALLED(cuvidCreateVideoParser) NEVER_CALLED(cuvidParseVideoData) NEVER_CALLED(cuvidDestroyVideoParser)
#endif

#ifdef NVML
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { return strncpy(text, "580.95.05", length), 0; }
int nvmlDeviceGetHandleByPciBusId_v2(const char *bus) { return strcmp(bus, "0000:01:00.0"); }
int nvmlDeviceGetMemoryInfo(void *device, size_t *total) { GIVE(&total[1], device ? 0 : (size_t)70 << 30); }
#endif

#ifdef NVRTC
int nvrtcVersion(int *major, int *minor) { return *major = MAJOR, *minor = MINOR, 0; }
int nvrtcGetNumSupportedArchs(int *count) { GIVE(count, 2); }
int nvrtcGetSupportedArchs(int *list) { return list[0] = 75, list[1] = MAJOR == 11 ? 86 : 90, 0; }
#endif

#ifdef CUBLASLT
size_t cublasLtGetVersion(void) { return VERSION; }
#endif
