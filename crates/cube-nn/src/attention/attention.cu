// softmax(q k^T / sqrt(d)) v with tensor cores (sm_80 and later), scores and sums in f32, running maximum.
//
// qkv  [n, t, 3c]: a token's q of all heads, then k, then v, as the fused projection leaves them
// out  [n, t, c]
//
// HEAD_DIM  multiple of 16, at most 128          ELEMENT_BF16  bf16 rather than f16
// WARPS     warps of a block                     ROW_TILES     16-row tiles of queries that a warp holds
// KEYS      keys of one step, multiple of 16     STAGES        steps whose keys and values are under way at once
// MIN_BLOCKS  blocks that a multiprocessor should hold
//
// grid (ceil(t / (16 WARPS ROW_TILES)), heads, n), block 32 WARPS,
// dynamic shared memory max(STAGES 2 KEYS, 16 WARPS ROW_TILES) (HEAD_DIM + 8) 2 bytes
//
// A block holds WARPS x ROW_TILES x 16 queries of one head in registers and walks the keys. Keys and values come by
// cp.async into a ring of STAGES slots: with t = 192, KEYS = 64 and STAGES = 3 the whole head is asked for at once and
// the first scores are computed while the rest arrives.
#ifndef WARPS
#define WARPS 4
#endif
#ifndef ROW_TILES
#define ROW_TILES 1
#endif
#ifndef KEYS
#define KEYS 64
#endif
#ifndef STAGES
#define STAGES 3
#endif
#ifndef MIN_BLOCKS
#define MIN_BLOCKS 1
#endif

#define MINUS_INFINITY __int_as_float(0xff800000)

constexpr int CHUNKS = HEAD_DIM / 8;      // 16-byte pieces of a row
constexpr int STRIDE = (CHUNKS + 1) * 16; // bytes; an odd number of pieces, so eight rows touch all banks once
constexpr int SLOT = KEYS * STRIDE;
constexpr int STEPS_K = HEAD_DIM / 16;
constexpr int THREADS = WARPS * 32;
constexpr int BLOCK_ROWS = WARPS * ROW_TILES * 16;

__device__ __forceinline__ float quad_max(float x) {
    x = fmaxf(x, __shfl_xor_sync(~0u, x, 1));
    return fmaxf(x, __shfl_xor_sync(~0u, x, 2));
}
__device__ __forceinline__ float quad_sum(float x) {
    x += __shfl_xor_sync(~0u, x, 1);
    return x + __shfl_xor_sync(~0u, x, 2);
}
__device__ __forceinline__ float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

extern "C" __global__ void __launch_bounds__(THREADS, MIN_BLOCKS)
    attention(const Element* __restrict__ qkv, Element* __restrict__ out, int tokens, int channels, float scale_log2e) {
    extern __shared__ __align__(16) unsigned char shared[];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int first_row = blockIdx.x * BLOCK_ROWS + warp * (ROW_TILES * 16);
    const size_t token = 3 * static_cast<size_t>(channels); // elements from one token to the next
    const Element* queries = qkv + blockIdx.z * static_cast<size_t>(tokens) * token + blockIdx.y * HEAD_DIM;
    const Element* keys = queries + channels;
    const int steps = (tokens + KEYS - 1) / KEYS;
    const u32 ring = shared_address(shared);

    auto fetch = [&](int step) {
        if (step < steps) {
            const u32 slot = ring + (step % STAGES) * 2 * SLOT;
#pragma unroll
            for (int i = threadIdx.x; i < KEYS * CHUNKS; i += THREADS) {
                const int row = i / CHUNKS, chunk = i % CHUNKS, key = step * KEYS + row;
                const bool valid = key < tokens;
                const Element* from = keys + (valid ? key : 0) * token + chunk * 8;
                const u32 to = slot + row * STRIDE + chunk * 16;
                copy_16(to, from, valid);
                copy_16(to + SLOT, from + channels, valid);
            }
        }
        copies_commit();
    };
#pragma unroll
    for (int step = 0; step < STAGES; ++step) fetch(step);

    // Queries go straight into the layout of a multiplication's first operand: this lane's rows are g and g + 8.
    u32 q[ROW_TILES][STEPS_K][4];
#pragma unroll
    for (int r = 0; r < ROW_TILES; ++r) {
        const int low = first_row + r * 16 + lane / 4, high = low + 8;
        const u32* q_low = reinterpret_cast<const u32*>(queries + min(low, tokens - 1) * token) + lane % 4;
        const u32* q_high = reinterpret_cast<const u32*>(queries + min(high, tokens - 1) * token) + lane % 4;
#pragma unroll
        for (int k = 0; k < STEPS_K; ++k) {
            q[r][k][0] = __ldg(q_low + k * 8);
            q[r][k][1] = __ldg(q_high + k * 8);
            q[r][k][2] = __ldg(q_low + k * 8 + 4);
            q[r][k][3] = __ldg(q_high + k * 8 + 4);
        }
    }

    float sum[ROW_TILES][CHUNKS][4];
    float peak[ROW_TILES][2], total[ROW_TILES][2];
#pragma unroll
    for (int r = 0; r < ROW_TILES; ++r) {
        peak[r][0] = peak[r][1] = MINUS_INFINITY;
        total[r][0] = total[r][1] = 0.0f;
#pragma unroll
        for (int j = 0; j < CHUNKS; ++j) sum[r][j][0] = sum[r][j][1] = sum[r][j][2] = sum[r][j][3] = 0.0f;
    }
    // Where this lane points the matrix loads: keys as rows for k^T, and transposed for v.
    const u32 key_lane = ((lane / 16) * 8 + lane % 8) * STRIDE + (lane / 8 % 2) * 16;
    const u32 value_lane = ((lane / 8 % 2) * 8 + lane % 8) * STRIDE + (lane / 16) * 16;

    for (int step = 0; step < steps; ++step) {
        copies_wait<STAGES - 1>();
        __syncthreads();
        const u32 slot = ring + (step % STAGES) * 2 * SLOT;

        float score[ROW_TILES][KEYS / 8][4];
#pragma unroll
        for (int j = 0; j < KEYS / 8; j += 2) {
#pragma unroll
            for (int r = 0; r < ROW_TILES; ++r)
#pragma unroll
                for (int e = 0; e < 4; ++e) score[r][j][e] = score[r][j + 1][e] = 0.0f;
#pragma unroll
            for (int k = 0; k < STEPS_K; ++k) {
                u32 b[4];
                load_matrices(b, slot + key_lane + j * 8 * STRIDE + k * 32);
#pragma unroll
                for (int r = 0; r < ROW_TILES; ++r) {
                    multiply(score[r][j], q[r][k], b[0], b[1]);
                    multiply(score[r][j + 1], q[r][k], b[2], b[3]);
                }
            }
        }
        if ((step + 1) * KEYS > tokens) {
#pragma unroll
            for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
                for (int e = 0; e < 4; ++e)
                    if (step * KEYS + j * 8 + lane % 4 * 2 + e % 2 >= tokens)
#pragma unroll
                        for (int r = 0; r < ROW_TILES; ++r) score[r][j][e] = MINUS_INFINITY;
        }

#pragma unroll
        for (int r = 0; r < ROW_TILES; ++r)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float top = peak[r][half];
#pragma unroll
                for (int j = 0; j < KEYS / 8; ++j)
                    top = fmaxf(top, fmaxf(score[r][j][2 * half], score[r][j][2 * half + 1]));
                top = quad_max(top);
                // The first step has at least one key, so `top` is finite and the first factor is exp2(-inf) = 0.
                const float shrink = exp2_fast((peak[r][half] - top) * scale_log2e), offset = top * scale_log2e;
                peak[r][half] = top;
                float part = 0.0f;
#pragma unroll
                for (int j = 0; j < KEYS / 8; ++j)
#pragma unroll
                    for (int e = 2 * half; e < 2 * half + 2; ++e) {
                        score[r][j][e] = exp2_fast(fmaf(score[r][j][e], scale_log2e, -offset));
                        part += score[r][j][e];
                    }
                total[r][half] = fmaf(total[r][half], shrink, part);
#pragma unroll
                for (int j = 0; j < CHUNKS; ++j) {
                    sum[r][j][2 * half] *= shrink;
                    sum[r][j][2 * half + 1] *= shrink;
                }
            }

        // A score's place in the accumulator is its place in the first operand of the next product.
#pragma unroll
        for (int k = 0; k < KEYS / 16; ++k) {
            u32 p[ROW_TILES][4];
#pragma unroll
            for (int r = 0; r < ROW_TILES; ++r)
#pragma unroll
                for (int e = 0; e < 4; ++e)
                    p[r][e] = pack(score[r][2 * k + e / 2][e % 2 * 2], score[r][2 * k + e / 2][e % 2 * 2 + 1]);
#pragma unroll
            for (int j = 0; j < CHUNKS; j += 2) {
                u32 b[4];
                load_matrices_transposed(b, slot + SLOT + value_lane + k * 16 * STRIDE + j * 16);
#pragma unroll
                for (int r = 0; r < ROW_TILES; ++r) {
                    multiply(sum[r][j], p[r], b[0], b[1]);
                    multiply(sum[r][j + 1], p[r], b[2], b[3]);
                }
            }
        }
        if (step + STAGES < steps) __syncthreads(); // every warp has read this slot before it is filled anew
        fetch(step + STAGES);
    }

    // Through shared memory, so that whole rows are written 16 bytes a lane. Each warp stays in rows of its own.
    __syncthreads();
    unsigned char* rows = shared + warp * (ROW_TILES * 16) * STRIDE;
#pragma unroll
    for (int r = 0; r < ROW_TILES; ++r)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const float inverse = 1.0f / quad_sum(total[r][half]);
            u32* row = reinterpret_cast<u32*>(rows + (r * 16 + half * 8 + lane / 4) * STRIDE) + lane % 4;
#pragma unroll
            for (int j = 0; j < CHUNKS; ++j)
                row[j * 4] = pack(sum[r][j][2 * half] * inverse, sum[r][j][2 * half + 1] * inverse);
        }
    __syncwarp();
    Element* to = out + blockIdx.z * static_cast<size_t>(tokens) * channels + blockIdx.y * HEAD_DIM;
#pragma unroll
    for (int i = lane; i < ROW_TILES * 16 * CHUNKS; i += 32) {
        const int row = i / CHUNKS, chunk = i % CHUNKS;
        if (first_row + row < tokens)
            *reinterpret_cast<uint4*>(to + static_cast<size_t>(first_row + row) * channels + chunk * 8) =
                *reinterpret_cast<const uint4*>(rows + row * STRIDE + chunk * 16);
    }
}
