/* The templates that are included next are for double. */
#include "float_none.h"

#define FN(name) name##_f64
#define REAL double
#define BITS uint64_t
#define SIGN_SHIFT 63
#define MAGNITUDE 0x7fffffffffffffffull
#define SMALLEST_NORMAL 0x0010000000000000ull
#define LARGEST 0x7fefffffffffffffull
#define PRECISION 53
#define EXACT_TAIL 0xffffull
#define SAFE_LOW (SMALLEST_NORMAL + ((BITS)(2 * PRECISION) << (PRECISION - 1))) /* its last digits' products are normal */
#define SQUARE_LOW 0x1p-458 /* numbers whose squares are safe, too */
#define SQUARE_HIGH 0x1p511
#define FMA __builtin_fma
#define SQRT __builtin_sqrt
