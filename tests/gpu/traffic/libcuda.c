// Stands in front of NVIDIA's driver and counts what its callers copy between the host and the device.
//
// It is called libcuda.so, the name that cudarc tries first, defines the functions that copy, and depends on libcuda.so.1, the
// driver itself: so a caller that opens it finds every other function there. When the process ends, the sums are
// written to the file that SWINGPOSE_TRAFFIC names, a line a direction: its name, bytes, copies, the largest copy.
//
// What the driver's own libraries do is not seen: the video decoder takes packets past these functions.
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef int CUresult;
typedef unsigned long long CUdeviceptr;
typedef void *CUstream;

// CUmemorytype: what a pointer may point to. A unified one is asked about.
enum { HOST = 1, DEVICE = 2, UNIFIED = 4 };
enum { CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2 };

// One side of CUDA_MEMCPY2D and of CUDA_MEMCPY3D.
typedef struct {
    size_t x, y;
    unsigned type;
    const void *host;
    CUdeviceptr device;
    void *array;
    size_t pitch;
} Side2D;

typedef struct {
    size_t x, y, z, lod;
    unsigned type;
    const void *host;
    CUdeviceptr device;
    void *array, *reserved;
    size_t pitch, height;
} Side3D;

typedef struct {
    Side2D from, to;
    size_t width, height;
} Copy2D;

typedef struct {
    Side3D from, to;
    size_t width, height, depth;
} Copy3D;

typedef struct {
    atomic_ullong bytes, copies, largest;
} Sum;

static Sum to_host, to_device;
static void *driver;

__attribute__((constructor)) static void open_driver(void) { driver = dlopen("libcuda.so.1", RTLD_NOW); }

static void *find(const char *name) {
    void *function = driver ? dlsym(driver, name) : NULL;
    if (!function) {
        fprintf(stderr, "the driver has no %s\n", name);
        abort();
    }
    return function;
}

// The driver's function of this name.
#define REAL(name) ((__typeof__(&name))find(#name))

static void add(Sum *sum, size_t bytes) {
    atomic_fetch_add(&sum->bytes, bytes);
    atomic_fetch_add(&sum->copies, 1);
    unsigned long long largest = atomic_load(&sum->largest);
    while (largest < bytes && !atomic_compare_exchange_weak(&sum->largest, &largest, bytes)) {
    }
}

// Memory that the driver does not know is the host's.
static unsigned unified_type(CUdeviceptr pointer) {
    CUresult (*ask)(void *, int, CUdeviceptr) = find("cuPointerGetAttribute");
    unsigned type = HOST;
    return ask(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, pointer) == 0 ? type : HOST;
}

static void count(unsigned from, unsigned to, size_t bytes) {
    if (from != HOST && to == HOST) add(&to_host, bytes);
    if (from == HOST && to != HOST) add(&to_device, bytes);
}

static void count_unified(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    count(unified_type(from), unified_type(to), bytes);
}

#define TYPE(side) ((side).type == UNIFIED ? unified_type((side).device) : (side).type)

static void count_2d(const Copy2D *copy) { count(TYPE(copy->from), TYPE(copy->to), copy->width * copy->height); }

static void count_3d(const Copy3D *copy) {
    count(TYPE(copy->from), TYPE(copy->to), copy->width * copy->height * copy->depth);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
    return add(&to_device, bytes), REAL(cuMemcpyHtoD_v2)(to, from, bytes);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
    return add(&to_device, bytes), REAL(cuMemcpyHtoDAsync_v2)(to, from, bytes, stream);
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
    return add(&to_host, bytes), REAL(cuMemcpyDtoH_v2)(to, from, bytes);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return add(&to_host, bytes), REAL(cuMemcpyDtoHAsync_v2)(to, from, bytes, stream);
}

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return count_unified(to, from, bytes), REAL(cuMemcpy)(to, from, bytes);
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    return count_unified(to, from, bytes), REAL(cuMemcpyAsync)(to, from, bytes, stream);
}

CUresult cuMemcpy2D_v2(const Copy2D *copy) { return count_2d(copy), REAL(cuMemcpy2D_v2)(copy); }

CUresult cuMemcpy2DUnaligned_v2(const Copy2D *copy) { return count_2d(copy), REAL(cuMemcpy2DUnaligned_v2)(copy); }

CUresult cuMemcpy2DAsync_v2(const Copy2D *copy, CUstream stream) {
    return count_2d(copy), REAL(cuMemcpy2DAsync_v2)(copy, stream);
}

CUresult cuMemcpy3D_v2(const Copy3D *copy) { return count_3d(copy), REAL(cuMemcpy3D_v2)(copy); }

CUresult cuMemcpy3DAsync_v2(const Copy3D *copy, CUstream stream) {
    return count_3d(copy), REAL(cuMemcpy3DAsync_v2)(copy, stream);
}

__attribute__((destructor)) static void write_sums(void) {
    const char *path = getenv("SWINGPOSE_TRAFFIC");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    const struct {
        const char *name;
        Sum *sum;
    } directions[] = {{"to_host", &to_host}, {"to_device", &to_device}};
    for (int i = 0; i < 2; i++) {
        Sum *sum = directions[i].sum;
        fprintf(file, "%s %llu %llu %llu\n", directions[i].name, sum->bytes, sum->copies, sum->largest);
    }
    fclose(file);
}
