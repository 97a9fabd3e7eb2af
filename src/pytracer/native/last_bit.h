/* Functions without an error-free transform, for one floating-point type: noise on the last bit of NumPy's own result.
 *
 * The result y of a good library lies within about one unit of the exact value, and where is not known: it stays with probability
 * 1/2, else goes one unit up or down, with nearness as without. A result that is surely exact stays: one with many trailing
 * zero bits (0, 1, 2.5, Inf) or one that is an input (pow(x, 1), hypot(x, 0)). Where the exact result can be had after all the
 * loop has a Refine (refine.h), which rounds it once and marks it as settled. */

VECTORISED static void FN(find_exact)(const REAL *y, const REAL *x, size_t n_inputs, size_t n, BITS *exact)
{
    for (size_t i = 0; i < n; i++) {
        BITS bits = FN(bits)(y[i]), magnitude = bits & MAGNITUDE;
        exact[i] = (BITS)((bits & EXACT_TAIL) == 0) | (BITS)(magnitude - SMALLEST_NORMAL >= LARGEST - SMALLEST_NORMAL);
    }
    for (size_t k = 0; k < n_inputs; k++)
        for (size_t i = 0; i < n; i++) exact[i] |= (BITS)(((FN(bits)(y[i]) ^ FN(bits)(x[k * BLOCK + i])) & MAGNITUDE) == 0);
}

VECTORISED static uint64_t FN(move_last_bits)(REAL *y, const BITS *exact, const BITS *moves, const BITS *ups, size_t n)
{
    BITS inexact = 0;
    for (size_t i = 0; i < n; i++) {
        BITS some = exact[i] ^ 1, step = (ups[i] >> SIGN_SHIFT << 1) - 1;
        inexact += some;
        y[i] = FN(real)(FN(bits)(y[i]) + (step & ((BITS)0 - (some & moves[i] >> SIGN_SHIFT))));
    }
    return inexact;
}

/* At most BLOCK / out_parts elements, none of which depends on another. */
static uint64_t FN(last_bit_block)(const Loop *loop, char **args, npy_intp n, const npy_intp *steps, ThreadState *state)
{
    REAL x[4 * BLOCK], y[BLOCK]; /* what each part of a result may be equal to */
    BITS exact[BLOCK], moves[BLOCK], ups[BLOCK];
    npy_intp parts = loop->out_parts, n_y = n * parts;
    char *out = args[loop->n_in];
    for (int k = 0; k < loop->n_in * loop->in_parts; k++)
        for (npy_intp i = 0; i < n_y; i++) {
            int input = k / loop->in_parts, part = k % loop->in_parts;
            memcpy(&x[k * BLOCK + i], args[input] + i / parts * steps[input] + part * (npy_intp)sizeof(REAL), sizeof(REAL));
        }
    loop->function(args, &n, steps, loop->data);
    plain_flags |= flags_now();
    for (npy_intp i = 0; i < n_y; i++)
        memcpy(&y[i], out + i / parts * steps[loop->n_in] + i % parts * (npy_intp)sizeof(REAL), sizeof(REAL));
    FN(find_exact)(y, x, (size_t)(loop->n_in * loop->in_parts), (size_t)n_y, exact);
    uint64_t refined = loop->refine == NULL ? 0 : ((FN(Refine))loop->refine)(x, y, exact, (size_t)n_y, state);
    flags_set(0);
    FN(draw_block)(state->stream, (size_t)n_y, false, moves);
    FN(draw_block)(state->stream, (size_t)n_y, false, ups);
    uint64_t inexact = FN(move_last_bits)(y, exact, moves, ups, (size_t)n_y);
    for (npy_intp i = 0; i < n_y; i++)
        memcpy(out + i / parts * steps[loop->n_in] + i % parts * (npy_intp)sizeof(REAL), &y[i], sizeof(REAL));
    return inexact + refined;
}

static void FN(last_bit_loop)(char **args, const npy_intp *dimensions, const npy_intp *steps, void *data)
{
    const Loop *loop = data;
    npy_intp n = dimensions[0], size = loop->out_parts * (npy_intp)sizeof(REAL);
    uint64_t inexact = 0;
    if (is_plain(loop, args, dimensions, steps)) return;
    Scope scope = scope_enter((uint64_t)n);
    bool depends = is_chained(loop->n_in, args, n, steps, size) || steps[loop->n_in] == 0; /* accumulate, reduce */
    npy_intp length = depends ? 1 : BLOCK / loop->out_parts;
    for (npy_intp at = 0; at < n; at += length) {
        char *here[3];
        for (int k = 0; k <= loop->n_in; k++) here[k] = args[k] + at * steps[k];
        inexact += FN(last_bit_block)(loop, here, n - at < length ? n - at : length, steps, scope.state);
    }
    count(&counters->inexact_elements, inexact);
    scope_leave(&scope);
}
