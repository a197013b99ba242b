// Crops of frames, a block a tile of one, with OpenCV's integers: four frame pixels weighted in 1/32 of 1/32. After frame.cuh.

// From a crop's lines to the frame's along an axis.
struct Axis {
    double factor, shift;
};

// Where a crop lies in its frame: its centre, and the part that it shows.
struct Part {
    float center_x, center_y, scale_x, scale_y;
};

constexpr double TERM_SCALE = 1024.0;          // terms are rounded to 1/1024 of a pixel, then their sums to 1/32
constexpr double FAR = 4503599627370496.0;     // further than any frame reaches
constexpr int OUTSIDE = -(1 << 30);            // outside of every frame, in 1/32 pixel

__device__ Part part_of(float4 corners, u32 width, u32 height, float padding) {
    const float aspect = static_cast<float>(width) / static_cast<float>(height);
    const float grown_width = (corners.z - corners.x) * padding, grown_height = (corners.w - corners.y) * padding;
    const bool wide = grown_width > grown_height * aspect;
    return {(corners.z + corners.x) * 0.5f, (corners.w + corners.y) * 0.5f, wide ? grown_width : grown_height * aspect,
            wide ? grown_width / aspect : grown_height};
}

// From frame to crop, rounded to f32 as it is handed to OpenCV.
__device__ Axis to_crop(float center, float scale, u32 side) {
    const double whole = static_cast<double>(scale);
    const double factor = static_cast<double>(side - 1) / whole;
    const double shift = factor * (0.5 * whole - static_cast<double>(center));
    return {static_cast<double>(static_cast<float>(factor)), static_cast<double>(static_cast<float>(shift))};
}

// And back, in OpenCV's order, so that halves fall on the same side.
__device__ Axis from_crop(const Axis& own, const Axis& other, bool is_row) {
    const double product = is_row ? other.factor * own.factor : own.factor * other.factor;
    const double factor = other.factor * (1.0 / product);
    return {factor, -factor * own.shift};
}

__device__ __forceinline__ double fixed(double term) { return rint(fmax(fmin(term, FAR), -FAR)); }
__device__ __forceinline__ bool is_number(const Axis& axis) { return fabs(axis.factor) < 1e300 && fabs(axis.shift) < 1e300; }

// In 1/32 pixel. OpenCV rounds a column's and the shift's part by themselves, and a row's with the shift.
__device__ int position(const Axis& axis, u32 place, bool is_row) {
    const double along = __dmul_rn(axis.factor, static_cast<double>(place));
    const double sum = is_row ? fixed(__dadd_rn(along, axis.shift) * TERM_SCALE)
                              : fixed(along * TERM_SCALE) + fixed(axis.shift * TERM_SCALE);
    return static_cast<int>(fmax(fmin(floor((sum + 16.0) / 32.0), 1073741824.0), -1073741824.0));
}

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT)
crop_udp(const u8* bytes, const Frame* frames, const u32* owners, const float4* corners, const u32* live, Number* out,
         float4* parts, u32 width, u32 height, float padding) {
    __shared__ Tile tile;
    const u32 crop = blockIdx.z;
    const Frame frame = frames[owners[crop]];
    const bool turned = frame.rotation & 1;
    const Part part = part_of(corners[crop], width, height, padding);
    if (blockIdx.x == 0 && blockIdx.y == 0 && threadIdx.x == 0)
        parts[crop] = make_float4(part.center_x, part.center_y, part.scale_x, part.scale_y);
    const u32 stretched = find_lines(tile, frame, [&](bool is_row, int index, bool second) {
        const Axis x = to_crop(part.center_x, part.scale_x, width), y = to_crop(part.center_y, part.scale_y, height);
        const Axis across = from_crop(x, y, false), down = from_crop(y, x, true);
        const u32 place = min((is_row ? blockIdx.y * HEIGHT : blockIdx.x * WIDTH) + index, (is_row ? height : width) - 1);
        const bool lit = live[crop] == 1 && is_number(across) && is_number(down);
        const int found = lit ? position(is_row ? down : across, place, is_row) : OUTSIDE;
        // What lies outside of the frame is black: it adds nothing.
        const int length = is_row == turned ? frame.width : frame.height, at = (found >> 5) + second;
        const bool inside = at >= 0 && at < length;
        return Source{inside ? at : 0, !inside ? 0 : second ? found & 31 : 32 - (found & 31)};
    });
    resize(tile, bytes, frame, stretched, [&](u32 x, u32 y, Bgr upper, Bgr lower, int of_upper, int of_lower) {
        const auto mixed = [&](int top, int bottom) { return (top * of_upper + bottom * of_lower + 512) >> 10; };
        tile.levels[y][3 * x] = static_cast<Number>(normal_red(mixed(upper.red, lower.red)));
        tile.levels[y][3 * x + 1] = static_cast<Number>(normal_green(mixed(upper.green, lower.green)));
        tile.levels[y][3 * x + 2] = static_cast<Number>(normal_blue(mixed(upper.blue, lower.blue)));
    });
    write_tile(tile, out + static_cast<size_t>(crop) * height * width * 3, width, height);
}
