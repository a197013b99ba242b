// Frames to the detector's square, a block a tile, as OpenCV's `INTER_LINEAR` does on bytes. After frame.cuh.

// Per frame: the upright picture's sides, and those inside the square.
struct Content {
    int width, height, to_width, to_height;
};

constexpr int GREY = 114;

// In 1/2048, halves to the even.
__device__ __forceinline__ int weight(float share) {
    const float scaled = share * 2048.0f, whole = floorf(scaled), beyond = scaled - whole;
    const int cell = static_cast<int>(whole);
    return cell + (beyond > 0.5f || (beyond == 0.5f && cell & 1));
}

// As `tap` of kernel.rs, the first or the second source pixel.
__device__ Source tap(int index, int from, int to, bool column, bool second) {
    const int position = (2 * index + 1) * from - to, unit = 2 * to;
    const int whole = position < 0 ? -1 : position / unit;
    const float beyond = static_cast<float>(position - whole * unit) / static_cast<float>(unit);
    const float rounded = static_cast<float>(whole) + beyond;
    const int cell = static_cast<int>(floorf(rounded));
    float fraction = rounded - floorf(rounded);
    if (column && (cell < 0 || cell >= from - 1)) fraction = 0.0f;
    return {clamp(cell + second, 0, from - 1), weight(second ? fraction : 1.0f - fraction)};
}

__device__ __forceinline__ int mixed_down(int upper, int lower, int of_upper, int of_lower) {
    return ((((upper >> 4) * of_upper) >> 16) + (((lower >> 4) * of_lower) >> 16) + 2) >> 2;
}

__device__ __forceinline__ void put(Tile& tile, u32 x, u32 y, int blue, int green, int red) {
    tile.levels[y][3 * x] = static_cast<Number>(normal_blue(blue));
    tile.levels[y][3 * x + 1] = static_cast<Number>(normal_green(green));
    tile.levels[y][3 * x + 2] = static_cast<Number>(normal_red(red));
}

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
letterbox(const u8* bytes, const Frame* frames, const Content* contents, Number* out, u32 size) {
    __shared__ Tile tile;
    const Frame frame = frames[blockIdx.z];
    const Content content = contents[blockIdx.z];
    const int left = static_cast<int>(blockIdx.x * WIDTH), top = static_cast<int>(blockIdx.y * HEIGHT);
    if (left < content.to_width && top < content.to_height) {
        const u32 stretched = find_lines(tile, frame, [&](bool is_row, int index, bool second) {
            // Beyond the content, its last line, so that the tile spans no more than it must.
            return is_row ? tap(min(top + index, content.to_height - 1), content.height, content.to_height, false, second)
                          : tap(min(left + index, content.to_width - 1), content.width, content.to_width, true, second);
        });
        resize(tile, bytes, frame, stretched, [&](u32 x, u32 y, Bgr upper, Bgr lower, int of_upper, int of_lower) {
            const bool inside = left + static_cast<int>(x) < content.to_width && top + static_cast<int>(y) < content.to_height;
            put(tile, x, y, inside ? mixed_down(upper.blue, lower.blue, of_upper, of_lower) : GREY,
                inside ? mixed_down(upper.green, lower.green, of_upper, of_lower) : GREY,
                inside ? mixed_down(upper.red, lower.red, of_upper, of_lower) : GREY);
        });
    } else {
        for (u32 place = threadIdx.x; place < WIDTH * HEIGHT; place += THREADS)
            put(tile, place % WIDTH, place / WIDTH, GREY, GREY, GREY);
        __syncthreads();
    }
    write_tile(tile, out + static_cast<size_t>(blockIdx.z) * size * size * 3, size, size);
}
