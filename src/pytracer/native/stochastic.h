/* NumPy's inner loops for one floating-point type: loops.c includes it for double and for float. */

/* ---- blocks of contiguous elements; `out` may be `a` or `b`. Return the number of inexact results. */

static inline uint64_t FN(total)(const BITS *inexact)
{
    uint64_t total = 0;
    for (int k = 0; k < LANES; k++) total += inexact[k];
    return total;
}

#define BLOCK_KERNEL(op) \
    VECTORISED static uint64_t FN(op##_block)(const REAL *a, const REAL *b, REAL *out, size_t n, uint64_t *stream) \
    { \
        BITS inexact[LANES] = {0}; \
        uint64_t words[LANES]; /* a bit for each of LANES * 64 = BLOCK elements */ \
        next_words(stream, words); \
        for (size_t i = 0; i < n; i += LANES) { \
            REAL results[LANES], left[LANES], right[LANES]; \
            size_t count = n - i < LANES ? n - i : LANES; \
            if (LIKELY(count == LANES)) { \
                for (int k = 0; k < LANES; k++) left[k] = a[i + k]; \
                for (int k = 0; k < LANES; k++) right[k] = b[i + k]; \
            } else { \
                for (int k = 0; k < LANES; k++) left[k] = a[i + ((size_t)k < count ? (size_t)k : 0)]; \
                for (int k = 0; k < LANES; k++) right[k] = b[i + ((size_t)k < count ? (size_t)k : 0)]; \
            } \
            for (int k = 0; k < LANES; k++) results[k] = FN(op)(left[k], right[k], (BITS)(words[k] & 1), &inexact[k]); \
            for (int k = 0; k < LANES; k++) words[k] >>= 1; \
            if (LIKELY(count == LANES)) \
                for (int k = 0; k < LANES; k++) out[i + k] = results[k]; \
            else \
                for (size_t k = 0; k < count; k++) out[i + k] = results[k]; \
        } \
        return FN(total)(inexact); \
    } \
    static REAL FN(op##_one)(REAL a, REAL b, BITS bit, BITS *inexact) { return FN(op)(a, b, bit, inexact); }

BLOCK_KERNEL(add)
BLOCK_KERNEL(subtract)
BLOCK_KERNEL(multiply)
BLOCK_KERNEL(divide)
BLOCK_KERNEL(square)
BLOCK_KERNEL(reciprocal)
BLOCK_KERNEL(sqrt)
#undef BLOCK_KERNEL

typedef struct {
    const char *ufunc;
    int n_in;
    bool is_add; /* reduced in pairs. (A kernel's address is no key: it has one for each processor.) */
    uint64_t (*block)(const REAL *, const REAL *, REAL *, size_t, uint64_t *);
    REAL (*one)(REAL, REAL, BITS, BITS *);
} FN(Operation);

static const FN(Operation) FN(operations)[] = {
    {"add", 2, true, FN(add_block), FN(add_one)},
    {"subtract", 2, false, FN(subtract_block), FN(subtract_one)},
    {"multiply", 2, false, FN(multiply_block), FN(multiply_one)},
    {"divide", 2, false, FN(divide_block), FN(divide_one)},
    {"square", 1, false, FN(square_block), FN(square_one)},
    {"reciprocal", 1, false, FN(reciprocal_block), FN(reciprocal_one)},
    {"sqrt", 1, false, FN(sqrt_block), FN(sqrt_one)},
};

/* ---- sums: NumPy's pairwise order (8 accumulators, leaves of 128), each addition rounded at random */

static inline REAL FN(draw_add)(REAL a, REAL b, ThreadState *state, BITS *inexact)
{
    return FN(add)(a, b, (BITS)next_bit(state), inexact);
}

VECTORISED static REAL FN(sum_leaf)(const REAL *a, size_t n, uint64_t *stream, BITS *counts)
{
    REAL sums[LANES];
    uint64_t words[LANES];
    next_words(stream, words);
    for (int k = 0; k < LANES; k++) sums[k] = a[k];
    size_t i = LANES;
    for (; i + LANES <= n; i += LANES) {
        for (int k = 0; k < LANES; k++) sums[k] = FN(add)(sums[k], a[i + k], (BITS)(words[k] & 1), &counts[k]);
        for (int k = 0; k < LANES; k++) words[k] >>= 1;
    }
    for (int width = LANES / 2; width > 0; width /= 2) /* neighbours first, as NumPy does */
        for (int k = 0; k < width; k++) {
            sums[k] = FN(add)(sums[2 * k], sums[2 * k + 1], (BITS)(words[k] & 1), &counts[k]);
            words[k] >>= 1;
        }
    REAL sum = sums[0];
    for (; i < n; i++) {
        sum = FN(add)(sum, a[i], (BITS)(words[0] & 1), &counts[0]);
        words[0] >>= 1;
    }
    return sum;
}

static REAL FN(sum)(const char *a, size_t n, npy_intp stride, ThreadState *state, BITS *counts)
{
    if (n > 128) {
        size_t half = n / 2;
        half -= half % 8;
        REAL left = FN(sum)(a, half, stride, state, counts);
        REAL right = FN(sum)(a + (npy_intp)half * stride, n - half, stride, state, counts);
        return FN(draw_add)(left, right, state, counts);
    }
    REAL leaf[128];
    for (size_t i = 0; i < n; i++) leaf[i] = *(const REAL *)(a + (npy_intp)i * stride);
    if (n >= LANES) return FN(sum_leaf)(leaf, n, state->stream, counts);
    REAL sum = n > 0 ? leaf[0] : (REAL)0;
    for (size_t i = 1; i < n; i++) sum = FN(draw_add)(sum, leaf[i], state, counts);
    return sum;
}

/* ---- NumPy inner loops */

static void FN(reduce)(const Loop *loop, const FN(Operation) *operation, char **args, npy_intp n, const npy_intp *steps,
                       ThreadState *state)
{
    BITS counts[LANES] = {0};
    REAL *out = (REAL *)args[0], value = *out;
    if (operation->is_add) {
        value = FN(draw_add)(value, FN(sum)(args[1], (size_t)n, steps[1], state, counts), state, counts);
    } else {
        for (npy_intp i = 0; i < n; i++)
            value = operation->one(value, *(REAL *)(args[1] + i * steps[1]), (BITS)next_bit(state), counts);
    }
    if (flags_are_suspect()) {
        REAL scratch = *out;
        char *again[] = {(char *)&scratch, args[1], (char *)&scratch};
        replay(loop, again, n, steps);
    }
    *out = value;
    count(&counters->inexact_elements, FN(total)(counts));
}

/* An output that is a later input (accumulate): one element after the other. */
static void FN(chain)(const Loop *loop, const FN(Operation) *operation, char **args, npy_intp n, const npy_intp *steps,
                      ThreadState *state)
{
    BITS counts[LANES] = {0};
    int second = operation->n_in - 1, result = operation->n_in;
    for (npy_intp i = 0; i < n; i++) {
        REAL a = *(REAL *)(args[0] + i * steps[0]), b = *(REAL *)(args[second] + i * steps[second]), scratch;
        REAL value = operation->one(a, b, (BITS)next_bit(state), counts);
        if (flags_are_suspect()) {
            char *again[] = {(char *)&a, (char *)(second ? &b : &scratch), (char *)&scratch};
            replay(loop, again, 1, steps);
        }
        *(REAL *)(args[result] + i * steps[result]) = value;
    }
    count(&counters->inexact_elements, FN(total)(counts));
}

static const REAL *FN(gather)(const char *from, npy_intp step, npy_intp n, REAL *buffer)
{
    if (step == sizeof(REAL) && (uintptr_t)from % sizeof(REAL) == 0) return (const REAL *)from;
    for (npy_intp i = 0; i < n; i++) memcpy(&buffer[i], from + i * step, sizeof(REAL));
    return buffer;
}

static void FN(scatter)(char *to, npy_intp step, npy_intp n, const REAL *buffer)
{
    if (step == sizeof(REAL))
        memcpy(to, buffer, (size_t)n * sizeof(REAL));
    else
        for (npy_intp i = 0; i < n; i++) memcpy(to + i * step, &buffer[i], sizeof(REAL));
}

static void FN(blocks)(const Loop *loop, const FN(Operation) *operation, char **args, npy_intp n, const npy_intp *steps,
                       ThreadState *state)
{
    REAL left[BLOCK], right[BLOCK], results[BLOCK];
    uint64_t inexact = 0;
    int second = operation->n_in - 1, result = operation->n_in;
    for (npy_intp at = 0; at < n; at += BLOCK) {
        npy_intp size = n - at < BLOCK ? n - at : BLOCK;
        const REAL *a = FN(gather)(args[0] + at * steps[0], steps[0], size, left);
        const REAL *b = second ? FN(gather)(args[1] + at * steps[1], steps[1], size, right) : a;
        inexact += operation->block(a, b, results, (size_t)size, state->stream);
        if (flags_are_suspect()) {
            REAL scratch[BLOCK];
            const npy_intp dense[] = {sizeof(REAL), sizeof(REAL), sizeof(REAL)};
            char *again[] = {(char *)a, (char *)(second ? b : scratch), (char *)scratch};
            replay(loop, again, size, dense);
        }
        FN(scatter)(args[result] + at * steps[result], steps[result], size, results);
    }
    count(&counters->inexact_elements, inexact);
}

static void FN(loop)(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data)
{
    const Loop *loop = data;
    const FN(Operation) *operation = loop->operation;
    npy_intp n = dimensions[0];
    if (is_plain(loop, args, dimensions, steps)) return;
    Scope scope = scope_enter((uint64_t)n);
    if (operation->n_in == 2 && args[0] == args[2] && steps[0] == 0 && steps[2] == 0)
        FN(reduce)(loop, operation, args, n, steps, scope.state);
    else if (is_chained(operation->n_in, args, n, steps, sizeof(REAL)))
        FN(chain)(loop, operation, args, n, steps, scope.state);
    else
        FN(blocks)(loop, operation, args, n, steps, scope.state);
    scope_leave(&scope);
}

/* ---- complex: NumPy's formulas, each real operation rounded at random */

static void FN(complex_one)(int operation, const REAL *a, const REAL *b, REAL *out, ThreadState *state, BITS *counts)
{
#define DRAW (BITS)next_bit(state), counts
    REAL re, im;
    switch (operation) {
    case COMPLEX_ADD:
        re = FN(add)(a[0], b[0], DRAW);
        im = FN(add)(a[1], b[1], DRAW);
        break;
    case COMPLEX_SUBTRACT:
        re = FN(subtract)(a[0], b[0], DRAW);
        im = FN(subtract)(a[1], b[1], DRAW);
        break;
    default: /* COMPLEX_MULTIPLY; a square is given b = a */
        re = FN(subtract)(FN(multiply)(a[0], b[0], DRAW), FN(multiply)(a[1], b[1], DRAW), DRAW);
        im = FN(add)(FN(multiply)(a[0], b[1], DRAW), FN(multiply)(a[1], b[0], DRAW), DRAW);
    }
    out[0] = re;
    out[1] = im;
#undef DRAW
}

static void FN(complex_sum)(const Loop *loop, char **args, npy_intp n, const npy_intp *steps, ThreadState *state, BITS *counts)
{
    REAL before[2], sum[2];
    memcpy(before, args[0], sizeof before);
    for (int part = 0; part < 2; part++)
        sum[part] = FN(draw_add)(
            before[part], FN(sum)(args[1] + part * (npy_intp)sizeof(REAL), (size_t)n, steps[1], state, counts), state, counts);
    if (flags_are_suspect()) {
        char *again[] = {(char *)before, args[1], (char *)before};
        replay(loop, again, n, steps);
    }
    memcpy(args[0], sum, sizeof sum);
}

static void FN(complex_loop)(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data)
{
    const Loop *loop = data;
    const ComplexOperation *operation = loop->operation;
    int second = operation->n_in - 1, result = operation->n_in;
    BITS counts[LANES] = {0};
    npy_intp n = dimensions[0];
    if (is_plain(loop, args, dimensions, steps)) return;
    Scope scope = scope_enter((uint64_t)n);
    if (operation->code == COMPLEX_ADD && args[0] == args[2] && steps[0] == 0 && steps[2] == 0) {
        FN(complex_sum)(loop, args, n, steps, scope.state, counts);
        n = 0;
    }
    for (npy_intp i = 0; i < n; i++) {
        REAL a[2], b[2], out[2], scratch[2];
        memcpy(a, args[0] + i * steps[0], sizeof a);
        memcpy(b, args[second] + i * steps[second], sizeof b);
        FN(complex_one)(operation->code, a, b, out, scope.state, counts);
        if (flags_are_suspect()) {
            char *again[] = {(char *)a, (char *)(second ? b : scratch), (char *)scratch};
            replay(loop, again, 1, steps);
        }
        memcpy(args[result] + i * steps[result], out, sizeof out);
    }
    count(&counters->inexact_elements, FN(total)(counts));
    scope_leave(&scope);
}

/* ---- functions without an error-free transform: noise on the last bit of NumPy's own result
 *
 * The result y of a good library lies within about one unit of the exact value: it stays with probability 1/2, else goes one
 * unit up or down. A result that is surely exact stays: one with many trailing zero bits (0, 1, 2.5, Inf), one that is an
 * input (pow(x, 1), hypot(x, 0), z / 1) or a power whose digits all fit. */

static REAL FN(last_bit)(REAL y, ThreadState *state, BITS *inexact)
{
    BITS i = FN(bits)(y);
    ++*inexact;
    BITS move = (BITS)next_bit(state), up = (BITS)next_bit(state);
    return move ? FN(real)(up ? i + 1 : i - 1) : y;
}

/* x^n with a whole n is exact when the odd part of x to the n is below 2^PRECISION. */
static bool FN(is_exact_power)(REAL x, REAL n)
{
    if (!(n >= 2 && n <= PRECISION) || n != (REAL)(int)n) return false;
    const int digits = PRECISION - 1;
    uint64_t fraction = FN(bits)(x) & (((BITS)1 << digits) - 1);
    uint64_t odd = fraction | (uint64_t)1 << digits; /* a subnormal x only looks less exact than it is */
    odd >>= __builtin_ctzll(odd);
    uint64_t power = 1;
    for (int k = (int)n; k > 0; k--) {
        if (power > ((uint64_t)1 << PRECISION) / odd) return false;
        power *= odd;
    }
    return true;
}

static bool FN(is_exact)(const Loop *loop, REAL y, char *const *inputs, const npy_intp *steps, npy_intp i)
{
    BITS bits = FN(bits)(y), magnitude = bits & MAGNITUDE;
    if ((bits & EXACT_TAIL) == 0 || magnitude < SMALLEST_NORMAL || magnitude >= LARGEST) return true;
    REAL x[4];
    int n = 0;
    for (int k = 0; k < loop->n_in; k++)
        for (int part = 0; part < loop->in_parts; part++, n++) {
            memcpy(&x[n], inputs[k] + i * steps[k] + part * (npy_intp)sizeof(REAL), sizeof(REAL));
            if ((FN(bits)(x[n]) & MAGNITUDE) == magnitude) return true;
        }
    return loop->power && FN(is_exact_power)(x[0], x[1]);
}

/* `args` point to at most BLOCK elements, none of which depends on another. */
static void FN(last_bit_block)(const Loop *loop, char **args, npy_intp n, const npy_intp *steps, ThreadState *state, BITS *counts)
{
    REAL kept[2][2 * BLOCK]; /* of inputs that the output overwrites */
    char *inputs[2];
    npy_intp strides[2], in_size = loop->in_parts * (npy_intp)sizeof(REAL);
    for (int k = 0; k < loop->n_in; k++) {
        bool overwritten = args[k] == args[loop->n_in];
        inputs[k] = overwritten ? (char *)kept[k] : args[k];
        strides[k] = overwritten ? in_size : steps[k];
        for (npy_intp i = 0; overwritten && i < n; i++)
            memcpy(inputs[k] + i * in_size, args[k] + i * steps[k], (size_t)in_size);
    }
    loop->function(args, &n, steps, loop->data);
    for (npy_intp i = 0; i < n; i++)
        for (int part = 0; part < loop->out_parts; part++) {
            REAL y;
            char *at = args[loop->n_in] + i * steps[loop->n_in] + part * (npy_intp)sizeof y;
            memcpy(&y, at, sizeof y);
            if (FN(is_exact)(loop, y, inputs, strides, i)) continue;
            y = FN(last_bit)(y, state, counts);
            memcpy(at, &y, sizeof y);
        }
}

static void FN(last_bit_loop)(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data)
{
    const Loop *loop = data;
    npy_intp n = dimensions[0], size = loop->out_parts * (npy_intp)sizeof(REAL);
    BITS counts[LANES] = {0};
    if (is_plain(loop, args, dimensions, steps)) return;
    Scope scope = scope_enter((uint64_t)n);
    bool depends = is_chained(loop->n_in, args, n, steps, size) || steps[loop->n_in] == 0; /* accumulate, reduce */
    npy_intp length = depends ? 1 : BLOCK;
    for (npy_intp at = 0; at < n; at += length) {
        char *here[3];
        for (int k = 0; k <= loop->n_in; k++) here[k] = args[k] + at * steps[k];
        FN(last_bit_block)(loop, here, n - at < length ? n - at : length, steps, scope.state, counts);
    }
    plain_flags |= flags_now();
    count(&counters->inexact_elements, FN(total)(counts));
    scope_leave(&scope);
}
