/* NumPy's inner loops on complex numbers, for one floating-point type: NumPy's formulas (the division is Smith's: R. L. Smith,
 * Algorithm 116, Communications of the ACM 5, 1962), each real operation rounded at random. */

/* ---- one operation on a + ia i and b + ib i. Its k-th real operation draws the k-th bit of one word, with nearness a word of its
 * own, `draws[k * stride]`. */

#define DRAW(k) nearness ? draws[(k) * stride] : draws[0] << (k), nearness, inexact
#define COMPLEX_OPERATION(op) \
    static ALWAYS_INLINE void FN(complex_##op)(REAL a, REAL ia, REAL b, REAL ib, REAL *re, REAL *im, const BITS *draws, \
                                               size_t stride, bool nearness, BITS *inexact)

COMPLEX_OPERATION(add)
{
    *re = FN(add)(a, b, DRAW(0));
    *im = FN(add)(ia, ib, DRAW(1));
}

COMPLEX_OPERATION(subtract)
{
    *re = FN(subtract)(a, b, DRAW(0));
    *im = FN(subtract)(ia, ib, DRAW(1));
}

COMPLEX_OPERATION(multiply)
{
    *re = FN(subtract)(FN(multiply)(a, b, DRAW(0)), FN(multiply)(ia, ib, DRAW(1)), DRAW(2));
    *im = FN(add)(FN(multiply)(a, ib, DRAW(3)), FN(multiply)(ia, b, DRAW(4)), DRAW(5));
}

COMPLEX_OPERATION(square)
{
    (void)b, (void)ib;
    FN(complex_multiply)(a, ia, a, ia, re, im, draws, stride, nearness, inexact);
}

/* The two branches of the algorithm differ by which part of the divisor is the larger one. */
COMPLEX_OPERATION(divide)
{
    BITS real = (BITS)(FN(absolute)(b) >= FN(absolute)(ib));
    REAL large = FN(select)(real, b, ib), small = FN(select)(real, ib, b);
    REAL x = FN(select)(real, a, ia), y = FN(select)(real, ia, a);
    REAL ratio = FN(divide)(small, large, DRAW(0));
    REAL divisor = FN(add)(large, FN(multiply)(small, ratio, DRAW(1)), DRAW(2)), scale = FN(divide)(1, divisor, DRAW(3));
    REAL sum = FN(add)(x, FN(multiply)(y, ratio, DRAW(4)), DRAW(5)), product = FN(multiply)(x, ratio, DRAW(6));
    REAL difference = FN(subtract)(FN(select)(real, y, product), FN(select)(real, product, y), DRAW(7));
    *re = FN(multiply)(sum, scale, DRAW(8));
    *im = FN(multiply)(difference, scale, DRAW(9));
}

COMPLEX_OPERATION(reciprocal)
{
    (void)b, (void)ib;
    BITS real = (BITS)(FN(absolute)(ia) <= FN(absolute)(a));
    REAL large = FN(select)(real, a, ia), small = FN(select)(real, ia, a);
    REAL ratio = FN(divide)(small, large, DRAW(0));
    REAL divisor = FN(add)(large, FN(multiply)(small, ratio, DRAW(1)), DRAW(2));
    *re = FN(divide)(FN(select)(real, 1, ratio), divisor, DRAW(3));
    *im = FN(divide)(FN(select)(real, -ratio, -1), divisor, DRAW(4));
}
#undef DRAW
#undef COMPLEX_OPERATION

/* ---- blocks: real and imaginary parts apart, and the draws of each real operation together */

enum { FN(COMPLEX_BLOCK) = 256, FN(MOST_DRAWS) = 10 };

typedef struct {
    REAL re[FN(COMPLEX_BLOCK)], im[FN(COMPLEX_BLOCK)];
} FN(Parts);

#define KERNEL(op, name, nearness) \
    VECTORISED static uint64_t FN(name)(const FN(Parts) *a, const FN(Parts) *b, FN(Parts) *out, size_t n, const BITS *draws) \
    { \
        BITS inexact = 0; \
        INDEPENDENT for (size_t i = 0; i < n; i++) \
            FN(complex_##op)(a->re[i], a->im[i], b->re[i], b->im[i], &out->re[i], &out->im[i], draws + i, FN(COMPLEX_BLOCK), \
                             nearness, &inexact); \
        return inexact; \
    }

#define KERNELS(op) \
    KERNEL(op, complex_##op##_random, false) \
    KERNEL(op, complex_##op##_nearness, true) \
    static void FN(complex_##op##_one)(const REAL *a, const REAL *b, REAL *out, const BITS *draws, BITS *inexact) \
    { \
        REAL re, im; \
        FN(complex_##op)(a[0], a[1], b[0], b[1], &re, &im, draws, 1, noise.nearness, inexact); \
        out[0] = re; \
        out[1] = im; \
    }

KERNELS(add)
KERNELS(subtract)
KERNELS(multiply)
KERNELS(divide)
KERNELS(square)
KERNELS(reciprocal)
#undef KERNEL
#undef KERNELS

typedef uint64_t (*FN(ComplexKernel))(const FN(Parts) *, const FN(Parts) *, FN(Parts) *, size_t, const BITS *);

typedef struct {
    const char *ufunc;
    int n_in, n_draws;
    bool is_add;
    FN(ComplexKernel) random, nearness;
    void (*one)(const REAL *, const REAL *, REAL *, const BITS *, BITS *);
} FN(ComplexOperation);

#define OPERATION(op, n_in, n_draws, is_add) \
    {#op, n_in, n_draws, is_add, FN(complex_##op##_random), FN(complex_##op##_nearness), FN(complex_##op##_one)}
static const FN(ComplexOperation) FN(complex_operations)[] = {
    [COMPLEX_MULTIPLY] = OPERATION(multiply, 2, 6, false),
    [COMPLEX_DIVIDE] = OPERATION(divide, 2, 10, false),
    OPERATION(add, 2, 2, true),
    OPERATION(subtract, 2, 2, false),
    OPERATION(square, 1, 6, false),
    OPERATION(reciprocal, 1, 5, false),
};
#undef OPERATION

/* NumPy's loop tells which flags are real. Where its result is not finite (a division by zero, an overflow) it is ours. */
static COLD void FN(complex_replay)(const Loop *loop, const FN(Parts) *a, const FN(Parts) *b, FN(Parts) *out, npy_intp n)
{
    REAL numbers[3][2 * FN(COMPLEX_BLOCK)];
    const npy_intp dense[] = {2 * sizeof(REAL), 2 * sizeof(REAL), 2 * sizeof(REAL)};
    char *again[] = {(char *)numbers[0], (char *)numbers[loop->n_in - 1], (char *)numbers[2]};
    again[loop->n_in] = (char *)numbers[2];
    for (npy_intp i = 0; i < n; i++) {
        numbers[0][2 * i] = a->re[i], numbers[0][2 * i + 1] = a->im[i];
        if (loop->n_in == 2) numbers[1][2 * i] = b->re[i], numbers[1][2 * i + 1] = b->im[i];
    }
    replay(loop, again, n, dense);
    for (npy_intp i = 0; i < n; i++)
        if (!isfinite(numbers[2][2 * i]) || !isfinite(numbers[2][2 * i + 1]))
            out->re[i] = numbers[2][2 * i], out->im[i] = numbers[2][2 * i + 1];
}

static void FN(complex_sum)(const Loop *loop, char **args, npy_intp n, const npy_intp *steps, ThreadState *state)
{
    REAL before[2], sum[2];
    BITS inexact = 0;
    memcpy(before, args[0], sizeof before);
    for (int part = 0; part < 2; part++) {
        REAL rest = FN(sum)(args[1] + part * (npy_intp)sizeof(REAL), (size_t)n, steps[1], state, &inexact);
        sum[part] = FN(draw_add)(before[part], rest, state, &inexact);
    }
    if (flags_are_suspect()) {
        char *again[] = {(char *)before, args[1], (char *)before};
        replay(loop, again, n, steps);
    }
    memcpy(args[0], sum, sizeof sum);
    count(&counters->inexact_elements, inexact);
}

/* Reductions and accumulations: one number after the other. */
static void FN(complex_chain)(const Loop *loop, const FN(ComplexOperation) *operation, char **args, npy_intp n,
                              const npy_intp *steps, ThreadState *state)
{
    BITS inexact = 0, draws[FN(MOST_DRAWS)];
    int second = operation->n_in - 1, result = operation->n_in;
    for (npy_intp i = 0; i < n; i++) {
        REAL a[2], b[2], out[2];
        memcpy(a, args[0] + i * steps[0], sizeof a);
        memcpy(b, args[second] + i * steps[second], sizeof b);
        for (int k = 0; k < (noise.nearness ? operation->n_draws : 1); k++) draws[k] = FN(draw)(state);
        operation->one(a, b, out, draws, &inexact);
        if (flags_are_suspect()) {
            FN(Parts) left = {{a[0]}, {a[1]}}, right = {{b[0]}, {b[1]}}, results = {{out[0]}, {out[1]}};
            FN(complex_replay)(loop, &left, &right, &results, 1);
            out[0] = results.re[0];
            out[1] = results.im[0];
        }
        memcpy(args[result] + i * steps[result], out, sizeof out);
    }
    count(&counters->inexact_elements, inexact);
}

VECTORISED static void FN(split)(const REAL *from, npy_intp n, REAL *re, REAL *im)
{
    INDEPENDENT for (npy_intp i = 0; i < n; i++) {
        re[i] = from[2 * i];
        im[i] = from[2 * i + 1];
    }
}

VECTORISED static void FN(merge)(REAL *to, npy_intp n, const REAL *re, const REAL *im)
{
    INDEPENDENT for (npy_intp i = 0; i < n; i++) {
        to[2 * i] = re[i];
        to[2 * i + 1] = im[i];
    }
}

static inline bool FN(is_dense)(const char *at, npy_intp step)
{
    return step == 2 * sizeof(REAL) && (uintptr_t)at % sizeof(REAL) == 0;
}

static void FN(take_apart)(const char *from, npy_intp step, npy_intp n, FN(Parts) *parts)
{
    if (FN(is_dense)(from, step)) {
        FN(split)((const REAL *)from, n, parts->re, parts->im);
        return;
    }
    for (npy_intp i = 0; i < n; i++) {
        memcpy(&parts->re[i], from + i * step, sizeof(REAL));
        memcpy(&parts->im[i], from + i * step + (npy_intp)sizeof(REAL), sizeof(REAL));
    }
}

static void FN(put_together)(char *to, npy_intp step, npy_intp n, const FN(Parts) *parts)
{
    if (FN(is_dense)(to, step)) {
        FN(merge)((REAL *)to, n, parts->re, parts->im);
        return;
    }
    for (npy_intp i = 0; i < n; i++) {
        memcpy(to + i * step, &parts->re[i], sizeof(REAL));
        memcpy(to + i * step + (npy_intp)sizeof(REAL), &parts->im[i], sizeof(REAL));
    }
}

static uint64_t FN(complex_apply)(const FN(ComplexOperation) *operation, const FN(Parts) *a, const FN(Parts) *b, FN(Parts) *out,
                                  size_t n, ThreadState *state)
{
    BITS draws[FN(MOST_DRAWS) * FN(COMPLEX_BLOCK)];
    for (int k = 0; k < (noise.nearness ? operation->n_draws : 1); k++)
        FN(word_rows)(state->stream, (n + LANES - 1) / LANES, draws + k * FN(COMPLEX_BLOCK));
    return (noise.nearness ? operation->nearness : operation->random)(a, b, out, n, draws);
}

static void FN(complex_blocks)(const Loop *loop, const FN(ComplexOperation) *operation, char **args, npy_intp n,
                               const npy_intp *steps, ThreadState *state)
{
    FN(Parts) a, b, results;
    uint64_t inexact = 0;
    for (npy_intp at = 0; at < n; at += FN(COMPLEX_BLOCK)) {
        npy_intp size = n - at < FN(COMPLEX_BLOCK) ? n - at : FN(COMPLEX_BLOCK);
        FN(take_apart)(args[0] + at * steps[0], steps[0], size, &a);
        if (operation->n_in == 2) FN(take_apart)(args[1] + at * steps[1], steps[1], size, &b);
        const FN(Parts) *second = operation->n_in == 2 ? &b : &a;
        inexact += FN(complex_apply)(operation, &a, second, &results, (size_t)size, state);
        if (flags_are_suspect()) FN(complex_replay)(loop, &a, second, &results, size);
        FN(put_together)(args[operation->n_in] + at * steps[operation->n_in], steps[operation->n_in], size, &results);
    }
    count(&counters->inexact_elements, inexact);
}

static void FN(complex_loop)(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data)
{
    const Loop *loop = data;
    const FN(ComplexOperation) *operation = loop->operation;
    npy_intp n = dimensions[0];
    if (is_plain(loop, args, dimensions, steps)) return;
    Scope scope = scope_enter((uint64_t)n);
    bool reduces = operation->n_in == 2 && args[0] == args[2] && steps[0] == 0 && steps[2] == 0;
    if (reduces && operation->is_add)
        FN(complex_sum)(loop, args, n, steps, scope.state);
    else if (reduces || is_chained(operation->n_in, args, n, steps, 2 * sizeof(REAL)))
        FN(complex_chain)(loop, operation, args, n, steps, scope.state);
    else
        FN(complex_blocks)(loop, operation, args, n, steps, scope.state);
    scope_leave(&scope);
}
