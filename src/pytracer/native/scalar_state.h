/* Whether Python floats and NumPy scalars are to be perturbed now. With the GIL held. */
#ifndef SCALAR_STATE_H
#define SCALAR_STATE_H

#include "random_stream.h"

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
