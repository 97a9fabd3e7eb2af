/* Python functions. A target belongs to the code object, so closures made from it later are seen too.
 *
 * 3.12 and later: the function's vectorcall pointer is ours, which also keeps the interpreter from inlining the call; functions
 * made after the code became a target are caught by a function watcher.
 * 3.11 inlines Python calls whatever the pointer says, unless a frame evaluator (PEP 523) is installed: a pass-through one is,
 * and it looks at the code object of every frame that starts. */
#include "compat.h"
#include "pytracer.h"

#include <string.h>

#if PY_VERSION_HEX >= 0x030c0000

static int watcher = -1;
static vectorcallfunc plain_vectorcall;

#if PY_VERSION_HEX >= 0x030d0000
/* 3.13 inlines `__init__` of classes whose tp_alloc is the generic one, past the function's vectorcall. Another pointer to the
 * same allocator prevents it. */
static PyObject *generic_alloc(PyTypeObject *type, Py_ssize_t items) { return PyType_GenericAlloc(type, items); }

static void keep_init_called(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (type->tp_alloc == PyType_GenericAlloc && (type->tp_flags & Py_TPFLAGS_HEAPTYPE)) type->tp_alloc = generic_alloc;
}

static bool is_init(PyCodeObject *code) { return PyUnicode_CompareWithASCIIString(code->co_name, "__init__") == 0; }
#endif

static PyObject *python_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyFunctionObject *function = (PyFunctionObject *)callable;
    CodeInfo *info = hooks_on ? code_info((PyCodeObject *)function->func_code) : NULL;
    Target *target = info == NULL ? NULL : info->target;
    if (UNLIKELY(target == NULL)) return plain_vectorcall(callable, args, nargsf, kwnames);
    if (UNLIKELY(target->module == NULL)) code_name_target(target, function->func_globals);
    Py_ssize_t n_args = PyVectorcall_NARGS(nargsf);
#if PY_VERSION_HEX >= 0x030d0000
    if (n_args > 0 && is_init((PyCodeObject *)function->func_code)) keep_init_called(args[0]);
#endif
    Arguments arguments = {.args = args, .n_args = n_args, .kwvalues = args + n_args, .kwnames = kwnames};
    Call call;
    call_enter(&call, target, &arguments);
    bool watched = UNLIKELY(target->flags & WATCH) && n_args > 0 && import_enter(args[0]);
    PyObject *result = plain_vectorcall(callable, args, nargsf, kwnames);
    if (UNLIKELY(watched)) import_leave(watched);
    call_leave(&call, &arguments, result);
    return result;
}

static int function_event(PyFunction_WatchEvent event, PyFunctionObject *function, PyObject *value)
{
    (void)value;
    if (event != PyFunction_EVENT_CREATE || !hooks_on) return 0;
    CodeInfo *info = code_info((PyCodeObject *)function->func_code);
    if (info != NULL && info->target != NULL && function->vectorcall == plain_vectorcall)
        PyFunction_SetVectorcall(function, python_vectorcall);
    return 0;
}

/* _PyFunction_Vectorcall is not exported by every version; a function that is always there has it. */
static vectorcallfunc find_plain_vectorcall(void)
{
    PyObject *module = PyImport_ImportModule("_frozen_importlib");
    PyObject *function = module == NULL ? NULL : PyObject_GetAttrString(module, "_find_and_load");
    vectorcallfunc found = NULL;
    if (function != NULL && PyFunction_Check(function)) found = ((PyFunctionObject *)function)->vectorcall;
    Py_XDECREF(function);
    Py_XDECREF(module);
    if (found == NULL && !PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "this Python's import system is not CPython's");
    return found;
}

int hooks_python_start(void)
{
    if (plain_vectorcall == NULL) plain_vectorcall = find_plain_vectorcall();
    if (plain_vectorcall == NULL) return -1;
    if (watcher < 0) watcher = PyFunction_AddWatcher(function_event);
    return watcher < 0 ? -1 : 0;
}

static void hook_pointer(PyFunctionObject *function)
{
    if (function->vectorcall == plain_vectorcall) PyFunction_SetVectorcall(function, python_vectorcall);
}

static void restore_functions(void)
{
    PyObject *module = PyImport_ImportModule("gc");
    PyObject *objects = module == NULL ? NULL : PyObject_CallMethod(module, "get_objects", NULL);
    for (Py_ssize_t i = 0; objects != NULL && i < PyList_GET_SIZE(objects); i++) {
        PyObject *object = PyList_GET_ITEM(objects, i);
        if (PyFunction_Check(object) && ((PyFunctionObject *)object)->vectorcall == python_vectorcall)
            ((PyFunctionObject *)object)->vectorcall = plain_vectorcall;
#if PY_VERSION_HEX >= 0x030d0000
        if (PyType_Check(object) && ((PyTypeObject *)object)->tp_alloc == generic_alloc)
            ((PyTypeObject *)object)->tp_alloc = PyType_GenericAlloc;
#endif
    }
    Py_XDECREF(objects);
    Py_XDECREF(module);
    PyErr_Clear();
}

void hooks_python_stop(void)
{
    if (watcher >= 0) PyFunction_ClearWatcher(watcher);
    watcher = -1;
    restore_functions();
}

#else /* 3.11 */

/* With an evaluator every Python call takes C stack, which sys.setrecursionlimit does not know of. */
enum { STACK_MARGIN = 256 * 1024, KEPT_ARGUMENTS = 16 };

PyObject *rounding_evaluate(PyThreadState *thread, Frame *frame, int throwing);

static bool starts(const Frame *frame, int throwing)
{
    return !throwing && frame->owner == FRAME_OWNED_BY_THREAD
        && frame->prev_instr == _PyCode_CODE(frame->f_code) - 1;
}

static PyObject *evaluate_recorded(PyThreadState *thread, Frame *frame, Target *target)
{
    PyCodeObject *code = frame->f_code;
    if (UNLIKELY(target->module == NULL)) code_name_target(target, frame->f_globals);
    Py_ssize_t n_args = code->co_argcount + code->co_kwonlyargcount + !!(code->co_flags & CO_VARARGS)
        + !!(code->co_flags & CO_VARKEYWORDS);
    /* The frame owns the arguments and may rebind them while it runs. */
    PyObject *few[KEPT_ARGUMENTS], **kept = n_args <= KEPT_ARGUMENTS ? few : malloc((size_t)n_args * sizeof *kept);
    if (kept == NULL) n_args = 0;
    for (Py_ssize_t i = 0; i < n_args; i++) kept[i] = Py_XNewRef(frame->localsplus[i]);
    Arguments arguments = {.args = kept, .n_args = n_args};
    Call call;
    call_enter(&call, target, &arguments);
    bool watched = UNLIKELY(target->flags & WATCH) && n_args > 0 && import_enter(kept[0]);
    PyObject *result = rounding_evaluate(thread, frame, 0);
    if (UNLIKELY(watched)) import_leave(watched);
    call_leave(&call, &arguments, result);
    for (Py_ssize_t i = 0; i < n_args; i++) Py_XDECREF(kept[i]);
    if (kept != few) free(kept);
    return result;
}

static PyObject *evaluate(PyThreadState *thread, Frame *frame, int throwing)
{
    if (UNLIKELY(!hooks_on)) return _PyEval_EvalFrameDefault(thread, frame, throwing);
    const char *here = __builtin_frame_address(0), *limit = thread_state()->stack_limit;
    bool starting = starts(frame, throwing);
    if (UNLIKELY(limit != NULL && here > limit && here - limit < STACK_MARGIN && starting)) {
        PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded");
        return NULL;
    }
    CodeInfo *info = starting ? code_info(frame->f_code) : NULL;
    if (info != NULL && info->target != NULL) return evaluate_recorded(thread, frame, info->target);
    return rounding_evaluate(thread, frame, throwing);
}

int hooks_python_start(void)
{
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), evaluate);
    return 0;
}

static void hook_pointer(PyFunctionObject *function) { (void)function; }

void hooks_python_stop(void) { _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault); }

#endif

const char *hook_python(PyObject *function, Target *target)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    CodeInfo *info = code_info(code);
    if (info == NULL) return "no room for another tool's data in its code object";
    if (info->target != NULL) {
        info->target->flags |= target->flags;
        target_free(target);
    } else {
        target->code = code;
        Py_CLEAR(target->object); /* the target dies with its code */
        info->target = target;
        compat_prevent_inlining(code);
    }
    hook_pointer((PyFunctionObject *)function);
    return NULL;
}
