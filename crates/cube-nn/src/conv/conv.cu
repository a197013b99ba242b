// Convolution as an implicit matrix product on Hopper (sm_90a): cp.async fills the ring, wgmma multiplies.
//
// y[n,p,q, y_offset + o] = act(sum over ky,kx,i of x[n, p stride + ky - pad, q stride + kx - pad, x_offset + i] w[o,ky,kx,i]
//                              + bias[o])  (+ residual[n,p,q, residual_offset + o], added in f32 after the activation)
//
// PHASES: a transposed 4x4 convolution of stride 2 and padding 1 as four convolutions by 2x2 windows, block row 2 a + b that of the
// output's rows 2 p + a and columns 2 q + b, which sees rows p - 1 + a and p + a of x; w [outputs,4,4,inputs], y [n,2h,2w,y_pitch].
//
// x [n,h,w,x_pitch], w [outputs,kh,kw,inputs], bias f32 [outputs], y and residual [n,p,q,pitch]
//
// Macros: BN (outputs of a tile: 24, 32, 48, 64, 96, 128, 192), ACT (0 none, 1 SiLU, 2 ReLU), RESIDUAL (0, 1), PHASES (0, 1),
//         ELEMENT_BF16, STAGES (4, at least 3), MIN_BLOCKS (blocks a multiprocessor must hold)
// grid ceil(n p q / 128) * ceil(outputs / BN), by 4 with PHASES, block 256, dynamic shared memory STAGES * (128 + BN) * 128 bytes
//
// Needs kh, kw <= 15; inputs, outputs, and the pitches and offsets of x and y multiples of 8, x, w and y on 16 bytes; bias on 8 bytes;
// residual's pitch and offset even.
//
// x as a matrix has a row per output pixel and a column per (ky,kx,i). A block takes 128 rows, a warpgroup 64 of them, and
// steps through the columns 64 at a time. A row of a step is 128 bytes in shared memory, its eight 16-byte chunks permuted
// by the row (wgmma's 128-byte swizzle), so neither copies nor the multiplier meet bank conflicts. All threads copy: a
// thread keeps to one chunk column, so it tracks a single (ky,kx,i), by addition only, for all its rows.
#ifndef RESIDUAL
#define RESIDUAL 0
#endif
#ifndef PHASES
#define PHASES 0
#endif
#ifndef STAGES
#define STAGES 4
#endif
#ifndef MIN_BLOCKS
#define MIN_BLOCKS (BN <= 96 ? 2 : 1)
#endif

#if PHASES && RESIDUAL
#error "PHASES adds nothing"
#endif

constexpr int BM = 128;
constexpr int BK = 64;
constexpr int ROW = BK * 2;                        // bytes
constexpr int SLOT = (BM + BN) * ROW;
constexpr int ACCUMULATORS = BN / 2;
constexpr int AHEAD = STAGES - 2;                  // steps copied in advance
constexpr int LOADS_B = (BN + 31) / 32;
// A row of the tile on its way out: 16 bytes more than a multiple of 32, so that eight rows fall into distinct banks.
constexpr int OUT_ROW = BN * 2 + (BN % 16 == 0 ? 16 : 0);
static_assert(STAGES >= 3, "one slot is copied to, one multiplied, one waits for its multiplication to end");
static_assert(BM * OUT_ROW <= STAGES * SLOT, "the tile leaves through the ring");

extern "C" __global__ void __launch_bounds__(256, MIN_BLOCKS)
    convolve(const Element* __restrict__ x, const Element* __restrict__ w, const float* __restrict__ bias,
             const Element* __restrict__ residual, Element* __restrict__ y, int images, int height, int width, int inputs,
             int outputs, int kh, int kw, int stride, int pad, int out_height, int out_width, int x_pitch, int x_offset,
             int y_pitch, int y_offset, int residual_pitch, int residual_offset) {
    extern __shared__ __align__(1024) unsigned char shared[];
    const u32 ring = shared_address(shared);
    const int thread = threadIdx.x;
    const int lane = thread % 32;
    // Broadcast: the compiler must see the same value in the whole warp.
    const int group = __shfl_sync(~0u, thread / 128, 0);

    const int tiles = (outputs + BN - 1) / BN;
    const int tile_m = blockIdx.x / tiles;
    const int o0 = (blockIdx.x - tile_m * tiles) * BN;
    const int m0 = tile_m * BM;
    const int m_end = images * out_height * out_width;
    const int depth = kh * kw * inputs;
    const int steps = (depth + BK - 1) / BK;
    const int odd_row = PHASES ? blockIdx.y / 2 : 0;
    const int odd_column = PHASES ? blockIdx.y % 2 : 0;
    const int pad_y = PHASES ? 1 - odd_row : pad;
    const int pad_x = PHASES ? 1 - odd_column : pad;

    // The rows and the chunk column this thread copies: rows row + 32 r. Eight consecutive lanes copy 128 contiguous bytes.
    const int column = thread % 8;
    const int row = thread / 8;
    const u32 to_a = ring + row * ROW + ((column ^ (row & 7)) << 4);
    const u32 to_b = to_a + BM * ROW;

    // Where a row's window begins, in elements from the start of the image of the tile's first row, and which ky (low half)
    // and kx (high half) of it lie inside the image. A row past the end has none.
    int window[4];
    u32 inside[4];
    const int area = out_height * out_width;
    const int image0 = m0 / area;
    const Element* const x0 = x + static_cast<size_t>(image0) * height * width * x_pitch + x_offset;
    {
        int p = (m0 - image0 * area + row) / out_width;
        int q = m0 - image0 * area + row - p * out_width;
        int image = 0;
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            while (p >= out_height) {
                p -= out_height;
                ++image;
            }
            const int iy = p * stride - pad_y;
            const int ix = q * stride - pad_x;
            window[r] = ((image * height + iy) * width + ix) * x_pitch;
            const u32 rows = ((1u << min(kh, max(height - iy, 0))) - 1u) & (~0u << min(max(-iy, 0), 16));
            const u32 columns = ((1u << min(kw, max(width - ix, 0))) - 1u) & (~0u << min(max(-ix, 0), 16));
            inside[r] = m0 + row + 32 * r < m_end ? rows & 0x7fffu | columns << 16 : 0;
            q += 32;
            while (q >= out_width) {
                q -= out_width;
                ++p;
            }
        }
    }
    // The (ky,kx,i) of this thread's chunk in the step to copy next, and its distance from the window's start.
    int ky = 0, kx = 0, channel = column * 8, tap = column * 8;
    const int next_column = x_pitch - inputs;
    const int next_row = (width - kw) * x_pitch;
    auto settle = [&](int& ky, int& kx, int& channel, int& tap) {
        while (channel >= inputs) {
            channel -= inputs;
            tap += next_column;
            if (++kx == kw) {
                kx = 0;
                ++ky;
                tap += next_row;
            }
        }
    };
    // A bit that `inside` never has stands for the taps past the last.
    auto tap_bits = [&](int ky, int kx) { return ky < kh ? 1u << ky | 0x10000u << kx : 0x8000u; };
    settle(ky, kx, channel, tap);
    int k = column * 8;

    auto copy_step = [&](u32 slot) {
        const u32 bits = tap_bits(ky, kx);
#pragma unroll
        for (int r = 0; r < 4; ++r) copy_16(to_a + slot + r * 32 * ROW, x0 + (window[r] + tap), (inside[r] & bits) == bits);
        // The output's row 2 p + a is reached from row p - 1 + a + ky by the filter's row 3 - a - 2 ky; columns likewise.
        const int filter = PHASES ? 4 * depth : depth;
        const int at = PHASES ? ((3 - odd_row - 2 * ky) * 4 + 3 - odd_column - 2 * kx) * inputs + channel : k;
        const Element* from = w + (static_cast<size_t>(o0 + row) * filter + at);
#pragma unroll
        for (int r = 0; r < LOADS_B; ++r) {
            if (BN % 32 == 0 || row + 32 * r < BN)
                copy_16(to_b + slot + r * 32 * ROW, from, k < depth && o0 + row + 32 * r < outputs);
            from += static_cast<size_t>(32) * filter;
        }
        k += BK;
        channel += BK;
        tap += BK;
        settle(ky, kx, channel, tap);
    };

#pragma unroll
    for (int s = 0; s < AHEAD; ++s) {
        if (s < steps) copy_step(s * SLOT);
        copies_commit();
    }

    float d[ACCUMULATORS];
    const u64 a0 = describe(ring + group * 64 * ROW);
    const u64 b0 = describe(ring + BM * ROW);
    u32 slot = 0;                                  // in bytes from the ring's start
    u32 free_slot = AHEAD * SLOT;
#pragma unroll 1
    for (int s = 0; s < steps; ++s) {
        copies_wait<AHEAD - 1>();
        // wgmma reads shared memory through another proxy than the copies write it.
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
        __syncthreads();
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
        for (int part = 0; part < BK / 16; ++part)
            multiply_tile(d, a0 + (slot >> 4) + 2 * part, b0 + (slot >> 4) + 2 * part, part > 0 || s > 0);
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
        // Both warpgroups waited for step s - 2 before the barrier above, so its slot is free.
        if (s + AHEAD < steps) copy_step(free_slot);
        copies_commit();
        asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
        slot = slot == (STAGES - 1) * SLOT ? 0 : slot + SLOT;
        free_slot = free_slot == (STAGES - 1) * SLOT ? 0 : free_slot + SLOT;
    }
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    // The sums arrive without the compiler's knowledge: nothing that reads them may move above the wait.
#pragma unroll
    for (int j = 0; j < ACCUMULATORS; ++j) asm volatile("" : "+f"(d[j])::"memory");
    __syncthreads();

    // A warp has 16 rows: a thread two of them, and in every eight outputs two neighbours.
    const int warp_row = group * 64 + thread / 32 % 4 * 16;
    const int upper = warp_row + lane / 4;
    const u32 out_at = ring + upper * OUT_ROW + lane % 4 * 4;
#pragma unroll
    for (int j = 0; j < BN / 8; ++j) {
        const int o = o0 + j * 8 + lane % 4 * 2;
        float2 shift = make_float2(0.f, 0.f);
        if (o < outputs) shift = __ldg(reinterpret_cast<const float2*>(bias + o));
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float low = activate(d[4 * j + 2 * half] + shift.x);
            float high = activate(d[4 * j + 2 * half + 1] + shift.y);
#if RESIDUAL
            const int m = m0 + upper + 8 * half;
            if (m < m_end && o < outputs) {
                const float2 add = unpack(__ldg(reinterpret_cast<const u32*>(
                    residual + (static_cast<size_t>(m) * residual_pitch + residual_offset + o))));
                low += add.x;
                high += add.y;
            }
#endif
            asm volatile("st.shared.b32 [%0], %1;" ::"r"(out_at + half * 8 * OUT_ROW + j * 16), "r"(pack(low, high)) : "memory");
        }
    }
    // A warp writes out the rows that it put there itself.
    __syncwarp();
    constexpr int CHUNKS = BN / 8;
#pragma unroll
    for (int j = 0; j < (16 * CHUNKS + 31) / 32; ++j) {
        const int piece = j * 32 + lane;
        const int line = warp_row + piece / CHUNKS;
        const int o = o0 + piece % CHUNKS * 8;
        if ((16 * CHUNKS % 32 == 0 || piece < 16 * CHUNKS) && m0 + line < m_end && o < outputs) {
            u32 v[4];
            asm volatile("ld.shared.v4.b32 {%0,%1,%2,%3}, [%4];"
                         : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3])
                         : "r"(ring + line * OUT_ROW + piece % CHUNKS * 16) : "memory");
            int pixel = m0 + line;
            if (PHASES) {
                const int above = pixel / out_width; // rows of x, those of the images before included
                pixel = (2 * above + odd_row) * 2 * out_width + 2 * (pixel - above * out_width) + odd_column;
            }
            *reinterpret_cast<uint4*>(y + (static_cast<size_t>(pixel) * y_pitch + y_offset + o)) =
                make_uint4(v[0], v[1], v[2], v[3]);
        }
    }
}
