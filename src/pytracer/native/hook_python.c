/* Python functions. A target belongs to the code object, so closures made from it later are seen too.
 *
 * 3.12 and later: the function's vectorcall pointer is ours, which also keeps the interpreter from inlining the call; functions
 * made after the code became a target are caught by a function watcher.
 * 3.11 inlines Python calls whatever the pointer says, unless a frame evaluator (PEP 523) is installed: a pass-through one is,
 * and it looks at the code object of every frame that starts. */
#include "compat.h"
#include "pointer_map.h"
#include "pytracer.h"
#include "stack.h"

#include <string.h>

static COLD PyObject *stack_used_up(void)
{
    PyErr_SetString(PyExc_RecursionError,
                    "maximum recursion depth exceeded: traced calls use the C stack, which ulimit -s or threading.stack_size enlarges");
    return NULL;
}

#if PY_VERSION_HEX >= 0x030c0000

static int watcher = -1;
static vectorcallfunc plain_vectorcall;

static PyObject *python_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames);

#if PY_VERSION_HEX >= 0x030d0000
/* 3.13 inlines `__init__` of classes whose tp_alloc is the generic one, past the function's vectorcall. Another pointer to the
 * same allocator prevents it, where it is set before the first call. */
static PyObject *generic_alloc(PyTypeObject *type, Py_ssize_t items) { return PyType_GenericAlloc(type, items); }

static bool is_init(PyCodeObject *code) { return PyUnicode_CompareWithASCIIString(code->co_name, "__init__") == 0; }

static bool has_hooked_init(PyTypeObject *type)
{
    PyObject *init = PyObject_GetAttrString((PyObject *)type, "__init__");
    bool hooked = init != NULL && PyFunction_Check(init) && ((PyFunctionObject *)init)->vectorcall == python_vectorcall;
    Py_XDECREF(init);
    PyErr_Clear();
    return hooked;
}

static void keep_init_called(PyTypeObject *type)
{
    if (type->tp_alloc == PyType_GenericAlloc && (type->tp_flags & Py_TPFLAGS_HEAPTYPE)) type->tp_alloc = generic_alloc;
}

static void keep_inits_called(PyTypeObject *type)
{
    keep_init_called(type);
    PyObject *below = PyObject_CallMethod((PyObject *)&PyType_Type, "__subclasses__", "O", type);
    for (Py_ssize_t i = 0; below != NULL && i < PyList_GET_SIZE(below); i++)
        keep_inits_called((PyTypeObject *)PyList_GET_ITEM(below, i));
    Py_XDECREF(below);
    PyErr_Clear();
}

/* The class that a module's `A.B.__init__` belongs to, or NULL. Borrowed. */
static PyTypeObject *owner_of(PyFunctionObject *function)
{
    PyObject *parts = PyObject_CallMethod(function->func_qualname, "split", "s", ".");
    PyObject *space = function->func_globals, *owner = NULL;
    for (Py_ssize_t i = 0; parts != NULL && i + 1 < PyList_GET_SIZE(parts); i++) {
        owner = space == NULL ? NULL : PyDict_GetItemWithError(space, PyList_GET_ITEM(parts, i));
        space = owner != NULL && PyType_Check(owner) ? ((PyTypeObject *)owner)->tp_dict : NULL;
    }
    Py_XDECREF(parts);
    PyErr_Clear();
    return space == NULL ? NULL : (PyTypeObject *)owner;
}

/* Call sites that have inlined it already are told that the class has changed. */
static void stop_inlining(PyFunctionObject *function)
{
    PyTypeObject *owner = owner_of(function);
    if (owner == NULL || !has_hooked_init(owner)) return;
    keep_inits_called(owner);
    PyType_Modified(owner);
}

static PyMethodDef *build_class;
static PyCFunctionFastWithKeywords plain_build_class;

static PyObject *build_class_called(PyObject *self, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
    PyObject *made = plain_build_class(self, args, n_args, kwnames);
    if (made != NULL && hooks_on && PyType_Check(made) && has_hooked_init((PyTypeObject *)made))
        keep_init_called((PyTypeObject *)made);
    return made;
}

static void watch_classes(void)
{
    PyObject *builtin = PyDict_GetItemString(PyEval_GetBuiltins(), "__build_class__"); /* borrowed */
    if (build_class != NULL || builtin == NULL || !PyCFunction_CheckExact(builtin)) return;
    PyMethodDef *method = ((PyCFunctionObject *)builtin)->m_ml;
    if (method->ml_flags != (METH_FASTCALL | METH_KEYWORDS)) return;
    build_class = method;
    plain_build_class = (PyCFunctionFastWithKeywords)(void (*)(void))method->ml_meth;
    method->ml_meth = (PyCFunction)(void (*)(void))build_class_called;
}

static void unwatch_classes(void)
{
    if (build_class != NULL) build_class->ml_meth = (PyCFunction)(void (*)(void))plain_build_class;
    build_class = NULL;
}
#else
static void watch_classes(void) {}
static void unwatch_classes(void) {}
#endif

/* A call that the interpreter would have inlined does not count as recursion in C, of which 3.12 and later allow little: the
 * program's own limit is sys.setrecursionlimit. */
static PyObject *call_like_inlined(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    enum { UNITS = 2 }; /* what the interpreter loop takes: PY_EVAL_C_STACK_UNITS */
    PyThreadState *thread = compat_thread();
    thread->c_recursion_remaining += UNITS;
    PyObject *result = plain_vectorcall(callable, args, nargsf, kwnames);
    thread->c_recursion_remaining -= UNITS;
    return result;
}

static PyObject *python_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyFunctionObject *function = (PyFunctionObject *)callable;
    CodeInfo *info = hooks_on ? code_info((PyCodeObject *)function->func_code) : NULL;
    Target *target = info == NULL ? NULL : info->target;
    if (UNLIKELY(stack_is_low())) return stack_used_up();
    if (UNLIKELY(target == NULL)) return call_like_inlined(callable, args, nargsf, kwnames);
    target = code_target_of(target, function);
    Py_ssize_t n_args = PyVectorcall_NARGS(nargsf);
    Arguments arguments = {.args = args, .n_args = n_args, .kwvalues = args + n_args, .kwnames = kwnames};
    Call call;
    call_enter(&call, target, &arguments);
    const Watch *watch = UNLIKELY(target->flags & WATCH) ? target->watch : NULL; /* a function may replace its code, and the target */
    PyObject *first = n_args > 0 ? args[0] : NULL;
    if (UNLIKELY(watch != NULL)) watch->enter(first);
    PyObject *result = call_like_inlined(callable, arguments.args, nargsf, kwnames);
    if (UNLIKELY(watch != NULL)) watch->leave(first, result);
    return call_leave(&call, &arguments, result);
}

static int function_event(PyFunction_WatchEvent event, PyFunctionObject *function, PyObject *value)
{
    bool relevant = event == PyFunction_EVENT_CREATE || event == PyFunction_EVENT_MODIFY_CODE;
    if (!relevant || !hooks_on) return 0;
    CodeInfo *info = code_info((PyCodeObject *)(event == PyFunction_EVENT_CREATE ? function->func_code : value));
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
    watch_classes();
    return watcher < 0 ? -1 : 0;
}

static void hook_pointer(PyFunctionObject *function)
{
    if (function->vectorcall == plain_vectorcall) PyFunction_SetVectorcall(function, python_vectorcall);
#if PY_VERSION_HEX >= 0x030d0000
    if (is_init((PyCodeObject *)function->func_code)) stop_inlining(function);
#endif
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
    unwatch_classes();
    restore_functions();
}

#else /* 3.11 */

enum { KEPT_ARGUMENTS = 16 };

PyObject *rounding_evaluate(PyThreadState *thread, Frame *frame, int throwing);

static bool starts(const Frame *frame, int throwing)
{
    return !throwing && frame->owner == FRAME_OWNED_BY_THREAD
        && frame->prev_instr == _PyCode_CODE(frame->f_code) - 1;
}

/* The arguments as the frame got them: parameters given by keyword stand at their position, and defaults are filled in. */
typedef struct {
    PyObject *few[KEPT_ARGUMENTS], **all; /* Owned references: the frame may rebind its own while it runs */
    Py_ssize_t count;
    PyObject *kwnames, *kwargs; /* Owned, or NULL */
    Arguments arguments;
} Kept;

static void keep_arguments(Kept *kept, const Frame *frame)
{
    PyCodeObject *code = frame->f_code;
    PyObject *const *at = frame->localsplus;
    Py_ssize_t named = code->co_argcount, only = code->co_kwonlyargcount;
    PyObject *rest = code->co_flags & CO_VARARGS ? at[named + only] : NULL;
    Py_ssize_t positional = named + (rest == NULL ? 0 : PyTuple_GET_SIZE(rest));
    kept->kwnames = only == 0 ? NULL : PyTuple_GetSlice(code->co_localsplusnames, named, named + only);
    if (only > 0 && kept->kwnames == NULL) {
        PyErr_Clear();
        only = 0;
    }
    kept->kwargs = code->co_flags & CO_VARKEYWORDS ? Py_XNewRef(at[named + code->co_kwonlyargcount + (rest != NULL)]) : NULL;
    kept->count = positional + only;
    kept->all = kept->count <= KEPT_ARGUMENTS ? kept->few : malloc((size_t)kept->count * sizeof *kept->all);
    if (kept->all == NULL) {
        kept->count = positional = 0;
        Py_CLEAR(kept->kwnames);
    }
    for (Py_ssize_t i = 0; i < kept->count; i++) {
        bool in_rest = i >= named && i < positional;
        kept->all[i] = Py_XNewRef(in_rest ? PyTuple_GET_ITEM(rest, i - named) : at[i < named ? i : i - positional + named]);
    }
    kept->arguments = (Arguments){.args = kept->all, .n_args = positional, .kwvalues = kept->all + positional,
                                  .kwnames = kept->kwnames, .kwargs = kept->kwargs};
}

static void drop_arguments(Kept *kept)
{
    for (Py_ssize_t i = 0; i < kept->count; i++) Py_XDECREF(kept->all[i]);
    if (kept->all != kept->few) free(kept->all);
    Py_XDECREF(kept->kwnames);
    Py_XDECREF(kept->kwargs);
}

/* Puts the arguments that the call is to get into its frame, which has not run yet. */
static COLD void give_arguments(Frame *frame, const Arguments *arguments)
{
    PyCodeObject *code = frame->f_code;
    PyObject **at = frame->localsplus;
    Py_ssize_t named = code->co_argcount, only = code->co_kwonlyargcount;
    bool rest = code->co_flags & CO_VARARGS;
    for (Py_ssize_t i = 0; i < named && i < arguments->n_args; i++) Py_XSETREF(at[i], Py_XNewRef(arguments->args[i]));
    for (Py_ssize_t i = 0; i < only && arguments->kwnames != NULL; i++)
        Py_XSETREF(at[named + i], Py_XNewRef(arguments->kwvalues[i]));
    PyObject *tuple = rest && arguments->n_args >= named ? PyTuple_New(arguments->n_args - named) : NULL;
    for (Py_ssize_t i = named; tuple != NULL && i < arguments->n_args; i++)
        PyTuple_SET_ITEM(tuple, i - named, Py_NewRef(arguments->args[i]));
    if (tuple != NULL) Py_SETREF(at[named + only], tuple);
    if (arguments->kwargs != NULL) Py_SETREF(at[named + only + rest], Py_NewRef(arguments->kwargs));
    PyErr_Clear();
}

/* The frame has returned, and its caller is about to clear it: what its variables hold is held by nobody else. */
static COLD void clear_variables(Frame *frame)
{
    if (frame->frame_obj != NULL && Py_REFCNT(frame->frame_obj) > 1) return;
    for (int i = 0; i < frame->f_code->co_nlocalsplus && i < frame->stacktop; i++) Py_CLEAR(frame->localsplus[i]);
}

static PyObject *evaluate_recorded(PyThreadState *thread, Frame *frame, Target *target)
{
    target = code_target_of(target, frame->f_func);
    Kept kept;
    keep_arguments(&kept, frame);
    Call call;
    PyObject *const *args = kept.arguments.args;
    const PyObject *kwargs = kept.kwargs;
    call_enter(&call, target, &kept.arguments);
    if (UNLIKELY(kept.arguments.args != args || kept.arguments.kwargs != kwargs)) give_arguments(frame, &kept.arguments);
    const Watch *watch = UNLIKELY(target->flags & WATCH) ? target->watch : NULL;
    PyObject *first = kept.count > 0 ? kept.all[0] : NULL;
    if (UNLIKELY(watch != NULL)) watch->enter(first);
    PyObject *result = rounding_evaluate(thread, frame, 0);
    if (UNLIKELY(watch != NULL)) watch->leave(first, result);
    if (UNLIKELY(call.inexact != NULL) && result != NULL) clear_variables(frame);
    result = call_leave(&call, &kept.arguments, result);
    drop_arguments(&kept);
    return result;
}

static PyObject *evaluate(PyThreadState *thread, Frame *frame, int throwing)
{
    if (UNLIKELY(!hooks_on)) return _PyEval_EvalFrameDefault(thread, frame, throwing);
    bool starting = starts(frame, throwing);
    if (UNLIKELY(starting && stack_is_low())) return stack_used_up();
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

/* Gives the target to its code object, or to the target that the code object has. */
static int attach(CodeInfo *info, PyCodeObject *code, Target *target)
{
    Target *known = info->target;
    target->code = code;
    Py_CLEAR(target->object); /* the target dies with its code */
    if (known == NULL) {
        info->target = target;
        code_prevent_inlining(code, info);
        return 0;
    }
    if (known->qualname != target->qualname)
        known = known->variants == NULL ? NULL : pointer_get(known->variants, target->qualname);
    if (known == NULL) return code_add_variant(info->target, target);
    if (target->flags & WATCH) known->watch = target->watch;
    known->flags |= target->flags;
    target_free(target);
    return 0;
}

const char *hook_python(PyObject *function, Target *target)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    CodeInfo *info = code_info(code);
    if (info == NULL) return "no room for another tool's data in its code object";
    target->qualname = Py_NewRef(((PyFunctionObject *)function)->func_qualname);
    if (attach(info, code, target) != 0) return "its code has too many functions";
    hook_pointer((PyFunctionObject *)function);
    return NULL;
}
