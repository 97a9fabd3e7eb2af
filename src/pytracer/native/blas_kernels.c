/* BLAS kernels under noise, in the place of OpenBLAS's own (blas.c). All run with the arguments of the kernel that they stand for. */
#include "blas.h"
#include "random_stream.h"

#ifdef BLAS_LAYER

#include <immintrin.h>
#include <math.h>
#include <string.h>

enum {
    WIDTH = 32,     /* partial sums of a dot product, as in OpenBLAS's kernels */
    PIECE = 256,    /* elements, for whose products and sums a word of each lane lasts */
    ELEMENTS = 32,  /* results under one mode */
    COLUMNS = 8,    /* terms of a sum under one mode, added one after the other */
    ROWS = 32,      /* terms of a sum under one mode, added in parallel */
    BLOCK = 32,     /* of a symmetric matrix */
    SMALL = 1024    /* elements of a matrix */
};

#if defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

/* One vector operation: unrolled, the compiler would not see it as one. */
#define EACH_LANE _Pragma("GCC unroll 1") for (int k = 0; k < LANES; k++)

/* One bit of each word decides, so a word lasts for 64; with nearness each decision needs a word. */
static inline void refill(uint64_t *stream, uint64_t *words, bool nearness)
{
    if (nearness)
        next_words(stream, words);
    else
        EACH_LANE words[k] <<= 1;
}

/* ---- error-free transforms need round-to-nearest and raise flags of their own, which NumPy would turn into warnings */

enum { SUSPECT = 0x1 | 0x4 | 0x8 | 0x10, ALL_FLAGS = 0x3f, MODE = 0x6000 };

static inline uint32_t flags_now(void) { return _mm_getcsr() & ALL_FLAGS; }
static inline void flags_set(uint32_t flags) { _mm_setcsr((_mm_getcsr() & ~(uint32_t)ALL_FLAGS) | flags); }
static inline bool flags_are_suspect(void) { return UNLIKELY((flags_now() & SUSPECT) != 0); }

typedef struct {
    ThreadState *state;
    uint32_t flags; /* to be left behind */
} Nearest;

static inline Nearest nearest_enter(void)
{
    uint32_t before = _mm_getcsr();
    Nearest nearest = {.state = thread_state_tls, .flags = before & ALL_FLAGS};
    if (UNLIKELY(nearest.state->noise_epoch != noise.epoch)) noise_seed_thread(nearest.state);
    nearest.state->noise_events++;
    _mm_setcsr(before & ~(uint32_t)(MODE | ALL_FLAGS));
    return nearest;
}

static inline void nearest_leave(const Nearest *nearest)
{
    _mm_setcsr((_mm_getcsr() & ~(uint32_t)(MODE | SUSPECT)) | nearest->flags | rounding_draw(nearest->state));
}

#include "float64.h"
#include "error_free.h"
#define COMPLEX double _Complex
#define GEMV_N dgemv_n
#define GEMV_T dgemv_t
#include "blas_kernels.h"

#include "float32.h"
#include "error_free.h"
#define COMPLEX float _Complex
#define GEMV_N sgemv_n
#define GEMV_T sgemv_t
#include "blas_kernels.h"

/* OpenBLAS sums the squares in the 80 bits of the x87 unit, whose mode is not perturbed: the result is rounded once. Of a complex
 * vector the parts are `parts` = 2 numbers, one after the other. */
static double norm_of_parts(long n, const double *x, long step, int parts)
{
    Nearest nearest = nearest_enter();
    long double sums[4] = {0};
    for (long i = 0; i < n; i++)
        for (int k = 0; k < parts; k++) {
            long double part = x[parts * i * step + k];
            sums[(parts * i + k) % 4] += part * part;
        }
    long double norm = sqrtl(sums[0] + sums[1] + (sums[2] + sums[3]));
    double rounded = (double)norm;
    double error = isfinite(rounded) ? (double)(norm - rounded) : 0;
    uint64_t unused = 0;
    double result = round_f64(rounded, error, 1, draw_f64(nearest.state), noise.nearness, &unused);
    nearest_leave(&nearest);
    return result;
}

static double norm_f64(long n, double *x, long step) { return norm_of_parts(n, x, step, 1); }
static double complex_norm_f64(long n, double *x, long step) { return norm_of_parts(n, x, step, 2); }

/* Small products have kernels that take the whole depth at once: the blocked ones are used instead. */
static int never(void) { return 0; }

typedef struct {
    const char *kernel;
    Function function;
} Replacement;

#define REAL_KERNELS(letter, type) \
    {letter "dot_k", (Function)dot_##type}, {letter "axpy_k", (Function)axpy_##type}, {letter "ger_k", (Function)ger_##type}, \
    {letter "scal_k", (Function)scal_##type}, {letter "rot_k", (Function)rot_##type}, {letter "asum_k", (Function)total_##type}, \
    {letter "sum_k", (Function)total_##type}, {letter "gemv_n", (Function)gemv_n_##type}, \
    {letter "gemv_t", (Function)gemv_t_##type}, {letter "symv_L", (Function)symv_lower_##type}, \
    {letter "symv_U", (Function)symv_upper_##type}, \
    {letter "gemm_kernel", (Function)gemm_##type}, {letter "gemm_small_matrix_permit", (Function)never}

#define COMPLEX_KERNELS(letter, type) \
    {letter "dotu_k", (Function)dotu_##type}, {letter "dotc_k", (Function)dotc_##type}, \
    {letter "axpy_k", (Function)complex_axpy_##type}, {letter "axpyc_k", (Function)complex_axpy_##type}, \
    {letter "scal_k", (Function)complex_axpy_##type}, {letter "gemv_n", (Function)complex_gemv_n_##type}, \
    {letter "gemv_r", (Function)complex_gemv_n_##type}, {letter "gemv_o", (Function)complex_gemv_n_##type}, \
    {letter "gemv_s", (Function)complex_gemv_n_##type}, {letter "gemv_t", (Function)complex_gemv_t_##type}, \
    {letter "gemv_c", (Function)complex_gemv_t_##type}, {letter "gemv_u", (Function)complex_gemv_t_##type}, \
    {letter "gemv_d", (Function)complex_gemv_t_##type}, {letter "gemm_kernel_n", (Function)complex_gemm_##type}, \
    {letter "gemm_kernel_l", (Function)complex_gemm_##type}, {letter "gemm_kernel_r", (Function)complex_gemm_##type}, \
    {letter "gemm_kernel_b", (Function)complex_gemm_##type}, {letter "gemm_small_matrix_permit", (Function)never}

static const Replacement replacements[] = {
    REAL_KERNELS("s", f32), REAL_KERNELS("d", f64), COMPLEX_KERNELS("c", f32), COMPLEX_KERNELS("z", f64),
    {"dnrm2_k", (Function)norm_f64}, {"znrm2_k", (Function)complex_norm_f64},
    {"sgemm_direct_performant", (Function)never},
};

Function blas_replacement(const char *kernel)
{
    for (size_t i = 0; i < sizeof replacements / sizeof *replacements; i++)
        if (strcmp(replacements[i].kernel, kernel) == 0) return replacements[i].function;
    return NULL;
}

#else

Function blas_replacement(const char *kernel)
{
    (void)kernel;
    return NULL;
}

#endif
