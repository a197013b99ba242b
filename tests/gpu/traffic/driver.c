// Stand-in for the driver: it copies nothing, says how many copies it was asked for, and takes low addresses for a device's.
#include <stddef.h>

typedef unsigned long long CUdeviceptr;

static int copies;

int copies_asked_for(void) { return copies; }

int cuPointerGetAttribute(unsigned *type, int attribute, CUdeviceptr pointer) {
    if (attribute != 2 || pointer >= 1 << 16) return 1;
    *type = 2;
    return 0;
}

#define COPIES(name) int name(void) { return copies++, 0; }
COPIES(cuMemcpyHtoD_v2) COPIES(cuMemcpyHtoDAsync_v2) COPIES(cuMemcpyDtoH_v2) COPIES(cuMemcpyDtoHAsync_v2)
COPIES(cuMemcpy) COPIES(cuMemcpyAsync)
COPIES(cuMemcpy2D_v2) COPIES(cuMemcpy2DUnaligned_v2) COPIES(cuMemcpy2DAsync_v2)
COPIES(cuMemcpy3D_v2) COPIES(cuMemcpy3DAsync_v2)
