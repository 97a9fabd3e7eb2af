/* One stochastically rounded operation, by error-free transforms, for the floating-point type that float64.h or float32.h
 * chose before.
 *
 * Random rounding (CESTAC: Vignes 1993; "random" of Verrou): an exact result stays exact; an inexact one becomes either of the
 * two neighbouring floating-point numbers with equal probability. With nearness (Croci, Fasi, Higham, Mary and Mikaitis 2022,
 * "Stochastic rounding: implementation, error analysis and applications", eq. 2.2) each neighbour has probability in proportion
 * to the distance of the other: the expected result is the exact one. s = RN(exact) is one neighbour; the sign of the error
 * tells on which side the other is. TwoSum: Knuth 1969; TwoProd by FMA: Ogita, Rump and Oishi 2005. Results that are subnormal,
 * infinite or the largest finite number keep the rounding to nearest: there the error term itself may underflow, and a step
 * would change the class of the number. */

static ALWAYS_INLINE BITS FN(bits)(REAL x)
{
    BITS i;
    __builtin_memcpy(&i, &x, sizeof i);
    return i;
}

static ALWAYS_INLINE REAL FN(real)(BITS i)
{
    REAL x;
    __builtin_memcpy(&x, &i, sizeof x);
    return x;
}

static ALWAYS_INLINE REAL FN(absolute)(REAL x) { return FN(real)(FN(bits)(x) & MAGNITUDE); }

/* Written so that loops over it vectorise. `condition` is 0 or 1. */
static ALWAYS_INLINE REAL FN(select)(BITS condition, REAL yes, REAL no)
{
    BITS mask = (BITS)0 - condition;
    return FN(real)((FN(bits)(yes) & mask) | (FN(bits)(no) & ~mask));
}

/* ---- one operation. `draw` is a random word: its top bit decides, or with nearness all that a fraction of this type holds, 52
 * or 23 bits of it. `nearness` is a constant wherever speed matters. `inexact` counts. */

/* The exact result is s + error / scale, for an s next to it. */
static ALWAYS_INLINE REAL FN(round)(REAL s, REAL error, REAL scale, BITS draw, bool nearness, BITS *inexact)
{
    BITS i = FN(bits)(s), magnitude = i & MAGNITUDE;
    BITS rounded = (BITS)((error > 0) | (error < 0)) & (BITS)(magnitude - SMALLEST_NORMAL < LARGEST - SMALLEST_NORMAL);
    BITS towards_zero = (BITS)0 - ((i ^ FN(bits)(error)) >> SIGN_SHIFT);
    BITS step = (towards_zero | 1) & ((BITS)0 - rounded), taken = draw >> SIGN_SHIFT;
    if (nearness) {
        REAL fraction = FN(real)(FN(bits)((REAL)1) | draw >> (SIGN_SHIFT + 2 - PRECISION)) - 1;
        REAL gap = FN(absolute)(FN(real)(i + step) - s); /* a power of two, half as large below one */
        taken = (BITS)(FN(absolute)(error) > gap * scale * fraction);
    }
    *inexact += rounded;
    return FN(real)((BITS)(i + (step & ((BITS)0 - taken))));
}

static ALWAYS_INLINE REAL FN(add)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    REAL s = a + b, t = s - a;
    return FN(round)(s, (a - (s - t)) + (b - t), 1, draw, nearness, inexact);
}

static ALWAYS_INLINE REAL FN(subtract)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    REAL s = a - b, t = s - a;
    return FN(round)(s, (a - (s - t)) - (b + t), 1, draw, nearness, inexact);
}

static ALWAYS_INLINE REAL FN(multiply)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    REAL p = a * b;
    return FN(round)(p, FMA(a, b, -p), 1, draw, nearness, inexact);
}

static ALWAYS_INLINE REAL FN(divide)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    REAL q = a / b, residual = FMA(-q, b, a);
    return FN(round)(q, FN(bits)(b) >> SIGN_SHIFT ? -residual : residual, FN(absolute)(b), draw, nearness, inexact);
}

static ALWAYS_INLINE REAL FN(square)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    (void)b;
    return FN(multiply)(a, a, draw, nearness, inexact);
}

static ALWAYS_INLINE REAL FN(reciprocal)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    (void)b;
    return FN(divide)((REAL)1, a, draw, nearness, inexact);
}

static ALWAYS_INLINE REAL FN(sqrt)(REAL a, REAL b, BITS draw, bool nearness, BITS *inexact)
{
    (void)b;
    REAL s = SQRT(a);
    return FN(round)(s, FMA(-s, s, a), 2 * s, draw, nearness, inexact);
}

/* ---- a number as a pair high + low, of which low is far smaller (T. J. Dekker, A floating-point technique for extending the
 * available precision, Numerische Mathematik 18, 1971): products of n of them have an error of about n 2^-104 (double) or
 * n 2^-46 (float). */

static ALWAYS_INLINE void FN(set_pair)(REAL sum, REAL rest, REAL *high, REAL *low)
{
    *high = sum + rest;
    *low = rest - (*high - sum);
}

static ALWAYS_INLINE void FN(square_pair)(REAL *high, REAL *low)
{
    REAL product = *high * *high, rest = FMA(*high, *high, -product) + 2 * (*high * *low);
    FN(set_pair)(product, rest, high, low);
}

static ALWAYS_INLINE void FN(multiply_pair)(REAL *high, REAL *low, REAL x)
{
    REAL product = *high * x, rest = FMA(*high, x, -product) + *low * x;
    FN(set_pair)(product, rest, high, low);
}

static ALWAYS_INLINE void FN(invert_pair)(REAL *high, REAL *low)
{
    REAL quotient = 1 / *high, rest = (FMA(-quotient, *high, 1) - quotient * *low) / *high;
    FN(set_pair)(quotient, rest, high, low);
}
