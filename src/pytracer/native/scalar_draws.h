/* Where Python floats and NumPy scalars get their random bits, and whether they are to get any. With the GIL held. */
#ifndef SCALAR_DRAWS_H
#define SCALAR_DRAWS_H

#include "pytracer.h"

/* xoroshiro128+ (Blackman and Vigna): the top bit decides. */
static inline uint64_t scalar_bit(ThreadState *state)
{
    uint64_t s0 = state->scalar[0], s1 = state->scalar[1], result = s0 + s1;
    s1 ^= s0;
    state->scalar[0] = (s0 << 24 | s0 >> 40) ^ s1 ^ s1 << 16;
    state->scalar[1] = s1 << 37 | s1 >> 27;
    return result >> 63;
}

/* The state of this thread; NULL when nothing is to be perturbed: there is no noise, or the recorder is taking an object apart. */
static inline ThreadState *scalar_state(void)
{
    if (UNLIKELY(noise.epoch == 0)) return NULL;
    ThreadState *state = thread_state();
    if (UNLIKELY(state->busy)) return NULL;
    if (UNLIKELY(state->noise_epoch != noise.epoch)) noise_seed_thread(state);
    return state;
}

/* The same, with an operation counted. */
static inline ThreadState *scalar_begin(void)
{
    ThreadState *state = scalar_state();
    if (UNLIKELY(state == NULL)) return NULL;
    state->noise_events++;
    counters->noisy_scalars++;
    return state;
}

#endif
