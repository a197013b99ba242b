// x * hardsigmoid(weight mean(x) + bias), the mean over an image's pixels: `sums` adds up blocks of pixels, `gates` finishes the means
// and weighs them, `scale` applies what comes out. Channels are multiples of 8, at most 2048. Every sum has an order of its own that
// depends on the pixels and channels of an image alone.
//
// INPUT_F32   f32 instead of Element, weight and result too

#ifdef INPUT_F32
typedef float Input;
#else
typedef Element Input;
#endif

constexpr int THREADS = 256; // the most of a block
constexpr int GATES = 32;    // of a block
constexpr int BATCH = 4;     // loads of a thread on their way together

// Past the cache, which is to keep what is read again.
__device__ __forceinline__ void stream_piece(float* to, const float (&x)[8]) {
    __stcs(reinterpret_cast<float4*>(to), make_float4(x[0], x[1], x[2], x[3]));
    __stcs(reinterpret_cast<float4*>(to) + 1, make_float4(x[4], x[5], x[6], x[7]));
}
__device__ __forceinline__ void stream_piece(Element* to, const float (&x)[8]) {
    __stcs(reinterpret_cast<uint4*>(to), make_uint4(pack(x[0], x[1]), pack(x[2], x[3]), pack(x[4], x[5]), pack(x[6], x[7])));
}

// Writes sums [images, gridDim.x, channels]: of each `block` pixels. grid (blocks, images), block channels / 8 * rows, at most THREADS.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    sums(const Input* __restrict__ x, float* __restrict__ sums, int pixels, int channels, int block) {
    __shared__ __align__(16) float parts[THREADS * 8]; // [rows, channels]
    const int pieces = channels / 8, rows = blockDim.x / pieces;
    const int piece = threadIdx.x % pieces, row = threadIdx.x / pieces;
    const int first = blockIdx.x * block, last = min(first + block, pixels);
    const Input* from = x + static_cast<size_t>(blockIdx.y) * pixels * channels + piece * 8;
    float sum[8] = {};
    int pixel = first + row;
    for (; pixel + (BATCH - 1) * rows < last; pixel += BATCH * rows) {
        float numbers[BATCH][8];
#pragma unroll
        for (int i = 0; i < BATCH; ++i) load_piece(numbers[i], from + static_cast<size_t>(pixel + i * rows) * channels);
#pragma unroll
        for (int i = 0; i < BATCH; ++i)
#pragma unroll
            for (int e = 0; e < 8; ++e) sum[e] += numbers[i][e];
    }
    for (; pixel < last; pixel += rows) {
        float numbers[8];
        load_piece(numbers, from + static_cast<size_t>(pixel) * channels);
#pragma unroll
        for (int e = 0; e < 8; ++e) sum[e] += numbers[e];
    }
    store_piece(parts + row * channels + piece * 8, sum);
    __syncthreads();
    float* to = sums + (static_cast<size_t>(blockIdx.y) * gridDim.x + blockIdx.x) * channels;
    for (int channel = threadIdx.x; channel < channels; channel += blockDim.x) {
        float total = 0.0f;
        for (int part = 0; part < rows; ++part) total += parts[part * channels + channel];
        to[channel] = total;
    }
}

// Writes gates [images, channels]. Every block finishes the means of its image for itself. grid (ceil(channels / GATES), images),
// block THREADS.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    gates(const float* __restrict__ sums, const Input* __restrict__ weight, const float* __restrict__ bias,
          float* __restrict__ gates, int pixels, int channels, int blocks) {
    __shared__ __align__(16) float parts[THREADS * 8]; // [rows, channels]
    __shared__ __align__(16) float means[THREADS * 8];
    const int pieces = channels / 8, rows = THREADS / pieces;
    const int piece = threadIdx.x % pieces, row = threadIdx.x / pieces;
    const float* from = sums + static_cast<size_t>(blockIdx.y) * blocks * channels + piece * 8;
    if (row < rows) {
        float sum[8] = {};
#pragma unroll 4
        for (int block = row; block < blocks; block += rows) {
            float numbers[8];
            load_piece(numbers, from + static_cast<size_t>(block) * channels);
#pragma unroll
            for (int e = 0; e < 8; ++e) sum[e] += numbers[e];
        }
        store_piece(parts + row * channels + piece * 8, sum);
    }
    __syncthreads();
    for (int channel = threadIdx.x; channel < channels; channel += THREADS) {
        float total = 0.0f;
        for (int part = 0; part < rows; ++part) total += parts[part * channels + channel];
        means[channel] = total / pixels;
    }
    __syncthreads();
    const int lane = threadIdx.x % 32;
    const int first = blockIdx.x * GATES, last = min(first + GATES, channels);
    for (int gate = first + threadIdx.x / 32; gate < last; gate += THREADS / 32) {
        float sum = 0.0f;
        for (int input = lane * 8; input < channels; input += 32 * 8) {
            float numbers[8], mean[8];
            load_piece(numbers, weight + static_cast<size_t>(gate) * channels + input);
            load_piece(mean, static_cast<const float*>(means) + input);
#pragma unroll
            for (int e = 0; e < 8; ++e) sum = fmaf(numbers[e], mean[e], sum);
        }
#pragma unroll
        for (int mask = 16; mask; mask /= 2) sum += __shfl_xor_sync(~0u, sum, mask);
        if (lane == 0) {
            const float level = (sum + bias[gate]) / 6.0f + 0.5f;
            // Not a clamp, which would lose a NaN.
            const float above = level < 0.0f ? 0.0f : level;
            gates[static_cast<size_t>(blockIdx.y) * channels + gate] = above > 1.0f ? 1.0f : above;
        }
    }
}

// Writes y: x times the gates of its channels. grid and block as those of `sums`, but from the end: what `sums` read last is still in
// the cache.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    scale(const Input* __restrict__ x, const float* __restrict__ gates, Input* __restrict__ y, int pixels, int channels, int block) {
    const int pieces = channels / 8, rows = blockDim.x / pieces;
    const int piece = threadIdx.x % pieces, row = threadIdx.x / pieces;
    const int image = gridDim.y - 1 - blockIdx.y, first = (gridDim.x - 1 - blockIdx.x) * block, last = min(first + block, pixels);
    const size_t start = static_cast<size_t>(image) * pixels * channels + piece * 8;
    float gate[8];
    load_piece(gate, gates + static_cast<size_t>(image) * channels + piece * 8);
    int pixel = first + row;
    for (; pixel + (BATCH - 1) * rows < last; pixel += BATCH * rows) {
        float numbers[BATCH][8];
#pragma unroll
        for (int i = 0; i < BATCH; ++i) load_piece(numbers[i], x + start + static_cast<size_t>(pixel + i * rows) * channels);
#pragma unroll
        for (int i = 0; i < BATCH; ++i) {
#pragma unroll
            for (int e = 0; e < 8; ++e) numbers[i][e] *= gate[e];
            stream_piece(y + start + static_cast<size_t>(pixel + i * rows) * channels, numbers[i]);
        }
    }
    for (; pixel < last; pixel += rows) {
        const size_t at = start + static_cast<size_t>(pixel) * channels;
        float numbers[8];
        load_piece(numbers, x + at);
#pragma unroll
        for (int e = 0; e < 8; ++e) numbers[e] *= gate[e];
        stream_piece(y + at, numbers);
    }
}
