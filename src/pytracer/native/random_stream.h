/* The random words of a thread: a vector of streams for loops, and one stream for single operations. */
#ifndef RANDOM_STREAM_H
#define RANDOM_STREAM_H

#include "pytracer.h"

enum { LANES = 8 };

/* xorshift64 (Marsaglia 2003), one a lane. */
static inline void next_words(uint64_t *stream, uint64_t *words)
{
    for (int k = 0; k < LANES; k++) {
        uint64_t x = stream[k];
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        stream[k] = x;
        words[k] = x ^ x >> 32; /* the low bits of xorshift are its weak ones */
    }
}

/* xoroshiro128+ (Blackman and Vigna), whose low bits are the weak ones. */
static inline uint64_t xoroshiro(uint64_t *stream)
{
    uint64_t s0 = stream[0], s1 = stream[1], result = s0 + s1;
    s1 ^= s0;
    stream[0] = (s0 << 24 | s0 >> 40) ^ s1 ^ s1 << 16;
    stream[1] = s1 << 37 | s1 >> 27;
    return result;
}

static inline uint64_t next_word(ThreadState *state) { return xoroshiro(state->scalar); }

/* splitmix64 (Steele, Lea and Flood 2014): makes the words that a stream begins with. */
static inline uint64_t splitmix(uint64_t *seed)
{
    uint64_t z = *seed += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

#endif
