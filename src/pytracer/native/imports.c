/* Knowing when a package has been imported: importlib's own _find_and_load is a Python function and is hooked like any other. */
#include "pytracer.h"

static PyObject *packages, *loaded; /* tuple of str; callable. Owned */
static int depth;                   /* imports of watched packages under way */

/* 1 when `name` is one of the packages or below one. */
static bool is_watched(PyObject *name)
{
    if (packages == NULL || name == NULL || !PyUnicode_Check(name)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(packages); i++) {
        PyObject *package = PyTuple_GET_ITEM(packages, i);
        Py_ssize_t length = PyUnicode_GET_LENGTH(package);
        if (PyUnicode_Tailmatch(name, package, 0, PY_SSIZE_T_MAX, -1) == 1
            && (PyUnicode_GET_LENGTH(name) == length || PyUnicode_READ_CHAR(name, length) == '.'))
            return true;
    }
    return false;
}

/* The callback is ours, not the program's: it is not recorded, not perturbed, and the program's tracing does not see it. */
static void notify(void)
{
    ThreadState *state = thread_state();
    if (state->busy) return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    state->busy = true;
    PyThreadState_EnterTracing(PyThreadState_Get());
    PyObject *result = PyObject_CallNoArgs(loaded);
    if (result == NULL) PyErr_WriteUnraisable(loaded);
    Py_XDECREF(result);
    PyThreadState_LeaveTracing(PyThreadState_Get());
    state->busy = false;
    PyErr_Restore(type, value, traceback);
}

static void import_enter(PyObject *name)
{
    if (is_watched(name)) depth++;
}

static void import_leave(PyObject *name, PyObject *result)
{
    (void)result;
    if (!is_watched(name) || --depth > 0 || loaded == NULL) return;
    notify();
}

static const Watch import_watch = {import_enter, import_leave};

int imports_watch(PyObject *names, PyObject *callback)
{
    Py_XSETREF(packages, Py_NewRef(names));
    Py_XSETREF(loaded, Py_NewRef(callback));
    depth = 0;
    PyObject *module = PyImport_ImportModule("_frozen_importlib");
    PyObject *function = module == NULL ? NULL : PyObject_GetAttrString(module, "_find_and_load");
    int status = function == NULL ? -1 : watch_python(function, &import_watch);
    Py_XDECREF(function);
    Py_XDECREF(module);
    return status;
}
