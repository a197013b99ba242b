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
// Macros: BN (outputs of a tile: 24, 32, 48, 64, 96, 128, 192), ACT (0 none, 1 SiLU, 2 ReLU), RESIDUAL (0, 1), GATHER (0, 1), PHASES (0, 1),
//         ELEMENT_BF16, STAGES (4, at least 3), MIN_BLOCKS (blocks a multiprocessor must hold)
// grid ceil(n p q / 128) * ceil(outputs / BN), by 4 with PHASES, block 256, dynamic shared memory STAGES * (128 + BN) * 128 bytes
//
// Needs kh, kw <= 15; outputs, y_pitch, y_offset multiples of 8 and y on 16 bytes; bias on 8 bytes; residual's pitch and offset even.
// GATHER 0 also needs inputs, x_pitch, x_offset multiples of 8, x and w on 16 bytes; GATHER 1 (any number of inputs) needs nothing of x
// and w and loads element by element.
//
// x as a matrix has a row per output pixel and a column per (ky,kx,i). A block takes 128 rows, a warpgroup 64 of them, and
// steps through the columns 64 at a time. A row of a step is 128 bytes in shared memory, its eight 16-byte chunks permuted
// by the row (wgmma's 128-byte swizzle), so neither copies nor the multiplier meet bank conflicts. All threads copy: a
// thread keeps to one chunk column, so it tracks a single (ky,kx,i), by addition only, for all its rows.
#ifndef ACT
#define ACT 0
#endif
#ifndef RESIDUAL
#define RESIDUAL 0
#endif
#ifndef GATHER
#define GATHER 0
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

#define REGISTERS_12 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11"
#define OUTPUTS_12 \
    "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), \
    "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11])
#define REGISTERS_16 REGISTERS_12 "," "%12,%13,%14,%15"
#define OUTPUTS_16 OUTPUTS_12, "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15])
#define REGISTERS_24 REGISTERS_16 "," "%16,%17,%18,%19,%20,%21,%22,%23"
#define OUTPUTS_24 OUTPUTS_16, \
    "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23])
#define REGISTERS_32 REGISTERS_24 "," "%24,%25,%26,%27,%28,%29,%30,%31"
#define OUTPUTS_32 OUTPUTS_24, \
    "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
#define REGISTERS_48 REGISTERS_32 "," "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define OUTPUTS_48 OUTPUTS_32, \
    "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), \
    "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47])
#define REGISTERS_64 REGISTERS_48 "," "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define OUTPUTS_64 OUTPUTS_48, \
    "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), \
    "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
#define REGISTERS_96 REGISTERS_64 "," "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79," \
    "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define OUTPUTS_96 OUTPUTS_64, \
    "+f"(d[64]), "+f"(d[65]), "+f"(d[66]), "+f"(d[67]), "+f"(d[68]), "+f"(d[69]), "+f"(d[70]), "+f"(d[71]), \
    "+f"(d[72]), "+f"(d[73]), "+f"(d[74]), "+f"(d[75]), "+f"(d[76]), "+f"(d[77]), "+f"(d[78]), "+f"(d[79]), \
    "+f"(d[80]), "+f"(d[81]), "+f"(d[82]), "+f"(d[83]), "+f"(d[84]), "+f"(d[85]), "+f"(d[86]), "+f"(d[87]), \
    "+f"(d[88]), "+f"(d[89]), "+f"(d[90]), "+f"(d[91]), "+f"(d[92]), "+f"(d[93]), "+f"(d[94]), "+f"(d[95])

#if BN == 24
#define MULTIPLY_SHAPE "m64n24k16"
#define REGISTERS REGISTERS_12
#define OUTPUTS OUTPUTS_12
#define DESCRIPTIONS "%12, %13"
#define ACCUMULATE "%14"
#elif BN == 32
#define MULTIPLY_SHAPE "m64n32k16"
#define REGISTERS REGISTERS_16
#define OUTPUTS OUTPUTS_16
#define DESCRIPTIONS "%16, %17"
#define ACCUMULATE "%18"
#elif BN == 48
#define MULTIPLY_SHAPE "m64n48k16"
#define REGISTERS REGISTERS_24
#define OUTPUTS OUTPUTS_24
#define DESCRIPTIONS "%24, %25"
#define ACCUMULATE "%26"
#elif BN == 64
#define MULTIPLY_SHAPE "m64n64k16"
#define REGISTERS REGISTERS_32
#define OUTPUTS OUTPUTS_32
#define DESCRIPTIONS "%32, %33"
#define ACCUMULATE "%34"
#elif BN == 96
#define MULTIPLY_SHAPE "m64n96k16"
#define REGISTERS REGISTERS_48
#define OUTPUTS OUTPUTS_48
#define DESCRIPTIONS "%48, %49"
#define ACCUMULATE "%50"
#elif BN == 128
#define MULTIPLY_SHAPE "m64n128k16"
#define REGISTERS REGISTERS_64
#define OUTPUTS OUTPUTS_64
#define DESCRIPTIONS "%64, %65"
#define ACCUMULATE "%66"
#elif BN == 192
#define MULTIPLY_SHAPE "m64n192k16"
#define REGISTERS REGISTERS_96
#define OUTPUTS OUTPUTS_96
#define DESCRIPTIONS "%96, %97"
#define ACCUMULATE "%98"
#else
#error "BN: 24, 32, 48, 64, 96, 128 or 192"
#endif

#if PHASES && (GATHER || RESIDUAL)
#error "PHASES has no other way to load, and adds nothing"
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

// Rows of 128 swizzled bytes, eight rows in 1024 contiguous ones.
__device__ __forceinline__ u64 describe(u32 at) {
    return static_cast<u64>(at >> 4) | 1ull << 16 | static_cast<u64>(1024 >> 4) << 32 | 1ull << 62;
}

// d[64 x BN] (+)= a[64 x 16] b[BN x 16]^T
__device__ __forceinline__ void multiply_tile(float (&d)[ACCUMULATORS], u64 a, u64 b, int accumulate) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, " ACCUMULATE ", 0; wgmma.mma_async.sync.aligned." MULTIPLY_SHAPE
                 ".f32." ELEMENT_PTX "." ELEMENT_PTX " {" REGISTERS "}, " DESCRIPTIONS ", p, 1, 1, 0, 0; }"
                 : OUTPUTS
                 : "l"(a), "l"(b), "r"(accumulate));
}

__device__ __forceinline__ float activate(float x) {
#if ACT == 1
    return __fdividef(x, 1.f + __expf(-x));
#elif ACT == 2
    return x < 0.f ? 0.f : x; // not a maximum, which would turn NaN into 0
#else
    return x;
#endif
}

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

    // The rows and the chunk column this thread copies: rows row + 32 r. Eight consecutive lanes copy 128 contiguous bytes;
    // element by element, lanes take neighbouring pixels instead and a warp a chunk, past the end of which it loads nothing.
    const int column = GATHER ? thread / 32 : thread % 8;
    const int row = GATHER ? lane : thread / 8;
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
#if GATHER
        const unsigned short* const x_bits = reinterpret_cast<const unsigned short*>(x0);
        const unsigned short* const w_bits = reinterpret_cast<const unsigned short*>(w);
        u32 a[4][4] = {};
        u32 b[LOADS_B][4] = {};
        if (k < depth) {
            int ky_e = ky, kx_e = kx, channel_e = channel, tap_e = tap;
#pragma unroll
            for (int e = 0; e < 8; ++e) {
                const u32 bits = tap_bits(ky_e, kx_e);
#pragma unroll
                for (int r = 0; r < 4; ++r) {
                    u32 value = 0;
                    if ((inside[r] & bits) == bits) value = __ldg(x_bits + (window[r] + tap_e));
                    a[r][e / 2] |= value << (e % 2 * 16);
                }
#pragma unroll
                for (int r = 0; r < LOADS_B; ++r) {
                    u32 value = 0;
                    if (row + 32 * r < BN && o0 + row + 32 * r < outputs && k + e < depth)
                        value = __ldg(w_bits + (static_cast<size_t>(o0 + row + 32 * r) * depth + k + e));
                    b[r][e / 2] |= value << (e % 2 * 16);
                }
                ++channel_e;
                ++tap_e;
                settle(ky_e, kx_e, channel_e, tap_e);
            }
        }
        auto store = [&](u32 to, const u32(&v)[4]) {
            asm volatile("st.shared.v4.b32 [%0], {%1,%2,%3,%4};" ::"r"(to), "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3]) : "memory");
        };
#pragma unroll
        for (int r = 0; r < 4; ++r) store(to_a + slot + r * 32 * ROW, a[r]);
#pragma unroll
        for (int r = 0; r < LOADS_B; ++r)
            if (row + 32 * r < BN) store(to_b + slot + r * 32 * ROW, b[r]);
#else
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
#endif
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
