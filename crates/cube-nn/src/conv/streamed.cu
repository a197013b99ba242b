// Convolution on Hopper (sm_90a) by the copy engine and wgmma: a warpgroup copies, the others multiply and store by turns.
//
// y[n,p,q, y_offset + o] = act(sum over ky,kx,i of x[n, p stride + ky - pad, q stride + kx - pad, i] w[o,ky,kx,i]
//                              + bias[o])  (+ residual[n,p,q, residual_offset + o], added in f32 after the activation)
//
// x_map, w_map: tensor maps of x [n,h,w,inputs] and of w [outputs, kh kw, inputs] with 128-byte swizzle, boxes of 64 inputs. x_map has
// boxes of 10 rows by 8 pixels with PATCHES, and otherwise columns of 64 BLOCKS pixels of the unfolded image; w_map has boxes of
// one tap of BN outputs. Bias f32 [outputs], y and residual [n,p,q,pitch].
//
// Macros: BN (48, 96, 192), BLOCKS (times 64 pixels are a tile), GROUPS (warpgroups that multiply), PATCHES (0, 1), RESIDENT (0, 1),
//         TAIL (sixteens of inputs in the last 64), SLOTS_A, SLOTS_B (of the rings), ACT (0 none, 1 SiLU, 2 ReLU), RESIDUAL (0, 1),
//         ELEMENT_BF16
// grid as many blocks as multiprocessors, or tiles if those are fewer; block 128 (GROUPS + 1); dynamic shared memory: see `streamed.rs`
//
// Needs outputs and all pitches and offsets multiples of 8, y and residual on 16 bytes, bias on 8. PATCHES: 3x3, stride and padding 1.
// RESIDENT: BN outputs at most, and SLOTS_B steps.
//
// A step multiplies the pixels of a tile that one tap of the window sees, 64 inputs deep, by that tap's weights. Each block walks through
// a series of tiles; its warpgroups take them in turn, each for itself, so that one stores while another multiplies. The rings
// run on from tile to tile. PATCHES: a tile is made of patches of 8 by 8 pixels. What three taps of a column see are 8 columns of
// 10 rows, in shared memory 1024 bytes a row, so the three lie at multiples of the swizzle's period and are copied once.
// RESIDENT: the weights fit and stay. The order of a sum depends on the sizes of an image, not on how many there are.
constexpr int BM = BLOCKS * 64;
constexpr int ROW = 128;                           // bytes of 64 inputs
constexpr int TAPS = PATCHES ? 3 : 1;              // that share what was copied of x
constexpr int PATCH = 10 * 8 * ROW;
constexpr int SLOT_A = PATCHES ? BLOCKS * PATCH : BM * ROW;
constexpr int SLOT_B = BN * ROW;
// Outputs that leave a warp together; a residual comes into the place of all of them beforehand.
constexpr int PIECE = RESIDUAL ? BN : BN % 64 == 0 ? 64 : 48;
constexpr int CHUNKS = PIECE / 8;                  // of 16 bytes
constexpr int OUT_ROW = PIECE * 2 + 16;            // eight rows fall into distinct banks
constexpr int STAGING = (RESIDUAL ? BLOCKS : 1) * 16 * OUT_ROW;
constexpr int B_AT = SLOTS_A * SLOT_A;
constexpr int STAGING_AT = B_AT + SLOTS_B * SLOT_B;
constexpr int BARRIERS_AT = STAGING_AT + GROUPS * 4 * STAGING;

#if GROUPS == 3
#define COPYING_REGISTERS "32"
#define MULTIPLYING_REGISTERS "160"
#elif GROUPS == 4
#define COPYING_REGISTERS "32"
#define MULTIPLYING_REGISTERS "112"
#else
#error "GROUPS: 3 or 4"
#endif

struct alignas(64) TensorMap {
    u64 words[16];
};

__device__ __forceinline__ void barrier_init(u32 at, int count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(count) : "memory");
}
__device__ __forceinline__ void barrier_wait(u32 at, u32 parity) {
    asm volatile("{ .reg .pred p; AGAIN: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1; @p bra DONE; bra AGAIN; DONE: }"
                 ::"r"(at), "r"(parity) : "memory");
}
__device__ __forceinline__ void barrier_arrive(u32 at) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at) : "memory");
}
__device__ __forceinline__ void barrier_expect(u32 at, u32 bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
}

// The series of tiles and what they are cut from.
struct Tiles {
    int tiles_n, tiles, across, down, patches, chunks, slabs, area, m_end, out_height, out_width;

    __device__ __forceinline__ Tiles(int images, int height, int width, int inputs, int outputs, int taps)
        : out_height(height), out_width(width) {
        tiles_n = (outputs + BN - 1) / BN;
        area = height * width;
        m_end = images * area;
        across = (width + 7) / 8;
        down = (height + 7) / 8;
        patches = images * across * down;
        tiles = (PATCHES ? (patches + BLOCKS - 1) / BLOCKS : (m_end + BM - 1) / BM) * tiles_n;
        chunks = (inputs + 63) / 64;
        slabs = chunks * taps / TAPS;              // copies of x for a tile
    }
};

// Sixteen rows of a tile: the first one's pixel, and how many there are along the image, with PATCHES also in how many of its rows.
struct Rows {
    int pixel, end, lines;

    __device__ __forceinline__ Rows(const Tiles& t, int tile_m, int row) {
        if (PATCHES) {
            const int patch = tile_m * BLOCKS + row / 64;
            const int n = patch / (t.across * t.down);
            const int v = (patch - n * t.across * t.down) / t.across;
            const int u = patch - n * t.across * t.down - v * t.across;
            const int top = v * 8 + row % 64 / 8;
            pixel = (n * t.out_height + top) * t.out_width + u * 8;
            end = patch < t.patches ? t.out_width - u * 8 : 0;
            lines = t.out_height - top;
        } else {
            pixel = tile_m * BM + row;
            end = t.m_end - pixel;
            lines = 2;
        }
    }
    __device__ __forceinline__ bool has(int line) const {
        return PATCHES ? line / 8 < lines && line % 8 < end : line < end;
    }
    // Pixels from the first.
    __device__ __forceinline__ int step(const Tiles& t, int line) const {
        return PATCHES ? line / 8 * t.out_width + line % 8 : line;
    }
};

// What one thread copies of x, for all the block's tiles.
__device__ __forceinline__ void copy_image(const TensorMap& map, const Tiles& t, u32 ring, u32 full, u32 empty, int kh, int kw,
                                           int stride, int pad) {
    u32 index = 0;
    for (int tile = blockIdx.x; tile < t.tiles; tile += gridDim.x) {
        const int tile_m = tile / t.tiles_n;
#if !PATCHES
        const int n = tile_m * BM / t.area;
        const int p = (tile_m * BM - n * t.area) / t.out_width;
        const int q = tile_m * BM - n * t.area - p * t.out_width;
#endif
        int ky = 0, kx = 0, channel = 0;
        for (int slab = 0; slab < t.slabs; ++slab, ++index) {
            const u32 slot = index % SLOTS_A;
            const u32 to = ring + slot * SLOT_A;
            barrier_wait(empty + 8 * slot, (index / SLOTS_A & 1) ^ 1);
            barrier_expect(full + 8 * slot, SLOT_A);
#if PATCHES
#pragma unroll
            for (int i = 0; i < BLOCKS; ++i) {
                const int patch = tile_m * BLOCKS + i;
                const int image = patch / (t.across * t.down);
                const int v = (patch - image * t.across * t.down) / t.across;
                const int u = patch - image * t.across * t.down - v * t.across;
                asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];"
                             ::"r"(to + i * PATCH), "l"(&map), "r"(full + 8 * slot), "r"(channel), "r"(u * 8 + kx - 1), "r"(v * 8 - 1),
                             "r"(image) : "memory");
            }
            ky = kh - 1;
#else
            asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2], {%7, %8};"
                         ::"r"(to), "l"(&map), "r"(full + 8 * slot), "r"(channel), "r"(q * stride - pad), "r"(p * stride - pad), "r"(n),
                         "h"(static_cast<short>(kx)), "h"(static_cast<short>(ky)) : "memory");
#endif
            if (++kx == kw) {
                kx = 0;
                if (++ky == kh) ky = 0, channel += 64;
            }
        }
    }
}

// Likewise of w.
__device__ __forceinline__ void copy_filters(const TensorMap& map, const Tiles& t, u32 ring, u32 full, u32 empty, int kh, int kw) {
    u32 index = 0;
    for (int tile = blockIdx.x; tile < t.tiles; tile += RESIDENT ? t.tiles : gridDim.x) {
        const int o0 = tile % t.tiles_n * BN;
        for (int chunk = 0; chunk < t.chunks; ++chunk)
            for (int step = 0; step < kh * kw; ++step, ++index) {
                const int tap = PATCHES ? step % 3 * kw + step / 3 : step;
                const u32 slot = index % SLOTS_B;
                if (!RESIDENT) barrier_wait(empty + 8 * slot, (index / SLOTS_B & 1) ^ 1);
                barrier_expect(full + 8 * slot, SLOT_B);
                asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];"
                             ::"r"(ring + slot * SLOT_B), "l"(&map), "r"(full + 8 * slot), "r"(chunk * 64), "r"(tap), "r"(o0) : "memory");
            }
    }
}

extern "C" __global__ void __launch_bounds__((GROUPS + 1) * 128, 1)
    convolve(const __grid_constant__ TensorMap x_map, const __grid_constant__ TensorMap w_map, const float* __restrict__ bias,
             const Element* __restrict__ residual, Element* __restrict__ y, int images, int out_height, int out_width, int inputs,
             int outputs, int kh, int kw, int stride, int pad, int y_pitch, int y_offset, int residual_pitch, int residual_offset) {
    extern __shared__ __align__(1024) unsigned char shared[];
    const u32 base = shared_address(shared);
    const int lane = threadIdx.x % 32;
    // Broadcast: the compiler must see the same value in the whole warp.
    const int warp = __shfl_sync(~0u, threadIdx.x / 32, 0);
    const int group = warp / 4;
    const u32 full_a = base + BARRIERS_AT, empty_a = full_a + 8 * SLOTS_A;
    const u32 full_b = empty_a + 8 * SLOTS_A, empty_b = full_b + 8 * SLOTS_B;
    const u32 turns = empty_b + 8 * SLOTS_B;
    if (threadIdx.x == 0) {
        for (int s = 0; s < SLOTS_A; ++s) barrier_init(full_a + 8 * s, 1), barrier_init(empty_a + 8 * s, 4);
        for (int s = 0; s < SLOTS_B; ++s) barrier_init(full_b + 8 * s, 1), barrier_init(empty_b + 8 * s, 4);
        for (int g = 0; g < GROUPS; ++g) barrier_init(turns + 8 * g, 4);
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    __syncthreads();
    const Tiles t(images, out_height, out_width, inputs, outputs, kh * kw);

    if (group == GROUPS) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 " COPYING_REGISTERS ";");
        if (warp == GROUPS * 4 && lane == 0) copy_image(x_map, t, base, full_a, empty_a, kh, kw, stride, pad);
        if (warp == GROUPS * 4 + 1 && lane == 0) copy_filters(w_map, t, base + B_AT, full_b, empty_b, kh, kw);
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 " MULTIPLYING_REGISTERS ";");
    const u32 staging = base + STAGING_AT + warp * STAGING;
    // A warp is done with a slot, or with its turn.
    auto arrive = [&](u32 barrier) {
        if (lane == 0) barrier_arrive(barrier);
    };
    u32 round = 0;
    for (int tile = blockIdx.x + group * gridDim.x; tile < t.tiles; tile += gridDim.x * GROUPS, ++round) {
        const int tile_m = tile / t.tiles_n;
        const int o0 = tile % t.tiles_n * BN;
#if RESIDUAL
#pragma unroll
        for (int block = 0; block < BLOCKS; ++block) {
            const Rows rows(t, tile_m, block * 64 + warp % 4 * 16);
            const Element* const from = residual + (static_cast<size_t>(rows.pixel) * residual_pitch + residual_offset + o0);
#pragma unroll
            for (int i = 0; i < CHUNKS / 2; ++i) {
                const int line = (i * 32 + lane) / CHUNKS;
                const int o = (i * 32 + lane) % CHUNKS * 8;
                const bool valid = rows.has(line) && o0 + o < outputs;
                copy_16(staging + (block * 16 + line) * OUT_ROW + o * 2,
                        valid ? from + (rows.step(t, line) * residual_pitch + o) : residual, valid);
            }
        }
        copies_commit();
#endif
        // Tiles before this one in the block's series, and what they took of the rings.
        const u32 before = round * GROUPS + group;
        u32 slot_a = before * t.slabs % SLOTS_A, parity_a = before * t.slabs / SLOTS_A & 1;
        u32 slot_b = 0, parity_b = 0;
        if (!RESIDENT) slot_b = before * t.slabs * TAPS % SLOTS_B, parity_b = before * t.slabs * TAPS / SLOTS_B & 1;
        // Without its turn a warpgroup would take a slot's parity for one of two rounds ago.
        if (before > 0) barrier_wait(turns + 8 * group, (group == 0 ? round - 1 : round) & 1);

        float d[BLOCKS][BN / 2];
        u32 last_a = 0, last_b = 0;
        int accumulate = 0;
        const int last_chunk = t.slabs - t.slabs / t.chunks;
#pragma unroll 1
        for (int slab = 0; slab < t.slabs; ++slab) {
            barrier_wait(full_a + 8 * slot_a, parity_a);
            const u64 a0 = describe(base + slot_a * SLOT_A);
#pragma unroll
            for (int ky = 0; ky < TAPS; ++ky) {
                barrier_wait(full_b + 8 * slot_b, parity_b);
                const u64 b0 = describe(base + B_AT + slot_b * SLOT_B);
                asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
                for (int part = 0; part < 4; ++part) {
                    if (part == TAIL && slab >= last_chunk) break;
#pragma unroll
                    for (int block = 0; block < BLOCKS; ++block) {
                        const int at = PATCHES ? block * PATCH + ky * 8 * ROW : block * 64 * ROW;
                        multiply_tile(d[block], a0 + (at >> 4) + 2 * part, b0 + 2 * part, accumulate);
                    }
                    accumulate = 1;
                }
                asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
                asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
                if (!RESIDENT && (slab > 0 || ky > 0)) arrive(last_b);
                if (ky == 0 && slab > 0) arrive(last_a);
                last_b = empty_b + 8 * slot_b;
                if (++slot_b == SLOTS_B && !RESIDENT) slot_b = 0, parity_b ^= 1;
            }
            last_a = empty_a + 8 * slot_a;
            if (++slot_a == SLOTS_A) slot_a = 0, parity_a ^= 1;
        }
        arrive(turns + 8 * (group + 1 == GROUPS ? 0 : group + 1));
        asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
        arrive(last_a);
        if (!RESIDENT) arrive(last_b);
        // The sums arrive without the compiler's knowledge: nothing that reads them may move above the wait.
#pragma unroll
        for (int block = 0; block < BLOCKS; ++block)
#pragma unroll
            for (int j = 0; j < BN / 2; ++j) asm volatile("" : "+f"(d[block][j])::"memory");
#if RESIDUAL
        copies_wait<0>();
        __syncwarp();
#endif

#pragma unroll
        for (int block = 0; block < BLOCKS; ++block) {
            const Rows rows(t, tile_m, block * 64 + warp % 4 * 16);
            Element* const to = y + (static_cast<size_t>(rows.pixel) * y_pitch + y_offset + o0);
            const u32 lines = staging + (RESIDUAL ? block * 16 * OUT_ROW : 0);
#pragma unroll
            for (int c = 0; c < BN; c += PIECE) {
                // A thread has two rows, and in every eight outputs two neighbours.
#pragma unroll
                for (int i = 0; i < CHUNKS; ++i) {
                    const int o = o0 + c + i * 8 + lane % 4 * 2;
                    float2 shift = make_float2(0.f, 0.f);
                    if (o < outputs)               // volatile: all at once would not fit into the registers
                        asm volatile("ld.global.nc.v2.f32 {%0, %1}, [%2];" : "=f"(shift.x), "=f"(shift.y) : "l"(bias + o) : "memory");
#pragma unroll
                    for (int half = 0; half < 2; ++half) {
                        const float* const sums = &d[block][(c / 8 + i) * 4 + 2 * half];
                        float low = activate(sums[0] + shift.x), high = activate(sums[1] + shift.y);
                        const u32 at = lines + (lane / 4 + half * 8) * OUT_ROW + lane % 4 * 4 + i * 16;
#if RESIDUAL
                        u32 pair;
                        asm volatile("ld.shared.b32 %0, [%1];" : "=r"(pair) : "r"(at) : "memory");
                        const float2 add = unpack(pair);
                        low += add.x;
                        high += add.y;
#endif
                        asm volatile("st.shared.b32 [%0], %1;" ::"r"(at), "r"(pack(low, high)) : "memory");
                    }
                }
                // A warp writes out the rows that it put there itself.
                __syncwarp();
#pragma unroll
                for (int i = 0; i < CHUNKS / 2; ++i) {
                    const int line = (i * 32 + lane) / CHUNKS;
                    const int o = (i * 32 + lane) % CHUNKS * 8;
                    if (rows.has(line) && o0 + c + o < outputs) {
                        u32 v[4];
                        asm volatile("ld.shared.v4.b32 {%0,%1,%2,%3}, [%4];"
                                     : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3])
                                     : "r"(lines + line * OUT_ROW + o * 2) : "memory");
                        *reinterpret_cast<uint4*>(to + (rows.step(t, line) * y_pitch + c + o)) = make_uint4(v[0], v[1], v[2], v[3]);
                    }
                }
                __syncwarp();
            }
        }
    }
}
