// Heatmaps to keypoints in the frame, a block a map: blurred in shared memory, its peak found, and refined by a Newton step.
//
// The blur's sums are fused, as kernel.rs makes them by way of f64; the step's products are kept from that, as the host's are. A map
// without a positive value is refined with the last row of the map before it, which its block then reads too.
//
// HEIGHT, WIDTH  of a map
// INPUT_F32      maps of f32; otherwise half, or bfloat16 with ELEMENT_BF16
#include <cuda_bf16.h>
#include <cuda_fp16.h>

typedef unsigned int u32;

#ifdef INPUT_F32
typedef float Number;
#elif defined(ELEMENT_BF16)
typedef __nv_bfloat16 Number;
#else
typedef __half Number;
#endif

constexpr u32 THREADS = 256, WARPS = THREADS / 32;
constexpr u32 height = HEIGHT, width = WIDTH, area = height * width;
constexpr int REACH = 5;
constexpr u32 NEIGHBOURS = 10;
constexpr float FLOOR = 1e-3f, CEILING = 50.0f; // values are cut to these before the logarithm
constexpr double RIDGE = 1.1920928955078125e-7; // f32's epsilon, added to the Hessian's diagonal

// At distances 0 to 5, those of `cv2.getGaussianKernel(11, 0)`.
constexpr float WEIGHTS[REACH + 1] = {
    static_cast<float>(0.2005654142388208),   static_cast<float>(0.17699835683135567),  static_cast<float>(0.12164907301380959),
    static_cast<float>(0.06511405659938266),  static_cast<float>(0.027143577143479366), static_cast<float>(0.008812229292562283),
};

// All maps, and those of the mirrored crops.
struct Maps {
    const Number *own, *mirrored;
    const u32* partners; // each keypoint's in the mirror
    u32 keypoints;
    bool flip;
};

// What is read of a map: its largest value, NaN if it has one, the pixel, and the logarithms around it.
struct Reading {
    float score;
    u32 peak;
    float logs[NEIGHBOURS];
};

struct Scratch {
    float values[WARPS];
    u32 places[WARPS];
};

// Rounded by itself, never merged with the sum around it.
__device__ __forceinline__ double product(double a, double b) { return __dmul_rn(a, b); }

// As `ln` of float.rs.
__device__ float ln(float x) {
    const u32 bits = __float_as_uint(x);
    const bool above = (bits & 0x007fffffu) > 0x003504f3u;
    const int exponent = static_cast<int>(bits >> 23) - 127 + above;
    const double mantissa = static_cast<double>(__uint_as_float((bits & 0x007fffffu) | (above ? 0x3f000000u : 0x3f800000u)));
    const double s = (mantissa - 1.0) / (mantissa + 1.0), z = s * s;
    double series = 0.0;
#pragma unroll
    for (int term = 0; term < 9; ++term) series = series * z + 1.0 / (17 - 2 * term);
    return static_cast<float>(static_cast<double>(exponent) * 0.6931471805599453 + 2.0 * s * series);
}

// The largest value of the block's, and the least place where it is.
__device__ void find_largest(Scratch& scratch, float& value, u32& place) {
    const auto take = [&](float other, u32 at) {
        if (other > value || (other == value && at < place)) value = other, place = at;
    };
#pragma unroll
    for (u32 apart = 16; apart; apart /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, value, apart);
        const u32 at = __shfl_xor_sync(0xffffffffu, place, apart);
        take(other, at);
    }
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch.values[threadIdx.x / 32] = value, scratch.places[threadIdx.x / 32] = place;
    __syncthreads();
    for (u32 warp = 0; warp < WARPS; ++warp) take(scratch.values[warp], scratch.places[warp]);
}

// The blur's second half at one pixel: itself, then pairs of rows from near to far. Outside the map is zero.
__device__ __forceinline__ float blurred_down(const float* across, u32 at) {
    const u32 row = at / width;
    float sum = across[at] * WEIGHTS[0];
#pragma unroll
    for (u32 step = 1; step <= REACH; ++step) {
        const float above = row >= step ? across[at - step * width] : 0.0f;
        const float below = row + step < height ? across[at + step * width] : 0.0f;
        sum = fmaf(above + below, WEIGHTS[step], sum);
    }
    return sum;
}

// As `neighbour` of kernel.rs.
__device__ u32 neighbour(u32 which, u32 peak) {
    const u32 x = peak % width, y = peak / width;
    const u32 left = x ? x - 1 : 0, right = min(x + 1, width - 1);
    const u32 up = (y ? y - 1 : 0) * width, down = min(y + 1, height - 1) * width;
    switch (which) {
        case 1: return y * width + left;
        case 2: return y * width + right;
        case 3: return up + x;
        case 4: return down + x;
        case 5: return up + left;
        case 6: return down + right;
        case 7: return 0;
        case 8: return (height - 1) * width;
        case 9: return height * width - 1;
        default: return peak;
    }
}

// Reads a map, or the mean of it and its mirror image. `values` and `across` have room for it.
__device__ void read(const Maps& maps, u32 crop, u32 keypoint, float* values, float* across, Scratch& scratch, Reading& to) {
    const Number* own = maps.own + static_cast<size_t>(crop * maps.keypoints + keypoint) * area;
    const Number* other = maps.mirrored + static_cast<size_t>(crop * maps.keypoints + maps.partners[keypoint]) * area;
    float best = __uint_as_float(0xff800000u), largest = best; // below all numbers
    u32 best_at = area - 1, largest_at = 0;
    bool none = false;
    for (u32 at = threadIdx.x; at < area; at += THREADS) {
        float value = static_cast<float>(own[at]);
        if (maps.flip) {
            const u32 column = at % width;
            value = (value + static_cast<float>(other[at - column + (width - 1 - column)])) * 0.5f;
        }
        values[at] = value;
        none |= isnan(value);
        if (value > best || (value == best && at < best_at)) best = value, best_at = at;
    }
    none = __syncthreads_or(none);
    for (u32 at = threadIdx.x; at < area; at += THREADS) {
        const int column = static_cast<int>(at % width);
        float sum = 0.0f;
#pragma unroll
        for (int apart = -REACH; apart <= REACH; ++apart)
            if (column + apart >= 0 && column + apart < static_cast<int>(width))
                sum = fmaf(values[static_cast<int>(at) + apart], WEIGHTS[apart < 0 ? -apart : apart], sum);
        across[at] = sum;
    }
    // What waits for the others here lets all of `across` be read after.
    find_largest(scratch, best, best_at);
    for (u32 at = threadIdx.x; at < area; at += THREADS) largest = fmaxf(largest, blurred_down(across, at));
    find_largest(scratch, largest, largest_at);
    if (threadIdx.x < NEIGHBOURS) {
        const float factor = best == 0.0f && largest == 0.0f ? 1.0f : best / largest;
        const float level = blurred_down(across, neighbour(threadIdx.x, best_at)) * factor;
        to.logs[threadIdx.x] = ln(fminf(fmaxf(level, FLOOR), CEILING));
    }
    if (threadIdx.x == 0) to.score = none ? __uint_as_float(0x7fc00000u) : best, to.peak = best_at;
    __syncthreads();
}

// From the heatmap to the frame along an axis: the centres of the first and last cells lie on the edges of the part.
__device__ float to_frame(float point, u32 cells, float center, float scale) {
    const double whole = static_cast<double>(scale);
    const double offset = product(static_cast<double>(point) / static_cast<double>(cells - 1), whole);
    return static_cast<float>(offset + static_cast<double>(center) - 0.5 * whole);
}

// The peak after a Newton step, in heatmap pixels.
__device__ float2 refine(const Reading& own, const Reading& before) {
    const bool outside = own.score <= 0.0f;
    // Around (-1, -1): one row up or one column left begins the previous map's last row or two.
    const float corner = own.logs[7];
    const float center = outside ? corner : own.logs[0];
    const float left = outside ? before.logs[9] : own.logs[1], right = outside ? corner : own.logs[2];
    const float up = outside ? before.logs[8] : own.logs[3], down = outside ? corner : own.logs[4];
    const float up_left = outside ? before.logs[9] : own.logs[5], down_right = outside ? corner : own.logs[6];
    // Differences in f32 and mmpose's order: on flat maps the last bits decide.
    const double dx = 0.5f * (right - left), dy = 0.5f * (down - up);
    const double dxx = static_cast<double>(right - 2.0f * center + left) + RIDGE;
    const double dyy = static_cast<double>(down - 2.0f * center + up) + RIDGE;
    const double dxy = 0.5f * (down_right - right - down + center + center - left - up + up_left);
    const double straight = product(dxx, dyy), slanted = product(dxy, dxy), determinant = straight - slanted;
    const bool flat = straight == slanted;
    const double step_x = flat ? 0.0 : (product(dxy, dy) - product(dyy, dx)) / determinant;
    const double step_y = flat ? 0.0 : (product(dxy, dx) - product(dxx, dy)) / determinant;
    const double x = outside ? -1.0 : static_cast<double>(own.peak % width);
    const double y = outside ? -1.0 : static_cast<double>(own.peak / width);
    return {static_cast<float>(x + step_x), static_cast<float>(y + step_y)};
}

// Writes `[m, keypoints, 3]`: x and y in the frame's pixels, and the score. Dynamic shared memory has room for two maps of f32.
extern "C" __global__ void __launch_bounds__(THREADS)
dark_udp(const Number* own, const Number* mirrored, const u32* partners, const float4* parts, float* found, u32 keypoints,
         u32 flip) {
    extern __shared__ float room[];
    __shared__ Scratch scratch;
    __shared__ Reading here, before;
    const Maps maps = {own, mirrored, partners, keypoints, flip != 0};
    const u32 keypoint = blockIdx.x, crop = blockIdx.y;
    float* across = room + area;
    read(maps, crop, keypoint, room, across, scratch, here);
    if (here.score <= 0.0f) read(maps, crop, (keypoint + keypoints - 1) % keypoints, room, across, scratch, before);
    if (threadIdx.x != 0) return;
    const float2 point = refine(here, before);
    const float4 part = parts[crop];
    const bool number = isfinite(here.score);
    float* to = found + static_cast<size_t>(crop * keypoints + keypoint) * 3;
    to[0] = number ? to_frame(point.x, width, part.x, part.z) : __uint_as_float(0x7fc00000u);
    to[1] = number ? to_frame(point.y, height, part.y, part.w) : __uint_as_float(0x7fc00000u);
    to[2] = here.score;
}
