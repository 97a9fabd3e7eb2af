/* Single numbers under stochastic rounding, for the floating-point type that float64.h or float32.h chose before; error_free.h
 * comes first. What decides between the two neighbours stands in DRAW alone. */

#define DRAW (BITS)scalar_bit(state), &inexact

#define NOISY(op) \
    static inline REAL FN(noisy_##op)(ThreadState *state, REAL a, REAL b) \
    { \
        BITS inexact = 0; \
        REAL result = FN(op)(a, b, DRAW); \
        counters->inexact_scalars += inexact; \
        return result; \
    }

NOISY(add)
NOISY(subtract)
NOISY(multiply)
NOISY(divide)
NOISY(square)
NOISY(reciprocal)
NOISY(sqrt)
#undef NOISY
#undef DRAW

/* ---- results without an error-free transform: noise on the last bit, as loops.c does for arrays
 *
 * The result of a good library lies within about one unit of the exact value: it stays with probability 1/2, else goes one unit
 * up or down. One with many trailing zero bits, or equal to an input, is taken for exact. */

static inline REAL FN(noisy_last_bit)(ThreadState *state, REAL y, REAL a, REAL b)
{
    BITS i = FN(bits)(y), magnitude = i & MAGNITUDE;
    bool exact = (i & EXACT_TAIL) == 0 || magnitude == (FN(bits)(a) & MAGNITUDE) || magnitude == (FN(bits)(b) & MAGNITUDE);
    if (exact || magnitude < SMALLEST_NORMAL || magnitude >= LARGEST) return y;
    BITS move = scalar_bit(state), up = scalar_bit(state);
    counters->inexact_scalars++;
    return move ? FN(real)(up ? i + 1 : i - 1) : y;
}

/* x^n with a whole n is exact when the odd part of x to the n is below 2^PRECISION. */
static inline bool FN(power_is_exact)(REAL x, REAL n)
{
    if (!(n >= 2 && n <= PRECISION) || n != (REAL)(int)n) return false;
    const int digits = PRECISION - 1;
    uint64_t odd = (FN(bits)(x) & (((BITS)1 << digits) - 1)) | (uint64_t)1 << digits, power = 1;
    odd >>= __builtin_ctzll(odd);
    for (int k = (int)n; k > 0; k--) {
        if (power > ((uint64_t)1 << PRECISION) / odd) return false;
        power *= odd;
    }
    return true;
}

/* `y` is what the library gave for x^n. */
static inline REAL FN(noisy_power)(ThreadState *state, REAL y, REAL x, REAL n)
{
    if (n == 2 && y == x * x) return FN(noisy_square)(state, x, x);
    if (n == -1 && y == 1 / x) return FN(noisy_reciprocal)(state, x, x);
    if (n == (REAL)0.5 && y == SQRT(x)) return FN(noisy_sqrt)(state, x, x);
    return FN(power_is_exact)(x, n) ? y : FN(noisy_last_bit)(state, y, x, n);
}

/* ---- complex numbers: each real operation rounded at random */

typedef struct {
    REAL real, imag;
} FN(Complex);

static inline bool FN(is_finite)(FN(Complex) z) { return isfinite(z.real) && isfinite(z.imag); }

static inline FN(Complex) FN(noisy_complex_add)(ThreadState *state, FN(Complex) a, FN(Complex) b)
{
    return (FN(Complex)){FN(noisy_add)(state, a.real, b.real), FN(noisy_add)(state, a.imag, b.imag)};
}

static inline FN(Complex) FN(noisy_complex_subtract)(ThreadState *state, FN(Complex) a, FN(Complex) b)
{
    return (FN(Complex)){FN(noisy_subtract)(state, a.real, b.real), FN(noisy_subtract)(state, a.imag, b.imag)};
}

static inline FN(Complex) FN(noisy_complex_multiply)(ThreadState *state, FN(Complex) a, FN(Complex) b)
{
    REAL real = FN(noisy_subtract)(state, FN(noisy_multiply)(state, a.real, b.real), FN(noisy_multiply)(state, a.imag, b.imag));
    REAL imag = FN(noisy_add)(state, FN(noisy_multiply)(state, a.real, b.imag), FN(noisy_multiply)(state, a.imag, b.real));
    return (FN(Complex)){real, imag};
}

/* Smith's method, which CPython and NumPy share but for its last step: NumPy multiplies by the reciprocal of the denominator.
 * R. L. Smith, Algorithm 116: Complex division, Communications of the ACM 5 (1962). */
static inline FN(Complex) FN(noisy_complex_divide)(ThreadState *state, FN(Complex) a, FN(Complex) b, bool by_reciprocal)
{
    bool swapped = !(FN(real)(FN(bits)(b.real) & MAGNITUDE) >= FN(real)(FN(bits)(b.imag) & MAGNITUDE));
    REAL large = swapped ? b.imag : b.real, small = swapped ? b.real : b.imag;
    REAL first = swapped ? a.imag : a.real, second = swapped ? a.real : a.imag;
    REAL ratio = FN(noisy_divide)(state, small, large);
    REAL denominator = FN(noisy_add)(state, large, FN(noisy_multiply)(state, small, ratio));
    REAL real = FN(noisy_add)(state, first, FN(noisy_multiply)(state, second, ratio));
    REAL product = FN(noisy_multiply)(state, first, ratio);
    REAL imag = swapped ? FN(noisy_subtract)(state, product, second) : FN(noisy_subtract)(state, second, product);
    if (!by_reciprocal)
        return (FN(Complex)){FN(noisy_divide)(state, real, denominator), FN(noisy_divide)(state, imag, denominator)};
    REAL scale = FN(noisy_reciprocal)(state, denominator, denominator);
    return (FN(Complex)){FN(noisy_multiply)(state, real, scale), FN(noisy_multiply)(state, imag, scale)};
}
