// Integers that order as floats do, and sorting by them; it stands before the sources of `nms` and `detect_decode`.
typedef unsigned int u32;
typedef unsigned long long u64;

__device__ __forceinline__ bool is_nan(float x) { return (__float_as_uint(x) & 0x7fffffffu) > 0x7f800000u; }

// An integer that orders as IEEE's total order does, and back.
__device__ __forceinline__ u32 key_of(float x) {
    const u32 bits = __float_as_uint(x);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}
__device__ __forceinline__ float of_key(u32 key) { return __uint_as_float(key >> 31 ? key ^ 0x80000000u : ~key); }

// Largest first, by a block of THREADS; `size` is a power of two.
template <u32 THREADS>
__device__ void sort_keys(u64* keys, u32 size) {
    for (u32 run = 2; run <= size; run *= 2)
        for (u32 apart = run / 2; apart; apart /= 2) {
            __syncthreads();
            for (u32 pair = threadIdx.x; pair < size / 2; pair += THREADS) {
                const u32 at = 2 * pair - (pair & (apart - 1)), other = at + apart;
                const u64 a = keys[at], b = keys[other];
                if ((a < b) == ((at & run) == 0)) keys[at] = b, keys[other] = a;
            }
        }
    __syncthreads();
}

