/* NumPy inner loops with stochastic rounding. A ufunc finds its loops through its `functions` and `data` pointers: while noise
 * is on they point to copies in which some entries are ours. Removal restores the two pointers. */
#include "pytracer.h"

#include "numpy_api.h"
#include "random_stream.h"

#include <fenv.h>
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 512 };
enum { COMPLEX_MULTIPLY, COMPLEX_DIVIDE }; /* places in the tables of complex operations */

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

/* What NumPy passes to our loop as its user data. */
typedef struct {
    const void *operation;
    PyUFuncGenericFunction function; /* NumPy's own loop */
    void *data;
    int n_in, in_parts, out_parts; /* parts: 2 for complex numbers */
    void (*refine)(void);          /* a Refine of the type, or NULL (refine.h) */
} Loop;

/* ---- floating-point flags: NumPy turns them into warnings, so only those of the plain operation may remain */

#if defined(__x86_64__)
enum { SUSPECT = 0x1 | 0x4 | 0x8 | 0x10, ALL_FLAGS = 0x3f };
static inline uint32_t flags_now(void) { return _mm_getcsr() & ALL_FLAGS; }
static inline void flags_set(uint32_t flags) { _mm_setcsr((_mm_getcsr() & ~(uint32_t)ALL_FLAGS) | flags); }
#else
enum { SUSPECT = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW, ALL_FLAGS = FE_ALL_EXCEPT };
static inline uint32_t flags_now(void) { return (uint32_t)fetestexcept(FE_ALL_EXCEPT); }
static inline void flags_set(uint32_t flags)
{
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept((int)flags);
}
#endif

static _Thread_local uint32_t plain_flags; /* raised by the plain operations of the loop that runs */

static inline bool flags_are_suspect(void) { return UNLIKELY((flags_now() & SUSPECT) != 0); }

/* The error terms raise flags of their own: NumPy's own loop, run on the same operands, tells which are real. */
static COLD void replay(const Loop *loop, char **args, npy_intp n, const npy_intp *steps)
{
    flags_set(0);
    loop->function(args, &n, steps, loop->data);
    plain_flags |= flags_now();
    flags_set(0);
}

/* NumPy lets go of the GIL around large loops: several threads may count at once. */
static inline void count(uint64_t *counter, uint64_t n) { __atomic_fetch_add(counter, n, __ATOMIC_RELAXED); }

/* ---- every loop runs to nearest, whatever native call it is part of, and leaves that call's mode behind */

typedef struct {
    ThreadState *state;
    uint32_t mode, flags, outer;
} Scope;

static inline Scope scope_enter(uint64_t elements)
{
    Scope scope = {.state = thread_state(), .outer = plain_flags};
    if (UNLIKELY(scope.state->noise_epoch != noise.epoch)) noise_seed_thread(scope.state);
    scope.mode = rounding_nearest();
    scope.flags = flags_now();
    scope.state->noise_events++;
    count(&counters->noisy_loops, 1);
    count(&counters->noisy_elements, elements);
    plain_flags = 0;
    flags_set(0);
    return scope;
}

static inline void scope_leave(Scope *scope)
{
    flags_set(scope->flags | plain_flags | (flags_now() & ~(uint32_t)SUSPECT));
    plain_flags = scope->outer;
    rounding_restore(scope->mode);
}

/* Nothing is perturbed and nothing is drawn while the recorder takes an object apart, or a call of rounding_suspend is under way. */
static inline bool is_plain(const Loop *loop, char **args, const npy_intp *dimensions, const npy_intp *steps)
{
    const ThreadState *state = thread_state();
    if (LIKELY(!state->busy && state->nearest_depth == 0)) return false;
    loop->function(args, dimensions, steps, loop->data);
    return true;
}

/* Whether the output overlaps an input at another position, as in accumulate. */
static bool is_chained(int n_in, char **args, npy_intp n, const npy_intp *steps, npy_intp size)
{
    char *out = args[n_in], *out_end = out + (n - 1) * steps[n_in];
    char *out_low = out < out_end ? out : out_end, *out_high = (out < out_end ? out_end : out) + size;
    for (int k = 0; k < n_in; k++) {
        char *in = args[k], *in_end = in + (n - 1) * steps[k];
        char *low = in < in_end ? in : in_end, *high = (in < in_end ? in_end : in) + size;
        bool same = in == out && steps[k] == steps[n_in];
        if (!same && low < out_high && out_low < high && n > 1) return true;
    }
    return false;
}

/* ---- the two types */

#include "float64.h"
#include "error_free.h"
#include "stochastic.h"
#include "stochastic_complex.h"
#include "refine.h"
#include "last_bit.h"

#include "float32.h"
#include "error_free.h"
#include "stochastic.h"
#include "stochastic_complex.h"
#include "refine.h"
#include "last_bit.h"

/* ufuncs whose results get noise on the last bit. Exact ones (floor, fmod, sign, ldexp, comparisons, ...) are not here. */
static const char *const last_bit_ufuncs[] = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh",
    "tanh", "arcsinh", "arccosh", "arctanh", "cbrt", "power", "float_power", "hypot", "arctan2", "logaddexp", "logaddexp2",
    "deg2rad", "rad2deg", "radians", "degrees", "sqrt", "absolute",
};

/* ---- installation */

typedef struct {
    PyUFuncObject *ufunc; /* Owned */
    PyUFuncGenericFunction *functions;
    void *const *data;
} Installed;

enum { MAX_INSTALLED = 128 };
static Installed installed[MAX_INSTALLED];
static int n_installed;

static bool all_types(const char *types, int count, char type)
{
    for (int i = 0; i < count; i++)
        if (types[i] != type) return false;
    return true;
}

#define FIND_OPERATION(table, name) \
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) \
        if (strcmp(table[i].ufunc, name) == 0) return &table[i];

static const void *error_free_operation(const char *name, char type)
{
    if (type == NPY_DOUBLE) FIND_OPERATION(operations_f64, name)
    if (type == NPY_FLOAT) FIND_OPERATION(operations_f32, name)
    if (type == NPY_CDOUBLE) FIND_OPERATION(complex_operations_f64, name)
    if (type == NPY_CFLOAT) FIND_OPERATION(complex_operations_f32, name)
    return NULL;
}

static PyUFuncGenericFunction error_free_loop(char type)
{
    switch (type) {
    case NPY_DOUBLE: return loop_f64;
    case NPY_FLOAT: return loop_f32;
    case NPY_CDOUBLE: return complex_loop_f64;
    default: return complex_loop_f32;
    }
}

static bool has_last_bit_noise(const char *name)
{
    for (size_t i = 0; i < sizeof last_bit_ufuncs / sizeof *last_bit_ufuncs; i++)
        if (strcmp(last_bit_ufuncs[i], name) == 0) return true;
    return false;
}

/* Our loop for one signature of a ufunc, or NULL when its results carry no rounding error to perturb. */
static PyUFuncGenericFunction choose(const char *name, const char *types, int n_args, Loop *loop)
{
    char in = types[0], out = types[n_args - 1];
    bool is_complex = out == NPY_CDOUBLE || out == NPY_CFLOAT, is_real = out == NPY_DOUBLE || out == NPY_FLOAT;
    if (!is_complex && !is_real) return NULL;
    loop->out_parts = is_complex ? 2 : 1;
    loop->in_parts = in == NPY_CDOUBLE || in == NPY_CFLOAT ? 2 : 1;
    if (all_types(types, n_args, out) && (loop->operation = error_free_operation(name, out)) != NULL)
        return error_free_loop(out);
    if (!has_last_bit_noise(name)) return NULL;
    if (strcmp(name, "absolute") == 0 && all_types(types, n_args, out)) return NULL; /* exact for reals */
    if (!all_types(types, n_args, out) && strcmp(name, "absolute") != 0) return NULL;
    loop->refine = out == NPY_DOUBLE || out == NPY_CDOUBLE ? refine_f64(name, is_complex) : refine_f32(name, is_complex);
    return out == NPY_DOUBLE || out == NPY_CDOUBLE ? last_bit_loop_f64 : last_bit_loop_f32;
}

/* 1: installed, 0: nothing to perturb, -1: error. The copies live as long as the process: a loop may be running. */
static int install(PyUFuncObject *ufunc)
{
    int n_args = ufunc->nin + ufunc->nout, found = 0;
    for (int i = 0; i < n_installed; i++)
        if (installed[i].ufunc == ufunc) return 0; /* an alias, such as np.abs */
    if (ufunc->nout != 1 || ufunc->ntypes <= 0 || ufunc->functions == NULL || ufunc->core_enabled) return 0;
    PyUFuncGenericFunction *functions = malloc((size_t)ufunc->ntypes * sizeof *functions);
    void **data = malloc((size_t)ufunc->ntypes * sizeof *data);
    if (functions == NULL || data == NULL) goto no_memory;
    for (int i = 0; i < ufunc->ntypes; i++) {
        functions[i] = ufunc->functions[i];
        data[i] = ufunc->data == NULL ? NULL : ufunc->data[i];
        Loop candidate = {.function = functions[i], .data = data[i], .n_in = ufunc->nin};
        PyUFuncGenericFunction ours = choose(ufunc->name, ufunc->types + i * n_args, n_args, &candidate);
        if (ours == NULL || functions[i] == NULL) continue;
        Loop *loop = malloc(sizeof *loop);
        if (loop == NULL) goto no_memory;
        *loop = candidate;
        functions[i] = ours;
        data[i] = loop;
        found = 1;
    }
    if (found && n_installed == MAX_INSTALLED && recorder.on)
        coverage_event("not_hookable", ufunc->name, "a ufunc beyond the first 128: its operations are not perturbed");
    if (!found || n_installed == MAX_INSTALLED) {
        free(functions);
        free(data);
        return 0;
    }
    installed[n_installed++] = (Installed){ufunc, ufunc->functions, ufunc->data};
    Py_INCREF(ufunc);
    ufunc->functions = functions;
    ufunc->data = data;
    return 1;
no_memory:
    free(functions);
    free(data);
    PyErr_NoMemory();
    return -1;
}

PyObject *loops_install(PyObject *numpy_ufuncs)
{
    PyObject *names = PyList_New(0), *sequence = PySequence_Fast(numpy_ufuncs, "a sequence of ufuncs is needed");
    for (Py_ssize_t i = 0; names != NULL && sequence != NULL && i < PySequence_Fast_GET_SIZE(sequence); i++) {
        PyObject *object = PySequence_Fast_GET_ITEM(sequence, i);
        if (!PyObject_TypeCheck(object, &PyUFunc_Type)) continue;
        int done = install((PyUFuncObject *)object);
        PyObject *name = done > 0 ? PyUnicode_FromString(((PyUFuncObject *)object)->name) : NULL;
        if (done < 0 || (done > 0 && (name == NULL || PyList_Append(names, name) != 0))) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    if (sequence == NULL) Py_CLEAR(names);
    Py_XDECREF(sequence);
    return names;
}

void loops_remove(void)
{
    while (n_installed > 0) {
        Installed *last = &installed[--n_installed];
        last->ufunc->functions = last->functions;
        last->ufunc->data = last->data;
        Py_DECREF(last->ufunc);
    }
}
