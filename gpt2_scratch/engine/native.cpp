// The forward pass of GPT-2 for a CPU, over rows that may belong to different sequences.
//
// It computes what model.py computes; read that first. It exists because a decode step reads every
// weight once and does little with it. So the time is that of reading the weights, if nothing is
// lost between the operators: here a step is one call. Weights are stored in 32 to 4 bits, keys and
// values in 32 or 16, and widened to float32 in registers; all arithmetic is float32. Where the
// processor multiplies whole numbers (AVX2, faster with VNNI), weights of 8 and 4 bits meet inputs
// that are rounded to whole numbers of up to 16.
//
// A row is one token: its id, the slot of the cache that its sequence owns, and its position there.
// A decode step has one row per sequence, a prompt as many as it has tokens, and any mixture will
// do. Each number of a row is summed up in the same order whatever other rows there are, so a
// sequence gets the same bits alone and in company.
//
// native.py compiles this file and fills the structures in.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

// Floats of one register. (Vectors of more than that GCC takes apart by way of the memory.)
#if defined(__AVX512F__)
constexpr int64_t LANES = 16;
#elif defined(__AVX__)
constexpr int64_t LANES = 8;
#else
constexpr int64_t LANES = 4;
#endif
// Rows at a time: with two vectors of outputs 24 sums and 2 weights in 32 registers, or 12 in 16.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int64_t TILE = 12;
#else
constexpr int64_t TILE = 6;
#endif
constexpr int64_t PANEL = 32;               // outputs that lie side by side in memory
constexpr int64_t VECTORS = PANEL / LANES;  // of outputs in a panel
constexpr int64_t MANY = 12;                // rows from which on a widened weight is used again
constexpr int64_t DEPTH = 128;              // inputs at a time, when there are many rows
constexpr int64_t GROUP = 8 * TILE;         // rows that share one widening of these
constexpr int64_t AHEAD = 4096;             // bytes of weights that are on their way from memory

typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t Int32s __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef int8_t Bytes __attribute__((vector_size(LANES), aligned(1), may_alias));

struct Float16 { uint16_t bits; };
struct Four { uint8_t two; };  // weights of inputs i, in the lower half of the byte, and i + 2

// Weights of 4 bits come in blocks: for a panel of outputs and GROUPED inputs two bytes per output and
// four inputs, (GROUPED / 4, PANEL, 2), then per output what a weight of 1 is worth, and what one of 0
// is, (PANEL) float16 each.
constexpr int64_t GROUPED = 32;
constexpr int64_t BLOCK = GROUPED / 2 * PANEL + 2 * PANEL * sizeof(Float16);

// Inputs of one output that lie side by side: two where one instruction takes the sum of two.
template <class W> constexpr int64_t TOGETHER = 1;
#if defined(__AVX2__) && (!defined(__AVX512F__) || defined(__AVX512VNNI__) && defined(__AVX512BW__))
#define WHOLE_NUMBERS
template <> constexpr int64_t TOGETHER<int8_t> = 2;
#endif

// --- weights of any storage type, as float32 ---

inline Vector widen(const float* w) { return *reinterpret_cast<const Vector*>(w); }

inline Vector widen(const Float16* w) {
#if defined(__AVX512F__)
    return (Vector)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
#elif defined(__F16C__)
    return (Vector)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
#else
    // Moved into a float32's place, the exponent is 112 too small; a product sets subnormals right.
    Bits half = __builtin_convertvector(*reinterpret_cast<const Halves*>(w), Bits);
    Vector size = (Vector)((half & 0x7fff) << 13) * 0x1p112f;
    return (Vector)((Bits)size | ((half & 0x8000) << 16));
#endif
}

inline Vector widen(const int8_t* w) {
#if defined(__AVX512F__)
    return (Vector)_mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w))));
#elif defined(__AVX2__)
    return (Vector)_mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w))));
#else
    Int32s whole = __builtin_convertvector(*reinterpret_cast<const Bytes*>(w), Int32s);
    return __builtin_convertvector(whole, Vector);
#endif
}

// The nearest numbers of a type of fewer bits, or the same ones.
inline void narrow(const float* from, float* to, int64_t count) {
    std::memcpy(to, from, count * sizeof(float));
}

inline void narrow(const float* from, Float16* to, int64_t count) {
    for (int64_t n = 0; n < count; n++) {
#if defined(__F16C__)
        to[n].bits = _cvtss_sh(from[n], _MM_FROUND_TO_NEAREST_INT);
#else
        uint32_t bits;
        std::memcpy(&bits, &from[n], sizeof bits);
        const uint32_t sign = bits >> 16 & 0x8000;
        bits &= 0x7fffffff;
        if (bits > 0x7f800000) {  // NaN
            bits = 0x7e00;
        } else if (bits < 113 << 23) {  // subnormal: a float from 0.5 on has steps of 2^-24
            float shifted = std::fabs(from[n]) + 0.5f;
            std::memcpy(&bits, &shifted, sizeof bits);
            bits -= 126 << 23;
        } else {  // to even where it is halfway; the exponent is 112 smaller
            bits = (bits + 0xfff + (bits >> 13 & 1) - (112 << 23)) >> 13;
            if (bits > 0x7c00) bits = 0x7c00;
        }
        to[n].bits = sign | bits;
#endif
    }
}

// --- what native.py fills in; the order of the fields is the same there ---

// weight: ceil(outputs / PANEL) panels of (inputs, PANEL), or with two inputs TOGETHER of
// (ceil(inputs / 2), PANEL, 2); scale: of each output, null without one
struct Linear {
    const void* weight;
    const float* scale;
    const float* bias;
    int64_t inputs, outputs;
};

struct Norm {
    const float *weight, *bias;
};

struct Layer {
    Norm ln_1;
    Linear c_attn, attn_c_proj;
    Norm ln_2;
    Linear c_fc, mlp_c_proj;
};

struct Model {
    int64_t n_layer, n_head, n_embd;
    float epsilon;
    const float* wpe;
    const Layer* layers;
    Norm ln_f;
    Linear wte;  // the output layer, and the embedding
};

struct Cache {  // (n_layer, slots, n_head, max_length, head_dim), float32 or float16
    void *keys, *values;
    int64_t slots, max_length, bits;
};

// --- the building blocks; each is called by all threads ---

// With a few rows every thread normalises and rounds all of them for itself: that costs less than
// waiting for the others, once for each layer. Many rows are shared out.
inline bool for_itself(int64_t rows) { return rows < MANY; }

template <class Work>
inline void each_row(int64_t rows, Work work) {
    if (for_itself(rows)) {
        for (int64_t row = 0; row < rows; row++) work(row);
    } else {
#pragma omp for schedule(static)
        for (int64_t row = 0; row < rows; row++) work(row);
    }
}

enum class Then { Store, Gelu, Add };

inline float exponential(float x) {  // relative error below 2e-7; the loops around it vectorise
    x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;  // x / log 2, rounded
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;    // log 2 in two parts
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits = (static_cast<int32_t>(n) + 127) << 23;  // 2^n
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

inline float gelu(float x) {  // x * (1 + tanh(y)) / 2 = x / (1 + exp(-2y))
    float y = 0.7978845608f * (x + 0.044715f * x * x * x);
    return x / (1.0f + exponential(-2.0f * y));
}

// What becomes of a row's sums in one panel of `width` outputs. y: from the panel's first output on.
inline void finish(const float* scale, const float* bias, float out[PANEL], int64_t width, float* y,
                   Then then) {
    if (scale)
        for (int64_t n = 0; n < width; n++) out[n] *= scale[n];
    if (bias)
        for (int64_t n = 0; n < width; n++) out[n] += bias[n];
    if (then == Then::Gelu)
        for (int64_t n = 0; n < PANEL; n++) out[n] = gelu(out[n]);
    if (then == Then::Add)
        for (int64_t n = 0; n < width; n++) y[n] += out[n];
    else
        std::memcpy(y, out, width * sizeof(float));
}

// The same from the sums in vectors. y: from the row's first output on.
inline void finish(const Linear& linear, const Vector sum[VECTORS], int64_t panel, float* y,
                   Then then) {
    const int64_t first = panel * PANEL;
    const float* scale = linear.scale ? linear.scale + first : nullptr;
    const float* bias = linear.bias ? linear.bias + first : nullptr;
    float out[PANEL];
    std::memcpy(out, sum, sizeof out);
    if (linear.outputs - first >= PANEL)  // a width that a compiler knows
        finish(scale, bias, out, PANEL, y + first, then);
    else
        finish(scale, bias, out, linear.outputs - first, y + first, then);
}

// Vectors of outputs at a time for so many rows: as many as the registers have room for.
constexpr int64_t vectors_at_once(int rows) { return rows * VECTORS <= 8 ? VECTORS : 2; }

// The processor is told what will be read some time after these bytes: sooner with one row or two,
// which wait for nothing but the memory.
template <int64_t BYTES>
inline void prefetch(const void* weights, int rows) {
    const char* line = static_cast<const char*>(weights) + (rows <= 2 ? AHEAD / 2 : AHEAD);
    for (int64_t n = 0; n < BYTES; n += 64) __builtin_prefetch(line + n);
}

// The rows in tiles of as many as there are registers for: work(tile, row), tile::value known now.
template <class Work>
inline void by_tiles(int64_t rows, Work work) {
    int64_t row = 0;
    auto take = [&](auto tile) {
        for (; rows - row >= tile; row += tile) work(tile, row);
    };
    take(std::integral_constant<int, TILE>());
    if constexpr (TILE > 8) take(std::integral_constant<int, 8>());
    take(std::integral_constant<int, 4>());
    take(std::integral_constant<int, 2>());
    take(std::integral_constant<int, 1>());
}

// All outputs for all rows. `product` says how weights are stored: it has `steps` of inputs, of
// STEP_BYTES each in a panel, `add`s what some of them give to the sums of a tile, and `total`s the
// sums. A few rows meet a panel piece by piece, while the next piece is on its way from memory.
template <class Product>
void multiply_panels(const Product& product, int64_t rows, float* y, Then then) {
    const Linear& linear = product.linear;
    const int64_t panels = (linear.outputs + PANEL - 1) / PANEL, groups = (rows + GROUP - 1) / GROUP;
    const bool few = rows > 1 && rows < MANY;
    const int64_t piece = few ? AHEAD / Product::STEP_BYTES : product.steps;
#pragma omp for schedule(static)
    for (int64_t item = 0; item < panels * groups; item++) {
        const int64_t panel = item / groups, start = item % groups * GROUP;
        const int64_t count = rows - start < GROUP ? rows - start : GROUP;
        typename Product::Sum sums[GROUP][VECTORS];
        std::memset(sums, 0, count * sizeof sums[0]);
        for (int64_t from = 0; from < product.steps; from += piece) {
            const int64_t to = product.steps - from < piece ? product.steps : from + piece;
            by_tiles(count, [&](auto tile, int64_t row) {
                product.template add<decltype(tile)::value>(panel, start + row, from, to, sums + row);
            });
        }
        for (int64_t row = 0; row < count; row++) {
            Vector totals[VECTORS];
            for (int n = 0; n < VECTORS; n++) totals[n] = product.total(start + row, sums[row][n]);
            finish(linear, totals, panel, y + (start + row) * linear.outputs, then);
        }
    }
}

// Weights that are widened to float32 one by one. x: (rows, inputs); a step is an input.
template <class W>
struct FloatProduct {
    typedef Vector Sum;
    static constexpr int64_t STEP_BYTES = PANEL * sizeof(W);
    const Linear& linear;
    const float* x;
    const int64_t steps = linear.inputs;

    template <int ROWS>
    void add(int64_t panel, int64_t row, int64_t from, int64_t to, Sum sums[][VECTORS]) const {
        constexpr int64_t WIDTH = vectors_at_once(ROWS);
        const W* panel_weights = static_cast<const W*>(linear.weight) + panel * steps * PANEL;
        const float* inputs = x + row * steps;
        for (int64_t first = 0; first < VECTORS; first += WIDTH) {
            Vector sum[ROWS][WIDTH];
            for (int r = 0; r < ROWS; r++) std::memcpy(sum[r], &sums[r][first], sizeof sum[r]);
            for (int64_t k = from; k < to; k++) {
                const W* w = panel_weights + k * PANEL + first * LANES;
                prefetch<WIDTH * LANES * sizeof(W)>(w, ROWS);
                Vector wide[WIDTH];
#pragma GCC unroll 8
                for (int n = 0; n < WIDTH; n++) wide[n] = widen(w + n * LANES);
#pragma GCC unroll 12
                for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
                    for (int n = 0; n < WIDTH; n++)
                        sum[r][n] += inputs[r * steps + k] * wide[n];
            }
            for (int r = 0; r < ROWS; r++) std::memcpy(&sums[r][first], sum[r], sizeof sum[r]);
        }
    }

    Vector total(int64_t, Vector sum) const { return sum; }
};

// Many rows: DEPTH inputs of a panel are widened once, stay in the processor's nearest cache, and
// meet GROUP rows, a tile of TILE after the other, before the next DEPTH. x: (tiles, inputs, TILE).
template <class W>
void multiply_many(const Linear& linear, const float* x, int64_t rows, float* y, Then then) {
    const int64_t inputs = linear.inputs, groups = (rows + GROUP - 1) / GROUP;
    const int64_t panels = (linear.outputs + PANEL - 1) / PANEL;
#pragma omp for schedule(static)
    for (int64_t item = 0; item < panels * groups; item++) {
        const int64_t panel = item / groups, start = item % groups * GROUP;
        const W* w = static_cast<const W*>(linear.weight) + panel * inputs * PANEL;
        const int64_t count = rows - start < GROUP ? rows - start : GROUP;
        Vector sums[GROUP][VECTORS] = {};
        for (int64_t from = 0; from < inputs; from += DEPTH) {
            const int64_t depth = inputs - from < DEPTH ? inputs - from : DEPTH;
            Vector wide[DEPTH][VECTORS];
            for (int64_t k = 0; k < depth; k++)
                for (int n = 0; n < VECTORS; n++)
                    wide[k][n] = widen(w + (from + k) * PANEL + n * LANES);
            for (int64_t row = 0; row < count; row += TILE)
                for (int n = 0; n < VECTORS; n += 2) {
                    const float* tile = x + (start + row) * inputs + from * TILE;
                    Vector sum[TILE][2];
                    for (int r = 0; r < TILE; r++) std::memcpy(sum[r], &sums[row + r][n], sizeof sum[r]);
                    for (int64_t k = 0; k < depth; k++, tile += TILE) {
                        const Vector w0 = wide[k][n], w1 = wide[k][n + 1];
#pragma GCC unroll 12
                        for (int r = 0; r < TILE; r++) {
                            sum[r][0] += tile[r] * w0;
                            sum[r][1] += tile[r] * w1;
                        }
                    }
                    for (int r = 0; r < TILE; r++) std::memcpy(&sums[row + r][n], sum[r], sizeof sum[r]);
                }
        }
        for (int64_t row = 0; row < count; row++)
            finish(linear, sums[row], panel, y + (start + row) * linear.outputs, then);
    }
}

#if defined(WHOLE_NUMBERS)

typedef int16_t Number __attribute__((may_alias));
typedef int32_t Pair __attribute__((may_alias));  // two numbers

// The largest whole number for an input: no sum of products with 127 may leave an int32.
inline int32_t largest_number(int64_t inputs) {
    const int64_t fitting = INT32_MAX / (127 * inputs);
    return fitting < INT16_MAX ? fitting : INT16_MAX;
}

// Rows as whole numbers times a scale of each row. x: (rows, inputs) -> (rows, width), filled up
// with zeros.
void round_rows(const float* x, int64_t rows, int64_t inputs, int64_t width, float limit,
                Pair* numbers, float* scales) {
    each_row(rows, [=](int64_t row) {
        const float* from = x + row * inputs;
        Number* to = reinterpret_cast<Number*>(numbers) + row * width;
        float largest = 1e-30f, wrong = 0;
#pragma omp simd reduction(max : largest) reduction(+ : wrong)
        for (int64_t k = 0; k < inputs; k++) {
            const float size = std::fabs(from[k]);
            largest = size > largest ? size : largest;
            wrong += from[k] - from[k];  // NaN for what is not finite, and so is the row then
        }
        const float factor = limit / largest;
#pragma omp simd
        for (int64_t k = 0; k < inputs; k++)
            to[k] = static_cast<int32_t>(from[k] * factor + std::copysign(0.5f, from[k]));
        for (int64_t k = inputs; k < width; k++) to[k] = 0;
        scales[row] = largest / limit + wrong;
    });
}

#if defined(__AVX512F__)
typedef __m512i Wholes;  // as many whole numbers as a vector has floats
inline Wholes widen_pairs(const int8_t* w) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
}
inline Wholes widen_halves(const uint8_t* w, int upper) {  // the lower or upper half of each byte
    const __m512i byte =
        _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
    return upper ? _mm512_srli_epi16(byte, 4) : _mm512_and_si512(byte, _mm512_set1_epi16(15));
}
inline Wholes everywhere(Pair pair) { return _mm512_set1_epi32(pair); }
inline Wholes plus(Wholes one, Wholes other) { return _mm512_add_epi32(one, other); }
inline Vector as_floats(Wholes sum) { return (Vector)_mm512_cvtepi32_ps(sum); }
// sum plus the products of two weights with two inputs, for each output. (With intrinsics GCC 12
// copies each sum to another register and back, which takes half of the time.)
inline Wholes add_products(Wholes sum, Wholes weights, Wholes inputs) {
    asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(weights), "v"(inputs));
    return sum;
}
#else
typedef __m256i Wholes;
inline Wholes widen_pairs(const int8_t* w) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}
inline Wholes widen_halves(const uint8_t* w, int upper) {
    const __m256i byte = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
    return upper ? _mm256_srli_epi16(byte, 4) : _mm256_and_si256(byte, _mm256_set1_epi16(15));
}
inline Wholes everywhere(Pair pair) { return _mm256_set1_epi32(pair); }
inline Wholes plus(Wholes one, Wholes other) { return _mm256_add_epi32(one, other); }
inline Vector as_floats(Wholes sum) { return (Vector)_mm256_cvtepi32_ps(sum); }
inline Wholes add_products(Wholes sum, Wholes weights, Wholes inputs) {
    Wholes products;
    asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
        : "+x"(sum), "=&x"(products) : "x"(weights), "x"(inputs));
    return sum;
}
#endif

// Weights of 8 bits, two inputs at a time, which are a step. Sums of whole numbers are exact in any
// order, so that of one row may be kept in PARTS that do not wait for each other.
struct WholeProduct {
    typedef Wholes Sum;
    static constexpr int64_t STEP_BYTES = 2 * PANEL;
    const Linear& linear;
    const Pair* x;  // (rows, steps)
    const float* scales;
    const int64_t steps = (linear.inputs + 1) / 2;

    template <int ROWS>
    void add(int64_t panel, int64_t row, int64_t from, int64_t to, Sum sums[][VECTORS]) const {
        constexpr int64_t WIDTH = vectors_at_once(ROWS);
        constexpr int PARTS = ROWS * WIDTH < 8 ? 8 / (ROWS * WIDTH) : 1;
        const int8_t* w = static_cast<const int8_t*>(linear.weight) + panel * steps * STEP_BYTES;
        const Pair* inputs = x + row * steps;
        for (int64_t first = 0; first < VECTORS; first += WIDTH) {
            Wholes sum[ROWS][PARTS][WIDTH] = {};
            for (int r = 0; r < ROWS; r++)
                std::memcpy(sum[r][0], &sums[r][first], sizeof sum[r][0]);
            auto add_pair = [&](int64_t k, int part) {
                const int8_t* weights = w + k * STEP_BYTES + first * LANES * 2;
                prefetch<WIDTH * LANES * 2>(weights, ROWS);
                Wholes wide[WIDTH];
#pragma GCC unroll 8
                for (int n = 0; n < WIDTH; n++) wide[n] = widen_pairs(weights + n * LANES * 2);
#pragma GCC unroll 12
                for (int r = 0; r < ROWS; r++) {
                    const Wholes both = everywhere(inputs[r * steps + k]);
#pragma GCC unroll 8
                    for (int n = 0; n < WIDTH; n++)
                        sum[r][part][n] = add_products(sum[r][part][n], wide[n], both);
                }
            };
            int64_t k = from;
            for (; k + PARTS <= to; k += PARTS)
#pragma GCC unroll 4
                for (int part = 0; part < PARTS; part++) add_pair(k + part, part);
            for (; k < to; k++) add_pair(k, 0);
            for (int r = 0; r < ROWS; r++)
                for (int n = 0; n < WIDTH; n++) {
                    sums[r][first + n] = sum[r][0][n];
                    for (int part = 1; part < PARTS; part++)
                        sums[r][first + n] = plus(sums[r][first + n], sum[r][part][n]);
                }
        }
    }

    Vector total(int64_t row, Wholes sum) const { return scales[row] * as_floats(sum); }
};

// The sums of each GROUPED numbers: what the weights' smallest value is multiplied by.
void sum_groups(const Pair* numbers, int64_t rows, int64_t groups, float* sums) {
    each_row(rows, [=](int64_t row) {
        const Number* from = reinterpret_cast<const Number*>(numbers) + row * groups * GROUPED;
        for (int64_t g = 0; g < groups; g++) {
            int32_t sum = 0;
            for (int64_t k = 0; k < GROUPED; k++) sum += from[g * GROUPED + k];
            sums[row * groups + g] = sum;
        }
    });
}

// Weights of 4 bits; a step is a group. Its sum of whole numbers is exact; the groups are added up in
// order, whatever other rows there are.
struct FourProduct {
    typedef Vector Sum;
    static constexpr int64_t STEP_BYTES = BLOCK;
    const Linear& linear;
    const Pair* x;  // (rows, steps, GROUPED / 2)
    const float *scales, *group_sums;  // (rows,) and (rows, steps)
    const int64_t steps = (linear.inputs + GROUPED - 1) / GROUPED;

    template <int ROWS>
    void add(int64_t panel, int64_t row, int64_t from, int64_t to, Sum sums[][VECTORS]) const {
        constexpr int64_t WIDTH = vectors_at_once(ROWS);
        const uint8_t* blocks = static_cast<const uint8_t*>(linear.weight) + panel * steps * BLOCK;
        for (int64_t g = from; g < to; g++) {
            const uint8_t* block = blocks + g * BLOCK;
            const Float16* worth = reinterpret_cast<const Float16*>(block + GROUPED / 2 * PANEL);
            for (int64_t first = 0; first < VECTORS; first += WIDTH) {
                Wholes sum[ROWS][WIDTH] = {};
#pragma GCC unroll 2
                for (int64_t k = 0; k < GROUPED / 2; k++) {  // two inputs
                    const uint8_t* weights = block + (k / 2 * PANEL + first * LANES) * 2;
                    prefetch<WIDTH * LANES * 2>(weights, ROWS);
                    Wholes wide[WIDTH];
#pragma GCC unroll 8
                    for (int n = 0; n < WIDTH; n++)
                        wide[n] = widen_halves(weights + n * LANES * 2, k % 2);
#pragma GCC unroll 12
                    for (int r = 0; r < ROWS; r++) {
                        const Wholes both =
                            everywhere(x[((row + r) * steps + g) * (GROUPED / 2) + k]);
#pragma GCC unroll 8
                        for (int n = 0; n < WIDTH; n++)
                            sum[r][n] = add_products(sum[r][n], wide[n], both);
                    }
                }
                for (int n = 0; n < WIDTH; n++) {
                    const Vector one = widen(worth + (first + n) * LANES);
                    const Vector zero = widen(worth + PANEL + (first + n) * LANES);
                    for (int r = 0; r < ROWS; r++)
                        sums[r][first + n] += one * as_floats(sum[r][n]) +
                                              zero * group_sums[(row + r) * steps + g];
                }
            }
        }
    }

    Vector total(int64_t row, Vector sum) const { return sum * scales[row]; }
};

#endif

// y = x @ weight.T * scale + bias, or what `then` makes of it. x: (rows, inputs); tiles: room for
// x in another order, for all rows and up to a whole tile; with a few rows the thread's own.
template <class W>
void multiply(const Linear& linear, const float* x, int64_t rows, float* y, Then then,
              float* tiles) {
    const int64_t inputs = linear.inputs;
#if defined(WHOLE_NUMBERS)
    if constexpr (std::is_same_v<W, Four>) {
        const int64_t groups = (inputs + GROUPED - 1) / GROUPED, width = groups * GROUPED;
        Pair* numbers = reinterpret_cast<Pair*>(tiles);
        float* sums = tiles + rows * width / 2;
        float* scales = sums + rows * groups;
        round_rows(x, rows, inputs, width, INT16_MAX, numbers, scales);
        sum_groups(numbers, rows, groups, sums);
        multiply_panels(FourProduct{linear, numbers, scales, sums}, rows, y, then);
    } else if constexpr (TOGETHER<W> == 2) {
        const int64_t pairs = (inputs + 1) / 2;
        Pair* numbers = reinterpret_cast<Pair*>(tiles);
        float* scales = tiles + rows * pairs;
        round_rows(x, rows, inputs, 2 * pairs, largest_number(inputs), numbers, scales);
        multiply_panels(WholeProduct{linear, numbers, scales}, rows, y, then);
    } else
#endif
    if (rows < MANY) {
        multiply_panels(FloatProduct<W>{linear, x}, rows, y, then);
    } else {
#pragma omp for schedule(static)
        for (int64_t start = 0; start < rows; start += TILE)  // (TILE, inputs) -> (inputs, TILE)
            for (int64_t k = 0; k < inputs; k++)
                for (int64_t r = 0; r < TILE; r++)
                    tiles[start * inputs + k * TILE + r] =
                        start + r < rows ? x[(start + r) * inputs + k] : 0.0f;
        multiply_many<W>(linear, tiles, rows, y, then);
    }
}

void normalise(const Norm& norm, const float* x, int64_t rows, int64_t C, float epsilon, float* y) {
    each_row(rows, [=](int64_t row) {
        const float* from = x + row * C;
        float total = 0, squares = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t c = 0; c < C; c++) total += from[c];
        const float mean = total / C;
#pragma omp simd reduction(+ : squares)
        for (int64_t c = 0; c < C; c++) squares += (from[c] - mean) * (from[c] - mean);
        const float factor = 1.0f / std::sqrt(squares / C + epsilon);
        for (int64_t c = 0; c < C; c++)
            y[row * C + c] = (from[c] - mean) * factor * norm.weight[c] + norm.bias[c];
    });
}

// Entry c of a token's embedding, which is a column through the panels of wte.
template <class W>
inline float embedding(const Model& model, int64_t token, int64_t c) {
    const int64_t C = model.n_embd, lane = token % PANEL;
    if constexpr (std::is_same_v<W, Four>) {
        const int64_t groups = (C + GROUPED - 1) / GROUPED;
        const uint8_t* block = static_cast<const uint8_t*>(model.wte.weight) +
                               (token / PANEL * groups + c / GROUPED) * BLOCK;
        const uint8_t two = block[(c % GROUPED / 4 * PANEL + lane) * 2 + c % 2];
        const Float16* worth = reinterpret_cast<const Float16*>(block + GROUPED / 2 * PANEL);
        const int64_t vector = lane / LANES * LANES;
        const float one = widen(worth + vector)[lane % LANES];
        const float zero = widen(worth + PANEL + vector)[lane % LANES];
        return (c % 4 < 2 ? two & 15 : two >> 4) * one + zero;
    } else {
        const int64_t whole = (C + TOGETHER<W> - 1) / TOGETHER<W> * TOGETHER<W>;
        const W* w = static_cast<const W*>(model.wte.weight) + token / PANEL * whole * PANEL;
        const int64_t place = c / TOGETHER<W> * TOGETHER<W> * PANEL + lane * TOGETHER<W> +
                              c % TOGETHER<W>;
        const float weight = widen(w + place / LANES * LANES)[place % LANES];
        return model.wte.scale ? weight * model.wte.scale[token] : weight;
    }
}

// Token embedding plus position embedding.
template <class W>
void embed(const Model& model, const int64_t* tokens, const int64_t* positions, int64_t rows,
           float* x) {
    const int64_t C = model.n_embd;
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; row++)
        for (int64_t c = 0; c < C; c++)
            x[row * C + c] =
                embedding<W>(model, tokens[row], c) + model.wpe[positions[row] * C + c];
}

// Where the cache has the keys, or values, of a head of a slot's sequence.
inline int64_t place_of(const Model& model, const Cache& cache, int64_t layer, int64_t slot,
                        int64_t head) {
    const int64_t sequence = (layer * cache.slots + slot) * model.n_head + head;
    return sequence * cache.max_length * (model.n_embd / model.n_head);
}

// A row's keys and values of one head go into the cache, as numbers of type K. qkv: (rows, 3C)
template <class K>
inline void remember(const Model& model, const Cache& cache, int64_t layer, const int64_t* slots,
                     const int64_t* positions, int64_t row, int64_t head, const float* qkv) {
    const int64_t C = model.n_embd, width = C / model.n_head;
    const int64_t place =
        place_of(model, cache, layer, slots[row], head) + positions[row] * width;
    const float* k = qkv + row * 3 * C + C + head * width;
    narrow(k, static_cast<K*>(cache.keys) + place, width);
    narrow(k + C, static_cast<K*>(cache.values) + place, width);
}

inline float total(Vector v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v);
#elif defined(__AVX__)
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
#else
    return (v[0] + v[1]) + (v[2] + v[3]);
#endif
}

template <class K, int WIDTH>
inline float dot(const float* one, const K* other, int64_t width) {
    if constexpr (WIDTH) {
        Vector sum = {};
        for (int64_t n = 0; n < WIDTH; n += LANES) sum += widen(one + n) * widen(other + n);
        return total(sum);
    } else {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++) sum += one[i] * other[i];
        return sum;
    }
}

// out = factor * weights @ values. weights: (seen,), values: (seen, width)
template <class K, int WIDTH>
inline void weigh(const float* weights, int64_t seen, const K* values, int64_t width, float factor,
                  float* out) {
    if constexpr (WIDTH) {
        constexpr int64_t PIECES = WIDTH / LANES;
        Vector even[PIECES] = {}, odd[PIECES] = {};  // no sum waits for the one before
        for (int64_t p = 0; p < seen; p += 2) {
            const K* v = values + p * WIDTH;
            for (int64_t n = 0; n < PIECES; n++) even[n] += weights[p] * widen(v + n * LANES);
            if (p + 1 == seen) break;
            for (int64_t n = 0; n < PIECES; n++)
                odd[n] += weights[p + 1] * widen(v + WIDTH + n * LANES);
        }
        for (int64_t n = 0; n < PIECES; n++) {
            const Vector sum = factor * (even[n] + odd[n]);
            std::memcpy(out + n * LANES, &sum, sizeof sum);
        }
    } else {
        std::memset(out, 0, width * sizeof(float));
        for (int64_t p = 0; p < seen; p++)
#pragma omp simd
            for (int64_t i = 0; i < width; i++)
                out[i] += weights[p] * factor * values[p * width + i];
    }
}

// A row, at position p, gathers from the positions 0..p of its slot. qkv: (rows, 3C) -> y: (rows, C)
// WIDTH: of a head where it is known now, so that a head's sums stay in registers; 0: any other.
// weights: room for one number per position. K: of the cache.
template <class K, int WIDTH>
void attend(const Model& model, const Cache& cache, int64_t layer, const int64_t* slots,
            const int64_t* positions, int64_t row, int64_t head, const float* qkv, float* weights,
            float* y) {
    const int64_t C = model.n_embd, width = WIDTH ? WIDTH : C / model.n_head;
    const float factor = 1.0f / std::sqrt(static_cast<float>(width));
    const int64_t seen = positions[row] + 1;
    const int64_t place = place_of(model, cache, layer, slots[row], head);
    const K* keys = static_cast<const K*>(cache.keys) + place;
    const K* values = static_cast<const K*>(cache.values) + place;
    const float* q = qkv + row * 3 * C + head * width;
    float largest = -INFINITY, total = 0;
    for (int64_t p = 0; p < seen; p++) {
        weights[p] = dot<K, WIDTH>(q, keys + p * width, width) * factor;
        largest = weights[p] > largest ? weights[p] : largest;
    }
#pragma omp simd reduction(+ : total)
    for (int64_t p = 0; p < seen; p++) total += weights[p] = exponential(weights[p] - largest);
    weigh<K, WIDTH>(weights, seen, values, width, 1.0f / total, y + row * C + head * width);
}

// Attention of all rows and heads: each row's keys and values are in the cache before any row looks.
template <class K, int WIDTH>
void attention(const Model& model, const Cache& cache, int64_t layer, const int64_t* slots,
               const int64_t* positions, int64_t rows, const float* qkv, float* weights,
               float* y) {
    if (for_itself(rows)) {  // a thread that has a head needs no other's
#pragma omp for schedule(static)
        for (int64_t head = 0; head < model.n_head; head++) {
            for (int64_t row = 0; row < rows; row++)
                remember<K>(model, cache, layer, slots, positions, row, head, qkv);
            for (int64_t row = 0; row < rows; row++)
                attend<K, WIDTH>(model, cache, layer, slots, positions, row, head, qkv, weights, y);
        }
        return;
    }
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; row++)
        for (int64_t head = 0; head < model.n_head; head++)
            remember<K>(model, cache, layer, slots, positions, row, head, qkv);
#pragma omp for schedule(dynamic, 4)
    for (int64_t item = 0; item < rows * model.n_head; item++)
        // Head by head: the rows of one text read the same keys and values, while they are near.
        attend<K, WIDTH>(model, cache, layer, slots, positions, item % rows, item / rows, qkv,
                         weights, y);
}

// For heads of this width: 64 has each GPT-2 from 124M to 1.5B, 32 has ours.
template <class K>
auto attention_of_width(int64_t width) {
    return width == 64 ? attention<K, 64> : attention<K, 32>;
}

template <class W>
void forward(const Model& model, const Cache& cache, int64_t rows, const int64_t* tokens,
             const int64_t* slots, const int64_t* positions, int64_t wanted_rows,
             const int64_t* wanted, float* logits, int threads) {
    const int64_t C = model.n_embd, width = C / model.n_head;
    const int64_t whole = (rows + TILE - 1) / TILE * TILE;
    const int64_t rounded = 4 * C + GROUPED + 1;  // room for a row in another order, and its scale
    std::unique_ptr<float[]> memory(new float[rows * 9 * C + whole * rounded]);
    float* x = memory.get();             // (rows, C), the stream
    float* qkv = x + rows * C;           // (rows, 3C)
    float* hidden = qkv + rows * 3 * C;  // (rows, 4C); attention's result is in its first (rows, C)
    float* shared = hidden + rows * 4 * C;  // (rows, C) of the stream, normalised, and (whole, 4C)
    auto attention_of = width != 64 && width != 32 ? attention<float, 0>
                        : cache.bits == 16         ? attention_of_width<Float16>(width)
                                                   : attention_of_width<float>(width);
#pragma omp parallel num_threads(threads)
    {
        std::unique_ptr<float[]> memory_of_thread(new float[cache.max_length + MANY * (C + rounded)]);
        float* weights = memory_of_thread.get();  // of one row and head
        float* own = weights + cache.max_length;  // as `shared`, for a few rows
        float* normal = for_itself(rows) ? own : shared;
        float* tiles = normal + rows * C;
        embed<W>(model, tokens, positions, rows, x);
        for (int64_t layer = 0; layer < model.n_layer; layer++) {
            const Layer& l = model.layers[layer];
            normalise(l.ln_1, x, rows, C, model.epsilon, normal);
            multiply<W>(l.c_attn, normal, rows, qkv, Then::Store, tiles);
            attention_of(model, cache, layer, slots, positions, rows, qkv, weights, hidden);
            multiply<W>(l.attn_c_proj, hidden, rows, x, Then::Add, tiles);
            normalise(l.ln_2, x, rows, C, model.epsilon, normal);
            multiply<W>(l.c_fc, normal, rows, hidden, Then::Gelu, tiles);
            multiply<W>(l.mlp_c_proj, hidden, rows, x, Then::Add, tiles);
        }
#pragma omp for schedule(static)
        for (int64_t i = 0; i < wanted_rows; i++)
            std::memcpy(hidden + i * C, x + wanted[i] * C, C * sizeof(float));
        normal = for_itself(wanted_rows) ? own : shared;
        tiles = normal + wanted_rows * C;
        normalise(model.ln_f, hidden, wanted_rows, C, model.epsilon, normal);
        multiply<W>(model.wte, normal, wanted_rows, logits, Then::Store, tiles);
    }
}

}  // namespace

extern "C" {

// Logits (wanted_rows, vocab_size) of the rows `wanted`. bits: 32, 16, 8 or 4, of a weight.
void gpt2_forward(const Model* model, int bits, const Cache* cache, int64_t rows,
                  const int64_t* tokens, const int64_t* slots, const int64_t* positions,
                  int64_t wanted_rows, const int64_t* wanted, float* logits, int threads) {
    auto run = bits == 32   ? forward<float>
               : bits == 16 ? forward<Float16>
#if defined(WHOLE_NUMBERS)
               : bits == 4  ? forward<Four>
#endif
                            : forward<int8_t>;
    run(*model, *cache, rows, tokens, slots, positions, wanted_rows, wanted, logits, threads);
}

// How many inputs of an output lie side by side in a matrix of this many bits; 0: this processor
// has no way with such a matrix.
int gpt2_together(int bits) {
    if (bits == 4) return TOGETHER<int8_t> == 2 ? 2 : 0;
    return bits == 8 ? TOGETHER<int8_t> : 1;
}

// Reads memory as a decode step does, in order and once; for measuring how fast that can be.
float gpt2_read(const float* memory, int64_t count, int threads) {
    float total = 0;
#pragma omp parallel for simd reduction(+ : total) num_threads(threads) schedule(static)
    for (int64_t i = 0; i < count; i++) total += memory[i];
    return total;
}
}
