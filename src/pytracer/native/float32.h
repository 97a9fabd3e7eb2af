/* The templates that are included next are for float. */
#include "float_none.h"

#define FN(name) name##_f32
#define REAL float
#define BITS uint32_t
#define SIGN_SHIFT 31
#define MAGNITUDE 0x7fffffffu
#define SMALLEST_NORMAL 0x00800000u
#define LARGEST 0x7f7fffffu
#define PRECISION 24
#define EXACT_TAIL 0x3ffu
#define SAFE_LOW (SMALLEST_NORMAL + ((BITS)(2 * PRECISION) << (PRECISION - 1))) /* its last digits' products are normal */
#define SQUARE_LOW 0x1p-39f /* numbers whose squares are safe, too */
#define SQUARE_HIGH 0x1p63f
#define FMA __builtin_fmaf
#define SQRT __builtin_sqrtf
