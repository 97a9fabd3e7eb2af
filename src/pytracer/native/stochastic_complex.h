/* NumPy's inner loops on complex numbers, for one floating-point type: NumPy's formulas (the division is Smith's: R. L. Smith,
 * Algorithm 116, Commun. ACM 5, 1962), each real operation rounded at random. */

/* ---- one operation: `draws[k * stride]` decides the k-th real operation. `out` may be `a` or `b`. */

#define DRAW(k) draws[(k) * stride], nearness, inexact
#define COMPLEX_OPERATION(op) \
    static inline void FN(complex_##op)(const REAL *a, const REAL *b, REAL *out, const BITS *draws, size_t stride, bool nearness, \
                                        BITS *inexact)

COMPLEX_OPERATION(add)
{
    out[0] = FN(add)(a[0], b[0], DRAW(0));
    out[1] = FN(add)(a[1], b[1], DRAW(1));
}

COMPLEX_OPERATION(subtract)
{
    out[0] = FN(subtract)(a[0], b[0], DRAW(0));
    out[1] = FN(subtract)(a[1], b[1], DRAW(1));
}

COMPLEX_OPERATION(multiply)
{
    REAL re = FN(subtract)(FN(multiply)(a[0], b[0], DRAW(0)), FN(multiply)(a[1], b[1], DRAW(1)), DRAW(2));
    REAL im = FN(add)(FN(multiply)(a[0], b[1], DRAW(3)), FN(multiply)(a[1], b[0], DRAW(4)), DRAW(5));
    out[0] = re;
    out[1] = im;
}

COMPLEX_OPERATION(square)
{
    (void)b;
    FN(complex_multiply)(a, a, out, draws, stride, nearness, inexact);
}

/* The two branches of the algorithm differ by which part of the divisor is the larger one. */
COMPLEX_OPERATION(divide)
{
    bool real = FN(absolute)(b[0]) >= FN(absolute)(b[1]);
    REAL large = real ? b[0] : b[1], small = real ? b[1] : b[0], x = real ? a[0] : a[1], y = real ? a[1] : a[0];
    REAL ratio = FN(divide)(small, large, DRAW(0));
    REAL divisor = FN(add)(large, FN(multiply)(small, ratio, DRAW(1)), DRAW(2)), scale = FN(divide)(1, divisor, DRAW(3));
    REAL re = FN(add)(x, FN(multiply)(y, ratio, DRAW(4)), DRAW(5)), product = FN(multiply)(x, ratio, DRAW(6));
    REAL im = FN(subtract)(real ? y : product, real ? product : y, DRAW(7));
    out[0] = FN(multiply)(re, scale, DRAW(8));
    out[1] = FN(multiply)(im, scale, DRAW(9));
}

COMPLEX_OPERATION(reciprocal)
{
    (void)b;
    bool real = FN(absolute)(a[1]) <= FN(absolute)(a[0]);
    REAL large = real ? a[0] : a[1], small = real ? a[1] : a[0];
    REAL ratio = FN(divide)(small, large, DRAW(0));
    REAL divisor = FN(add)(large, FN(multiply)(small, ratio, DRAW(1)), DRAW(2));
    out[0] = FN(divide)(real ? 1 : ratio, divisor, DRAW(3));
    out[1] = FN(divide)(real ? -ratio : -1, divisor, DRAW(4));
}
#undef DRAW
#undef COMPLEX_OPERATION

/* ---- blocks of contiguous numbers; the draws of each real operation stand together */

enum { FN(COMPLEX_BLOCK) = 256, FN(MOST_DRAWS) = 10 };

#define KERNEL(op, name, nearness) \
    VECTORISED static uint64_t FN(name)(const REAL *a, const REAL *b, REAL *out, size_t n, const BITS *draws, size_t stride) \
    { \
        BITS inexact = 0; \
        INDEPENDENT for (size_t i = 0; i < n; i++) \
            FN(complex_##op)(a + 2 * i, b + 2 * i, out + 2 * i, draws + i, stride, nearness, &inexact); \
        return inexact; \
    }

#define KERNELS(op) \
    KERNEL(op, complex_##op##_random, false) \
    KERNEL(op, complex_##op##_nearness, true) \
    static void FN(complex_##op##_one)(const REAL *a, const REAL *b, REAL *out, const BITS *draws, bool nearness, BITS *inexact) \
    { \
        FN(complex_##op)(a, b, out, draws, 1, nearness, inexact); \
    }

KERNELS(add)
KERNELS(subtract)
KERNELS(multiply)
KERNELS(divide)
KERNELS(square)
KERNELS(reciprocal)
#undef KERNEL
#undef KERNELS

typedef uint64_t (*FN(ComplexKernel))(const REAL *, const REAL *, REAL *, size_t, const BITS *, size_t);

typedef struct {
    const char *ufunc;
    int n_in, n_draws;
    bool is_add;
    FN(ComplexKernel) random, nearness;
    void (*one)(const REAL *, const REAL *, REAL *, const BITS *, bool, BITS *);
} FN(ComplexOperation);

#define OPERATION(op, n_in, n_draws, is_add) \
    {#op, n_in, n_draws, is_add, FN(complex_##op##_random), FN(complex_##op##_nearness), FN(complex_##op##_one)}
static const FN(ComplexOperation) FN(complex_operations)[] = {
    OPERATION(add, 2, 2, true),
    OPERATION(subtract, 2, 2, false),
    OPERATION(multiply, 2, 6, false),
    OPERATION(divide, 2, 10, false),
    OPERATION(square, 1, 6, false),
    OPERATION(reciprocal, 1, 5, false),
};
#undef OPERATION

/* Where NumPy's own result is not finite (a division by zero, an overflow) it is ours. */
static COLD void FN(complex_replay)(const Loop *loop, const REAL *a, const REAL *b, REAL *out, npy_intp n)
{
    REAL scratch[2 * FN(COMPLEX_BLOCK)];
    const npy_intp dense[] = {2 * sizeof(REAL), 2 * sizeof(REAL), 2 * sizeof(REAL)};
    char *again[] = {(char *)a, (char *)(loop->n_in == 2 ? b : scratch), (char *)scratch};
    replay(loop, again, n, dense);
    for (npy_intp i = 0; i < n; i++)
        if (!isfinite(scratch[2 * i]) || !isfinite(scratch[2 * i + 1])) memcpy(out + 2 * i, scratch + 2 * i, 2 * sizeof(REAL));
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
        for (int k = 0; k < operation->n_draws; k++) draws[k] = FN(draw)(state);
        operation->one(a, b, out, draws, noise.nearness, &inexact);
        if (flags_are_suspect()) FN(complex_replay)(loop, a, b, out, 1);
        memcpy(args[result] + i * steps[result], out, sizeof out);
    }
    count(&counters->inexact_elements, inexact);
}

static const REAL *FN(complex_gather)(const char *from, npy_intp step, npy_intp n, REAL *buffer)
{
    if (step == 2 * sizeof(REAL) && (uintptr_t)from % sizeof(REAL) == 0) return (const REAL *)from;
    for (npy_intp i = 0; i < n; i++) memcpy(&buffer[2 * i], from + i * step, 2 * sizeof(REAL));
    return buffer;
}

static void FN(complex_blocks)(const Loop *loop, const FN(ComplexOperation) *operation, char **args, npy_intp n,
                               const npy_intp *steps, ThreadState *state)
{
    REAL left[2 * FN(COMPLEX_BLOCK)], right[2 * FN(COMPLEX_BLOCK)], results[2 * FN(COMPLEX_BLOCK)];
    BITS draws[FN(MOST_DRAWS) * FN(COMPLEX_BLOCK)];
    uint64_t inexact = 0;
    int second = operation->n_in - 1, result = operation->n_in;
    FN(ComplexKernel) kernel = noise.nearness ? operation->nearness : operation->random;
    for (npy_intp at = 0; at < n; at += FN(COMPLEX_BLOCK)) {
        npy_intp size = n - at < FN(COMPLEX_BLOCK) ? n - at : FN(COMPLEX_BLOCK);
        const REAL *a = FN(complex_gather)(args[0] + at * steps[0], steps[0], size, left);
        const REAL *b = second ? FN(complex_gather)(args[1] + at * steps[1], steps[1], size, right) : a;
        size_t stride = ((size_t)size + LANES - 1) / LANES * LANES;
        for (int k = 0; k < operation->n_draws; k++)
            FN(draw_block)(state->stream, (size_t)size, noise.nearness, draws + (size_t)k * stride);
        inexact += kernel(a, b, results, (size_t)size, draws, stride);
        if (flags_are_suspect()) FN(complex_replay)(loop, a, b, results, size);
        char *to = args[result] + at * steps[result];
        if (steps[result] == 2 * sizeof(REAL))
            memcpy(to, results, (size_t)size * 2 * sizeof(REAL));
        else
            for (npy_intp i = 0; i < size; i++) memcpy(to + i * steps[result], &results[2 * i], 2 * sizeof(REAL));
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
