/* The nouns of the native core and the functions each file offers.
 *
 *   hook_*.c   know how a kind of callable is intercepted; each ends in call_enter / original / call_leave
 *   call.c     decides whether a call is recorded and perturbed, and writes its record
 *   values.c   flattens arguments and results into value records, with scalars.c, arrays.c, containers.c and objects.c for each
 *              kind of value, and types.c that tells the kinds apart (flatten.h)
 *   blocks.c   array contents in the payload, each once
 *   texts.c    functions.jsonl, sites.jsonl, names.jsonl
 *   lane.c     one thread's tables; the process's folder and counters
 *   code.c     what is known of a code object
 *   imports.c  tells when a package has been imported
 *   threads.c  names threads by who started them
 *   tasks.c    tells which task a worker of a pool is at
 *   watch.c    hooks of the recorder's own, for the three above
 *   table.c    a memory-mapped file that grows
 *   rounding.c random hardware rounding modes and the random stream
 *   inexact.c  function-level Monte Carlo arithmetic, with numbers.c, loans.c and results.c (inexact.h)
 *   loops.c    NumPy inner loops with stochastic rounding: error_free.h is one operation; stochastic.h, stochastic_complex.h,
 *              refine.h and last_bit.h are the loops, each for float64.h and for float32.h
 *   python_floats.c, numpy_scalars.c, builtin_math.c   single numbers with stochastic rounding
 *   fingerprints.c, trees.c, lists.c   line executions up, in the parser (fingerprints.h)
 *   blas*.c    rounding modes drawn anew inside BLAS and LAPACK (blas.h)
 *
 * The layout on disk is specified in records/schema.py. All of it runs with the GIL held.
 */
#ifndef PYTRACER_H
#define PYTRACER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define COLD __attribute__((cold, noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- table.c: an append-only file behind a small memory-mapped buffer, its tail ------------------------------- */

/* A program may close files it does not know, as a daemon does, and get their numbers for its own: each is known by its identity. */
typedef struct {
    uint64_t device, inode;
} FileIdentity;

FileIdentity file_identity(int fd);
bool file_is(int fd, FileIdentity identity);

typedef struct {
    uint64_t flushed; /* bytes of the table that are in the file; the next ones stand after this header */
    uint64_t used;    /* bytes of the table */
    uint64_t unused[6];
} Tail;

_Static_assert(sizeof(Tail) == 64, "schema.TAIL_HEADER");

typedef struct {
    int fd;          /* -1: closed */
    FileIdentity identity;
    bool full;       /* the disk refused it: nothing more is written */
    Tail *tail;      /* mapping of the tail file, or NULL */
    char *window;    /* its buffer, bytes [window_at, window_end) of the table */
    uint64_t window_at, window_end;
    uint64_t size;   /* of the buffer */
    uint64_t reserved; /* bytes of the file that have blocks */
    char path[4096]; /* of the tail file */
} Table;

int table_open(Table *table, const char *folder, const char *name, uint64_t size);
void table_close(Table *table);
void table_abandon(Table *table); /* after fork: leave the parent's files alone */
COLD char *table_reserve_flushing(Table *table, uint64_t bytes);
bool table_write_at(Table *table, uint64_t offset, const void *data, uint64_t bytes);
bool table_append_large(Table *table, const void *data, uint64_t bytes);
bool table_append(Table *table, const void *data, uint64_t bytes);
bool table_read_at(const Table *table, uint64_t offset, void *data, uint64_t bytes); /* what is in the file */

static inline uint64_t table_used(const Table *table) { return LIKELY(table->tail != NULL) ? table->tail->used : 0; }

/* Room for `bytes` contiguous bytes at the end of the table, at most its `size`; NULL when the disk is full. */
static inline char *table_reserve(Table *table, uint64_t bytes)
{
    uint64_t used = table_used(table);
    if (UNLIKELY(used + bytes > table->window_end)) return table_reserve_flushing(table, bytes);
    table->tail->used = used + bytes;
    return table->window + (used - table->window_at);
}

/* ---- records, as in records/schema.py ----------------------------------------------------------------------- */

typedef struct {
    uint64_t enter_ns, exit_ns;
    int64_t parent;
    uint64_t inputs, outputs;
    uint32_t function, site, perturbations, stack;
    uint16_t n_inputs, n_outputs, depth;
    uint8_t outcome, flags;
} CallRecord;

typedef struct {
    uint8_t kind, role;
    uint16_t position;
    uint32_t name;
    uint64_t data, extra;
} ValueRecord;

_Static_assert(sizeof(CallRecord) == 64, "schema.CALL");
_Static_assert(sizeof(ValueRecord) == 24, "schema.VALUE");

enum { OUTCOME_RUNNING, OUTCOME_RETURNED, OUTCOME_RAISED };
enum { FLAG_INPUTS_CUT = 1, FLAG_OUTPUTS_CUT = 2, FLAG_GENERATOR = 4 };
enum { ROLE_POSITIONAL, ROLE_KEYWORD, ROLE_RETURN, ROLE_AFTER, ROLE_EXCEPTION };
enum {
    KIND_NONE, KIND_BOOL, KIND_INT, KIND_BIGINT, KIND_FLOAT64, KIND_FLOAT32, KIND_FLOAT16, KIND_COMPLEX128,
    KIND_COMPLEX64, KIND_ARRAY, KIND_STR, KIND_OBJECT, KIND_TRUNCATED, KIND_SEEN, KIND_BYTES, KIND_EMPTY
};

typedef struct {
    uint64_t calls_recorded, calls_dropped, values_not_understood, values_truncated, arrays_omitted, bytes_omitted;
    uint64_t noisy_loops, noisy_elements, inexact_elements, noisy_native_calls, native_disabled;
    uint64_t noisy_scalars, inexact_scalars;
} Counters;

extern Counters *counters; /* never NULL; memory-mapped while recording */

/* ---- lane.c: threads and the process folder ----------------------------------------------------------------- */

enum { THREAD_NAME = 80, COPIES = 64, SMALL_BUFFER = 96 * 1024, PAYLOAD_BUFFER = 2048 * 1024 };

typedef struct KnownBlock KnownBlock;

typedef struct {
    char *bytes; /* Owned; or NULL */
    uint64_t offset;
    bool used;   /* since the hand last passed it */
} BlockCopy;

typedef struct {
    KnownBlock *known; /* hash table. Owned; or NULL */
    uint32_t slots, hand;
    BlockCopy copies[COPIES];
} Blocks;

typedef struct {
    Table calls, values, payload, tasks;
    Blocks blocks;
} Lane;

typedef struct {
    uint32_t threads, tasks; /* that it started, that it gave to pools of threads */
} Made;

typedef struct ThreadState {
    Lane lane;
    uint32_t lane_epoch;   /* of the recorder that opened `lane`; 0: not open */
    int64_t current;       /* row of the innermost running recorded call, -1 for none */
    const void *caller;    /* frame that made it */
    uint32_t depth;        /* number of running recorded calls */
    bool busy;             /* the recorder itself is at work: hooks pass through */
    uint32_t native_depth; /* native calls under a random rounding mode */
    uint32_t nearest_depth; /* calls with the flag TO_NEAREST */
    uint64_t noise_events; /* noisy operations so far on this thread */
    uint64_t noise_epoch;  /* of the noise that seeded the stream; 0: not seeded */
    uint64_t stream[8];    /* xorshift states, one a vector lane (loops.c) */
    uint64_t scalar[2];    /* xoroshiro128+ (rounding.c) */
    const void *inexact_frame; /* that made the innermost call with inexact numbers (inexact.c) */
    char name[THREAD_NAME]; /* such as "lane-0.2": the second thread that the first one started; empty: not known yet */
    Made made;             /* in this task, or outside tasks */
    uint64_t task;         /* key of the task of a pool that it is at, 0: none */
    char task_name[THREAD_NAME]; /* of the lane that the task becomes (records/tasks.py) */
    Made made_outside;     /* kept while it is at a task */
    const void *task_queue; /* that the task came from; NULL for one that was handed over */
    struct ThreadState *next;
} ThreadState;

extern __thread ThreadState *thread_state_tls;
COLD ThreadState *thread_state_new(void);

static inline ThreadState *thread_state(void)
{
    ThreadState *state = thread_state_tls;
    return LIKELY(state != NULL) ? state : thread_state_new();
}

typedef struct {
    bool on;
    bool backtrace;            /* the whole Python stack of every call */
    bool follow;               /* forked children record too */
    uint32_t epoch;            /* changes with every start and fork */
    uint64_t max_array_bytes;  /* arrays above it are recorded by shape only */
    uint64_t max_trace_bytes;  /* of all processes together: beyond it calls are dropped; of arrays beyond three quarters of it, the shape is kept */
    uint64_t *trace_bytes;     /* in the files of the trace so far; shared by all processes */
    int32_t max_depth, max_items;
} Recorder;

extern Recorder recorder;

static inline bool trace_is_full(void) { return UNLIKELY(*recorder.trace_bytes >= recorder.max_trace_bytes); }
static inline bool no_more_arrays(void) { return UNLIKELY(*recorder.trace_bytes >= recorder.max_trace_bytes / 4 * 3); }

/* A process is "process-0", or its parent's name, a dot and a number: 1 for the first that the parent made. `origin` is the text of
 * its process.json, or NULL. EEXIST: another process has that name. */
int recorder_start(const char *trace, const char *process, const char *origin, const Recorder *limits);
void recorder_stop(void);
const char *recorder_folder(void);
const char *recorder_process(void);
uint32_t recorder_next_child(void);
COLD bool lane_open(ThreadState *state);

/* ---- texts.c: the text tables; every function returns an id ------------------------------------------------- */

typedef struct Target Target;

int texts_open(const char *folder);
void texts_close(void);
void texts_abandon(void);
COLD uint32_t function_id(Target *target);
uint32_t site_id(PyCodeObject *code, int lasti);
uint32_t name_id(const char *text, size_t length);
uint32_t stack_id(uint32_t parent, uint32_t site);
void coverage_event(const char *event, const char *name, const char *why);

/* ---- selection.c: which functions the user wants recorded, or given inexact numbers ---------------------------- */

typedef enum { SELECTION_RECORDED, SELECTION_INEXACT, N_SELECTIONS } Selection;

/* Tuples of str: selected is what matches a wanted and an included pattern, where there are any, and no excluded one. */
int selection_set(Selection selection, PyObject *wanted, PyObject *included, PyObject *excluded);
bool selection_has(Selection selection, PyObject *module, PyObject *name);
PyObject *selection_unmatched(Selection selection); /* new list: rows of the patterns, counted over the three tuples */

/* ---- call.c: targets and calls ------------------------------------------------------------------------------ */

enum {
    RECORD = 1, RECORD_DIRECT = 2, NOISE = 4, HAS_SELF = 8, BY_SELF = 16, WATCH = 32, DENIED = 64, INEXACT = 128, LAST_BIT = 256,
    WRITES_FIRST = 512, WRITES_LAST = 1024, /* with NOISE: it returns nothing, and writes into its first or last array */
    TO_NEAREST = 2048 /* NumPy's loops are not perturbed while it runs */
};

/* What the recorder itself does around the calls of a function that tells it something: an import, a new thread, a task. `result` is
 * NULL after an exception. */
typedef struct {
    void (*enter)(PyObject *first); /* argument, `self` of a method; or NULL */
    void (*leave)(PyObject *first, PyObject *result);
} Watch;

struct Target {
    uint16_t flags;
    bool inexact_called;       /* counted among the functions with inexact numbers */
    const Watch *watch;        /* with the flag WATCH */
    const char *kind;          /* as in FUNCTION_FIELDS; static string */
    uint32_t function, epoch;  /* id in functions.jsonl, valid while epoch is the recorder's */
    void *original;            /* vectorcallfunc, PyCFunction or ternaryfunc */
    PyObject *object;          /* the callable, kept alive. Owned; NULL for a code object's own target */
    PyObject *module, *name;   /* str. Owned */
    PyCodeObject *code;        /* Borrowed (the CodeInfo that owns this target dies with it); or NULL */
    PyObject *qualname;        /* of the functions of `code` that this target stands for. Owned; or NULL */
    struct PointerMap *variants; /* other qualified names of functions of the same code -> Target. Owned; or NULL */
    struct Target **by_self;   /* BY_SELF: targets of the same method for different `self` */
    PyObject **selves;
    uint32_t n_by_self;
};

Target *target_new(PyObject *object, PyObject *module, PyObject *name, const char *kind, uint16_t flags);
void target_free(Target *target);

/* ---- code.c: what is known of a code object ----------------------------------------------------------------- */

typedef struct {
    uint32_t hooks_epoch; /* of the hooks that it was made for */
    uint32_t version;    /* co_version, while code_prevent_inlining hides it */
    bool user;           /* belongs to the user's own code */
    Target *target;      /* hook of the functions made from it; NULL for none. Owned. */
    uint32_t sites_epoch;
    int n_sites;
    uint32_t *sites;     /* id of the site at each instruction, 0: not written yet. Owned. */
} CodeInfo;

int code_start(void);
CodeInfo *code_info(PyCodeObject *code);
void code_prevent_inlining(PyCodeObject *code, CodeInfo *info);
int code_set_user_paths(PyObject *roots, PyObject *exclude, PyObject *names);
void code_user_hooks(bool on); /* whether functions of the user's code become targets */

void code_name_target(Target *target, PyObject *module); /* completes a target that the user's code made */
int code_add_variant(Target *target, Target *variant);
COLD Target *code_variant(Target *target, PyFunctionObject *function);

/* A decorator's wrapper is one code object with a function for every decorated one, which takes over its name. */
static inline Target *code_target_of(Target *target, PyFunctionObject *function)
{
    if (UNLIKELY(target->qualname != function->func_qualname)) target = code_variant(target, function);
    if (UNLIKELY(target->module == NULL)) code_name_target(target, function->func_module);
    return target;
}

typedef struct {
    PyObject *self;            /* or NULL */
    PyObject *const *args;
    Py_ssize_t n_args;
    PyObject *const *kwvalues; /* values of `kwnames` */
    PyObject *kwnames;         /* tuple or NULL */
    PyObject *kwargs;          /* dict or NULL */
    PyObject *tuple;           /* that holds `args`, or NULL */
} Arguments;

struct Perturbation;

typedef struct {
    ThreadState *state;
    int64_t row, parent;       /* row of this call, -1: not recorded */
    const void *caller;        /* of the enclosing recorded call */
    CallRecord *record;        /* in the window that was mapped at entry */
    uint64_t noise_before;
    uint32_t epoch;
    uint32_t mode;             /* rounding mode to restore, when noisy or suspending */
    bool noisy;
    bool suspends;             /* the noise of NumPy's loops */
    uint16_t flags;            /* of the target */
    const Target *last_bit;    /* whose result is perturbed afterwards; or NULL */
    bool python;               /* a Python function: any of its arguments may have changed */
    struct Perturbation *inexact; /* Owned; NULL when its numbers stay as they are */
} Call;

/* The call gets what `arguments` hold afterwards. */
void call_enter(Call *call, Target *target, Arguments *arguments);
/* Steals `result`; the caller gets what it returns. */
PyObject *call_leave(Call *call, const Arguments *arguments, PyObject *result);

extern bool hooks_on;

/* ---- blocks.c ------------------------------------------------------------------------------------------------ */

typedef struct {
    char dtype[16];
    uint32_t ndim, flags;
    int64_t shape[64]; /* NumPy's limit; NPY_MAXDIMS is that of the oldest supported version */
} ArrayHeader;

/* Offset of the block in the payload, written now unless it is there already; UINT64_MAX on a full disk. */
uint64_t put_block(Lane *lane, const ArrayHeader *header, const void *data, uint64_t bytes);
bool block_is(Lane *lane, uint64_t offset, const ArrayHeader *header, const void *data, uint64_t bytes);
bool payload_is(const Lane *lane, uint64_t offset, const void *data, uint64_t bytes);
void blocks_forget(Blocks *blocks);

/* ---- values.c ------------------------------------------------------------------------------------------------ */

uint32_t record_inputs(ThreadState *state, const Arguments *arguments);
uint32_t record_result(ThreadState *state, PyObject *result);
uint32_t record_exception(ThreadState *state);
uint32_t record_changed(ThreadState *state, const Arguments *arguments, PyObject *result, const CallRecord *call, bool every);
int values_numpy_ready(void);
void values_set_adapter(PyObject *callback); /* type -> callable or None */

/* ---- hook_*.c: return NULL when hooked, else the reason why not (static string) ------------------------------- */

const char *hook_callable(PyObject *object, Target *target); /* whatever its kind */
const char *hook_python(PyObject *function, Target *target);
const char *hook_builtin(PyMethodDef *method, Target *target);
const char *hook_slot(PyObject *object, Target *target);
const char *hook_type_call(PyObject *object, Target *target);
int hooks_python_start(void);
void hooks_python_stop(void);
void hooks_builtin_stop(void);
void hooks_slot_stop(void);
bool hook_again(PyObject *object, uint16_t flags); /* false: hook_slot and hook_type_call have not hooked it before */

/* ---- imports.c ------------------------------------------------------------------------------------------------ */

int imports_watch(PyObject *packages, PyObject *loaded);

/* ---- watch.c: which function is watched, and for what --------------------------------------------------------- */

const char *watch_function(PyObject *function, const char *purpose);
int watch_python(PyObject *function, const Watch *watch);

/* ---- threads.c ------------------------------------------------------------------------------------------------ */

extern const Watch thread_start_watch;
void thread_set_name(ThreadState *state);
void threads_after_fork(ThreadState *mine);

/* ---- tasks.c: what the workers of a pool do one after the other ----------------------------------------------- */

extern const Watch task_made_watch, task_run_watch, task_got_watch;
void task_next_part(uint64_t number);
const char *task_or_thread_name(ThreadState *state);
/* The text that names a lane in all runs alike, in `place`; its length. */
size_t task_place(const char *lane, char *place, size_t size);

/* ---- rounding.c, loops.c: noise ------------------------------------------------------------------------------ */

typedef struct {
    bool native;      /* hooked native callables run under a random rounding mode */
    bool nearness;    /* the nearer neighbour is the likelier one, in proportion; else both are as likely (error_free.h) */
    uint64_t epoch;   /* 0: no noise */
    uint64_t seed;
} Noise;

extern Noise noise;

bool rounding_available(void);
void noise_start(uint64_t seed, bool native, bool nearness);
void noise_stop(void);
void noise_seed_thread(ThreadState *state);
uint64_t hash_of_text(const char *text, size_t length); /* FNV-1a */
void rounding_enter(Call *call);
void rounding_leave(Call *call);
void rounding_suspend(Call *call); /* the noise of NumPy's loops on this thread */
void rounding_resume(Call *call);
void make_zeros_positive(uint16_t flags, const Arguments *arguments, PyObject *result); /* signed_zeros.c */
void rounding_after_fork(const ThreadState *mine);
uint32_t rounding_nearest(void);         /* sets round-to-nearest, returns what to give rounding_restore */
void rounding_restore(uint32_t saved);
uint32_t rounding_draw(ThreadState *state); /* the bits of a mode in MXCSR */
bool rounding_redraw(ThreadState *state); /* inside a noisy native call: a new mode; whether it is up */

/* ---- inexact.c: function-level Monte Carlo arithmetic --------------------------------------------------------- */

typedef struct {
    bool on, inputs, outputs;
    bool whole;               /* whole numbers are perturbed, too */
    bool direct;              /* of functions that are not the user's own only the calls that the user's code makes itself */
    int precision, precision32; /* bits of the significand of float64 and float32 */
    uint32_t functions;       /* that were called with them */
} Inexact;

extern Inexact inexact;

bool inexact_selects(const Target *target); /* a function of the user's own code */
COLD void inexact_enter(Call *call, Target *target, Arguments *arguments);
COLD PyObject *inexact_leave(Call *call, PyObject *result);
COLD void inexact_end(Call *call, bool raised); /* after the call was recorded */

int python_floats_ready(PyObject *module); /* python_floats.c: adds the operations of rewritten code to the module */

void numpy_scalars_install(void); /* numpy_scalars.c */
void numpy_scalars_remove(void);
void builtin_math_install(void); /* builtin_math.c */
void builtin_math_remove(void);
void builtin_math_perturb(const Target *target, const Arguments *arguments, PyObject *result);
PyObject *python_arithmetic(int code, bool in_place, PyObject *a, PyObject *b); /* new reference, or NULL: leave it to the interpreter */
int alignment_set(size_t offset); /* a multiple of 16 below 64; NumPy must be loaded */

PyObject *loops_install(PyObject *numpy_ufuncs); /* -> list of names of the ufuncs with stochastic loops */
void loops_remove(void);

void blas_describe(void);        /* what has not been found yet, and leave it as it is */
void blas_install(void);         /* in what has been loaded since the last time, while there is native noise */
PyObject *blas_libraries(void);  /* -> list of dicts, as in _native.pyi */

#endif
