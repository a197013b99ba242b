// Matrix products by wgmma and the activations, for the convolutions; it stands after element.cuh.
//
// Macros: BN (outputs of a tile: 24, 32, 48, 64, 96, 128, 192), ACT (0 none, 1 SiLU, 2 ReLU)
#ifndef ACT
#define ACT 0
#endif

#ifdef BN
#define REGISTERS_12 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11"
#define OUTPUTS_12 \
    "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), \
    "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11])
#define REGISTERS_16 REGISTERS_12 "," "%12,%13,%14,%15"
#define OUTPUTS_16 OUTPUTS_12, "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15])
#define REGISTERS_24 REGISTERS_16 "," "%16,%17,%18,%19,%20,%21,%22,%23"
#define OUTPUTS_24 OUTPUTS_16, \
    "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23])
#define REGISTERS_32 REGISTERS_24 "," "%24,%25,%26,%27,%28,%29,%30,%31"
#define OUTPUTS_32 OUTPUTS_24, \
    "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
#define REGISTERS_48 REGISTERS_32 "," "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define OUTPUTS_48 OUTPUTS_32, \
    "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), \
    "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47])
#define REGISTERS_64 REGISTERS_48 "," "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define OUTPUTS_64 OUTPUTS_48, \
    "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), \
    "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
#define REGISTERS_96 REGISTERS_64 "," "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79," \
    "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define OUTPUTS_96 OUTPUTS_64, \
    "+f"(d[64]), "+f"(d[65]), "+f"(d[66]), "+f"(d[67]), "+f"(d[68]), "+f"(d[69]), "+f"(d[70]), "+f"(d[71]), \
    "+f"(d[72]), "+f"(d[73]), "+f"(d[74]), "+f"(d[75]), "+f"(d[76]), "+f"(d[77]), "+f"(d[78]), "+f"(d[79]), \
    "+f"(d[80]), "+f"(d[81]), "+f"(d[82]), "+f"(d[83]), "+f"(d[84]), "+f"(d[85]), "+f"(d[86]), "+f"(d[87]), \
    "+f"(d[88]), "+f"(d[89]), "+f"(d[90]), "+f"(d[91]), "+f"(d[92]), "+f"(d[93]), "+f"(d[94]), "+f"(d[95])

#if BN == 24
#define MULTIPLY_SHAPE "m64n24k16"
#define REGISTERS REGISTERS_12
#define OUTPUTS OUTPUTS_12
#define DESCRIPTIONS "%12, %13"
#define ACCUMULATE "%14"
#elif BN == 32
#define MULTIPLY_SHAPE "m64n32k16"
#define REGISTERS REGISTERS_16
#define OUTPUTS OUTPUTS_16
#define DESCRIPTIONS "%16, %17"
#define ACCUMULATE "%18"
#elif BN == 48
#define MULTIPLY_SHAPE "m64n48k16"
#define REGISTERS REGISTERS_24
#define OUTPUTS OUTPUTS_24
#define DESCRIPTIONS "%24, %25"
#define ACCUMULATE "%26"
#elif BN == 64
#define MULTIPLY_SHAPE "m64n64k16"
#define REGISTERS REGISTERS_32
#define OUTPUTS OUTPUTS_32
#define DESCRIPTIONS "%32, %33"
#define ACCUMULATE "%34"
#elif BN == 96
#define MULTIPLY_SHAPE "m64n96k16"
#define REGISTERS REGISTERS_48
#define OUTPUTS OUTPUTS_48
#define DESCRIPTIONS "%48, %49"
#define ACCUMULATE "%50"
#elif BN == 128
#define MULTIPLY_SHAPE "m64n128k16"
#define REGISTERS REGISTERS_64
#define OUTPUTS OUTPUTS_64
#define DESCRIPTIONS "%64, %65"
#define ACCUMULATE "%66"
#elif BN == 192
#define MULTIPLY_SHAPE "m64n192k16"
#define REGISTERS REGISTERS_96
#define OUTPUTS OUTPUTS_96
#define DESCRIPTIONS "%96, %97"
#define ACCUMULATE "%98"
#else
#error "BN: 24, 32, 48, 64, 96, 128 or 192"
#endif


// Rows of 128 swizzled bytes, eight rows in 1024 contiguous ones.
__device__ __forceinline__ u64 describe(u32 at) {
    return static_cast<u64>(at >> 4) | 1ull << 16 | static_cast<u64>(1024 >> 4) << 32 | 1ull << 62;
}

// d[64 x BN] (+)= a[64 x 16] b[BN x 16]^T
__device__ __forceinline__ void multiply_tile(float (&d)[BN / 2], u64 a, u64 b, int accumulate) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, " ACCUMULATE ", 0; wgmma.mma_async.sync.aligned." MULTIPLY_SHAPE
                 ".f32." ELEMENT_PTX "." ELEMENT_PTX " {" REGISTERS "}, " DESCRIPTIONS ", p, 1, 1, 0, 0; }"
                 : OUTPUTS
                 : "l"(a), "l"(b), "r"(accumulate));
}
#endif

__device__ __forceinline__ float activate(float x) {
#if ACT == 1
    return __fdividef(x, 1.f + __expf(-x));
#elif ACT == 2
    return x < 0.f ? 0.f : x; // not a maximum, which would turn NaN into 0
#else
    return x;
#endif
}
