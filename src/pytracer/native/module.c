/* The Python face of the native core; _native.pyi is its contract. One function a line of the table at the end. */
#define _GNU_SOURCE
#include "fingerprints.h"
#include "pytracer.h"
#include "statistics.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static PyObject *none_or_error(int status)
{
    if (status == 0) Py_RETURN_NONE;
    if (!PyErr_Occurred()) PyErr_SetFromErrno(PyExc_OSError);
    return NULL;
}

/* ---- recorder */

static PyObject *start_recorder(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"trace", "process", "origin", "array_bytes", "trace_bytes", "depth", "items", "backtrace", "follow", NULL};
    const char *trace, *process, *origin;
    unsigned long long array_bytes, trace_bytes;
    int depth, items, backtrace, follow;
    (void)self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ssz$KKiipp", names, &trace, &process, &origin, &array_bytes, &trace_bytes,
                                     &depth, &items, &backtrace, &follow))
        return NULL;
    if (recorder.on) return PyErr_Format(PyExc_RuntimeError, "a recorder is already running, into %s", recorder_folder());
    Recorder limits = {.backtrace = backtrace, .follow = follow, .max_array_bytes = array_bytes,
                       .max_trace_bytes = trace_bytes == 0 ? UINT64_MAX : trace_bytes, .max_depth = depth, .max_items = items};
    return none_or_error(recorder_start(trace, process, origin, &limits));
}

static PyObject *stop_recorder(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    recorder_stop();
    Py_RETURN_NONE;
}

static PyObject *next_child(PyObject *self, PyObject *starts)
{
    (void)self;
    ThreadState *state = thread_state();
    thread_set_name(state);
    long long call = recorder.on && state->lane_epoch == recorder.epoch ? (long long)state->current : -1;
    return Py_BuildValue("sIsL", recorder_process(), starts == Py_True ? recorder_next_child() : 0, state->name, call);
}

/* What a child would inherit; os.environ does not know what C code has set. */
static PyObject *get_environment(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    PyObject *list = PyList_New(0);
    for (char **at = environ; list != NULL && at != NULL && *at != NULL; at++) {
        PyObject *text = PyBytes_FromString(*at);
        if (text == NULL || PyList_Append(list, text) != 0) Py_CLEAR(list);
        Py_XDECREF(text);
    }
    return list;
}

static PyObject *get_counters(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    const Counters *c = counters;
    return Py_BuildValue("{sKsKsKsKsKsKsKsKsKsKsKsKsK}", "calls_recorded", c->calls_recorded, "calls_dropped", c->calls_dropped,
                         "values_not_understood", c->values_not_understood, "values_truncated", c->values_truncated,
                         "arrays_omitted", c->arrays_omitted, "bytes_omitted", c->bytes_omitted, "noisy_loops",
                         c->noisy_loops, "noisy_elements", c->noisy_elements, "inexact_elements", c->inexact_elements,
                         "noisy_native_calls", c->noisy_native_calls, "native_disabled", c->native_disabled, "noisy_scalars",
                         c->noisy_scalars, "inexact_scalars", c->inexact_scalars);
}

static PyObject *add_coverage(PyObject *self, PyObject *args)
{
    const char *event, *name, *why;
    (void)self;
    if (!PyArg_ParseTuple(args, "sss", &event, &name, &why)) return NULL;
    if (recorder.on) coverage_event(event, name, why);
    Py_RETURN_NONE;
}

/* ---- hooks */

static PyObject *start_hooks(PyObject *self, PyObject *args)
{
    PyObject *roots, *exclude, *names;
    int user;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!O!O!p", &PyTuple_Type, &roots, &PyTuple_Type, &exclude, &PyTuple_Type, &names, &user))
        return NULL;
    if (code_start() != 0 || code_set_user_paths(roots, exclude, names) != 0) return NULL;
    code_user_hooks(user);
    if (hooks_python_start() != 0) return NULL;
    hooks_on = true;
    Py_RETURN_NONE;
}

static PyObject *stop_hooks(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    hooks_on = false;
    hooks_python_stop();
    hooks_builtin_stop();
    hooks_slot_stop();
    Py_RETURN_NONE;
}

static PyObject *select_functions(PyObject *self, PyObject *args)
{
    PyObject *wanted, *included, *excluded;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!O!O!", &PyTuple_Type, &wanted, &PyTuple_Type, &included, &PyTuple_Type, &excluded))
        return NULL;
    return selection_set(SELECTION_RECORDED, wanted, included, excluded) == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *is_selected(PyObject *self, PyObject *args)
{
    PyObject *module, *name;
    (void)self;
    if (!PyArg_ParseTuple(args, "UU", &module, &name)) return NULL;
    return PyBool_FromLong(selection_has(SELECTION_RECORDED, module, name));
}

static PyObject *unmatched_patterns(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return selection_unmatched(SELECTION_RECORDED);
}

static PyObject *watch_imports(PyObject *self, PyObject *args)
{
    PyObject *packages, *loaded;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!O", &PyTuple_Type, &packages, &loaded)) return NULL;
    return none_or_error(imports_watch(packages, loaded));
}

static PyObject *watch(PyObject *self, PyObject *args)
{
    PyObject *function;
    const char *purpose;
    (void)self;
    if (!PyArg_ParseTuple(args, "Os", &function, &purpose)) return NULL;
    const char *why = watch_function(function, purpose);
    return why == NULL ? Py_NewRef(Py_None) : PyUnicode_FromString(why);
}

static PyObject *next_part(PyObject *self, PyObject *number)
{
    (void)self;
    task_next_part(PyLong_AsUnsignedLongLongMask(number));
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef *method_of(PyObject *object)
{
    if (PyCFunction_Check(object)) return ((PyCFunctionObject *)object)->m_ml;
    if (PyObject_TypeCheck(object, &PyMethodDescr_Type) || PyObject_TypeCheck(object, &PyClassMethodDescr_Type))
        return ((PyMethodDescrObject *)object)->d_method;
    return NULL;
}

/* Cython functions are PyCFunction subclasses with a definition of their own convention: they go by their slot. */
static bool is_plain_builtin(PyObject *object)
{
    return PyCFunction_CheckExact(object) || Py_IS_TYPE(object, &PyCMethod_Type)
        || PyObject_TypeCheck(object, &PyMethodDescr_Type) || PyObject_TypeCheck(object, &PyClassMethodDescr_Type);
}

const char *hook_callable(PyObject *object, Target *target)
{
    if (PyFunction_Check(object)) return hook_python(object, target);
    if (is_plain_builtin(object)) return hook_builtin(method_of(object), target);
    const char *why = hook_slot(object, target);
    return why == NULL ? NULL : hook_type_call(object, target);
}

static const char *static_kind(const char *kind)
{
    static const char *const kinds[] = {"python", "ufunc", "builtin", "method", "dispatcher", "cython", "callable"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], kind) == 0) return kinds[i];
    return "callable";
}

static PyObject *hook(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    (void)self;
    if (n_args != 5 || !PyUnicode_Check(args[1]) || !PyUnicode_Check(args[2]) || !PyUnicode_Check(args[3]))
        return PyErr_Format(PyExc_TypeError, "hook(object, module, name, kind, flags)");
    long flags = PyLong_AsLong(args[4]);
    const char *kind = PyUnicode_AsUTF8(args[3]);
    if ((flags == -1 && PyErr_Occurred()) || kind == NULL) return NULL;
    if (!PyCallable_Check(args[0])) return PyUnicode_FromString("it is not callable");
    if (hook_again(args[0], (uint16_t)flags)) Py_RETURN_NONE;
    Target *target = target_new(args[0], args[1], args[2], static_kind(kind), (uint16_t)flags);
    if (target == NULL) return PyErr_NoMemory();
    const char *why = hook_callable(args[0], target);
    if (why == NULL) Py_RETURN_NONE;
    target_free(target);
    return PyUnicode_FromString(why);
}

/* ---- NumPy and noise */

static PyObject *numpy_loaded(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return none_or_error(values_numpy_ready());
}

static PyObject *set_adapter(PyObject *self, PyObject *callback)
{
    (void)self;
    values_set_adapter(callback);
    Py_RETURN_NONE;
}

static PyObject *start_noise(PyObject *self, PyObject *args)
{
    unsigned long long seed;
    int native, nearness = false;
    (void)self;
    if (!PyArg_ParseTuple(args, "Kp|p", &seed, &native, &nearness)) return NULL;
    noise_start(seed, native, nearness);
    Py_RETURN_NONE;
}

static PyObject *stop_noise(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    noise_stop();
    loops_remove();
    numpy_scalars_remove();
    builtin_math_remove();
    Py_RETURN_NONE;
}

static PyObject *start_inexact(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"seed", "inputs", "outputs", "precision", "precision32", "whole", "only", "exclude", NULL};
    unsigned long long seed;
    int inputs, outputs, precision, precision32, whole;
    PyObject *only, *exclude, *none = PyTuple_New(0);
    (void)self;
    if (none == NULL
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "KppiipO!O!", names, &seed, &inputs, &outputs, &precision, &precision32,
                                        &whole, &PyTuple_Type, &only, &PyTuple_Type, &exclude)
        || selection_set(SELECTION_INEXACT, only, none, exclude) != 0) {
        Py_XDECREF(none);
        return NULL;
    }
    Py_DECREF(none);
    if (precision < 1 || precision > 53 || precision32 < 1 || precision32 > 24)
        return PyErr_Format(PyExc_ValueError, "precisions of %d and %d bits; they are 1 to 53 and 1 to 24", precision, precision32);
    inexact = (Inexact){true, inputs, outputs, whole, PyTuple_GET_SIZE(only) == 0, precision, precision32, 0};
    noise_start(seed, false, false);
    Py_RETURN_NONE;
}

static PyObject *stop_inexact(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    if (inexact.on) noise_stop();
    inexact.on = false;
    Py_RETURN_NONE;
}

static PyObject *is_inexact(PyObject *self, PyObject *args)
{
    PyObject *module, *name;
    (void)self;
    if (!PyArg_ParseTuple(args, "UU", &module, &name)) return NULL;
    return PyBool_FromLong(selection_has(SELECTION_INEXACT, module, name));
}

static PyObject *inexact_functions(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return PyLong_FromUnsignedLong(inexact.functions);
}

static PyObject *unmatched_inexact(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return selection_unmatched(SELECTION_INEXACT);
}

static PyObject *install_loops(PyObject *self, PyObject *ufuncs)
{
    (void)self;
    if (values_numpy_ready() != 0) return NULL;
    return loops_install(ufuncs);
}

static PyObject *install_scalars(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    if (values_numpy_ready() != 0) return NULL;
    numpy_scalars_install();
    Py_RETURN_NONE;
}

static PyObject *install_builtins(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    builtin_math_install();
    Py_RETURN_NONE;
}

static PyObject *install_blas(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    blas_install();
    Py_RETURN_NONE;
}

static PyObject *describe_blas(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    blas_describe();
    Py_RETURN_NONE;
}

static PyObject *get_blas_libraries(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return blas_libraries();
}

static PyObject *set_array_offset(PyObject *self, PyObject *bytes)
{
    size_t offset = PyLong_AsSize_t(bytes);
    (void)self;
    if (offset == (size_t)-1 && PyErr_Occurred()) return NULL;
    if (offset >= 64 || offset % 16 != 0) {
        PyErr_SetString(PyExc_ValueError, "the offset of arrays is 0, 16, 32 or 48 bytes");
        return NULL;
    }
    if (values_numpy_ready() != 0) return NULL;
    return none_or_error(alignment_set(offset));
}

static PyObject *has_native_rounding(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return PyBool_FromLong(rounding_available());
}

static PyMethodDef functions[] = {
    {"start_recorder", (PyCFunction)(void (*)(void))start_recorder, METH_VARARGS | METH_KEYWORDS, NULL},
    {"stop_recorder", stop_recorder, METH_NOARGS, NULL},
    {"next_child", next_child, METH_O, NULL},
    {"environment", get_environment, METH_NOARGS, NULL},
    {"counters", get_counters, METH_NOARGS, NULL},
    {"add_coverage", add_coverage, METH_VARARGS, NULL},
    {"start_hooks", start_hooks, METH_VARARGS, NULL},
    {"select_functions", select_functions, METH_VARARGS, NULL},
    {"is_selected", is_selected, METH_VARARGS, NULL},
    {"unmatched_patterns", unmatched_patterns, METH_NOARGS, NULL},
    {"watch_imports", watch_imports, METH_VARARGS, NULL},
    {"watch", watch, METH_VARARGS, NULL},
    {"next_part", next_part, METH_O, NULL},
    {"stop_hooks", stop_hooks, METH_NOARGS, NULL},
    {"hook", (PyCFunction)(void (*)(void))hook, METH_FASTCALL, NULL},
    {"numpy_loaded", numpy_loaded, METH_NOARGS, NULL},
    {"set_adapter", set_adapter, METH_O, NULL},
    {"start_noise", start_noise, METH_VARARGS, NULL},
    {"stop_noise", stop_noise, METH_NOARGS, NULL},
    {"set_array_offset", set_array_offset, METH_O, NULL},
    {"start_inexact", (PyCFunction)(void (*)(void))start_inexact, METH_VARARGS | METH_KEYWORDS, NULL},
    {"stop_inexact", stop_inexact, METH_NOARGS, NULL},
    {"is_inexact", is_inexact, METH_VARARGS, NULL},
    {"inexact_functions", inexact_functions, METH_NOARGS, NULL},
    {"unmatched_inexact", unmatched_inexact, METH_NOARGS, NULL},
    {"install_loops", install_loops, METH_O, NULL},
    {"install_scalars", install_scalars, METH_NOARGS, NULL},
    {"install_builtins", install_builtins, METH_NOARGS, NULL},
    {"install_blas", install_blas, METH_NOARGS, NULL},
    {"describe_blas", describe_blas, METH_NOARGS, NULL},
    {"blas_libraries", get_blas_libraries, METH_NOARGS, NULL},
    {"has_native_rounding", has_native_rounding, METH_NOARGS, NULL},
    {"summarise_values", (PyCFunction)(void (*)(void))summarise_values, METH_FASTCALL, NULL},
    {"measure_elements", (PyCFunction)(void (*)(void))measure_elements, METH_FASTCALL, NULL},
    {"fingerprint_calls", fingerprint_calls, METH_VARARGS, NULL},
    {"match_trees", match_trees, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "pytracer._native", "Hooks, recorder and noise; see _native.pyi.", -1, functions, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *created = PyModule_Create(&module);
    if (created == NULL) return NULL;
    PyModule_AddIntConstant(created, "RECORD", RECORD);
    PyModule_AddIntConstant(created, "RECORD_DIRECT", RECORD_DIRECT);
    PyModule_AddIntConstant(created, "NOISE", NOISE);
    PyModule_AddIntConstant(created, "DENIED", DENIED);
    PyModule_AddIntConstant(created, "INEXACT", INEXACT);
    PyModule_AddIntConstant(created, "LAST_BIT", LAST_BIT);
    PyModule_AddIntConstant(created, "WRITES_FIRST", WRITES_FIRST);
    PyModule_AddIntConstant(created, "WRITES_LAST", WRITES_LAST);
    PyModule_AddIntConstant(created, "TO_NEAREST", TO_NEAREST);
    PyModule_AddIntConstant(created, "HAS_SELF", HAS_SELF);
    PyModule_AddIntConstant(created, "BY_SELF", BY_SELF);
    if (python_floats_ready(created) != 0) return NULL;
    return created;
}
