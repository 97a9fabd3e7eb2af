/* Single numbers under stochastic rounding, for the floating-point type that float64.h or float32.h chose before; error_free.h
 * comes first. What decides between the two neighbours stands in DRAW alone. */

#define DRAW (BITS)(next_word(state) >> (63 - SIGN_SHIFT)), noise.nearness, &inexact

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

/* ---- results without an error-free transform: noise on the last bit, as loops.c does for arrays
 *
 * The result of a good library lies within about one unit of the exact value: it stays with probability 1/2, else goes one unit
 * up or down. One with many trailing zero bits, or equal to an input, is taken for exact. */

static inline REAL FN(noisy_last_bit)(ThreadState *state, REAL y, REAL a, REAL b)
{
    BITS i = FN(bits)(y), magnitude = i & MAGNITUDE;
    bool exact = (i & EXACT_TAIL) == 0 || magnitude == (FN(bits)(a) & MAGNITUDE) || magnitude == (FN(bits)(b) & MAGNITUDE);
    if (exact || magnitude < SMALLEST_NORMAL || magnitude >= LARGEST) return y;
    BITS move = (BITS)(next_word(state) >> 63), up = (BITS)(next_word(state) >> 63);
    counters->inexact_scalars++;
    return move ? FN(real)(up ? i + 1 : i - 1) : y;
}

/* x^n with a small whole n, which is not 0, by repeated multiplication of pairs, as in refine.h: it is rounded once. `y` is
 * what the library gave; where a pair might underflow or overflow it gets noise on its last bit. */
static inline REAL FN(noisy_whole_power)(ThreadState *state, REAL y, REAL x, int n)
{
    BITS inexact = 0, magnitude = FN(bits)(y) & MAGNITUDE;
    if (magnitude < SAFE_LOW || magnitude >= LARGEST) return FN(noisy_last_bit)(state, y, x, (REAL)n);
    REAL high = x, low = 0;
    int power = abs(n);
    for (int bit = 30 - __builtin_clz((unsigned)power); bit >= 0; bit--) {
        FN(square_pair)(&high, &low);
        if (power >> bit & 1) FN(multiply_pair)(&high, &low, x);
    }
    magnitude = FN(bits)(high) & MAGNITUDE;
    if (magnitude < SAFE_LOW || magnitude >= LARGEST) return FN(noisy_last_bit)(state, y, x, (REAL)n);
    if (n < 0) FN(invert_pair)(&high, &low);
    REAL result = FN(round)(high, low, 1, DRAW);
    counters->inexact_scalars += inexact;
    return result;
}

enum { FN(LARGEST_POWER) = 64 };

/* `y` is what the library gave for x^n. */
static inline REAL FN(noisy_power)(ThreadState *state, REAL y, REAL x, REAL n)
{
    if (n == (REAL)0.5 && x > 0 && y == SQRT(x)) return FN(noisy_sqrt)(state, x, x);
    bool whole = n >= -FN(LARGEST_POWER) && n <= FN(LARGEST_POWER) && n == (REAL)(int)n && n != 0;
    return whole ? FN(noisy_whole_power)(state, y, x, (int)n) : FN(noisy_last_bit)(state, y, x, n);
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
#undef DRAW

enum { FN(LARGEST_COMPLEX_POWER) = 100 };

/* Complex powers with whole exponents are repeated multiplications, in CPython and in NumPy. */
static inline FN(Complex) FN(noisy_complex_power)(ThreadState *state, FN(Complex) x, int n, bool by_reciprocal)
{
    FN(Complex) result = {1, 0}, one = {1, 0};
    for (int rest = abs(n), first = true; rest != 0; rest >>= 1) {
        if (!first) x = FN(noisy_complex_multiply)(state, x, x);
        first = false;
        if (rest & 1) result = FN(noisy_complex_multiply)(state, result, x);
    }
    return n < 0 ? FN(noisy_complex_divide)(state, one, result, by_reciprocal) : result;
}

/* `y` is what the library gave for x^n; it stays where ours would not be finite. */
static inline FN(Complex) FN(noisy_power_of_complex)(ThreadState *state, FN(Complex) y, FN(Complex) x, FN(Complex) n, bool by_reciprocal)
{
    bool whole = n.imag == 0 && n.real >= -FN(LARGEST_COMPLEX_POWER) && n.real <= FN(LARGEST_COMPLEX_POWER) && n.real == (REAL)(int)n.real;
    FN(Complex) result = {y.real, y.imag};
    if (whole && n.real != 0)
        result = FN(noisy_complex_power)(state, x, (int)n.real, by_reciprocal);
    else if (!whole)
        result = (FN(Complex)){FN(noisy_last_bit)(state, y.real, x.real, x.imag), FN(noisy_last_bit)(state, y.imag, x.real, x.imag)};
    return FN(is_finite)(result) ? result : y;
}
