// Layer normalisation over the last axis; statistics in f32 in two passes over registers, so each input is read once.
//
// CHANNELS      multiple of 8                    INPUT_F32, OUTPUT_F32  f32 on that side rather than Element
// ROW_WARPS     warps that share a row (1, or more for long rows)
// BLOCK_WARPS   warps of a block, a multiple of ROW_WARPS
//
// grid ceil(rows / (BLOCK_WARPS / ROW_WARPS)), block 32 BLOCK_WARPS, no dynamic shared memory
#ifndef ROW_WARPS
#define ROW_WARPS 1
#endif
#ifndef BLOCK_WARPS
#define BLOCK_WARPS 4
#endif

constexpr int PIECES = CHANNELS / 8; // of eight channels
constexpr int LANES = ROW_WARPS * 32;
constexpr int PER_LANE = (PIECES + LANES - 1) / LANES;
constexpr int BLOCK_ROWS = BLOCK_WARPS / ROW_WARPS;

#ifdef INPUT_F32
typedef float Input;
#else
typedef Element Input;
#endif
#ifdef OUTPUT_F32
typedef float Output;
#else
typedef Element Output;
#endif

// The sum over the lanes of a row, the same in each of them.
__device__ __forceinline__ float row_sum(float x, float* parts) {
#pragma unroll
    for (int mask = 16; mask; mask /= 2) x += __shfl_xor_sync(~0u, x, mask);
    if (ROW_WARPS > 1) {
        const int warp = threadIdx.x / 32;
        if (threadIdx.x % 32 == 0) parts[warp] = x;
        __syncthreads();
        x = 0.0f;
#pragma unroll
        for (int i = 0; i < ROW_WARPS; ++i) x += parts[warp / ROW_WARPS * ROW_WARPS + i];
    }
    return x;
}

extern "C" __global__ void __launch_bounds__(BLOCK_WARPS * 32)
    layer_norm(const Input* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
               Output* __restrict__ y, int rows, float eps) {
    __shared__ float parts[2][BLOCK_WARPS]; // a set for each sum: a slow warp may still read the first
    const int row = blockIdx.x * BLOCK_ROWS + threadIdx.x / LANES, lane = threadIdx.x % LANES;
    const bool live = row < rows;
    if (ROW_WARPS == 1 && !live) return;
    const size_t start = static_cast<size_t>(live ? row : 0) * CHANNELS;

    float v[PER_LANE][8];
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
        const int piece = i * LANES + lane;
        if (piece < PIECES) load_piece(v[i], x + start + piece * 8);
        else
#pragma unroll
            for (int e = 0; e < 8; ++e) v[i][e] = 0.0f;
    }
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i)
#pragma unroll
        for (int e = 0; e < 8; ++e) sum += v[i][e];
    const float mean = row_sum(sum, parts[0]) / CHANNELS;
    float squares = 0.0f;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i)
        if (i * LANES + lane < PIECES)
#pragma unroll
            for (int e = 0; e < 8; ++e) {
                v[i][e] -= mean;
                squares = fmaf(v[i][e], v[i][e], squares);
            }
    const float scale = rsqrtf(row_sum(squares, parts[1]) / CHANNELS + eps);
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
        const int piece = i * LANES + lane;
        if (piece < PIECES && live) {
            float w[8], b[8];
            load_piece(w, weight + piece * 8);
            load_piece(b, bias + piece * 8);
#pragma unroll
            for (int e = 0; e < 8; ++e) w[e] = fmaf(v[i][e] * scale, w[e], b[e]);
            store_piece(y + start + piece * 8, w);
        }
    }
}
