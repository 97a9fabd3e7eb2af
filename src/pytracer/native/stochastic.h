/* NumPy's inner loops on real numbers, for one floating-point type: loops.c includes it for double and for float. */

/* ---- random words for blocks of at most BLOCK elements; with random rounding one word a lane gives 64 rows their bit */

VECTORISED static void FN(random_rows)(uint64_t *stream, size_t rows, BITS *draws)
{
    uint64_t words[LANES];
    next_words(stream, words);
    for (size_t row = 0; row < rows; row++)
        for (int k = 0; k < LANES; k++) draws[row * LANES + (size_t)k] = (BITS)(words[k] >> row) << SIGN_SHIFT;
}

VECTORISED static void FN(nearness_rows)(uint64_t *stream, size_t rows, BITS *draws)
{
    for (size_t row = 0; row < rows; row++) {
        uint64_t words[LANES];
        next_words(stream, words);
        for (int k = 0; k < LANES; k++) draws[row * LANES + (size_t)k] = (BITS)(words[k] >> (63 - SIGN_SHIFT));
    }
}

/* `draws` has room for a multiple of LANES. */
static inline void FN(draw_block)(uint64_t *stream, size_t n, bool nearness, BITS *draws)
{
    size_t rows = (n + LANES - 1) / LANES;
    if (nearness)
        FN(nearness_rows)(stream, rows, draws);
    else
        FN(random_rows)(stream, rows, draws);
}

static inline BITS FN(draw)(ThreadState *state) { return (BITS)(next_word(state) >> (63 - SIGN_SHIFT)); }

/* ---- blocks of contiguous elements; `out` may be `a` or `b`. Return the number of inexact results. Plain loops, which the
 * compiler vectorises. */

#define KERNEL(op, name, nearness) \
    VECTORISED static uint64_t FN(name)(const REAL *a, const REAL *b, REAL *out, size_t n, const BITS *draws) \
    { \
        BITS inexact = 0; \
        INDEPENDENT for (size_t i = 0; i < n; i++) out[i] = FN(op)(a[i], b[i], draws[i], nearness, &inexact); \
        return inexact; \
    }

#define KERNELS(op) \
    KERNEL(op, op##_random, false) \
    KERNEL(op, op##_nearness, true) \
    static REAL FN(op##_one)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact) \
    { \
        return FN(op)(a, b, draw, nearness, inexact); \
    }

KERNELS(add)
KERNELS(subtract)
KERNELS(multiply)
KERNELS(divide)
KERNELS(square)
KERNELS(reciprocal)
KERNELS(sqrt)
#undef KERNEL
#undef KERNELS

typedef uint64_t (*FN(Kernel))(const REAL *, const REAL *, REAL *, size_t, const BITS *);

typedef struct {
    const char *ufunc;
    int n_in;
    bool is_add; /* reduced in pairs. (A kernel's address is no key: it has one for each processor.) */
    FN(Kernel) random, nearness;
    REAL (*one)(REAL, REAL, BITS, bool, BITS *);
} FN(Operation);

#define OPERATION(op, n_in, is_add) {#op, n_in, is_add, FN(op##_random), FN(op##_nearness), FN(op##_one)}
static const FN(Operation) FN(operations)[] = {
    OPERATION(add, 2, true),
    OPERATION(subtract, 2, false),
    OPERATION(multiply, 2, false),
    OPERATION(divide, 2, false),
    OPERATION(square, 1, false),
    OPERATION(reciprocal, 1, false),
    OPERATION(sqrt, 1, false),
};
#undef OPERATION

/* ---- sums: NumPy's pairwise order (8 accumulators, leaves of at most 128), each addition rounded at random. The leaves of a
 * subtree are summed side by side, a row of each at a time. */

enum { FN(SUBTREE) = 1024, FN(LEAVES) = FN(SUBTREE) / 64, FN(ROWS) = 128 / LANES };

typedef struct {
    size_t n, start[FN(LEAVES)], size[FN(LEAVES)];
    REAL sums[FN(LEAVES)];
    size_t next; /* leaf to be taken up by join_leaves */
} FN(Leaves);

static inline size_t FN(half)(size_t n) { return n / 2 - n / 2 % LANES; }

static inline REAL FN(draw_add)(REAL a, REAL b, ThreadState *state, BITS *inexact)
{
    return FN(add)(a, b, FN(draw)(state), noise.nearness, inexact);
}

static void FN(find_leaves)(FN(Leaves) *leaves, size_t start, size_t n)
{
    if (n > 128) {
        FN(find_leaves)(leaves, start, FN(half)(n));
        FN(find_leaves)(leaves, start + FN(half)(n), n - FN(half)(n));
        return;
    }
    leaves->start[leaves->n] = start;
    leaves->size[leaves->n++] = n;
}

static REAL FN(join_leaves)(FN(Leaves) *leaves, size_t n, ThreadState *state, BITS *inexact)
{
    if (n <= 128) return leaves->sums[leaves->next++];
    REAL left = FN(join_leaves)(leaves, FN(half)(n), state, inexact);
    REAL right = FN(join_leaves)(leaves, n - FN(half)(n), state, inexact);
    return FN(draw_add)(left, right, state, inexact);
}

/* What a group of leaves draws from. With random rounding a leaf has one word a lane: a bit for each of its steps. */
typedef struct {
    uint64_t *stream, words[FN(LEAVES) * LANES];
    BITS draws[FN(LEAVES) * LANES];
} FN(LeafDraws);

/* Draws for `width` lanes of every leaf; `after_rows` is the level of the tree that joins the lanes, or -1 while rows are added. */
static const BITS *FN(leaf_draws)(FN(LeafDraws) *from, const FN(Leaves) *leaves, size_t width, size_t row, int after_rows)
{
    if (noise.nearness) {
        FN(nearness_rows)(from->stream, (leaves->n * width + LANES - 1) / LANES, from->draws);
        return from->draws;
    }
    for (size_t leaf = 0; leaf < leaves->n; leaf++) {
        size_t bit = after_rows < 0 ? row - 1 : leaves->size[leaf] / LANES - 1 + (size_t)after_rows;
        for (size_t k = 0; k < width; k++)
            from->draws[leaf * width + k] = (BITS)(from->words[leaf * LANES + k] >> bit) << SIGN_SHIFT;
    }
    return from->draws;
}

/* One row of every leaf; a leaf that has no more adds -0, which changes nothing. */
static void FN(gather_row)(const char *a, npy_intp stride, const FN(Leaves) *leaves, size_t row, REAL *into)
{
    for (size_t leaf = 0; leaf < leaves->n; leaf++, into += LANES) {
        const char *from = a + (npy_intp)(leaves->start[leaf] + row * LANES) * stride;
        if (row < leaves->size[leaf] / LANES)
            for (int k = 0; k < LANES; k++) into[k] = *(const REAL *)(from + k * stride);
        else
            for (int k = 0; k < LANES; k++) into[k] = -(REAL)0;
    }
}

/* Leaves of at least LANES elements. */
static void FN(sum_leaves)(const char *a, npy_intp stride, FN(Leaves) *leaves, ThreadState *state, BITS *inexact)
{
    REAL sums[FN(LEAVES) * LANES], row[FN(LEAVES) * LANES];
    FN(LeafDraws) draws = {.stream = state->stream};
    FN(Kernel) add = noise.nearness ? FN(add_nearness) : FN(add_random);
    size_t rows = 0;
    for (size_t leaf = 0; leaf < leaves->n; leaf++) {
        if (!noise.nearness) next_words(state->stream, draws.words + leaf * LANES);
        if (leaves->size[leaf] / LANES > rows) rows = leaves->size[leaf] / LANES;
    }
    FN(gather_row)(a, stride, leaves, 0, sums);
    for (size_t at = 1; at < rows; at++) {
        FN(gather_row)(a, stride, leaves, at, row);
        *inexact += (BITS)add(sums, row, sums, leaves->n * LANES, FN(leaf_draws)(&draws, leaves, LANES, at, -1));
    }
    int level = 0;
    for (size_t width = LANES / 2; width > 0; width /= 2, level++) { /* neighbours first, as NumPy does */
        size_t pairs = leaves->n * width;
        for (size_t i = 0; i < pairs; i++) {
            row[i] = sums[2 * i + 1];
            sums[i] = sums[2 * i];
        }
        *inexact += (BITS)add(sums, row, sums, pairs, FN(leaf_draws)(&draws, leaves, width, 0, level));
    }
    for (size_t leaf = 0; leaf < leaves->n; leaf++) {
        leaves->sums[leaf] = sums[leaf];
        size_t whole = leaves->size[leaf] / LANES;
        for (size_t i = whole * LANES; i < leaves->size[leaf]; i++, level++) {
            uint64_t word = noise.nearness ? next_word(state) : draws.words[leaf * LANES] >> (whole - 1 + (size_t)level) << 63;
            REAL next = *(const REAL *)(a + (npy_intp)(leaves->start[leaf] + i) * stride);
            leaves->sums[leaf] = FN(add)(leaves->sums[leaf], next, (BITS)(word >> (63 - SIGN_SHIFT)), noise.nearness, inexact);
        }
    }
}

static REAL FN(sum)(const char *a, size_t n, npy_intp stride, ThreadState *state, BITS *inexact)
{
    if (n > FN(SUBTREE)) {
        REAL left = FN(sum)(a, FN(half)(n), stride, state, inexact);
        REAL right = FN(sum)(a + (npy_intp)FN(half)(n) * stride, n - FN(half)(n), stride, state, inexact);
        return FN(draw_add)(left, right, state, inexact);
    }
    if (n >= LANES) {
        FN(Leaves) leaves = {0};
        FN(find_leaves)(&leaves, 0, n);
        FN(sum_leaves)(a, stride, &leaves, state, inexact);
        return FN(join_leaves)(&leaves, n, state, inexact);
    }
    REAL sum = n > 0 ? *(const REAL *)a : (REAL)0;
    for (size_t i = 1; i < n; i++) sum = FN(draw_add)(sum, *(const REAL *)(a + (npy_intp)i * stride), state, inexact);
    return sum;
}

/* ---- NumPy inner loops */

static void FN(reduce)(const Loop *loop, const FN(Operation) *operation, char **args, npy_intp n, const npy_intp *steps,
                       ThreadState *state)
{
    BITS inexact = 0;
    REAL *out = (REAL *)args[0], value = *out;
    if (operation->is_add) {
        value = FN(draw_add)(value, FN(sum)(args[1], (size_t)n, steps[1], state, &inexact), state, &inexact);
    } else {
        for (npy_intp i = 0; i < n; i++)
            value = operation->one(value, *(REAL *)(args[1] + i * steps[1]), FN(draw)(state), noise.nearness, &inexact);
    }
    if (flags_are_suspect()) {
        REAL scratch = *out;
        char *again[] = {(char *)&scratch, args[1], (char *)&scratch};
        replay(loop, again, n, steps);
    }
    *out = value;
    count(&counters->inexact_elements, inexact);
}

/* An output that is a later input (accumulate): one element after the other. */
static void FN(chain)(const Loop *loop, const FN(Operation) *operation, char **args, npy_intp n, const npy_intp *steps,
                      ThreadState *state)
{
    BITS inexact = 0;
    int second = operation->n_in - 1, result = operation->n_in;
    for (npy_intp i = 0; i < n; i++) {
        REAL a = *(REAL *)(args[0] + i * steps[0]), b = *(REAL *)(args[second] + i * steps[second]), scratch;
        REAL value = operation->one(a, b, FN(draw)(state), noise.nearness, &inexact);
        if (flags_are_suspect()) {
            char *again[] = {(char *)&a, (char *)(second ? &b : &scratch), (char *)&scratch};
            replay(loop, again, 1, steps);
        }
        *(REAL *)(args[result] + i * steps[result]) = value;
    }
    count(&counters->inexact_elements, inexact);
}

/* The block of an input that starts at `from`: where it stands, or in the buffer. */
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
    BITS draws[BLOCK];
    uint64_t inexact = 0;
    int second = operation->n_in - 1, result = operation->n_in;
    FN(Kernel) kernel = noise.nearness ? operation->nearness : operation->random;
    /* An input that is overwritten is needed once more to tell the flags. */
    bool direct = steps[result] == sizeof(REAL) && (uintptr_t)args[result] % sizeof(REAL) == 0 && args[0] != args[result] &&
                  args[second] != args[result];
    for (npy_intp at = 0; at < n; at += BLOCK) {
        npy_intp size = n - at < BLOCK ? n - at : BLOCK;
        const REAL *a = left, *b = right;
        if (at == 0 || steps[0] != 0) a = FN(gather)(args[0] + at * steps[0], steps[0], size, left);
        if (second == 0)
            b = a;
        else if (at == 0 || steps[1] != 0)
            b = FN(gather)(args[1] + at * steps[1], steps[1], size, right);
        char *to = args[result] + at * steps[result];
        REAL *out = direct ? (REAL *)to : results;
        FN(draw_block)(state->stream, (size_t)size, noise.nearness, draws);
        inexact += kernel(a, b, out, (size_t)size, draws);
        if (flags_are_suspect()) {
            REAL scratch[BLOCK];
            const npy_intp dense[] = {sizeof(REAL), sizeof(REAL), sizeof(REAL)};
            char *again[] = {(char *)a, (char *)(second ? b : scratch), (char *)scratch};
            replay(loop, again, size, dense);
        }
        if (!direct) FN(scatter)(to, steps[result], size, results);
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
