/* Kernels of BLAS for one floating-point type: blas_kernels.c includes it for double and for float. The arguments are OpenBLAS's; a
 * negative step comes with a pointer to the first element to be used.
 *
 * Where a result is a sum over many elements or one of many results, each operation is rounded at random by itself; other kernels run
 * piecewise, each piece under a mode of its own. */

typedef REAL (*FN(Reduce))(long, REAL *, long);
typedef REAL (*FN(Dot))(long, REAL *, long, REAL *, long);
typedef COMPLEX (*FN(ComplexDot))(long, REAL *, long, REAL *, long);
typedef int (*FN(Axpy))(long, long, long, REAL, REAL *, long, REAL *, long, REAL *, long);
typedef int (*FN(ComplexAxpy))(long, long, long, REAL, REAL, REAL *, long, REAL *, long, REAL *, long);
typedef int (*FN(Rot))(long, REAL *, long, REAL *, long, REAL, REAL);
typedef int (*FN(Gemv))(long, long, long, REAL, REAL *, long, REAL *, long, REAL *, long, REAL *);
typedef int (*FN(ComplexGemv))(long, long, long, REAL, REAL, REAL *, long, REAL *, long, REAL *, long, REAL *);
typedef int (*FN(Gemm))(long, long, long, REAL, REAL *, REAL *, REAL *, long);
typedef int (*FN(ComplexGemm))(long, long, long, REAL, REAL, REAL *, REAL *, REAL *, long);
typedef int (*FN(Symv))(long, long, REAL, REAL *, long, REAL *, long, REAL *, long, REAL *);

/* The bits of a random word that error_free.h looks at, and such a word. */
#define TOP(word) (BITS)((word) >> (63 - SIGN_SHIFT))

static inline BITS FN(draw)(ThreadState *state) { return TOP(next_word(state)); }

static inline bool FN(is_finite)(REAL x) { return (FN(bits)(x) & MAGNITUDE) <= LARGEST; }

/* ---- dot: WIDTH partial sums */

#define DOT_BLOCK(name, nearness) \
    VECTORISED static void FN(name)(const REAL *x, const REAL *y, size_t n, REAL *sums, uint64_t *stream) \
    { \
        BITS unused[LANES] = {0}; \
        uint64_t words[LANES]; \
        REAL partial[WIDTH], product[LANES]; \
        next_words(stream, words); \
        for (int k = 0; k < WIDTH; k++) partial[k] = sums[k]; \
        for (size_t i = 0; i < n; i += WIDTH) \
            for (int j = 0; j < WIDTH; j += LANES) { \
                EACH_LANE product[k] = FN(multiply)(x[i + j + k], y[i + j + k], TOP(words[k]), nearness, &unused[k]); \
                refill(stream, words, nearness); \
                EACH_LANE partial[j + k] = FN(add)(partial[j + k], product[k], TOP(words[k]), nearness, &unused[k]); \
                refill(stream, words, nearness); \
            } \
        for (int k = 0; k < WIDTH; k++) sums[k] = partial[k]; \
    }

DOT_BLOCK(dot_random, false)
DOT_BLOCK(dot_nearness, true)
#undef DOT_BLOCK

static void FN(dot_block)(const REAL *x, const REAL *y, size_t n, REAL *sums, uint64_t *stream)
{
    if (noise.nearness)
        FN(dot_nearness)(x, y, n, sums, stream);
    else
        FN(dot_random)(x, y, n, sums, stream);
}

/* `n` elements at `from`, contiguous and followed by zeros up to a multiple of WIDTH: in place, or in `buffer`. */
static const REAL *FN(whole)(const REAL *from, long step, long n, REAL *buffer)
{
    if (step == 1 && n % WIDTH == 0) return from;
    for (long i = 0; i < n; i++) buffer[i] = from[i * step];
    for (long i = n; i % WIDTH != 0; i++) buffer[i] = 0;
    return buffer;
}

static REAL FN(tree)(REAL *sums, ThreadState *state)
{
    BITS unused = 0;
    for (int width = WIDTH / 2; width > 0; width /= 2)
        for (int k = 0; k < width; k++) sums[k] = FN(add)(sums[k], sums[k + width], FN(draw)(state), noise.nearness, &unused);
    return sums[0];
}

static REAL FN(dot_sum)(long n, const REAL *x, long x_step, const REAL *y, long y_step, ThreadState *state)
{
    REAL sums[WIDTH] = {0}, left[PIECE], right[PIECE];
    for (long at = 0; at < n; at += PIECE) {
        long size = n - at < PIECE ? n - at : PIECE;
        const REAL *a = FN(whole)(x + at * x_step, x_step, size, left), *b = FN(whole)(y + at * y_step, y_step, size, right);
        FN(dot_block)(a, b, (size_t)size, sums, state->stream);
    }
    return FN(tree)(sums, state);
}

static REAL FN(dot)(long n, REAL *x, long x_step, REAL *y, long y_step)
{
    const BlasSlot *slot = blas_entered();
    Nearest nearest = nearest_enter();
    REAL sum = FN(dot_sum)(n, x, x_step, y, y_step, nearest.state);
    if (flags_are_suspect()) {
        flags_set(0);
        REAL plain = ((FN(Dot))slot->original)(n, x, x_step, y, y_step);
        nearest.flags |= flags_now();
        if (!FN(is_finite)(sum)) sum = plain;
    }
    nearest_leave(&nearest);
    return sum;
}

/* Real and imaginary parts of `n` elements, followed by zeros up to a multiple of WIDTH. */
VECTORISED static void FN(split)(const REAL *restrict from, long step, long n, REAL *restrict re, REAL *restrict im)
{
    if (step == 1)
        for (long i = 0; i < n; i++) re[i] = from[2 * i], im[i] = from[2 * i + 1];
    else
        for (long i = 0; i < n; i++) re[i] = from[2 * i * step], im[i] = from[2 * i * step + 1];
    for (long i = n; i % WIDTH != 0; i++) re[i] = im[i] = 0;
}

/* The four products of parts have sums of their own, as in OpenBLAS. */
static COMPLEX FN(complex_dot)(long n, REAL *x, long x_step, REAL *y, long y_step, bool conjugate)
{
    const BlasSlot *slot = blas_entered();
    Nearest nearest = nearest_enter();
    REAL sums[4][WIDTH] = {{0}}, left[2][PIECE], right[2][PIECE], total[4];
    BITS unused = 0;
    for (long at = 0; at < n; at += PIECE) {
        long size = n - at < PIECE ? n - at : PIECE;
        FN(split)(x + 2 * at * x_step, x_step, size, left[0], left[1]);
        FN(split)(y + 2 * at * y_step, y_step, size, right[0], right[1]);
        for (int k = 0; k < 4; k++)
            FN(dot_block)(left[k / 2], right[k % 2], (size_t)size, sums[k], nearest.state->stream);
    }
    for (int k = 0; k < 4; k++) total[k] = FN(tree)(sums[k], nearest.state);
    if (conjugate) total[2] = -total[2], total[3] = -total[3];
    REAL re = FN(subtract)(total[0], total[3], FN(draw)(nearest.state), noise.nearness, &unused);
    REAL im = FN(add)(total[1], total[2], FN(draw)(nearest.state), noise.nearness, &unused);
    COMPLEX result;
    memcpy(&result, (REAL[2]){re, im}, sizeof result);
    if (flags_are_suspect()) {
        flags_set(0);
        COMPLEX plain = ((FN(ComplexDot))slot->original)(n, x, x_step, y, y_step);
        nearest.flags |= flags_now();
        if (!FN(is_finite)(re) || !FN(is_finite)(im)) result = plain;
    }
    nearest_leave(&nearest);
    return result;
}

static COMPLEX FN(dotu)(long n, REAL *x, long x_step, REAL *y, long y_step)
{
    return FN(complex_dot)(n, x, x_step, y, y_step, false);
}

static COMPLEX FN(dotc)(long n, REAL *x, long x_step, REAL *y, long y_step)
{
    return FN(complex_dot)(n, x, x_step, y, y_step, true);
}

/* ---- y += alpha x */

#define AXPY_BLOCK(name, nearness) \
    VECTORISED static void FN(name)(REAL alpha, const REAL *x, const REAL *y, REAL *out, size_t n, uint64_t *stream) \
    { \
        BITS unused[LANES] = {0}; \
        uint64_t words[LANES]; \
        REAL product[LANES]; \
        next_words(stream, words); \
        for (size_t i = 0; i < n; i += LANES) { \
            EACH_LANE product[k] = FN(multiply)(alpha, x[i + k], TOP(words[k]), nearness, &unused[k]); \
            refill(stream, words, nearness); \
            EACH_LANE out[i + k] = FN(add)(y[i + k], product[k], TOP(words[k]), nearness, &unused[k]); \
            refill(stream, words, nearness); \
        } \
    }

AXPY_BLOCK(axpy_random, false)
AXPY_BLOCK(axpy_nearness, true)
#undef AXPY_BLOCK

/* The flags that the plain operation raises. */
static COLD uint32_t FN(axpy_flags)(REAL alpha, const REAL *x, const REAL *y, size_t n)
{
    flags_set(0);
    for (size_t i = 0; i < n; i++) {
        volatile REAL product = alpha * x[i];
        volatile REAL sum = y[i] + product;
        (void)sum;
    }
    return flags_now();
}

static COLD uint32_t FN(scal_flags)(REAL alpha, const REAL *x, size_t n)
{
    flags_set(0);
    for (size_t i = 0; i < n; i++) {
        volatile REAL product = alpha * x[i];
        (void)product;
    }
    return flags_now();
}

static REAL FN(multiple)(REAL alpha, REAL x, Nearest *nearest)
{
    BITS unused = 0;
    REAL product = FN(multiply)(alpha, x, FN(draw)(nearest->state), noise.nearness, &unused);
    if (flags_are_suspect()) {
        nearest->flags |= FN(scal_flags)(alpha, &x, 1);
        flags_set(0);
    }
    return product;
}

static void FN(add_multiple)(long n, REAL alpha, const REAL *x, long x_step, REAL *y, long y_step, Nearest *nearest)
{
    REAL left[PIECE], right[PIECE], results[PIECE];
    for (long at = 0; at < n; at += PIECE) {
        long size = n - at < PIECE ? n - at : PIECE;
        const REAL *a = FN(whole)(x + at * x_step, x_step, size, left), *b = FN(whole)(y + at * y_step, y_step, size, right);
        size_t padded = (size_t)(size + LANES - 1) / LANES * LANES;
        (noise.nearness ? FN(axpy_nearness) : FN(axpy_random))(alpha, a, b, results, padded, nearest->state->stream);
        if (flags_are_suspect()) {
            nearest->flags |= FN(axpy_flags)(alpha, a, b, (size_t)size);
            flags_set(0);
        }
        for (long i = 0; i < size; i++) y[(at + i) * y_step] = results[i];
    }
}

static int FN(axpy)(long n, long d1, long d2, REAL alpha, REAL *x, long x_step, REAL *y, long y_step, REAL *d3, long d4)
{
    (void)d1, (void)d2, (void)d3, (void)d4;
    if (alpha == 0) return 0;
    if (y_step == 0) return ((FN(Axpy))blas_entered()->original)(n, d1, d2, alpha, x, x_step, y, y_step, d3, d4);
    Nearest nearest = nearest_enter();
    FN(add_multiple)(n, alpha, x, x_step, y, y_step, &nearest);
    nearest_leave(&nearest);
    return 0;
}

/* ---- x *= alpha */

#define SCAL_BLOCK(name, nearness) \
    VECTORISED static void FN(name)(REAL alpha, const REAL *x, REAL *out, size_t n, uint64_t *stream) \
    { \
        BITS unused[LANES] = {0}; \
        uint64_t words[LANES]; \
        next_words(stream, words); \
        for (size_t i = 0; i < n; i += LANES) { \
            EACH_LANE out[i + k] = FN(multiply)(alpha, x[i + k], TOP(words[k]), nearness, &unused[k]); \
            refill(stream, words, nearness); \
        } \
    }

SCAL_BLOCK(scal_random, false)
SCAL_BLOCK(scal_nearness, true)
#undef SCAL_BLOCK

/* By zero OpenBLAS has rules of its own for what is no number. */
static int FN(scal)(long n, long d1, long d2, REAL alpha, REAL *x, long step, REAL *d3, long d4, REAL *d5, long d6)
{
    REAL values[PIECE], results[PIECE];
    if (alpha == 0) return ((FN(Axpy))blas_entered()->original)(n, d1, d2, alpha, x, step, d3, d4, d5, d6);
    Nearest nearest = nearest_enter();
    for (long at = 0; at < n; at += PIECE) {
        long size = n - at < PIECE ? n - at : PIECE;
        const REAL *from = FN(whole)(x + at * step, step, size, values);
        size_t padded = (size_t)(size + LANES - 1) / LANES * LANES;
        (noise.nearness ? FN(scal_nearness) : FN(scal_random))(alpha, from, results, padded, nearest.state->stream);
        if (flags_are_suspect()) {
            nearest.flags |= FN(scal_flags)(alpha, from, (size_t)size);
            flags_set(0);
        }
        for (long i = 0; i < size; i++) x[(at + i) * step] = results[i];
    }
    nearest_leave(&nearest);
    return 0;
}

/* ---- a += alpha x y', a column at a time */
static int FN(ger)(long m, long n, long d1, REAL alpha, REAL *x, long x_step, REAL *y, long y_step, REAL *a, long lda, REAL *buffer)
{
    (void)d1, (void)buffer;
    Nearest nearest = nearest_enter();
    for (long j = 0; j < n; j++) {
        REAL multiple = FN(multiple)(alpha, y[j * y_step], &nearest);
        FN(add_multiple)(m, multiple, x, x_step, a + j * lda, 1, &nearest);
    }
    nearest_leave(&nearest);
    return 0;
}

/* ---- piecewise, by OpenBLAS's own kernel */

/* Under round-down 1 - 1 is -0, which to nearest it is not: `rows` contiguous elements of each column, `step` apart. What the driver
 * itself adds to the result next must not bring such zeros back: the mode stays to nearest until the next kernel. */
static __attribute__((noinline)) void FN(positive_zeros)(long rows, long columns, REAL *c, long step)
{
    for (long j = 0; j < columns; j++)
        for (long i = 0; i < rows; i++) c[j * step + i] += (REAL)0;
}

static int FN(rot)(long n, REAL *x, long x_step, REAL *y, long y_step, REAL c, REAL s)
{
    const BlasSlot *slot = blas_entered();
    ThreadState *state = thread_state_tls;
    for (long at = 0; at < n; at += ELEMENTS) {
        rounding_redraw(state);
        long size = n - at < ELEMENTS ? n - at : ELEMENTS;
        ((FN(Rot))slot->original)(size, x + at * x_step, x_step, y + at * y_step, y_step, c, s);
    }
    rounding_nearest();
    FN(positive_zeros)(1, n, x, x_step);
    FN(positive_zeros)(1, n, y, y_step);
    rounding_redraw(state); /* the routine around it computes, too */
    return 0;
}

/* axpy and scal of complex vectors: `y` is NULL for scal */
static int FN(complex_axpy)(long n, long d1, long d2, REAL re, REAL im, REAL *x, long x_step, REAL *y, long y_step, REAL *d3, long d4)
{
    const BlasSlot *slot = blas_entered();
    ThreadState *state = thread_state_tls;
    for (long at = 0; at < n; at += ELEMENTS) {
        rounding_redraw(state);
        REAL *from = x + 2 * at * x_step, *to = y == NULL ? NULL : y + 2 * at * y_step;
        long size = n - at < ELEMENTS ? n - at : ELEMENTS;
        ((FN(ComplexAxpy))slot->original)(size, d1, d2, re, im, from, x_step, to, y_step, d3, d4);
    }
    rounding_nearest();
    FN(positive_zeros)(2, n, y == NULL ? x : y, 2 * (y == NULL ? x_step : y_step));
    rounding_redraw(state); /* the routine around it computes, too */
    return 0;
}

/* asum and sum */
static REAL FN(total)(long n, REAL *x, long step)
{
    const BlasSlot *slot = blas_entered();
    ThreadState *state = thread_state_tls;
    REAL total = 0;
    for (long at = 0; at < n; at += ELEMENTS) {
        rounding_redraw(state);
        total += ((FN(Reduce))slot->original)(n - at < ELEMENTS ? n - at : ELEMENTS, x + at * step, step);
    }
    return total;
}

/* ---- small products of a matrix and a vector: one mode would make all their errors alike */

static void FN(small_by_columns)(long m, long n, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step)
{
    Nearest nearest = nearest_enter();
    for (long j = 0; j < n; j++) {
        REAL multiple = FN(multiple)(alpha, x[j * x_step], &nearest);
        FN(add_multiple)(m, multiple, a + j * lda, 1, y, y_step, &nearest);
    }
    nearest_leave(&nearest);
}

static COLD uint32_t FN(dot_flags)(long n, const REAL *x, const REAL *y, long y_step)
{
    volatile REAL sum = 0;
    flags_set(0);
    for (long i = 0; i < n; i++) sum += x[i] * y[i * y_step];
    return flags_now();
}

static void FN(small_by_rows)(long m, long n, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step)
{
    Nearest nearest = nearest_enter();
    for (long j = 0; j < n; j++) {
        REAL sum = FN(dot_sum)(m, a + j * lda, 1, x, x_step, nearest.state);
        if (flags_are_suspect()) {
            nearest.flags |= FN(dot_flags)(m, a + j * lda, x, x_step);
            flags_set(0);
        }
        FN(add_multiple)(1, alpha, &sum, 1, y + j * y_step, 1, &nearest);
    }
    nearest_leave(&nearest);
}

/* The kernel of matrix products: c += alpha a b for a block. */
static int FN(gemm)(long m, long n, long k, REAL alpha, REAL *a, REAL *b, REAL *c, long ldc)
{
    const BlasSlot *slot = blas_entered();
    bool up = rounding_redraw(thread_state_tls);
    int result = ((FN(Gemm))slot->original)(m, n, k, alpha, a, b, c, ldc);
    rounding_nearest();
    if (!up) FN(positive_zeros)(m, n, c, ldc);
    return result;
}

static int FN(complex_gemm)(long m, long n, long k, REAL re, REAL im, REAL *a, REAL *b, REAL *c, long ldc)
{
    const BlasSlot *slot = blas_entered();
    bool up = rounding_redraw(thread_state_tls);
    int result = ((FN(ComplexGemm))slot->original)(m, n, k, re, im, a, b, c, ldc);
    rounding_nearest();
    if (!up) FN(positive_zeros)(2 * m, n, c, 2 * ldc);
    return result;
}

/* Columns are the terms of gemv_n's sums, rows those of gemv_t's. */
static void FN(by_columns)(Function original, long m, long n, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step,
                           REAL *buffer)
{
    ThreadState *state = thread_state_tls;
    for (long j = 0; j < n; j += COLUMNS) {
        rounding_redraw(state);
        long size = n - j < COLUMNS ? n - j : COLUMNS;
        ((FN(Gemv))original)(m, size, 0, alpha, a + j * lda, lda, x + j * x_step, x_step, y, y_step, buffer);
    }
    rounding_nearest();
    FN(positive_zeros)(1, m, y, y_step);
}

static void FN(by_rows)(Function original, long m, long n, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step,
                        REAL *buffer)
{
    ThreadState *state = thread_state_tls;
    for (long i = 0; i < m; i += ROWS) {
        rounding_redraw(state);
        long size = m - i < ROWS ? m - i : ROWS;
        ((FN(Gemv))original)(size, n, 0, alpha, a + i, lda, x + i * x_step, x_step, y, y_step, buffer);
    }
    rounding_nearest();
    FN(positive_zeros)(1, n, y, y_step);
}

static int FN(gemv_n)(long m, long n, long d1, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step, REAL *buffer)
{
    (void)d1;
    if (m * n <= SMALL && y_step != 0) {
        FN(small_by_columns)(m, n, alpha, a, lda, x, x_step, y, y_step);
        return 0;
    }
    FN(by_columns)(blas_entered()->original, m, n, alpha, a, lda, x, x_step, y, y_step, buffer);
    return 0;
}

static int FN(gemv_t)(long m, long n, long d1, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step, REAL *buffer)
{
    (void)d1;
    if (m * n <= SMALL && y_step != 0) {
        FN(small_by_rows)(m, n, alpha, a, lda, x, x_step, y, y_step);
        return 0;
    }
    FN(by_rows)(blas_entered()->original, m, n, alpha, a, lda, x, x_step, y, y_step, buffer);
    return 0;
}

static int FN(complex_gemv_n)(long m, long n, long d1, REAL re, REAL im, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step,
                              REAL *buffer)
{
    const BlasSlot *slot = blas_entered();
    ThreadState *state = thread_state_tls;
    for (long j = 0; j < n; j += COLUMNS) {
        rounding_redraw(state);
        long size = n - j < COLUMNS ? n - j : COLUMNS;
        REAL *block = a + 2 * j * lda, *from = x + 2 * j * x_step;
        ((FN(ComplexGemv))slot->original)(m, size, d1, re, im, block, lda, from, x_step, y, y_step, buffer);
    }
    rounding_nearest();
    FN(positive_zeros)(2, m, y, 2 * y_step);
    return 0;
}

static int FN(complex_gemv_t)(long m, long n, long d1, REAL re, REAL im, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step,
                              REAL *buffer)
{
    const BlasSlot *slot = blas_entered();
    ThreadState *state = thread_state_tls;
    for (long i = 0; i < m; i += ROWS) {
        rounding_redraw(state);
        long size = m - i < ROWS ? m - i : ROWS;
        REAL *from = x + 2 * i * x_step;
        ((FN(ComplexGemv))slot->original)(size, n, d1, re, im, a + 2 * i, lda, from, x_step, y, y_step, buffer);
    }
    rounding_nearest();
    FN(positive_zeros)(2, n, y, 2 * y_step);
    return 0;
}

/* ---- y += alpha a x with a symmetric, of which one triangle is there: blocks on the diagonal by the kernel itself, those beside them
 * as a matrix and as its transpose. `n`, `columns`: the kernel takes `columns` of the `n` columns, the first ones of a lower triangle,
 * the last ones of an upper one. */

static int FN(symv_lower)(long n, long columns, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step, REAL *buffer)
{
    const BlasSlot *slot = blas_entered();
    for (long j = 0; j < columns; j += BLOCK) {
        long size = columns - j < BLOCK ? columns - j : BLOCK, below = n - j - size;
        REAL *diagonal = a + j * lda + j, *rest = diagonal + size, *xs = x + j * x_step, *ys = y + j * y_step;
        rounding_redraw(thread_state_tls);
        ((FN(Symv))slot->original)(size, size, alpha, diagonal, lda, xs, x_step, ys, y_step, buffer);
        FN(by_columns)(slot->companions->GEMV_N, below, size, alpha, rest, lda, xs, x_step, ys + size * y_step, y_step, buffer);
        FN(by_rows)(slot->companions->GEMV_T, below, size, alpha, rest, lda, xs + size * x_step, x_step, ys, y_step, buffer);
    }
    return 0;
}

static int FN(symv_upper)(long n, long columns, REAL alpha, REAL *a, long lda, REAL *x, long x_step, REAL *y, long y_step, REAL *buffer)
{
    const BlasSlot *slot = blas_entered();
    for (long j = n - columns; j < n; j += BLOCK) {
        long size = n - j < BLOCK ? n - j : BLOCK;
        REAL *above = a + j * lda, *xs = x + j * x_step, *ys = y + j * y_step;
        rounding_redraw(thread_state_tls);
        ((FN(Symv))slot->original)(size, size, alpha, above + j, lda, xs, x_step, ys, y_step, buffer);
        FN(by_columns)(slot->companions->GEMV_N, j, size, alpha, above, lda, xs, x_step, y, y_step, buffer);
        FN(by_rows)(slot->companions->GEMV_T, j, size, alpha, above, lda, x, x_step, ys, y_step, buffer);
    }
    return 0;
}

#undef COMPLEX
#undef TOP
#undef GEMV_N
#undef GEMV_T
