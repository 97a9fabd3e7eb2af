/* Functions whose exact result can be had in twice the precision, for one floating-point type: it is rounded once, at random.
 *
 * A Refine gets a block of NumPy's results `y`, and what went into each (`x[k * BLOCK + i]`, the k-th part of the inputs). It
 * rounds what it can, and marks it as settled. It returns the number of inexact results. */

typedef uint64_t (*FN(Refine))(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state);

static inline bool FN(is_safe)(REAL x)
{
    BITS magnitude = FN(bits)(x) & MAGNITUDE;
    return (magnitude >= SAFE_LOW) & (magnitude < LARGEST);
}

/* ---- powers with small whole exponents, by repeated multiplication of pairs (error_free.h). NumPy's pow is right within a unit:
 * so is the rounded pair. */

enum { FN(LARGEST_EXPONENT) = 64 };

VECTORISED static void FN(square_pairs)(REAL *high, REAL *low, size_t n)
{
    INDEPENDENT for (size_t i = 0; i < n; i++) FN(square_pair)(&high[i], &low[i]);
}

VECTORISED static void FN(multiply_pairs)(REAL *high, REAL *low, const REAL *x, size_t n)
{
    INDEPENDENT for (size_t i = 0; i < n; i++) FN(multiply_pair)(&high[i], &low[i], x[i]);
}

VECTORISED static void FN(invert_pairs)(REAL *high, REAL *low, BITS *safe, size_t n)
{
    INDEPENDENT for (size_t i = 0; i < n; i++) {
        safe[i] &= (BITS)FN(is_safe)(high[i]);
        FN(invert_pair)(&high[i], &low[i]);
    }
}

/* Results that are exact stay NumPy's own. */
#define ROUND_PAIRS(name, nearness) \
    VECTORISED static uint64_t FN(name)(const REAL *high, const REAL *low, const BITS *safe, const BITS *draws, REAL *y, \
                                        BITS *settled, size_t n) \
    { \
        BITS inexact = 0; \
        for (size_t i = 0; i < n; i++) { \
            BITS ours = safe[i], rounded = 0; \
            REAL result = FN(round)(high[i], low[i], 1, draws[i], nearness, &rounded); \
            rounded &= ours; \
            y[i] = FN(select)(rounded, result, y[i]); \
            inexact += rounded; \
            settled[i] |= ours; \
        } \
        return inexact; \
    }
ROUND_PAIRS(round_pairs_random, false)
ROUND_PAIRS(round_pairs_nearness, true)
#undef ROUND_PAIRS

static uint64_t FN(round_pairs)(const REAL *high, const REAL *low, const BITS *safe, REAL *y, BITS *settled, size_t n,
                                ThreadState *state)
{
    BITS draws[BLOCK];
    FN(draw_block)(state->stream, n, noise.nearness, draws);
    return (noise.nearness ? FN(round_pairs_nearness) : FN(round_pairs_random))(high, low, safe, draws, y, settled, n);
}

/* x^exponent for a block of x. */
static uint64_t FN(power_block)(const REAL *x, int exponent, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    REAL high[BLOCK], low[BLOCK];
    BITS safe[BLOCK];
    int power = exponent < 0 ? -exponent : exponent, bit = 0;
    for (size_t i = 0; i < n; i++) {
        safe[i] = (BITS)FN(is_safe)(y[i]);
        high[i] = x[i];
        low[i] = 0;
    }
    while (power >> (bit + 1) != 0) bit++;
    while (--bit >= 0) {
        FN(square_pairs)(high, low, n);
        if (power >> bit & 1) FN(multiply_pairs)(high, low, x, n);
    }
    if (exponent < 0) FN(invert_pairs)(high, low, safe, n);
    return FN(round_pairs)(high, low, safe, y, settled, n, state);
}

static inline bool FN(is_small_integer)(REAL x)
{
    return x >= -FN(LARGEST_EXPONENT) && x <= FN(LARGEST_EXPONENT) && x == (REAL)(int)x && x != 0;
}

static uint64_t FN(refine_power)(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    const REAL *exponents = x + BLOCK;
    uint64_t inexact = 0;
    for (size_t at = 0, end; at < n; at = end) { /* the exponent is mostly one number */
        for (end = at + 1; end < n && exponents[end] == exponents[at]; end++) {}
        if (FN(is_small_integer)(exponents[at]))
            inexact += FN(power_block)(x + at, (int)exponents[at], y + at, settled + at, end - at, state);
    }
    return inexact;
}

/* Complex numbers NumPy multiplies repeatedly, when the exponent is a whole number below 100; so do we, each real operation
 * rounded at random. `n` counts complex numbers. */
static uint64_t FN(complex_power_block)(const REAL *x, int exponent, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    const FN(ComplexOperation) *multiply = &FN(complex_operations)[COMPLEX_MULTIPLY], *divide = &FN(complex_operations)[COMPLEX_DIVIDE];
    FN(Parts) one, square, power;
    uint64_t inexact = 0;
    for (size_t i = 0; i < n; i++) {
        power.re[i] = one.re[i] = 1;
        power.im[i] = one.im[i] = 0;
        square.re[i] = x[2 * i];
        square.im[i] = x[BLOCK + 2 * i];
    }
    for (int rest = abs(exponent);;) {
        if (rest & 1) inexact += FN(complex_apply)(multiply, &power, &square, &power, n, state);
        if ((rest >>= 1) == 0) break;
        inexact += FN(complex_apply)(multiply, &square, &square, &square, n, state);
    }
    if (exponent < 0) inexact += FN(complex_apply)(divide, &one, &power, &power, n, state);
    for (size_t i = 0; i < n; i++) {
        bool finite = isfinite(y[2 * i]) && isfinite(y[2 * i + 1]) && isfinite(power.re[i]) && isfinite(power.im[i]);
        settled[2 * i] = settled[2 * i + 1] = 1;
        if (!finite) continue; /* NumPy's own */
        y[2 * i] = power.re[i];
        y[2 * i + 1] = power.im[i];
    }
    return inexact;
}

static uint64_t FN(refine_complex_power)(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    const REAL *exponents = x + 2 * BLOCK, *imaginary = x + 3 * BLOCK;
    uint64_t inexact = 0;
    for (size_t at = 0, end; at < n; at = end) {
        REAL exponent = exponents[at];
        for (end = at + 2; end < n && exponents[end] == exponent && imaginary[end] == 0; end += 2) {}
        if (imaginary[at] == 0 && exponent > -100 && exponent < 100 && exponent == (REAL)(int)exponent && exponent != 0)
            inexact += FN(complex_power_block)(x + at, (int)exponent, y + at, settled + at, (end - at) / 2, state);
    }
    return inexact;
}

/* ---- hypot and the absolute value of complex numbers: the residual a^2 + b^2 - y^2 tells how far from y the exact result is */

VECTORISED static void FN(hypot_pairs)(const REAL *x, const REAL *y, REAL *high, REAL *low, BITS *safe, size_t n)
{
    INDEPENDENT for (size_t i = 0; i < n; i++) {
        REAL a = FN(absolute)(x[i]), b = FN(absolute)(x[BLOCK + i]), s = y[i];
        REAL large = FN(select)(a > b, a, b), small = FN(select)(a > b, b, a);
        REAL p = large * large, q = small * small, r = s * s, t = p - r, u = t + q, v = u - t;
        REAL rest = ((t - (u - v)) + (q - v)) + ((FMA(large, large, -p) - FMA(s, s, -r)) + FMA(small, small, -q));
        safe[i] = (BITS)((s > SQUARE_LOW) & (s < SQUARE_HIGH));
        FN(set_pair)(s, (u + rest) / (2 * s), &high[i], &low[i]);
    }
}

static uint64_t FN(refine_hypot)(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    REAL high[BLOCK], low[BLOCK];
    BITS safe[BLOCK];
    FN(hypot_pairs)(x, y, high, low, safe, n);
    return FN(round_pairs)(high, low, safe, y, settled, n, state);
}

typedef void (*FN(AnyFunction))(void);

static FN(AnyFunction) FN(refine)(const char *ufunc, bool is_complex)
{
    bool power = strcmp(ufunc, "power") == 0 || strcmp(ufunc, "float_power") == 0;
    if (power) return (FN(AnyFunction))(is_complex ? FN(refine_complex_power) : FN(refine_power));
    bool hypot = !is_complex && (strcmp(ufunc, "hypot") == 0 || strcmp(ufunc, "absolute") == 0);
    return hypot ? (FN(AnyFunction))FN(refine_hypot) : NULL;
}
