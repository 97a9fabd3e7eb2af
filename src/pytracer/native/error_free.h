/* One stochastically rounded operation, by error-free transforms, for the floating-point type that float64.h or float32.h
 * chose before.
 *
 * Random rounding (CESTAC: Vignes 1993; "random" of Verrou): an exact result stays exact; an inexact one becomes either of the
 * two neighbouring floating-point numbers with equal probability. s = RN(exact) is one neighbour; the sign of the error tells on
 * which side the other is. TwoSum: Knuth 1969; TwoProd by FMA: Ogita, Rump and Oishi 2005. Results that are subnormal,
 * infinite or the largest finite number keep the rounding to nearest: there the error term itself may underflow, and a step
 * would change the class of the number. */

static inline BITS FN(bits)(REAL x)
{
    BITS i;
    __builtin_memcpy(&i, &x, sizeof i);
    return i;
}

static inline REAL FN(real)(BITS i)
{
    REAL x;
    __builtin_memcpy(&x, &i, sizeof x);
    return x;
}

/* ---- one operation: `bit` decides, `inexact` counts */

static inline REAL FN(step)(REAL s, REAL error, BITS bit, BITS *inexact)
{
    BITS i = FN(bits)(s), magnitude = i & MAGNITUDE;
    BITS rounded = (BITS)((error > 0) | (error < 0)) & (BITS)(magnitude - SMALLEST_NORMAL < LARGEST - SMALLEST_NORMAL);
    BITS towards_zero = (BITS)0 - ((i ^ FN(bits)(error)) >> SIGN_SHIFT);
    *inexact += rounded;
    return FN(real)((BITS)(i + ((towards_zero | 1) & ((BITS)0 - (rounded & bit)))));
}

static inline REAL FN(add)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    REAL s = a + b, t = s - a;
    return FN(step)(s, (a - (s - t)) + (b - t), bit, inexact);
}

static inline REAL FN(subtract)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    REAL s = a - b, t = s - a;
    return FN(step)(s, (a - (s - t)) - (b + t), bit, inexact);
}

static inline REAL FN(multiply)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    REAL p = a * b;
    return FN(step)(p, FMA(a, b, -p), bit, inexact);
}

static inline REAL FN(divide)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    REAL q = a / b, residual = FMA(-q, b, a);
    return FN(step)(q, FN(bits)(b) >> SIGN_SHIFT ? -residual : residual, bit, inexact);
}

static inline REAL FN(square)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    (void)b;
    return FN(multiply)(a, a, bit, inexact);
}

static inline REAL FN(reciprocal)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    (void)b;
    return FN(divide)((REAL)1, a, bit, inexact);
}

static inline REAL FN(sqrt)(REAL a, REAL b, BITS bit, BITS *inexact)
{
    (void)b;
    REAL s = SQRT(a);
    return FN(step)(s, FMA(-s, s, a), bit, inexact);
}
