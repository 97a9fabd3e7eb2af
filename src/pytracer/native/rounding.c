/* Random hardware rounding: a native call runs with the rounding mode of the SSE unit (MXCSR) drawn up or down, and Python
 * code never sees it: a frame evaluator (PEP 523), present only while a native call is under way, sets round-to-nearest for the
 * Python code that the native call calls back. */
#include "compat.h"
#include "pytracer.h"
#include "random_stream.h"
#include "stack.h"

#include <stdio.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

Noise noise;

static uint64_t next_epoch = 1;

uint64_t hash_of_text(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037ull;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 1099511628211ull;
    return hash;
}

/* Runs without the GIL too: NumPy lets go of it around large loops. */
void noise_seed_thread(ThreadState *state)
{
    char place[700];
    thread_set_name(state);
    uint64_t seed = noise.seed ^ (state->task != 0 ? state->task : hash_of_text(place, task_place(state->name, place, sizeof place)));
    for (int i = 0; i < 8; i++) state->stream[i] = splitmix(&seed);
    for (int i = 0; i < 2; i++) state->scalar[i] = splitmix(&seed);
    state->noise_epoch = noise.epoch;
}

static uint32_t random_bit(ThreadState *state)
{
    if (UNLIKELY(state->noise_epoch != noise.epoch)) noise_seed_thread(state);
    return (uint32_t)(next_word(state) >> 63);
}

void noise_start(uint64_t seed, bool native, bool nearness)
{
    noise.seed = seed;
    noise.native = native && rounding_available();
    noise.nearness = nearness;
    noise.epoch = next_epoch++;
}

void noise_stop(void)
{
    noise.native = false;
    noise.epoch = 0;
}

#if defined(__x86_64__)

enum { MODE_MASK = 0x6000, MODE_DOWN = 0x2000, MODE_UP = 0x4000 };

bool rounding_available(void) { return true; }

static inline void set_mode(uint32_t mode) { _mm_setcsr((_mm_getcsr() & ~(uint32_t)MODE_MASK) | mode); }

uint32_t rounding_nearest(void)
{
    uint32_t mode = _mm_getcsr() & MODE_MASK;
    if (mode != 0) set_mode(0);
    return mode;
}

void rounding_restore(uint32_t saved)
{
    if (saved != 0) set_mode(saved);
}

uint32_t rounding_draw(ThreadState *state) { return random_bit(state) ? MODE_UP : MODE_DOWN; }

bool rounding_redraw(ThreadState *state)
{
    uint32_t mode = rounding_draw(state);
    set_mode(mode);
    return mode == MODE_UP;
}

/* Number of threads inside a noisy native call. The evaluator is installed while it is not zero. */
static int native_threads;

static PyObject *evaluate_to_nearest(PyThreadState *thread, Frame *frame, int throwing);

/* What evaluates frames without us: the interpreter, or a tool of the program such as torch.compile or a debugger. */
static _PyFrameEvalFunction evaluate_plain = _PyEval_EvalFrameDefault;

#if PY_VERSION_HEX >= 0x030c0000
static void guard_python_code(int change)
{
    int before = native_threads;
    native_threads += change;
    if ((before == 0) == (native_threads == 0)) return;
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    _PyFrameEvalFunction current = _PyInterpreterState_GetEvalFrameFunc(interpreter);
    if (before == 0 && current != evaluate_to_nearest) {
        evaluate_plain = current;
        _PyInterpreterState_SetEvalFrameFunc(interpreter, evaluate_to_nearest);
    } else if (before != 0 && current == evaluate_to_nearest) { /* a tool that came later calls us */
        _PyInterpreterState_SetEvalFrameFunc(interpreter, evaluate_plain);
    }
}
#else
/* 3.11: hook_python.c's evaluator is always there and asks for this one. */
static void guard_python_code(int change) { native_threads += change; }
PyObject *rounding_evaluate(PyThreadState *thread, Frame *frame, int throwing);
PyObject *rounding_evaluate(PyThreadState *thread, Frame *frame, int throwing)
{
    return evaluate_to_nearest(thread, frame, throwing);
}
#endif

#if PY_VERSION_HEX >= 0x030c0000
/* While an evaluator is installed nothing is inlined, in no thread: what then counts as recursion in C did not before. Where the
 * stack really ends the interpreter is told so. */
static PyObject *evaluate_as_inlined(PyThreadState *thread, Frame *frame, int throwing)
{
    if (evaluate_plain != _PyEval_EvalFrameDefault) return evaluate_plain(thread, frame, throwing);
    int remaining = thread->c_recursion_remaining;
    thread->c_recursion_remaining = stack_is_low() ? 0 : remaining + 2; /* PY_EVAL_C_STACK_UNITS */
    PyObject *result = _PyEval_EvalFrameDefault(thread, frame, throwing);
    thread->c_recursion_remaining = remaining;
    return result;
}
#else
static PyObject *evaluate_as_inlined(PyThreadState *thread, Frame *frame, int throwing)
{
    return _PyEval_EvalFrameDefault(thread, frame, throwing);
}
#endif

static PyObject *evaluate_to_nearest(PyThreadState *thread, Frame *frame, int throwing)
{
    ThreadState *state = thread_state();
    if (state->native_depth == 0) return evaluate_as_inlined(thread, frame, throwing);
    uint32_t depth = state->native_depth, mode = rounding_nearest();
    state->native_depth = 0;
    guard_python_code(-1);
    PyObject *result = evaluate_plain(thread, frame, throwing);
    guard_python_code(+1);
    state->native_depth = depth;
    rounding_restore(mode);
    return result;
}

/* The other threads are not in the child. */
void rounding_after_fork(const ThreadState *mine)
{
    if (compat_thread() == NULL) return; /* a library forked without Python */
    guard_python_code((mine != NULL && mine->native_depth > 0) - native_threads);
}

void rounding_enter(Call *call)
{
    ThreadState *state = call->state;
    uint32_t up = random_bit(state);
    if (state->native_depth++ == 0) guard_python_code(+1);
    call->noisy = true;
    call->mode = _mm_getcsr() & MODE_MASK;
    state->noise_events++;
    counters->noisy_native_calls++;
    set_mode(up ? MODE_UP : MODE_DOWN);
}

void rounding_leave(Call *call)
{
    set_mode(call->mode);
    if (--call->state->native_depth == 0) guard_python_code(-1);
}

#else /* another processor: no native layer, and noise/ says so */

bool rounding_available(void) { return false; }
uint32_t rounding_nearest(void) { return 0; }
void rounding_restore(uint32_t saved) { (void)saved; }
uint32_t rounding_draw(ThreadState *state)
{
    (void)state;
    return 0;
}

bool rounding_redraw(ThreadState *state)
{
    (void)state;
    return true;
}
void rounding_enter(Call *call) { (void)random_bit; (void)call; }
void rounding_leave(Call *call) { (void)call; }
void rounding_after_fork(const ThreadState *mine) { (void)mine; }

#endif

/* Decimal rounding multiplies, rounds to a whole number and divides: the decimal nearest to the number comes out at nearest only. */
void rounding_suspend(Call *call)
{
    call->suspends = true;
    call->mode = rounding_nearest();
    call->state->nearest_depth++;
}

void rounding_resume(Call *call)
{
    call->state->nearest_depth--;
    rounding_restore(call->mode);
}
