// RTMDet's maps to candidate boxes, all levels and images of a batch in three launches.
//
// The bulk of the logits never sees the sigmoid. It is monotone, as computed here too: from one f32 logit to the next it changes by
// more than its f64 sums are off wherever the f32 result changes. So what a score decides, the least logit of that score decides.
//
// prepare    clears `state` and finds the least logit above the score threshold
// histogram  counts the logits of each image and level; the last block finds a logit that the `best` largest scores do not go below
// collect    lists the logits from there on; the last block sorts them and writes boxes
//
// `state`: 4 words, the first the bits of the least logit that passes; then a `Slot` for each image and level.
// `levels`: a `Level` each, then the factors to the frame, across and down, of each image.
constexpr u32 THREADS = 512;
constexpr u32 CHUNK = 16384;   // logits of a block
constexpr u32 BINS = 4096;     // of 1/256 from -8 on
constexpr u32 LISTED = 4096;   // candidates a level may list
constexpr u32 LOWEST = 0x007fffffu, HIGHEST = 0xff800000u; // the keys of the infinities

struct Slot {
    u32 counted, collected; // blocks that are done
    u32 least;              // bits of the logit from which on candidates are listed
    u32 from, to;           // keys between which the last of the best lies
    u32 hits;               // logits from `least` on
    u32 bins[BINS];
    u32 list[LISTED];
};

struct Level {
    u32 logits, first_chunk, width, stride, best, before;
};

// As `sigmoid` of float.rs, operation by operation.
__device__ float sigmoid(float x) {
    if (is_nan(x)) return 0.0f;
    const double y = static_cast<double>(-fminf(fmaxf(x, -87.0f), 87.0f));
    const double power = floor(y / 0.6931471805599453 + 0.5);
    const double r = y - power * 0.6931471805599453;
    double series = 1.0;
#pragma unroll
    for (int term = 14; term > 0; --term) series = 1.0 + series * r / static_cast<double>(term);
    const float two = __uint_as_float(static_cast<u32>(static_cast<int>(power) + 127) << 23);
    return static_cast<float>(1.0 / (1.0 + series * static_cast<double>(two)));
}

// The least key from `low` on for which `holds`, `end` if none before. All threads of the block ask together.
template <class Holds>
__device__ u32 least_key(u32 low, u32 end, Holds holds) {
    while (low < end) {
        const u32 step = (end - low + THREADS - 1) / THREADS;
        const u32 tried = low + threadIdx.x * step + step - 1;
        const u32 below = __syncthreads_count(!(tried >= end || holds(of_key(tried))));
        low += below * step;
        end = min(end, low + step - 1);
    }
    return low;
}

// Sum over the threads before this one.
__device__ u32 sum_before(u32 own, u32* sums) {
    sums[threadIdx.x] = own;
    __syncthreads();
    for (u32 apart = 1; apart < THREADS; apart *= 2) {
        const u32 other = threadIdx.x >= apart ? sums[threadIdx.x - apart] : 0;
        __syncthreads();
        sums[threadIdx.x] += other;
        __syncthreads();
    }
    const u32 before = sums[threadIdx.x] - own;
    __syncthreads();
    return before;
}

// Calls `take` with each logit of `[from, to)` and its index.
template <class Take>
__device__ __forceinline__ void each_logit(const float* x, u32 from, u32 to, Take take) {
    constexpr u32 PIECES = 4;
    u32 rest = from;
    if (reinterpret_cast<size_t>(x + from) % 16 == 0) {
        rest = to - (to - from) % 4;
        for (u32 start = from + 4 * threadIdx.x; start < rest; start += 4 * THREADS * PIECES) {
            float4 pieces[PIECES];
#pragma unroll
            for (u32 i = 0; i < PIECES; ++i) {
                const u32 at = start + 4 * THREADS * i;
                if (at < rest) pieces[i] = *reinterpret_cast<const float4*>(x + at);
            }
#pragma unroll
            for (u32 i = 0; i < PIECES; ++i) {
                const u32 at = start + 4 * THREADS * i;
                if (at < rest) {
                    take(at, pieces[i].x), take(at + 1, pieces[i].y);
                    take(at + 2, pieces[i].z), take(at + 3, pieces[i].w);
                }
            }
        }
    }
    for (u32 at = rest + threadIdx.x; at < to; at += THREADS) take(at, x[at]);
}

// Whether this block is the last of `blocks` to come here: then it sees what the others wrote.
__device__ bool is_last(u32* arrived, u32 blocks) {
    __shared__ u32 place;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) place = atomicAdd(arrived, 1u);
    __syncthreads();
    __threadfence();
    return place == blocks - 1;
}

__device__ __forceinline__ u32 level_of_block(const Level* levels, u32 count) {
    u32 level = 0;
    while (level + 1 < count && levels[level + 1].first_chunk <= blockIdx.x) ++level;
    return level;
}

__device__ __forceinline__ u32 chunks_of(const Level& level) { return (level.logits + CHUNK - 1) / CHUNK; }

__device__ __forceinline__ Slot* slot_of(u32* state, u32 level, u32 levels) {
    return reinterpret_cast<Slot*>(state + 4) + blockIdx.y * levels + level;
}

// Rises with the logit.
__device__ __forceinline__ u32 bin_of(float x) {
    return static_cast<u32>(fminf(fmaxf((x + 8.0f) * 256.0f, 0.0f), BINS - 1.0f));
}

// grid any, block THREADS
extern "C" __global__ void __launch_bounds__(512) prepare(u32* state, u32 slots, float score_thr) {
    Slot* slot = reinterpret_cast<Slot*>(state + 4);
    for (u32 i = blockIdx.x; i < slots; i += gridDim.x) {
        if (threadIdx.x == 0) slot[i].counted = 0, slot[i].collected = 0, slot[i].hits = 0;
        for (u32 bin = threadIdx.x; bin < BINS; bin += THREADS) slot[i].bins[bin] = 0;
    }
    if (blockIdx.x == 0) {
        // One beyond the infinity is a NaN, which nothing reaches.
        const u32 least = least_key(LOWEST, HIGHEST + 1, [=](float x) { return sigmoid(x) > score_thr; });
        if (threadIdx.x == 0) state[0] = __float_as_uint(of_key(least));
    }
}

// Finds from which logit on the candidates are to be listed.
__device__ void limit_list(Slot* slot, u32 best, float passing) {
    __shared__ u32 sums[THREADS];
    __shared__ u32 found;
    constexpr u32 OWN = BINS / THREADS;
    const u32 top = BINS - 1 - threadIdx.x * OWN;
    u32 counts[OWN], own = 0;
    for (u32 i = 0; i < OWN; ++i) own += counts[i] = __ldcg(&slot->bins[top - i]);
    if (threadIdx.x == 0) found = 0;
    u32 before = sum_before(own, sums);
    // The bin that holds the last of the best; the lowest if there are fewer.
    if (before < best && best <= before + own)
        for (u32 i = 0; i < OWN && before < best; ++i) {
            before += counts[i];
            found = top - i;
        }
    __syncthreads();
    const u32 bin = found, passing_key = key_of(passing);
    const u32 from = least_key(LOWEST, HIGHEST, [=](float x) { return bin_of(x) >= bin; });
    const u32 to = least_key(LOWEST, HIGHEST + 1, [=](float x) { return bin_of(x) > bin; });
    // A lower logit may have the same score.
    const float score = sigmoid(of_key(from));
    const u32 least = least_key(LOWEST, HIGHEST, [=](float x) { return sigmoid(x) >= score; });
    if (threadIdx.x == 0) {
        slot->from = from, slot->to = to;
        slot->least = __float_as_uint(of_key(max(least, passing_key)));
    }
}

// grid (chunks of all levels, images), block THREADS
extern "C" __global__ void __launch_bounds__(512)
    histogram(const float* scores0, const float* scores1, const float* scores2, const Level* levels, u32* state, u32 count) {
    __shared__ u32 bins[BINS];
    const u32 which = level_of_block(levels, count);
    const Level level = levels[which];
    Slot* slot = slot_of(state, which, count);
    const float passing = __uint_as_float(state[0]);
    for (u32 bin = threadIdx.x; bin < BINS; bin += THREADS) bins[bin] = 0;
    __syncthreads();
    const float* x = (which == 0 ? scores0 : which == 1 ? scores1 : scores2) + static_cast<size_t>(blockIdx.y) * level.logits;
    const u32 from = (blockIdx.x - level.first_chunk) * CHUNK;
    each_logit(x, from, min(from + CHUNK, level.logits), [&](u32, float logit) {
        if (logit >= passing) atomicAdd(&bins[bin_of(logit)], 1u);
    });
    __syncthreads();
    for (u32 bin = threadIdx.x; bin < BINS; bin += THREADS)
        if (bins[bin]) atomicAdd(&slot->bins[bin], bins[bin]);
    if (is_last(&slot->counted, chunks_of(level))) limit_list(slot, level.best, passing);
}

__device__ __forceinline__ u64 candidate(float logit, u32 index) {
    return static_cast<u64>(__float_as_uint(sigmoid(logit))) << 32 | static_cast<u32>(~index);
}

// The best of a level whose list is too long: `best` of them, in any order. `keys` has room for them.
__device__ void choose(const float* x, const Level& level, const Slot* slot, u64* keys) {
    __shared__ u32 sums[THREADS];
    __shared__ u32 chosen;
    const float least = __uint_as_float(slot->least);
    // The logit of the last of the best, by halves.
    u32 low = slot->from, high = slot->to;
    while (high - low > 1) {
        const u32 middle = low + (high - low) / 2;
        const float limit = fmaxf(of_key(middle), least);
        u32 own = 0;
        each_logit(x, 0, level.logits, [&](u32, float logit) { own += logit >= limit; });
        sum_before(own, sums);
        const bool enough = sums[THREADS - 1] >= level.best;
        low = enough ? middle : low;
        high = enough ? high : middle;
        __syncthreads();
    }
    const float last = sigmoid(of_key(low));
    const float equal = of_key(least_key(LOWEST, HIGHEST, [=](float x) { return sigmoid(x) >= last; }));
    const float above = of_key(least_key(LOWEST, HIGHEST + 1, [=](float x) { return sigmoid(x) > last; }));
    if (threadIdx.x == 0) chosen = 0;
    __syncthreads();
    // Each thread has a run of neighbours, so that of equals the first are taken.
    const u32 run = (level.logits + THREADS - 1) / THREADS;
    const u32 from = min(threadIdx.x * run, level.logits), to = min(from + run, level.logits);
    u32 equals = 0;
    for (u32 at = from; at < to; ++at) {
        const float logit = x[at];
        if (logit >= above) keys[atomicAdd(&chosen, 1u)] = candidate(logit, at);
        else equals += logit >= equal;
    }
    u32 rank = sum_before(equals, sums);
    const u32 better = chosen;
    for (u32 at = from; at < to && better + rank < level.best; ++at) {
        const float logit = x[at];
        if (logit >= equal && !(logit >= above)) keys[better + rank++] = candidate(logit, at);
    }
    __syncthreads();
}

__device__ __forceinline__ float inside(float corner, float size) { return fmaxf(fminf(corner, size), 0.0f); }

struct Candidates {
    float *corners, *scores;
    u32 *labels, *live;
};

// The box of one candidate to place `out`, if anything is left of it.
__device__ void decode(u64 key, const Level& level, const float* boxes, const float* factors, float size, u32 classes,
                       const Candidates& to, size_t out) {
    const u32 index = ~static_cast<u32>(key), cell = index / classes;
    const float* distances = boxes + static_cast<size_t>(blockIdx.y * (level.logits / classes) + cell) * 4;
    const float x = static_cast<float>(cell % level.width * level.stride);
    const float y = static_cast<float>(cell / level.width * level.stride);
    const float left = distances[0], up = distances[1], right = distances[2], down = distances[3];
    const float x1 = __fmul_rn(inside(x - left, size), factors[0]), y1 = __fmul_rn(inside(y - up, size), factors[1]);
    const float x2 = __fmul_rn(inside(x + right, size), factors[0]), y2 = __fmul_rn(inside(y + down, size), factors[1]);
    const bool number = !is_nan(left) && !is_nan(up) && !is_nan(right) && !is_nan(down);
    to.corners[4 * out] = x1, to.corners[4 * out + 1] = y1, to.corners[4 * out + 2] = x2, to.corners[4 * out + 3] = y2;
    to.scores[out] = __uint_as_float(static_cast<u32>(key >> 32));
    to.labels[out] = index % classes;
    to.live[out] = number && x2 - x1 > 0.0f && y2 - y1 > 0.0f;
}

// grid (chunks of all levels, images), block THREADS
extern "C" __global__ void __launch_bounds__(512)
    collect(const float* scores0, const float* scores1, const float* scores2, const float* boxes0, const float* boxes1,
            const float* boxes2, const Level* levels, u32* state, float* corners, float* scores, u32* labels, u32* live,
            u32 count, u32 capacity, u32 classes, float size) {
    __shared__ u64 keys[LISTED];
    __shared__ u32 hits, place;
    u32* list = reinterpret_cast<u32*>(keys);
    const u32 which = level_of_block(levels, count);
    const Level level = levels[which];
    Slot* slot = slot_of(state, which, count);
    const float least = __uint_as_float(slot->least);
    const float* x = (which == 0 ? scores0 : which == 1 ? scores1 : scores2) + static_cast<size_t>(blockIdx.y) * level.logits;
    const float* boxes = which == 0 ? boxes0 : which == 1 ? boxes1 : boxes2;
    if (threadIdx.x == 0) hits = 0;
    __syncthreads();
    const u32 from = (blockIdx.x - level.first_chunk) * CHUNK;
    each_logit(x, from, min(from + CHUNK, level.logits), [&](u32 at, float logit) {
        if (logit >= least) {
            const u32 hit = atomicAdd(&hits, 1u);
            if (hit < LISTED) list[hit] = at;
        }
    });
    __syncthreads();
    if (threadIdx.x == 0) place = hits ? atomicAdd(&slot->hits, hits) : 0;
    __syncthreads();
    for (u32 hit = threadIdx.x; hit < min(hits, LISTED) && place + hit < LISTED; hit += THREADS) slot->list[place + hit] = list[hit];
    if (!is_last(&slot->collected, chunks_of(level))) return;

    const u32 all = __ldcg(&slot->hits);
    const u32 listed = all > LISTED ? level.best : all;
    u32 sorted = 2;
    while (sorted < listed) sorted *= 2;
    if (all > LISTED) choose(x, level, slot, keys);
    else
        for (u32 i = threadIdx.x; i < listed; i += THREADS) {
            const u32 at = __ldcg(&slot->list[i]);
            keys[i] = candidate(x[at], at);
        }
    for (u32 i = listed + threadIdx.x; i < sorted; i += THREADS) keys[i] = 0;
    sort_keys<THREADS>(keys, sorted);
    const float* factors = reinterpret_cast<const float*>(levels + count) + 2 * blockIdx.y;
    const Candidates to = {corners, scores, labels, live};
    for (u32 i = threadIdx.x; i < level.best; i += THREADS) {
        const size_t out = static_cast<size_t>(blockIdx.y) * capacity + level.before + i;
        if (i < listed) decode(keys[i], level, boxes, factors, size, classes, to, out);
        else live[out] = 0;
    }
}
