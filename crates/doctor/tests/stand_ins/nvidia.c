// Stand-ins for NVIDIA's libraries, one a macro: they answer questions and do nothing else.
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#ifdef CUDA // DRIVER is its version, DEVICES their number, INIT what cuInit gives, HANGS for how many seconds it hangs.
int cuInit(unsigned flags) {
    sleep(HANGS);
    return flags ? 1 : INIT;
}
int cuDriverGetVersion(int *version) { return *version = DRIVER, INIT == 34 ? INIT : 0; }
int cuDeviceGetCount(int *count) { return *count = DEVICES, 0; }
int cuDeviceGet(int *device, int number) { return *device = number, 0; }
int cuDeviceGetName(char *name, int length, int device) {
    (void)device;
    return strncpy(name, "Stand-in of a GPU", length), 0;
}
int cuDeviceGetPCIBusId(char *name, int length, int device) {
    (void)device;
    return strncpy(name, "0000:01:00.0", length), 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    return *value = attribute == 75 ? 9 : 0, 0;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    (void)device;
    return *bytes = (size_t)80 << 30, 0;
}
int cuGetErrorName(int code, const char **name) { return *name = "CUDA_ERROR_OF_THE_STAND_IN", code == 0; }
int cuGetErrorString(int code, const char **text) { return *text = "an error of the stand-in", code == 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) {
    static char primary;
    (void)device;
    return *context = &primary, 0;
}
int cuDevicePrimaryCtxRelease_v2(int device) { return device < 0; }
int cuCtxPushCurrent_v2(void *context) { return context == NULL; }
int cuCtxPopCurrent_v2(void **context) { return *context = NULL, 0; }
#define NEVER_CALLED(name) int name(void) { return 1; }
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
    caps->supported = ENGINES && ((caps->codec == 4 && caps->depth_minus_8 == 0) ||
                                  (caps->codec == 8 && caps->depth_minus_8 <= 2));
    caps->engines = ENGINES;
    caps->width = caps->height = caps->codec == 8 ? 8192 : 4096;
    return 0;
}
#define NEVER_CALLED(name) int name(void) { return 1; }
NEVER_CALLED(cuvidCreateDecoder) NEVER_CALLED(cuvidReconfigureDecoder) NEVER_CALLED(cuvidDestroyDecoder)
NEVER_CALLED(cuvidDecodePicture) NEVER_CALLED(cuvidGetDecodeStatus) NEVER_CALLED(cuvidMapVideoFrame64)
NEVER_CALLED(cuvidUnmapVideoFrame64) NEVER_CALLED(cuvidCtxLockCreate) NEVER_CALLED(cuvidCtxLockDestroy)
NEVER_CALLED(cuvidCreateVideoParser) NEVER_CALLED(cuvidParseVideoData) NEVER_CALLED(cuvidDestroyVideoParser)
#endif

#ifdef NVML // An eighth of the memory is in use.
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { return strncpy(text, "580.95.05", length), 0; }
int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, void **device) {
    return *device = (void *)bus, strcmp(bus, "0000:01:00.0");
}
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *total_free_used) {
    (void)device;
    return total_free_used[1] = 70ull << 30, 0;
}
#endif

#ifdef NVRTC // MAJOR and MINOR are its version, ARCHITECTURE is what it compiles for.
int nvrtcVersion(int *major, int *minor) { return *major = MAJOR, *minor = MINOR, 0; }
int nvrtcGetNumSupportedArchs(int *count) { return *count = 1, 0; }
int nvrtcGetSupportedArchs(int *list) { return *list = ARCHITECTURE, 0; }
#endif

#ifdef CUBLASLT // VERSION is its version.
size_t cublasLtGetVersion(void) { return VERSION; }
#endif
