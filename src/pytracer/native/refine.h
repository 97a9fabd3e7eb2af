/* Functions whose exact result can be had in twice the precision, for one floating-point type: it is rounded once, at random.
 *
 * A Refine gets a block of NumPy's results `y`, what went into each (`x[k * BLOCK + i]`, the k-th part of the inputs) and what is
 * settled already; it rounds what it can and settles it. It returns the number of inexact results. */

typedef uint64_t (*FN(Refine))(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state);

static inline bool FN(is_safe)(REAL x)
{
    BITS magnitude = FN(bits)(x) & MAGNITUDE;
    return (magnitude >= SAFE_LOW) & (magnitude < LARGEST);
}

/* ---- powers with small whole exponents, by repeated multiplication of pairs high + low (T. J. Dekker, A floating-point
 * technique for extending the available precision, Numer. Math. 18, 1971). NumPy's pow is right within a unit: so is the
 * rounded pair, which n multiplications leave with an error of about n 2^-104 (double) or n 2^-46 (float). */

enum { FN(LARGEST_EXPONENT) = 64 };

VECTORISED static void FN(square_pairs)(REAL *high, REAL *low, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        REAL product = high[i] * high[i], rest = FMA(high[i], high[i], -product) + 2 * (high[i] * low[i]);
        high[i] = product + rest;
        low[i] = rest - (high[i] - product);
    }
}

VECTORISED static void FN(multiply_pairs)(REAL *high, REAL *low, const REAL *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        REAL product = high[i] * x[i], rest = FMA(high[i], x[i], -product) + low[i] * x[i];
        high[i] = product + rest;
        low[i] = rest - (high[i] - product);
    }
}

VECTORISED static void FN(invert_pairs)(REAL *high, REAL *low, BITS *safe, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        REAL quotient = 1 / high[i], rest = (FMA(-quotient, high[i], 1) - quotient * low[i]) / high[i];
        safe[i] &= (BITS)FN(is_safe)(high[i]);
        high[i] = quotient + rest;
        low[i] = rest - (high[i] - quotient);
    }
}

/* Results that are exact stay NumPy's own. */
#define ROUND_PAIRS(name, nearness) \
    VECTORISED static uint64_t FN(name)(const REAL *high, const REAL *low, const BITS *safe, const BITS *draws, REAL *y, \
                                        BITS *settled, size_t n) \
    { \
        BITS inexact = 0; \
        for (size_t i = 0; i < n; i++) { \
            BITS ours = safe[i] & (settled[i] ^ 1), rounded = 0; \
            REAL result = FN(round)(high[i], low[i], 1, draws[i], nearness, &rounded); \
            rounded &= ours; \
            y[i] = rounded ? result : y[i]; \
            inexact += rounded; \
            settled[i] |= ours; \
        } \
        return inexact; \
    }
ROUND_PAIRS(round_pairs_random, false)
ROUND_PAIRS(round_pairs_nearness, true)
#undef ROUND_PAIRS

/* x^exponent for a block of x. */
static uint64_t FN(power_block)(const REAL *x, int exponent, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    REAL high[BLOCK], low[BLOCK];
    BITS safe[BLOCK], draws[BLOCK];
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
    FN(draw_block)(state->stream, n, noise.nearness, draws);
    return (noise.nearness ? FN(round_pairs_nearness) : FN(round_pairs_random))(high, low, safe, draws, y, settled, n);
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

static void FN(complex_draw)(void (*operation)(const REAL *, const REAL *, REAL *, const BITS *, bool, BITS *), const REAL *a,
                             const REAL *b, REAL *out, ThreadState *state, BITS *inexact)
{
    BITS draws[FN(MOST_DRAWS)];
    for (int k = 0; k < FN(MOST_DRAWS); k++) draws[k] = FN(draw)(state);
    operation(a, b, out, draws, noise.nearness, inexact);
}

/* Complex numbers NumPy multiplies repeatedly, when the exponent is a whole number below 100. */
static uint64_t FN(refine_complex_power)(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    const REAL one[2] = {1, 0};
    BITS inexact = 0;
    for (size_t i = 0; i < n; i += 2) {
        REAL exponent = x[2 * BLOCK + i], power[2] = {1, 0}, square[2] = {x[i], x[BLOCK + i]};
        if (!isfinite(y[i]) || !isfinite(y[i + 1]) || x[3 * BLOCK + i] != 0) continue;
        if (!(exponent > -100 && exponent < 100) || exponent != (REAL)(int)exponent || exponent == 0) continue;
        for (int rest = abs((int)exponent);;) {
            if (rest & 1) FN(complex_draw)(FN(complex_multiply_one), power, square, power, state, &inexact);
            if ((rest >>= 1) == 0) break;
            FN(complex_draw)(FN(complex_multiply_one), square, square, square, state, &inexact);
        }
        if (exponent < 0) FN(complex_draw)(FN(complex_divide_one), one, power, power, state, &inexact);
        if (isfinite(power[0]) && isfinite(power[1])) memcpy(y + i, power, sizeof power);
        settled[i] = settled[i + 1] = 1;
    }
    return inexact;
}

/* ---- hypot and the absolute value of complex numbers: the residual a^2 + b^2 - y^2 tells on which side of y the exact result is */

#define REFINE_HYPOT(name, nearness) \
    VECTORISED static uint64_t FN(name)(const REAL *x, REAL *y, BITS *settled, const BITS *draws, size_t n) \
    { \
        BITS inexact = 0; \
        for (size_t i = 0; i < n; i++) { \
            REAL a = FN(absolute)(x[i]), b = FN(absolute)(x[BLOCK + i]), large = a > b ? a : b, small = a > b ? b : a, s = y[i]; \
            REAL p = large * large, q = small * small, r = s * s, t = p - r, u = t + q, v = u - t; \
            REAL rest = ((t - (u - v)) + (q - v)) + ((FMA(large, large, -p) - FMA(s, s, -r)) + FMA(small, small, -q)); \
            BITS ours = (BITS)((s > SQUARE_LOW) & (s < SQUARE_HIGH)) & (settled[i] ^ 1), rounded = 0; \
            REAL result = FN(round)(s, u + rest, 2 * s, draws[i], nearness, &rounded); \
            rounded &= ours; \
            y[i] = rounded ? result : y[i]; \
            inexact += rounded; \
            settled[i] |= ours; \
        } \
        return inexact; \
    }
REFINE_HYPOT(hypot_random, false)
REFINE_HYPOT(hypot_nearness, true)
#undef REFINE_HYPOT

static uint64_t FN(refine_hypot)(const REAL *x, REAL *y, BITS *settled, size_t n, ThreadState *state)
{
    BITS draws[BLOCK];
    FN(draw_block)(state->stream, n, noise.nearness, draws);
    return (noise.nearness ? FN(hypot_nearness) : FN(hypot_random))(x, y, settled, draws, n);
}

typedef void (*FN(AnyFunction))(void);

static FN(AnyFunction) FN(refine)(const char *ufunc, bool is_complex)
{
    bool power = strcmp(ufunc, "power") == 0 || strcmp(ufunc, "float_power") == 0;
    if (power) return (FN(AnyFunction))(is_complex ? FN(refine_complex_power) : FN(refine_power));
    bool hypot = !is_complex && (strcmp(ufunc, "hypot") == 0 || strcmp(ufunc, "absolute") == 0);
    return hypot ? (FN(AnyFunction))FN(refine_hypot) : NULL;
}
