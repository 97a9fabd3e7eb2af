/* No floating-point type is chosen: forgets the one that float64.h or float32.h chose before. */
#undef FN
#undef REAL
#undef BITS
#undef SIGN_SHIFT
#undef MAGNITUDE
#undef SMALLEST_NORMAL
#undef LARGEST
#undef PRECISION
#undef EXACT_TAIL
#undef SAFE_LOW
#undef SQUARE_LOW
#undef SQUARE_HIGH
#undef FMA
#undef SQRT
