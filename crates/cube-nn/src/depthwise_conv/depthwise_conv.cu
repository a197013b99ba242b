// Depthwise convolution, NHWC, stride 1, same size: act(conv2d(x, weight) + bias); weight [KERNEL, KERNEL, c], sums in f32.
//
// A block walks down a strip of rows of some columns and channels. Rows arrive in a ring in shared memory, so that many bytes are on
// their way however few warps the registers leave. A thread has two channels of COLS columns: their weights stay in registers, and
// as each row is used once for all KERNEL rows of outputs that it belongs to, as many sums are open.
//
// KERNEL   3, 5, 7                          ACT      0 none, 1 SiLU, 2 ReLU
// PAIRS    pairs of channels of a block     WIDTH    channels of a copy: 8, 4 or 2, of which `channels` is a multiple
// SLOTS    copies of a thread a row         COLS     columns of a thread      STAGES   rows of the ring
//
// grid images * strips * chunks * tiles, of which tiles are innermost; block PAIRS * (columns of a block / COLS), at most 256;
// dynamic shared memory at least STAGES * (columns of a block + KERNEL - 1) * PIXEL words
#ifndef COLS
#define COLS 2
#endif
#ifndef STAGES
#define STAGES 8
#endif

constexpr int MIDDLE = KERNEL / 2;
constexpr int SEEN = COLS + KERNEL - 1; // columns that a thread reads
constexpr int PIECES = 2 * PAIRS / WIDTH; // copies of a pixel
// Words of a pixel in shared memory: two columns further, the banks begin where a neighbour's channels end.
constexpr int PIXEL = PAIRS % 32 == 0 ? PAIRS : PAIRS == 16 ? 24 : PAIRS + 4;

// 2 WIDTH bytes from global to shared memory, asynchronously; zeros instead if not `valid`.
__device__ __forceinline__ void copy_piece(u32 to, const void* from, bool valid) {
#if WIDTH == 8
    copy_16(to, from, valid);
#else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;"
                 ::"r"(to), "l"(from), "n"(2 * WIDTH), "r"(valid ? 2 * WIDTH : 0) : "memory");
#endif
}

__device__ __forceinline__ float activate(float x) {
#if ACT == 1
    // x / (1 + exp(-x)); care for denormal numbers would take as many instructions again.
    float e, part;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(x * -1.44269504f));
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(part) : "f"(1.0f + e));
    return x * part;
#elif ACT == 2
    return x < 0.0f ? 0.0f : x; // not a maximum, which would turn NaN into 0
#else
    return x;
#endif
}

extern "C" __global__ void __launch_bounds__(256, KERNEL <= 5 ? 2 : 1)
    depthwise_conv(const Element* __restrict__ x, const Element* __restrict__ weight, const float* __restrict__ bias,
                   Element* __restrict__ y, int height, int width, int channels, int tiles, int chunks, int strips, int strip) {
    extern __shared__ __align__(16) u32 ring[];
    const int groups = blockDim.x / PAIRS, cols = groups * COLS;
    const int pair = threadIdx.x % PAIRS, group = threadIdx.x / PAIRS;
    int block = blockIdx.x;
    const int left = block % tiles * cols;
    block /= tiles;
    const int base = block % chunks * (2 * PAIRS);
    block /= chunks;
    const int top = block % strips * strip;
    const size_t image = static_cast<size_t>(block / strips) * height * width * channels;
    const int rows = min(strip, height - top), steps = rows + KERNEL - 1;
    const int line = width * channels;
    const u32 row_bytes = (cols + KERNEL - 1) * PIXEL * 4, ring_bytes = STAGES * row_bytes;

    // Steps at which a row of the image comes in; at the others it is one of zeros, which changes nothing.
    const int first_step = max(MIDDLE - top, 0), in_image = min(steps, height - top + MIDDLE) - first_step;

    // What this thread copies of each row: the next row's, where to, and how many rows if any.
    const Element* from[SLOTS];
    u32 to[SLOTS], count[SLOTS];
    bool inside[SLOTS];
#pragma unroll
    for (int slot = 0; slot < SLOTS; ++slot) {
        const int piece = slot * blockDim.x + threadIdx.x;
        const int col = piece / PIECES, from_col = left + col - MIDDLE, channel = base + piece % PIECES * WIDTH;
        count[slot] = col < cols + KERNEL - 1 ? in_image : 0;
        inside[slot] = from_col >= 0 && from_col < width && channel < channels;
        from[slot] = x + image + (top - MIDDLE + first_step) * line + (inside[slot] ? from_col * channels + channel : 0);
        to[slot] = shared_address(ring) + col * (PIXEL * 4) + piece % PIECES * (2 * WIDTH);
    }
    const auto fetch = [&](int step, u32 place) {
#pragma unroll
        for (int slot = 0; slot < SLOTS; ++slot)
            if (static_cast<u32>(step - first_step) < count[slot]) {
                copy_piece(to[slot] + place, from[slot], inside[slot]);
                from[slot] += line;
            }
        copies_commit();
    };
    for (int step = 0; step < STAGES - 1; ++step) fetch(step, step * row_bytes);

    const int channel = base + 2 * pair;
    const bool live = channel < channels;
    float2 taps[KERNEL][KERNEL];
#pragma unroll
    for (int row = 0; row < KERNEL; ++row)
#pragma unroll
        for (int col = 0; col < KERNEL; ++col)
            taps[row][col] = live ? unpack(*reinterpret_cast<const u32*>(weight + (row * KERNEL + col) * channels + channel))
                                  : make_float2(0.0f, 0.0f);
    const float2 start = live ? make_float2(bias[channel], bias[channel + 1]) : make_float2(0.0f, 0.0f);
    const int first_col = left + group * COLS;
    bool stores[COLS];
#pragma unroll
    for (int col = 0; col < COLS; ++col) stores[col] = live && first_col + col < width;
    // Moves down with the output rows, the first of which is done at step KERNEL - 1.
    Element* out = y + image + top * line + first_col * channels + channel;

    float2 sums[KERNEL][COLS] = {}; // output row r of the strip in place r % KERNEL
    u32 read = 0, refill = (STAGES - 1) * row_bytes;
    for (int turn = 0;; turn += KERNEL) {
        // Unrolled so that the places of the open sums are known.
#pragma unroll
        for (int phase = 0; phase < KERNEL; ++phase) {
            const int step = turn + phase;
            if (step == steps) return;
            copies_wait<STAGES - 2>();
            __syncthreads();
            fetch(step + STAGES - 1, refill);
            refill = read;
            if (static_cast<u32>(step - first_step) < static_cast<u32>(in_image)) {
                const u32* at = ring + group * (COLS * PIXEL) + pair + read / 4;
                float2 seen[SEEN];
#pragma unroll
                for (int col = 0; col < SEEN; ++col) seen[col] = unpack(at[col * PIXEL]);
#pragma unroll
                for (int tap_row = 0; tap_row < KERNEL; ++tap_row)
#pragma unroll
                    for (int tap_col = 0; tap_col < KERNEL; ++tap_col)
#pragma unroll
                        for (int col = 0; col < COLS; ++col) {
                            float2& sum = sums[(phase - tap_row + KERNEL) % KERNEL][col];
                            const float2 before = tap_row + tap_col == 0 ? start : sum;
                            sum.x = fmaf(seen[col + tap_col].x, taps[tap_row][tap_col].x, before.x);
                            sum.y = fmaf(seen[col + tap_col].y, taps[tap_row][tap_col].y, before.y);
                        }
            } else {
#pragma unroll
                for (int col = 0; col < COLS; ++col) sums[phase][col] = start;
            }
            read = read + row_bytes == ring_bytes ? 0 : read + row_bytes;
            if (step >= KERNEL - 1) {
#pragma unroll
                for (int col = 0; col < COLS; ++col) {
                    const float2 sum = sums[(phase + 1) % KERNEL][col];
                    const u32 word = pack(activate(sum.x), activate(sum.y));
                    if (stores[col]) *reinterpret_cast<u32*>(out + col * channels) = word;
                }
                out += line;
            }
        }
    }
}
