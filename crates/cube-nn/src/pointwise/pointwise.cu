// A 1x1 convolution from Element to f32 with f32 weights: y = x weight^T + bias. What bounds it is reading x, for a few outputs.
//
// INPUTS        channels in, a multiple of 8      INPUT_GROUPS  ceil(INPUTS / 64)
// OUTPUTS       channels out                      OUTPUT_GROUPS ceil(OUTPUTS / 8)
// PIXELS        pixels of a lane group
//
// Eight lanes share PIXELS pixels: lane l of them has channels 64 g + 8 l to + 8 of each group g in registers, adds up what they give for
// eight outputs at a time, and ends with the whole sum of one of these. The order of a sum depends on nothing but INPUTS.
//
// grid any, block 256, 2048 INPUT_GROUPS OUTPUT_GROUPS bytes of dynamic shared memory: the weights, the first four channels of all
// lanes and then the last four, so that eight lanes read 128 neighbouring bytes.

constexpr int LANES = 8;
constexpr int OUT = 8;
constexpr int GROUP_FLOATS = OUT * LANES * 8; // weights of eight outputs for a group of channels

// Sums of eight outputs over eight lanes: lane l gets that of output l.
__device__ __forceinline__ float scatter(float (&sum)[OUT], int lane) {
#pragma unroll
    for (int half = 4; half; half /= 2) {
        const bool upper = lane & half;
#pragma unroll
        for (int i = 0; i < half; ++i) {
            const float kept = upper ? sum[i + half] : sum[i], given = upper ? sum[i] : sum[i + half];
            sum[i] = kept + __shfl_xor_sync(~0u, given, half);
        }
    }
    return sum[0];
}

extern "C" __global__ void __launch_bounds__(256)
    pointwise(const Element* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
              float* __restrict__ y, int pixels) {
    extern __shared__ float4 weights[]; // [OUTPUT_GROUPS][INPUT_GROUPS][OUT][2][LANES]
    float* flat = reinterpret_cast<float*>(weights);
    for (int at = threadIdx.x; at < OUTPUT_GROUPS * INPUT_GROUPS * GROUP_FLOATS; at += blockDim.x) {
        const int within = at % 4, lane = at / 4 % LANES, half = at / 32 % 2, out = at / 64 % OUT;
        const int group = at / GROUP_FLOATS % INPUT_GROUPS;
        const int output = at / (GROUP_FLOATS * INPUT_GROUPS) * OUT + out, input = group * 64 + lane * 8 + half * 4 + within;
        flat[at] = output < OUTPUTS && input < INPUTS ? weight[output * INPUTS + input] : 0.0f;
    }
    __syncthreads();
    const int lane = threadIdx.x % LANES;
    const int groups = gridDim.x * (blockDim.x / LANES);
    // Whole warps go on or stop together: they exchange sums.
    const int warp_first = (blockIdx.x * blockDim.x + threadIdx.x) / 32 * (32 / LANES);
    for (int base = warp_first; base * PIXELS < pixels; base += groups) {
        const int first = (base + threadIdx.x % 32 / LANES) * PIXELS;
        float v[PIXELS][INPUT_GROUPS][8];
#pragma unroll
        for (int p = 0; p < PIXELS; ++p)
#pragma unroll
            for (int g = 0; g < INPUT_GROUPS; ++g) {
                const int input = g * 64 + lane * 8;
                if (first + p < pixels && input < INPUTS) {
                    load_piece(v[p][g], x + static_cast<size_t>(first + p) * INPUTS + input);
                } else {
#pragma unroll
                    for (int i = 0; i < 8; ++i) v[p][g][i] = 0.0f;
                }
            }
        for (int o = 0; o < OUTPUT_GROUPS; ++o) {
            float sum[PIXELS][OUT] = {};
#pragma unroll
            for (int g = 0; g < INPUT_GROUPS; ++g)
#pragma unroll
                for (int out = 0; out < OUT; ++out) {
                    const float4* row = weights + ((o * INPUT_GROUPS + g) * OUT + out) * 2 * LANES + lane;
                    const float4 a = row[0], b = row[LANES];
#pragma unroll
                    for (int p = 0; p < PIXELS; ++p) {
                        const float(&u)[8] = v[p][g];
                        float s = sum[p][out];
                        s = fmaf(u[0], a.x, s), s = fmaf(u[1], a.y, s), s = fmaf(u[2], a.z, s), s = fmaf(u[3], a.w, s);
                        s = fmaf(u[4], b.x, s), s = fmaf(u[5], b.y, s), s = fmaf(u[6], b.z, s), s = fmaf(u[7], b.w, s);
                        sum[p][out] = s;
                    }
                }
            const int output = o * OUT + lane;
#pragma unroll
            for (int p = 0; p < PIXELS; ++p) {
                const float whole = scatter(sum[p], lane);
                if (first + p < pixels && output < OUTPUTS) {
                    y[static_cast<size_t>(first + p) * OUTPUTS + output] = whole + bias[output];
                }
            }
        }
    }
}
