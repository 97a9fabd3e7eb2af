/* Function-level Monte Carlo arithmetic: which calls get perturbed inputs, and give perturbed outputs.
 *
 * The recorder sees what the function really got and what its caller really gets. While numbers are perturbed the thread is busy,
 * so that no hook interferes, and rounds to nearest. */
#include "compat.h"
#include "inexact.h"

#include "numpy_api.h"

#include <string.h>

Inexact inexact;

#define KEPT "it keeps an argument: the program's own object and the perturbed copy that the function holds are now two"

/* ---- which calls */

bool inexact_selects(const Target *target)
{
    return inexact.on && selection_has(SELECTION_INEXACT, target->module, target->name);
}

static bool is_user_code(PyCodeObject *code)
{
    CodeInfo *info = code == NULL ? NULL : code_info(code);
    return info != NULL && info->user;
}

/* What happens under a frame of the user's while a call that it made is under way is that call's own business. */
static bool is_chosen(const Target *target, const ThreadState *state, const Frame *frame)
{
    if (!inexact.direct || is_user_code(target->code)) return true;
    return frame != NULL && state->inexact_frame != (const void *)frame && is_user_code(compat_frame_code(frame));
}

/* ---- what is known of the function */

static bool ends_with(PyObject *name, const char *end)
{
    const char *text = PyUnicode_AsUTF8(name);
    size_t length = text == NULL ? 0 : strlen(text), size = strlen(end);
    return length >= size && strcmp(text + length - size, end) == 0;
}

/* Methods that store what they are given. */
static bool keeps_arguments(PyObject *name)
{
    static const char *const names[] = {"__init__", "__post_init__", "__setattr__", "__setitem__", "__set__", "__setstate__"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ends_with(name, names[i])) return true;
    return false;
}

/* The parameter `out` of a Python function, and the outputs of a ufunc. */
static void find_out_positions(Perturbation *p, const Target *target)
{
    p->out_from = p->out_to = PY_SSIZE_T_MAX;
    if (numpy_ready && target->object != NULL && PyObject_TypeCheck(target->object, &PyUFunc_Type))
        p->out_from = ((PyUFuncObject *)target->object)->nin;
    for (int i = 0; target->code != NULL && i < target->code->co_argcount; i++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(target->code->co_localsplusnames, i), "out") == 0) {
            p->out_from = i;
            p->out_to = i + 1;
        }
}

static bool is_out_position(const Perturbation *p, Py_ssize_t i) { return i >= p->out_from && i < p->out_to; }

static bool is_named(PyObject *name, const char *text)
{
    return PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0;
}

static void add_out(Perturbation *p, PyObject *object)
{
    if (is_array(object) && p->n_outs < MAX_OUTS) p->outs[p->n_outs++] = object;
    for (Py_ssize_t i = 0; PyTuple_CheckExact(object) && i < PyTuple_GET_SIZE(object); i++) {
        PyObject *item = PyTuple_GET_ITEM(object, i);
        if (is_array(item) && p->n_outs < MAX_OUTS) p->outs[p->n_outs++] = item;
    }
}

static void find_named(Perturbation *p, PyObject *name, PyObject *value)
{
    if (is_named(name, "out")) add_out(p, value);
    if (is_named(name, "where") && value != Py_True) p->partial = true;
}

static void find_outs(Perturbation *p, const Arguments *arguments)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = p->out_from; i < p->out_to && i < arguments->n_args; i++)
        if (arguments->args[i] != NULL) add_out(p, arguments->args[i]);
    for (Py_ssize_t i = 0; arguments->kwnames != NULL && i < PyTuple_GET_SIZE(arguments->kwnames); i++)
        find_named(p, PyTuple_GET_ITEM(arguments->kwnames, i), arguments->kwvalues[i]);
    while (arguments->kwargs != NULL && PyDict_Next(arguments->kwargs, &at, &key, &value)) find_named(p, key, value);
}

/* ---- inputs */

static void lend_values(Perturbation *p, Arguments *arguments)
{
    Py_ssize_t named = arguments->kwnames == NULL ? 0 : PyTuple_GET_SIZE(arguments->kwnames), given = arguments->n_args;
    PyObject **values = malloc((size_t)(given + named + 1) * sizeof *values); /* before the first one is a place for the callee */
    bool differs = false;
    if (values == NULL) return;
    p->values = values;
    p->n_values = given + named;
    lend_overlapping(p, arguments->args, given);
    for (Py_ssize_t i = 0; i < given + named; i++) {
        PyObject *value = i < given ? arguments->args[i] : arguments->kwvalues[i - given];
        bool out = i < given ? is_out_position(p, i) : is_named(PyTuple_GET_ITEM(arguments->kwnames, i - given), "out");
        values[i + 1] = out ? Py_XNewRef(value) : lend(p, value, 0);
        differs |= values[i + 1] != value;
    }
    PyObject *tuple = differs && arguments->tuple != NULL ? PyTuple_New(given) : NULL;
    if (!differs || (arguments->tuple != NULL && tuple == NULL)) return;
    for (Py_ssize_t i = 0; tuple != NULL && i < given; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(values[i + 1]));
    p->tuple = tuple;
    if (tuple != NULL) arguments->tuple = tuple;
    arguments->args = values + 1;
    if (named > 0) arguments->kwvalues = values + 1 + given;
}

static void lend_named(Perturbation *p, Arguments *arguments)
{
    PyObject *key, *value, *copy = PyDict_Copy(arguments->kwargs);
    Py_ssize_t at = 0;
    bool differs = false;
    while (copy != NULL && PyDict_Next(arguments->kwargs, &at, &key, &value)) {
        PyObject *given = is_named(key, "out") ? Py_NewRef(value) : lend(p, value, 0);
        if (given != value && PyDict_SetItem(copy, key, given) == 0) differs = true;
        Py_DECREF(given);
    }
    p->kwargs = copy;
    if (differs) arguments->kwargs = copy;
    PyErr_Clear();
}

static void lend_arguments(Perturbation *p, Arguments *arguments)
{
    if (arguments->self != NULL && is_array(arguments->self)) arguments->self = p->self = lend(p, arguments->self, 0);
    if (arguments->n_args > 0 || arguments->kwnames != NULL) lend_values(p, arguments);
    if (arguments->kwargs != NULL) lend_named(p, arguments);
}

static void drop_arguments(Perturbation *p)
{
    for (Py_ssize_t i = 0; p->values != NULL && i < p->n_values; i++) Py_XDECREF(p->values[i + 1]);
    free(p->values);
    Py_XDECREF(p->self);
    Py_XDECREF(p->tuple);
    Py_XDECREF(p->kwargs);
}

/* ---- the two ends of a call */

typedef struct {
    uint32_t mode;
    PyObject *type, *value, *traceback;
    uint64_t drawn;
} Scope;

static Scope scope_enter(const Perturbation *p)
{
    Scope scope = {.mode = rounding_nearest(), .drawn = p->drawn};
    PyErr_Fetch(&scope.type, &scope.value, &scope.traceback);
    p->state->busy = true;
    return scope;
}

static void scope_leave(Scope *scope, const Perturbation *p)
{
    p->state->busy = false;
    PyErr_Restore(scope->type, scope->value, scope->traceback);
    if (p->drawn > scope->drawn) {
        p->state->noise_events++;
        __atomic_fetch_add(&counters->inexact_elements, p->drawn - scope->drawn, __ATOMIC_RELAXED);
    }
    rounding_restore(scope->mode);
}

void inexact_tell(const Perturbation *p, const char *event, const char *why)
{
    static PyObject *told; /* set of tuples: each is said once */
    if (!recorder.on) return;
    if (told == NULL) told = PySet_New(NULL);
    PyObject *name = PyUnicode_FromFormat("%U.%U", p->module, p->name);
    PyObject *what = name == NULL ? NULL : Py_BuildValue("(sOsI)", event, name, why, recorder.epoch);
    if (told != NULL && what != NULL && PySet_Contains(told, what) == 0 && PySet_Add(told, what) == 0)
        coverage_event(event, PyUnicode_AsUTF8(name), why);
    Py_XDECREF(name);
    Py_XDECREF(what);
    PyErr_Clear();
}

void inexact_enter(Call *call, Target *target, Arguments *arguments)
{
    ThreadState *state = call->state;
    const Frame *frame = compat_current_frame(compat_thread());
    if (!is_chosen(target, state, frame) || target->module == NULL) return;
    Perturbation *p = calloc(1, sizeof *p);
    if (p == NULL) return;
    if (!target->inexact_called) inexact.functions++;
    target->inexact_called = true;
    p->state = state;
    p->outer_frame = state->inexact_frame;
    p->module = Py_NewRef(target->module);
    p->name = Py_NewRef(target->name);
    p->writes = target->kind[0] != 'u'; /* a ufunc writes into its outputs alone */
    p->python = target->kind[0] == 'p';
    p->keeps = keeps_arguments(target->name);
    p->inputs = inexact.inputs;
    p->outputs = inexact.outputs;
    p->watches = inexact.outputs && p->python;
    state->inexact_frame = frame;
    call->inexact = p;
    Scope scope = scope_enter(p);
    find_out_positions(p, target);
    find_outs(p, arguments);
    if (p->inputs || p->watches) lend_arguments(p, arguments);
    scope_leave(&scope, p);
}

PyObject *inexact_leave(Call *call, PyObject *result)
{
    Perturbation *p = call->inexact;
    p->state->inexact_frame = p->outer_frame;
    p->outputs = p->outputs && inexact.on;
    Scope scope = scope_enter(p);
    loans_give_back(p);
    if (result != NULL && p->outputs) perturb_outs(p);
    if (result != NULL) result = settle_result(p, result);
    scope_leave(&scope, p);
    return result;
}

/* An exception holds the frames, and these the arguments: that is not keeping them. */
void inexact_end(Call *call, bool raised)
{
    Perturbation *p = call->inexact;
    Scope scope = scope_enter(p);
    drop_arguments(p);
    if (loans_end(p) && !raised) inexact_tell(p, "argument_kept", KEPT);
    Py_DECREF(p->module);
    Py_DECREF(p->name);
    scope_leave(&scope, p);
    free(p);
    call->inexact = NULL;
}
