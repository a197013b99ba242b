// 3x3 convolution of images of few channels on tensor cores (sm_80 and later): a patch of the image is copied once and multiplied in place.
//
// y[n,p,q, y_offset + o] = act(sum over ky,kx,i of x[n, p STRIDE + ky - 1, q STRIDE + kx - 1, x_offset + i] w[o,ky,kx,i] + bias[o])
//
// x [n,h,w,x_pitch], w [FILTERS,3,3,INPUTS], bias f32 [FILTERS], y [n,p,q,y_pitch]
//
// Macros: INPUTS (3, or a multiple of 8), FILTERS (outputs: a multiple of 8, 48 at most), STRIDE (1, 2), BUFFERS (patches in shared memory: 1, 2),
//         MIN_BLOCKS (blocks a multiprocessor must hold), ACT (0 none, 1 SiLU, 2 ReLU), ELEMENT_BF16
// grid as many blocks as fit the GPU at once, or tiles of 8 x 32 pixels if those are fewer; block 128; dynamic shared memory: see `shallow.rs`
//
// Needs y, y_pitch, y_offset on 16 bytes, bias on 8; unless INPUTS is 3, also x, x_pitch, x_offset and w on 16.
//
// What a row of the filter sees of the image is a run of 3 INPUTS neighbouring numbers, for the next pixel the same STRIDE INPUTS
// further on: a matrix whose rows overlap, which ldmatrix reads from the patch as it lies there. Three channels make rows that
// ldmatrix cannot read, since they begin anywhere: those are read by words, and ten numbers a run, of which the last is masked.
constexpr int TILE_W = 32, TILE_H = 8;             // output pixels; a warp takes two rows
constexpr int WARPS = TILE_H / 2;
constexpr int PATCH_W = (TILE_W - 1) * STRIDE + 3, PATCH_H = (TILE_H - 1) * STRIDE + 3;
constexpr bool NARROW = INPUTS % 8 != 0;
constexpr int OF_PIXEL = NARROW ? 1 : INPUTS / 8;   // chunks of 16 bytes
constexpr int OF_FILTER = NARROW ? 1 : 9 * INPUTS / 8;
constexpr int PIXEL = INPUTS * 2 + (INPUTS % 32 == 16 ? 16 : 0); // bytes; eight neighbours fall into distinct banks
constexpr bool JOINED = PIXEL == INPUTS * 2;       // a filter row's pixels follow one another without a gap
constexpr int PATCH_ROW = NARROW ? (PATCH_W * PIXEL + 3) / 4 * 4 : PATCH_W * PIXEL;
constexpr int PATCH = (PATCH_H * PATCH_ROW + 15) / 16 * 16;
constexpr int RUN = 3 * INPUTS;                    // products of a filter row
constexpr int FILTER = NARROW ? 80 : (3 * RUN * 2 % 128 == 48 || 3 * RUN * 2 % 128 == 112 ? 3 * RUN * 2 : 3 * RUN * 2 + 16);
constexpr int OUT_ROW = FILTERS * 2 + (FILTERS % 16 == 0 ? 16 : 0);
constexpr int FILTERS_AT = BUFFERS * PATCH;
constexpr int STAGING_AT = FILTERS_AT + FILTERS * FILTER;
constexpr int NT = FILTERS / 8;
static_assert(NARROW ? INPUTS == 3 : INPUTS % 8 == 0, "three, or chunks of 16 bytes");

// sum[16x8] += a[16x8] b[8x8]
__device__ __forceinline__ void multiply_8(float (&sum)[4], u32 a0, u32 a1, u32 b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32." ELEMENT_PTX "." ELEMENT_PTX ".f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3]) : "r"(a0), "r"(a1), "r"(b));
}

extern "C" __global__ void __launch_bounds__(WARPS * 32, MIN_BLOCKS)
    convolve(const Element* __restrict__ x, const Element* __restrict__ w, const float* __restrict__ bias, Element* __restrict__ y,
             int images, int height, int width, int out_height, int out_width, int x_pitch, int x_offset, int y_pitch, int y_offset) {
    extern __shared__ __align__(128) unsigned char shared[];
    const u32 base = shared_address(shared);
    const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
    const int across = (out_width + TILE_W - 1) / TILE_W, down = (out_height + TILE_H - 1) / TILE_H;
    const int tiles = images * across * down;

    auto copy_patch = [&](int tile, u32 to) {
        const int n = tile / (across * down);
        const int v = (tile - n * across * down) / across, u = tile - n * across * down - v * across;
        const int top = v * TILE_H * STRIDE - 1, left = u * TILE_W * STRIDE - 1;
        const Element* const from = x + static_cast<size_t>(n) * height * width * x_pitch + x_offset;
        if (NARROW) {
#pragma unroll 8
            for (int i = thread; i < PATCH_H * PATCH_W * INPUTS; i += WARPS * 32) {
                const int r = i / (PATCH_W * INPUTS), e = i - r * (PATCH_W * INPUTS);
                const int iy = top + r, ix = left + e / INPUTS;
                unsigned short value = 0;
                if (iy >= 0 && iy < height && ix >= 0 && ix < width)
                    value = __ldg(reinterpret_cast<const unsigned short*>(from) + ((iy * width + ix) * x_pitch + e % INPUTS));
                *reinterpret_cast<unsigned short*>(shared + (to - base) + r * PATCH_ROW + e * 2) = value;
            }
        } else {
#pragma unroll 2
            for (int i = thread; i < PATCH_H * PATCH_W * OF_PIXEL; i += WARPS * 32) {
                const int r = i / (PATCH_W * OF_PIXEL), e = i - r * (PATCH_W * OF_PIXEL);
                const int iy = top + r, ix = left + e / OF_PIXEL;
                const bool inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
                copy_16(to + r * PATCH_ROW + e / OF_PIXEL * PIXEL + e % OF_PIXEL * 16,
                        from + (inside ? (iy * width + ix) * x_pitch + e % OF_PIXEL * 8 : 0), inside);
            }
        }
    };

    if (blockIdx.x >= tiles) return;
    copy_patch(blockIdx.x, base);
    if (NARROW) {
        for (int i = thread; i < FILTERS * 32; i += WARPS * 32) {
            const int o = i / 32, k = i % 32, ky = k / 10, j = k % 10;
            unsigned short value = 0;
            if (j < RUN && ky < 3) value = __ldg(reinterpret_cast<const unsigned short*>(w) + (o * 3 + ky) * RUN + j);
            *reinterpret_cast<unsigned short*>(shared + FILTERS_AT + o * FILTER + k * 2) = value;
        }
    } else {
#pragma unroll 2
        for (int i = thread; i < FILTERS * OF_FILTER; i += WARPS * 32)
            copy_16(base + FILTERS_AT + i / OF_FILTER * FILTER + i % OF_FILTER * 16, w + i * 8, true);
    }
    copies_commit();

    const u32 staging = base + STAGING_AT + warp * 16 * OUT_ROW;
    int buffer = 0;
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x, buffer ^= BUFFERS - 1) {
        const u32 patch = base + buffer * PATCH;
        const bool more = tile + gridDim.x < tiles;
        if (BUFFERS == 2) {
            if (more) copy_patch(tile + gridDim.x, base + (buffer ^ 1) * PATCH);
            copies_commit();
            copies_wait<1>();
        } else {
            copies_wait<0>();
        }
        __syncthreads();
        float d[4][NT][4] = {};
        const u32 first = patch + warp * 2 * STRIDE * PATCH_ROW;
#if INPUTS == 3
        u32 b[2][NT][2];
#pragma unroll
        for (int s = 0; s < 2; ++s)
#pragma unroll
            for (int t = 0; t < NT; ++t)
#pragma unroll
                for (int h = 0; h < 2; ++h)
                    b[s][t][h] = *reinterpret_cast<const u32*>(shared + FILTERS_AT + (t * 8 + lane / 4) * FILTER + s * 32 + h * 16 + lane % 4 * 4);
#pragma unroll
        for (int m = 0; m < 4; ++m) {
            const u32 at = first - base + m / 2 * STRIDE * PATCH_ROW + (m % 2 * 16 + lane / 4) * STRIDE * PIXEL;
#pragma unroll
            for (int s = 0; s < 2; ++s) {
                u32 a[4];
#pragma unroll
                for (int h = 0; h < 2; ++h) {
                    const int k = s * 16 + h * 8 + lane % 4 * 2;
                    const u32 mask = k >= 30 ? 0u : k % 10 == 8 ? 0xffffu : ~0u;
                    const u32 from = at + (k >= 30 ? 0 : k / 10 * PATCH_ROW + k % 10 * 2);
                    a[2 * h] = *reinterpret_cast<const u32*>(shared + from) & mask;
                    a[2 * h + 1] = *reinterpret_cast<const u32*>(shared + from + 8 * STRIDE * PIXEL) & mask;
                }
#pragma unroll
                for (int t = 0; t < NT; ++t) multiply(d[m][t], a, b[s][t][0], b[s][t][1]);
            }
        }
#else
        // Where this lane's row of a matrix lies.
        const u32 of_a = lane % 16 * STRIDE * PIXEL + lane / 16 * 16;
        const u32 of_b = base + FILTERS_AT + (lane / 16 * 8 + lane % 8) * FILTER + lane / 8 % 2 * 16;
#pragma unroll 1
        for (int ky = 0; ky < 3; ++ky) {
            constexpr int WHOLE = RUN / 16;
#pragma unroll
            for (int s = 0; s < WHOLE; ++s) {
                const int at = JOINED ? s * 32 : s * 16 / INPUTS * PIXEL + s * 16 % INPUTS * 2;
                u32 a[4][4];
#pragma unroll
                for (int m = 0; m < 4; ++m)
                    load_matrices(a[m], first + of_a + (m / 2 * STRIDE + ky) * PATCH_ROW + m % 2 * 16 * STRIDE * PIXEL + at);
#pragma unroll
                for (int t = 0; t < NT; t += 2) {
                    u32 b[4];
                    load_matrices(b, (t + 1 < NT ? of_b : of_b - lane / 16 * 8 * FILTER) + t * 8 * FILTER + ky * RUN * 2 + s * 32);
#pragma unroll
                    for (int m = 0; m < 4; ++m) {
                        multiply(d[m][t], a[m], b[0], b[1]);
                        if (t + 1 < NT) multiply(d[m][t + 1], a[m], b[2], b[3]);
                    }
                }
            }
            if (RUN % 16 != 0) {
                u32 a[2][4];
#pragma unroll
                for (int m = 0; m < 2; ++m)
                    load_matrices(a[m], first + lane % 16 * STRIDE * PIXEL + (m * STRIDE + ky) * PATCH_ROW + lane / 16 * 16 * STRIDE * PIXEL + WHOLE * 32);
#pragma unroll
                for (int t = 0; t < NT; t += 4) {
                    u32 b[4];
                    const int o = min(t * 8 + lane, FILTERS - 1);
                    load_matrices(b, base + FILTERS_AT + o * FILTER + ky * RUN * 2 + WHOLE * 32);
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        if (t + i < NT) {
#pragma unroll
                            for (int m = 0; m < 4; ++m)
                                multiply_8(d[m][t + i], a[m / 2][m % 2 * 2], a[m / 2][m % 2 * 2 + 1], b[i]);
                        }
                }
            }
        }
#endif
        const int n = tile / (across * down);
        const int v = (tile - n * across * down) / across, u = tile - n * across * down - v * across;
#pragma unroll
        for (int m = 0; m < 4; ++m) {
#pragma unroll
            for (int t = 0; t < NT; ++t) {
                const float2 shift = __ldg(reinterpret_cast<const float2*>(bias + t * 8 + lane % 4 * 2));
#pragma unroll
                for (int half = 0; half < 2; ++half)
                    asm volatile("st.shared.b32 [%0], %1;" ::"r"(staging + (lane / 4 + 8 * half) * OUT_ROW + t * 16 + lane % 4 * 4),
                                 "r"(pack(activate(d[m][t][2 * half] + shift.x), activate(d[m][t][2 * half + 1] + shift.y))) : "memory");
            }
            __syncwarp();
            const int row = v * TILE_H + warp * 2 + m / 2, column = u * TILE_W + m % 2 * 16;
            Element* const to = y + ((static_cast<size_t>(n) * out_height + row) * out_width + column) * y_pitch + y_offset;
            constexpr int ALL = 16 * NT;
#pragma unroll
            for (int i = 0; i < (ALL + 31) / 32; ++i) {
                const int piece = i * 32 + lane;
                const int line = piece / NT;
                if ((ALL % 32 == 0 || piece < ALL) && row < out_height && column + line < out_width) {
                    u32 q[4];
                    asm volatile("ld.shared.v4.b32 {%0,%1,%2,%3}, [%4];" : "=r"(q[0]), "=r"(q[1]), "=r"(q[2]), "=r"(q[3])
                                 : "r"(staging + line * OUT_ROW + piece % NT * 16) : "memory");
                    *reinterpret_cast<uint4*>(to + (line * y_pitch + piece % NT * 8)) = make_uint4(q[0], q[1], q[2], q[3]);
                }
            }
            __syncwarp();
        }
        __syncthreads();
        if (BUFFERS == 1) {
            if (more) copy_patch(tile + gridDim.x, base);
            copies_commit();
        }
    }
}
