// Greedy non-maximum suppression, a block an image: sorts the boxes in shared memory, then goes through them best first, 32 at a
// time, a warp a box: against those kept, and against those of the 32 before it, among which one warp then decides.
//
// grid images, block THREADS; at most MOST_BOXES places an image in and MOST_KEPT out
constexpr u32 THREADS = 1024;
constexpr u32 MOST_BOXES = 4096;
constexpr u32 MOST_KEPT = 512;

struct Box {
    float x1, y1, x2, y2;
    u32 label;
};

// Whether `b` goes if `a` stays; a box with a NaN in it meets nothing.
__device__ __forceinline__ bool meets(const Box& a, const Box& b, bool apart, float iou_threshold) {
    if (apart && a.label != b.label) return false;
    const float area_a = __fmul_rn(a.x2 - a.x1, a.y2 - a.y1), area_b = __fmul_rn(b.x2 - b.x1, b.y2 - b.y1);
    const float width = fminf(a.x2, b.x2) - fmaxf(a.x1, b.x1), height = fminf(a.y2, b.y2) - fmaxf(a.y1, b.y1);
    const float shared = __fmul_rn(width > 0.0f ? width : 0.0f, height > 0.0f ? height : 0.0f);
    const float ratio = __fdiv_rn(shared, __fsub_rn(__fadd_rn(area_a, area_b), shared));
    const bool nan = is_nan(area_a) || is_nan(area_b) || is_nan(ratio);
    return (nan ? -1.0f : ratio) > iou_threshold;
}

// `people`: boxes of class 0 above `score_threshold` alone take part, cover their last pixel, and are cut to `pictures`.
extern "C" __global__ void __launch_bounds__(1024)
    nms(const float* corners, const float* scores, const u32* labels, const u32* live, const float* pictures,
        float* kept_corners, float* kept_scores, u32* kept_labels, u32* kept_live, u32 capacity, u32 limit,
        float iou_threshold, u32 people, float score_threshold) {
    __shared__ u64 keys[MOST_BOXES];
    __shared__ Box kept[MOST_KEPT], few[32];
    __shared__ u32 earlier[32], places[32], largest_key, boxes, standing, kept_count;
    const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const size_t image = static_cast<size_t>(blockIdx.x) * capacity, to = static_cast<size_t>(blockIdx.x) * limit;
    if (threadIdx.x == 0) largest_key = key_of(__uint_as_float(0xff800000u)), boxes = 0, kept_count = 0;
    __syncthreads();

    bool negative = false;
    u32 own_largest = 0;
    for (u32 place = threadIdx.x; place < capacity; place += THREADS) {
        if (live[image + place] != 1) continue;
        for (u32 side = 0; side < 4; ++side) {
            const float corner = corners[(image + place) * 4 + side];
            if (is_nan(corner)) continue;
            own_largest = max(own_largest, key_of(corner));
            negative |= corner < 0.0f;
        }
        const float score = scores[image + place];
        if (people && !(labels[image + place] == 0 && score > score_threshold)) continue;
        keys[atomicAdd(&boxes, 1u)] = static_cast<u64>(key_of(score)) << 32 | static_cast<u32>(~place);
    }
    if (own_largest) atomicMax(&largest_key, own_largest);
    const bool apart = !__syncthreads_or(negative);
    const u32 count = boxes;
    const float largest = of_key(largest_key);
    u32 sorted = 2;
    while (sorted < count) sorted *= 2;
    for (u32 i = count + threadIdx.x; i < sorted; i += THREADS) keys[i] = 0;
    sort_keys<THREADS>(keys, sorted);

    for (u32 start = 0; start < count && kept_count < limit; start += 32) {
        const u32 rank = start + warp;
        if (lane == 0) {
            if (rank < count) {
                const u32 place = ~static_cast<u32>(keys[rank]);
                const float* corner = corners + (image + place) * 4;
                const u32 label = people ? 0 : labels[image + place];
                const float by = __fmul_rn(static_cast<float>(label), __fadd_rn(largest, 1.0f));
                const float cover = people ? 1.0f : 0.0f;
                few[warp] = {__fadd_rn(corner[0], by), __fadd_rn(corner[1], by), __fadd_rn(__fadd_rn(corner[2], cover), by),
                             __fadd_rn(__fadd_rn(corner[3], cover), by), label};
                places[warp] = place;
            }
            if (warp == 0) standing = 0;
        }
        __syncthreads();
        const u32 kept_before = kept_count;
        bool met = false;
        u32 meeting = 0;
        if (rank < count) {
            const Box own = few[warp];
            for (u32 i = lane; i < kept_before; i += 32) met |= meets(kept[i], own, apart, iou_threshold);
            met = __any_sync(~0u, met);
            meeting = __ballot_sync(~0u, lane < warp && meets(few[lane], own, apart, iou_threshold));
            if (lane == 0) {
                earlier[warp] = meeting;
                if (!met) atomicOr(&standing, 1u << warp);
            }
        }
        __syncthreads();
        if (warp == 0) {
            const u32 before = earlier[lane];
            u32 chosen = 0;
            for (u32 i = 0; i < 32; ++i) {
                const u32 row = __shfl_sync(~0u, before, i);
                if ((standing >> i & 1) && !(row & chosen)) chosen |= 1u << i;
            }
            const u32 at = kept_before + __popc(chosen & ((1u << lane) - 1));
            if ((chosen >> lane & 1) && at < limit) {
                kept[at] = few[lane];
                const size_t from = image + places[lane];
                const float* corner = corners + from * 4;
                float side[4] = {corner[0], corner[1], corner[2], corner[3]};
                bool seen = true;
                if (people) {
                    for (u32 i = 0; i < 4; ++i) side[i] = fmaxf(fminf(side[i], pictures[2 * blockIdx.x + i % 2]), 0.0f);
                    seen = side[2] > side[0] && side[3] > side[1];
                }
                for (u32 i = 0; i < 4; ++i) kept_corners[(to + at) * 4 + i] = side[i];
                kept_scores[to + at] = scores[from];
                kept_labels[to + at] = labels[from];
                kept_live[to + at] = seen;
            }
            __syncwarp();
            if (lane == 0) kept_count = min(limit, kept_before + __popc(chosen));
        }
        __syncthreads();
    }
    for (u32 at = kept_count + threadIdx.x; at < limit; at += THREADS) {
        for (u32 i = 0; i < 4; ++i) kept_corners[(to + at) * 4 + i] = 0.0f;
        kept_scores[to + at] = 0.0f;
        kept_labels[to + at] = 0, kept_live[to + at] = 0;
    }
}
