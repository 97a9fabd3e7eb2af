/* The life of a hooked call: is it recorded, is it perturbed, and its record. */
#include "compat.h"
#include "pointer_map.h"
#include "pytracer.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

bool hooks_on;

static inline uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* ---- targets */

Target *target_new(PyObject *object, PyObject *module, PyObject *name, const char *kind, uint16_t flags)
{
    Target *target = calloc(1, sizeof *target);
    if (target == NULL) return NULL;
    target->flags = flags;
    target->kind = kind;
    target->object = Py_XNewRef(object);
    target->module = Py_XNewRef(module);
    target->name = Py_XNewRef(name);
    return target;
}

void target_free(Target *target)
{
    for (uint32_t i = 0; i < target->n_by_self; i++) {
        Py_DECREF(target->selves[i]);
        target_free(target->by_self[i]);
    }
    free(target->by_self);
    free(target->selves);
    PointerMap *variants = target->variants;
    for (size_t i = 0; variants != NULL && variants->keys != NULL && i <= variants->mask; i++)
        if (variants->values[i] != NULL) target_free(variants->values[i]);
    if (variants != NULL) pointer_clear(variants);
    free(variants);
    Py_XDECREF(target->qualname);
    Py_XDECREF(target->object);
    Py_XDECREF(target->module);
    Py_XDECREF(target->name);
    free(target);
}

/* `np.add.reduce` and `np.multiply.reduce` are one method with different `self`: each gets its own name. */
static COLD Target *new_target_of_self(Target *target, PyObject *self)
{
    PyObject *name = PyObject_GetAttrString(self, "__name__");
    const char *method = PyUnicode_AsUTF8(target->name), *dot = method == NULL ? NULL : strrchr(method, '.');
    PyObject *full = name == NULL || dot == NULL ? NULL : PyUnicode_FromFormat("%U%s", name, dot);
    Py_XDECREF(name);
    uint32_t n = target->n_by_self;
    Target **targets = realloc(target->by_self, (n + 1) * sizeof *targets);
    if (targets != NULL) target->by_self = targets;
    PyObject **selves = realloc(target->selves, (n + 1) * sizeof *selves);
    if (selves != NULL) target->selves = selves;
    Target *own = full == NULL || targets == NULL || selves == NULL
                      ? NULL
                      : target_new(NULL, target->module, full, target->kind, target->flags & ~BY_SELF);
    Py_XDECREF(full);
    PyErr_Clear();
    if (own == NULL) return target;
    targets[n] = own;
    selves[n] = Py_NewRef(self);
    target->n_by_self = n + 1;
    return own;
}

enum { MAX_SELVES = 1000 }; /* a program may make ufuncs without end; the others share the method's own name */

static Target *target_of_self(Target *target, PyObject *self)
{
    for (uint32_t i = 0; i < target->n_by_self; i++)
        if (target->selves[i] == self) return target->by_self[i];
    return target->n_by_self < MAX_SELVES ? new_target_of_self(target, self) : target;
}

/* ---- recording */

/* A direct call is made by a frame of the user's code that is not already inside a recorded call: a frame that waits for a
 * native call cannot make another one itself, so what happens meanwhile under the same frame is that call's own business. */
static bool is_direct(const ThreadState *state, const Frame *frame)
{
    if (frame == NULL || (state->caller == (const void *)frame && state->current >= 0)) return false;
    CodeInfo *info = code_info(compat_frame_code(frame));
    return info != NULL && info->user;
}

static CallRecord *record_at(ThreadState *state, int64_t row, CallRecord *outside_window)
{
    Table *calls = &state->lane.calls;
    uint64_t at = (uint64_t)row * sizeof(CallRecord);
    if (LIKELY(at >= calls->window_at))
        return (CallRecord *)(calls->window + (at - calls->window_at));
    return outside_window;
}

static uint16_t saturate16(uint32_t number) { return number > UINT16_MAX ? UINT16_MAX : (uint16_t)number; }

enum { MAX_STACK = 1000 };

/* The callers from the outermost one in; of a deeper stack the innermost MAX_STACK. */
static COLD uint32_t stack_of(const Frame *frame)
{
    uint32_t sites[MAX_STACK], stack = 0;
    int depth = 0;
    for (; frame != NULL && depth < MAX_STACK; frame = compat_previous_frame(frame))
        sites[depth++] = site_id(compat_frame_code(frame), compat_frame_lasti(frame));
    while (depth > 0) stack = stack_id(stack, sites[--depth]);
    return stack;
}

static void begin_record(Call *call, Target *target, const Arguments *arguments, const Frame *frame)
{
    ThreadState *state = call->state;
    if (trace_is_full() || (UNLIKELY(state->lane_epoch != recorder.epoch) && !lane_open(state))) {
        counters->calls_dropped++;
        return;
    }
    uint64_t at = table_used(&state->lane.calls);
    CallRecord *record = (CallRecord *)table_reserve(&state->lane.calls, sizeof *record);
    if (UNLIKELY(record == NULL || state->lane.values.full || state->lane.payload.full)) {
        if (record != NULL) state->lane.calls.tail->used = at;
        counters->calls_dropped++;
        return;
    }
    if (target->flags & BY_SELF) target = target_of_self(target, arguments->self);
    *record = (CallRecord){.parent = state->current, .depth = saturate16(state->depth)};
    record->function = LIKELY(target->epoch == recorder.epoch) ? target->function : function_id(target);
    record->site = frame == NULL ? site_id(NULL, 0) : site_id(compat_frame_code(frame), compat_frame_lasti(frame));
    if (UNLIKELY(recorder.backtrace)) record->stack = stack_of(frame);
    record->inputs = table_used(&state->lane.values) / sizeof(ValueRecord);
    call->python = target->kind[0] == 'p';
    uint32_t count = record_inputs(state, arguments);
    if (UNLIKELY(state->lane_epoch != recorder.epoch)) return; /* an adapter let another thread stop the recorder */
    record->n_inputs = saturate16(count);
    if (count > UINT16_MAX) record->flags |= FLAG_INPUTS_CUT;
    call->row = (int64_t)(at / sizeof(CallRecord));
    call->parent = state->current;
    call->caller = state->caller;
    call->epoch = recorder.epoch;
    state->current = call->row;
    state->caller = frame;
    state->depth++;
    counters->calls_recorded++;
    record->enter_ns = now_ns(); /* last: a record without it was never completed */
}

static uint32_t record_outputs(ThreadState *state, const CallRecord *record, const Arguments *arguments, PyObject *result,
                               bool python)
{
    if (UNLIKELY(result == NULL)) return record_exception(state);
    uint32_t count = record_result(state, result);
    bool every = python || result == Py_None;
    if (state->lane_epoch == recorder.epoch && record->n_inputs > 0 && (every || arguments->kwnames != NULL || arguments->kwargs != NULL))
        count += record_changed(state, arguments, result, record, every);
    return count;
}

static bool is_suspended(PyObject *result)
{
    return PyGen_CheckExact(result) || PyCoro_CheckExact(result) || PyAsyncGen_CheckExact(result);
}

static void end_record(Call *call, const Arguments *arguments, PyObject *result)
{
    ThreadState *state = call->state;
    state->current = call->parent;
    state->caller = call->caller;
    state->depth--;
    CallRecord copy, *record = record_at(state, call->row, NULL);
    bool outside = record == NULL;
    uint64_t at = (uint64_t)call->row * sizeof copy;
    if (UNLIKELY(outside)) { /* the window moved on while the call ran */
        if (!table_read_at(&state->lane.calls, at, &copy, sizeof copy)) return;
        record = &copy;
    }
    record->exit_ns = now_ns();
    uint64_t events = state->noise_events - call->noise_before;
    record->perturbations = events > UINT32_MAX ? UINT32_MAX : (uint32_t)events;
    record->outputs = table_used(&state->lane.values) / sizeof(ValueRecord);
    CallRecord at_entry = *record; /* an adapter may let another thread stop the recorder, which unmaps it */
    uint32_t count = record_outputs(state, &at_entry, arguments, result, call->python);
    if (UNLIKELY(state->lane_epoch != call->epoch)) return;
    record->n_outputs = saturate16(count);
    if (count > UINT16_MAX) record->flags |= FLAG_OUTPUTS_CUT;
    if (result != NULL && is_suspended(result)) record->flags |= FLAG_GENERATOR;
    record->outcome = result == NULL ? OUTCOME_RAISED : OUTCOME_RETURNED;
    if (UNLIKELY(outside)) table_write_at(&state->lane.calls, at, &copy, sizeof copy);
}

/* ---- the two ends of every hook */

void call_enter(Call *call, Target *target, Arguments *arguments)
{
    ThreadState *state = thread_state();
    call->state = state;
    call->row = -1;
    call->noisy = call->suspends = false;
    call->flags = target->flags;
    call->last_bit = NULL;
    call->noise_before = state->noise_events;
    call->inexact = NULL;
    if (UNLIKELY(state->busy)) return;
    if (UNLIKELY((target->flags & INEXACT) && inexact.on)) inexact_enter(call, target, arguments);
    if (recorder.on && (target->flags & (RECORD | RECORD_DIRECT))) {
        const Frame *frame = compat_current_frame(compat_thread());
        if ((target->flags & RECORD) || is_direct(state, frame)) {
            uint32_t mode = UNLIKELY(state->native_depth > 0) ? rounding_nearest() : 0;
            state->busy = true;
            begin_record(call, target, arguments, frame);
            state->busy = false;
            if (UNLIKELY(state->native_depth > 0)) rounding_restore(mode);
        }
    }
    if (UNLIKELY(target->flags & LAST_BIT)) call->last_bit = target;
    if (UNLIKELY(target->flags & TO_NEAREST)) rounding_suspend(call);
    if (noise.native && (target->flags & (NOISE | DENIED))) {
        if (target->flags & NOISE)
            rounding_enter(call);
        else
            counters->native_disabled++;
    }
}

static void leave_record(Call *call, const Arguments *arguments, PyObject *result)
{
    ThreadState *state = call->state;
    if (call->row < 0 || call->epoch != recorder.epoch || !recorder.on) return;
    uint32_t mode = UNLIKELY(state->native_depth > 0) ? rounding_nearest() : 0;
    state->busy = true;
    end_record(call, arguments, result);
    state->busy = false;
    if (UNLIKELY(state->native_depth > 0)) rounding_restore(mode);
}

PyObject *call_leave(Call *call, const Arguments *arguments, PyObject *result)
{
    if (call->noisy) {
        rounding_leave(call);
        if (result != NULL) make_zeros_positive(call->flags, arguments, result);
    }
    if (UNLIKELY(call->suspends)) rounding_resume(call);
    if (UNLIKELY(call->last_bit != NULL) && result != NULL) builtin_math_perturb(call->last_bit, arguments, result);
    if (UNLIKELY(call->inexact != NULL)) result = inexact_leave(call, result);
    leave_record(call, arguments, result);
    if (UNLIKELY(call->inexact != NULL)) inexact_end(call, result == NULL);
    return result;
}
