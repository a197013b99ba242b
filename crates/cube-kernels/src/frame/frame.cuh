// A tile of a resized picture out of NV12 or P016 planes, in the integers of `kernel.rs`. It stands before the sources that resize.
//
// The source pixels of a tile lie where its columns' pairs of source lines cross its rows'. What depends on a line alone is found
// once a line, chroma is stretched across once a chroma row and column, and stretched down where a pixel is made. A line without a
// share in the result, as every second one where pixels fall on pixels, is not looked at.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#ifdef OUTPUT_F32
typedef float Number;
#elif defined(ELEMENT_BF16)
typedef __nv_bfloat16 Number;
#else
typedef __half Number;
#endif

constexpr u32 THREADS = 256, RESIDENT = 5; // and blocks of a multiprocessor
constexpr u32 WIDTH = 32, HEIGHT = 16;     // of a tile
constexpr u32 STRETCHED = 4096;            // chroma pairs of a tile that are kept; with more, each pixel makes its own
constexpr int LACK = 2;                    // what four products rounded down lack on average
constexpr int CEILING = 32767 - (128 << 7); // the highest chroma level that swscale's 15-bit rows hold

// The fields of `FrameLayout`, in its order.
struct Frame {
    int width, height;
    u32 pitch, luma, chroma, sample_bytes;
    int rotation, across, down, black, luma_gain, red_v, green_u, green_v, blue_u_less_one;
};

struct Bgr {
    int blue, green, red;
};

// In 1/128 around 0.
struct Chroma {
    int u, v;
};

// A stored column or row: its share in an output, then the first of the four chroma samples that make it, and their weights in
// 1/32768.
struct Line {
    int at, share, first, a, b, c, d;
};

// A source line of the upright picture, and its share.
struct Source {
    int at, share;
};

struct Tile {
    Line columns[2 * WIDTH], rows[2 * HEIGHT]; // upright: the first of each pair, then the second
    int from, to;                              // chroma rows
    u32 stretched[STRETCHED];                  // U, and V above it
    alignas(16) Number levels[HEIGHT][3 * WIDTH]; // written by 16 bytes
};

__device__ __forceinline__ int scale(int a, int b) { return (a * b) >> 16; }
__device__ __forceinline__ int clamp(int x, int low, int high) { return max(min(x, high), low); }
// From 1/32 level to a level, with what two or three products rounded down lack on average.
__device__ __forceinline__ int level(int x) { return clamp((x + 17) >> 5, 0, 255); }
__device__ __forceinline__ int weigh(const Line& line, int a, int b, int c, int d) {
    return scale(a, line.a) + scale(b, line.b) + scale(c, line.c) + scale(d, line.d) + LACK;
}

// Keys' cubic with a = -0.6 at distances up to 1, and from 1 to 2.
__device__ __forceinline__ float keys_near(float d) { return (1.4f * d - 2.4f) * d * d + 1.0f; }
__device__ __forceinline__ float keys_far(float d) { return ((3.0f - 0.6f * d) * d - 4.8f) * d + 2.4f; }
__device__ __forceinline__ int q15(float weight) { return min(static_cast<int>(floorf(weight * 32768.0f + 0.5f)), 32767); }

// As `mix` of kernel.rs.
__device__ Line line_at(int at, int step, int share) {
    const int position = (2 * at + 1) * step - 65536;
    const int first = (position >> 17) - 1;
    const float beyond = static_cast<float>(position & 131071) / 131072.0f;
    const float a = first < 0 && beyond > 0.5f ? 0.0f : keys_far(1.0f + beyond);
    const float b = keys_near(beyond), c = keys_near(1.0f - beyond), d = keys_far(2.0f - beyond);
    const float sum = a + b + c + d;
    return {at, share, first, q15(a / sum), q15(b / sum), q15(c / sum), q15(d / sum)};
}

__device__ __forceinline__ int last_chroma(int length) { return (length + 1) / 2 - 1; }

// Finds the tile's lines, of which `source` tells by whether it is a row, its index in the tile, and which of the pair. Returns how
// many stored columns to stretch chroma to: the second ones only where they have a share.
template <class Of>
__device__ u32 find_lines(Tile& tile, const Frame& frame, Of source) {
    if (threadIdx.x == 0) tile.from = frame.height, tile.to = 0;
    __syncthreads();
    const bool turned = frame.rotation & 1;
    bool between = false;
    if (threadIdx.x < 2 * (WIDTH + HEIGHT)) {
        const bool is_row = threadIdx.x >= 2 * WIDTH;
        const u32 place = is_row ? threadIdx.x - 2 * WIDTH : threadIdx.x, count = is_row ? HEIGHT : WIDTH;
        const bool second = place >= count;
        const Source found = source(is_row, static_cast<int>(second ? place - count : place), second);
        const bool across = is_row == turned;
        const bool reversed = across ? frame.rotation >= 2 : frame.rotation == 1 || frame.rotation == 2;
        const int length = across ? frame.width : frame.height;
        const int at = reversed ? length - 1 - found.at : found.at;
        const Line line = line_at(at, across ? frame.across : frame.down, found.share);
        (is_row ? tile.rows : tile.columns)[place] = line;
        between = across && second && found.share != 0;
        if (!across && found.share != 0) {
            const int last = last_chroma(frame.height);
            atomicMin(&tile.from, clamp(line.first, 0, last));
            atomicMax(&tile.to, clamp(line.first + 3, 0, last) + 1);
        }
    }
    const u32 columns = turned ? HEIGHT : WIDTH;
    return __syncthreads_or(between) ? 2 * columns : columns;
}

// Planes of bytes, or of 16 bits.
template <class Sample>
struct Planes {
    const u8* bytes;
    const Frame& frame;
    bool whole; // whether a pair of chroma samples may be read at once

    __device__ Planes(const u8* bytes, const Frame& frame)
        : bytes(bytes), frame(frame), whole((frame.chroma | frame.pitch) % (2 * sizeof(Sample)) == 0) {}

    // In 1/256 of an 8-bit level.
    static __device__ __forceinline__ int sample(u32 bits) { return static_cast<int>(bits << (16 - 8 * sizeof(Sample))); }

    __device__ __forceinline__ Chroma pair(u32 at) const {
        const u8* from = bytes + at;
        u32 u, v;
        if (whole) {
            const u32 both = sizeof(Sample) == 1 ? *reinterpret_cast<const u16*>(from) : *reinterpret_cast<const u32*>(from);
            u = both & ((1u << 8 * sizeof(Sample)) - 1), v = both >> 8 * sizeof(Sample);
        } else {
            const Sample* samples = reinterpret_cast<const Sample*>(from);
            u = samples[0], v = samples[1];
        }
        return {sample(u) - 32768, sample(v) - 32768};
    }

    // Chroma row `row` at a column of full width, as U and V above it; beyond the plane's sides, its outermost.
    __device__ __forceinline__ u32 stretch(const Line& column, int row) const {
        const int last = last_chroma(frame.width);
        const u32 start = frame.chroma + static_cast<u32>(row) * frame.pitch;
        Chroma near[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            near[i] = pair(start + 2 * sizeof(Sample) * static_cast<u32>(clamp(column.first + i, 0, last)));
        const int u = min(weigh(column, near[0].u, near[1].u, near[2].u, near[3].u), CEILING);
        const int v = min(weigh(column, near[0].v, near[1].v, near[2].v, near[3].v), CEILING);
        return (static_cast<u32>(u) & 65535) | static_cast<u32>(v) << 16;
    }

    __device__ __forceinline__ int luma(int column, int row) const {
        const u8* from = bytes + frame.luma + static_cast<u32>(row) * frame.pitch;
        const int bits = sample(reinterpret_cast<const Sample*>(from)[column]);
        return scale((bits >> 1) - frame.black, frame.luma_gain);
    }
};

// `stretched(i)` is chroma row `row.first + i`, cut to the plane, at the column.
template <class Sample, class Stretched>
__device__ __forceinline__ Bgr pixel(const Planes<Sample>& planes, const Line& column, const Line& row, Stretched stretched) {
    const Frame& frame = planes.frame;
    int u[4], v[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const u32 both = stretched(i);
        u[i] = static_cast<short>(both & 65535), v[i] = static_cast<short>(both >> 16);
    }
    const int cb = weigh(row, u[0], u[1], u[2], u[3]) << 1, cr = weigh(row, v[0], v[1], v[2], v[3]) << 1;
    const int y = planes.luma(column.at, row.at);
    return {
        level(y + scale(cb, frame.blue_u_less_one) + (cb >> 2)),
        level(y + scale(cb, frame.green_u) + scale(cr, frame.green_v)),
        level(y + scale(cr, frame.red_v)),
    };
}

// Makes the tile's levels: `finish` has them from the sums over the columns' shares in the upper and the lower row, the rows'
// shares, and the output's place in the tile.
template <class Sample, bool STAGED, class Finish>
__device__ void resize_as(Tile& tile, const u8* bytes, const Frame& frame, u32 stretched, Finish finish) {
    const Planes<Sample> planes(bytes, frame);
    const bool turned = frame.rotation & 1;
    const int last = last_chroma(frame.height);
    if (STAGED) {
        const u32 at = threadIdx.x % stretched;
        const Line column = (turned ? tile.rows : tile.columns)[at];
        for (int row = tile.from + threadIdx.x / stretched; row < tile.to; row += THREADS / stretched)
            tile.stretched[(row - tile.from) * stretched + at] = planes.stretch(column, row);
        __syncthreads();
    }
    for (u32 place = threadIdx.x; place < WIDTH * HEIGHT; place += THREADS) {
        const u32 x = place % WIDTH, y = place / WIDTH;
        Bgr sums[2] = {};
        for (u32 lower = 0; lower < 2; ++lower) {
            const u32 upright_row = y + lower * HEIGHT;
            if (tile.rows[upright_row].share == 0) continue;
            for (u32 right = 0; right < 2; ++right) {
                const u32 upright_column = x + right * WIDTH;
                const int share = tile.columns[upright_column].share;
                if (share == 0) continue;
                const Line& column = turned ? tile.rows[upright_row] : tile.columns[upright_column];
                const Line& row = turned ? tile.columns[upright_column] : tile.rows[upright_row];
                const u32 at = turned ? upright_row : upright_column;
                const Bgr found = pixel(planes, column, row, [&](int i) {
                    const int near = clamp(row.first + i, 0, last);
                    return STAGED ? tile.stretched[(near - tile.from) * stretched + at] : planes.stretch(column, near);
                });
                sums[lower].blue += share * found.blue;
                sums[lower].green += share * found.green;
                sums[lower].red += share * found.red;
            }
        }
        finish(x, y, sums[0], sums[1], tile.rows[y].share, tile.rows[y + HEIGHT].share);
    }
    __syncthreads();
}

// As above, whatever the samples are and however many lines the tile spans.
template <class Finish>
__device__ void resize(Tile& tile, const u8* bytes, const Frame& frame, u32 stretched, Finish finish) {
    const bool staged = (tile.to - tile.from) * static_cast<int>(stretched) <= static_cast<int>(STRETCHED);
    if (frame.sample_bytes == 1) {
        if (staged) resize_as<u8, true>(tile, bytes, frame, stretched, finish);
        else resize_as<u8, false>(tile, bytes, frame, stretched, finish);
    } else {
        if (staged) resize_as<u16, true>(tile, bytes, frame, stretched, finish);
        else resize_as<u16, false>(tile, bytes, frame, stretched, finish);
    }
}

// Writes what of the tile lies inside a picture of `width` x `height`, `[height, width, 3]`.
__device__ void write_tile(const Tile& tile, Number* to, u32 width, u32 height) {
    constexpr u32 PIECE = 16 / sizeof(Number);
    const u32 left = blockIdx.x * WIDTH, top = blockIdx.y * HEIGHT;
    const u32 numbers = 3 * min(WIDTH, width - left), rows = min(HEIGHT, height - top);
    Number* start = to + (static_cast<size_t>(top) * width + left) * 3;
    // Then each row begins with a whole piece.
    if (width % PIECE == 0) {
        const u32 pieces = numbers / PIECE;
        for (u32 piece = threadIdx.x; piece < rows * pieces; piece += THREADS) {
            const u32 y = piece / pieces, x = piece % pieces * PIECE;
            *reinterpret_cast<uint4*>(start + y * width * 3 + x) = *reinterpret_cast<const uint4*>(&tile.levels[y][x]);
        }
    } else {
        for (u32 number = threadIdx.x; number < rows * numbers; number += THREADS) {
            const u32 y = number / numbers, x = number % numbers;
            start[y * width * 3 + x] = tile.levels[y][x];
        }
    }
}

__device__ __forceinline__ float normal_blue(int level) { return (static_cast<float>(level) - 103.53f) / 57.375f; }
__device__ __forceinline__ float normal_green(int level) { return (static_cast<float>(level) - 116.28f) / 57.12f; }
__device__ __forceinline__ float normal_red(int level) { return (static_cast<float>(level) - 123.675f) / 58.395f; }
