/* Objects as value records: fields of dataclasses and namespaces, and what adapters make of the objects of libraries.
 *
 * An adapter is Python code in the middle of the program, and must leave no trace in it: it runs with the recorder busy (no hook
 * records, no loop draws noise), to nearest, unseen by tracing and profiling; the current exception, errno and the filters of
 * warnings are put back; signals and garbage collection wait until it has ended. */
#include "flatten.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

PyObject *find_adapter;

/* ---- running an adapter */

typedef struct {
    PyObject *type, *value, *traceback; /* the current exception */
    PyObject *warnings, *filters;       /* the module, when it is imported, and its filters. Owned; or NULL */
    sigset_t signals;
    int collecting, error;
} Guard;

/* Matches every warning of the thread that the recorder keeps busy, and none of another thread's. */
static PyObject *is_ours(PyObject *self, PyObject *text)
{
    (void)self, (void)text;
    return PyBool_FromLong(thread_state()->busy);
}

/* The object stands for a compiled regular expression, which has a method `match`. */
static PyObject *ignore_ours(void)
{
    static PyMethodDef match = {"match", is_ours, METH_O, NULL};
    static PyObject *filter;
    if (filter != NULL) return filter;
    PyObject *types = PyImport_ImportModule("types"); /* always there: the start of Python imports it */
    PyObject *expression = types == NULL ? NULL : PyObject_CallMethod(types, "SimpleNamespace", NULL);
    PyObject *function = expression == NULL ? NULL : PyCFunction_New(&match, NULL);
    if (function != NULL && PyObject_SetAttrString(expression, "match", function) == 0)
        filter = Py_BuildValue("(sOOOi)", "ignore", expression, PyExc_Warning, Py_None, 0);
    Py_XDECREF(function);
    Py_XDECREF(expression);
    Py_XDECREF(types);
    return filter;
}

/* Replacing the list leaves the version of the filters as it is: registries of warnings already shown stay valid. */
static void silence(Guard *guard)
{
    guard->warnings = Py_XNewRef(PyDict_GetItemString(PyImport_GetModuleDict(), "warnings"));
    guard->filters = guard->warnings == NULL ? NULL : PyObject_GetAttrString(guard->warnings, "filters");
    PyObject *ours = guard->filters == NULL || !PyList_Check(guard->filters) ? NULL : ignore_ours();
    PyObject *filters = ours == NULL ? NULL : PyList_GetSlice(guard->filters, 0, PY_SSIZE_T_MAX);
    if (filters == NULL || PyList_Insert(filters, 0, ours) != 0 || PyObject_SetAttrString(guard->warnings, "filters", filters) != 0)
        Py_CLEAR(guard->filters);
    Py_XDECREF(filters);
    PyErr_Clear();
}

static void guard_enter(Guard *guard)
{
    sigset_t all;
    guard->error = errno;
    PyErr_Fetch(&guard->type, &guard->value, &guard->traceback);
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &guard->signals);
    guard->collecting = PyGC_Disable();
    PyThreadState_EnterTracing(PyThreadState_Get());
    silence(guard);
}

static void guard_leave(Guard *guard)
{
    if (guard->filters != NULL && PyObject_SetAttrString(guard->warnings, "filters", guard->filters) != 0) PyErr_Clear();
    Py_XDECREF(guard->filters);
    Py_XDECREF(guard->warnings);
    PyThreadState_LeaveTracing(PyThreadState_Get());
    if (guard->collecting) PyGC_Enable();
    pthread_sigmask(SIG_SETMASK, &guard->signals, NULL);
    PyErr_Restore(guard->type, guard->value, guard->traceback);
    errno = guard->error;
}

/* Takes the current exception, that of an adapter, and puts it into the coverage, the first one of a type. */
static void report_failure(PyTypeObject *adapted, bool *reported)
{
    PyObject *type, *value, *traceback;
    char name[256], why[512], kind[128];
    /* Another thread may have received the signal and this one handled it: it is the program's to be interrupted. */
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) PyErr_SetInterrupt();
    PyErr_Fetch(&type, &value, &traceback);
    if (!*reported) {
        PyObject *text = value == NULL ? NULL : PyObject_Str(value);
        const char *message = text == NULL ? NULL : PyUnicode_AsUTF8(text);
        PyErr_Clear();
        type_name(adapted, name, sizeof name);
        type_name((PyTypeObject *)type, kind, sizeof kind);
        snprintf(why, sizeof why, "%s: %.300s", kind, message == NULL ? "" : message);
        coverage_event("adapter_failed", name, why);
        Py_XDECREF(text);
    }
    *reported = true;
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

PyObject *call_adapter(PyObject *callable, PyObject *argument, PyTypeObject *adapted, bool *reported)
{
    Guard guard;
    guard_enter(&guard);
    PyObject *result = PyObject_CallOneArg(callable, argument);
    if (result == NULL) report_failure(adapted, reported);
    guard_leave(&guard);
    return result;
}

/* ---- what it returned: pairs of a path and a value, or the dictionary of the object's attributes */

static void put_pair(Writer *writer, PyObject *path, PyObject *value)
{
    Py_ssize_t size = 0;
    const char *text = PyUnicode_AsUTF8AndSize(path, &size);
    uint32_t length = writer->path_length;
    if (text == NULL) PyErr_Clear();
    if (text != NULL && path_add(writer, text, (size_t)size))
        put_object(writer, value);
    else
        put_truncated(writer, 1);
    writer->path_length = length;
}

static bool is_pair(PyObject *item)
{
    return PyTuple_Check(item) && PyTuple_GET_SIZE(item) == 2 && PyUnicode_Check(PyTuple_GET_ITEM(item, 0));
}

static void put_pairs(Writer *writer, PyObject *pairs)
{
    Py_ssize_t count = PyList_GET_SIZE(pairs), i = 0;
    for (; i < count && i < recorder.max_items; i++) {
        PyObject *pair = PyList_GET_ITEM(pairs, i);
        if (is_pair(pair))
            put_pair(writer, PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1));
        else
            put_unknown(writer, Py_TYPE(pair), true);
    }
    if (count > i) put_truncated(writer, count - i);
}

void put_adapted(Writer *writer, PyObject *object, TypeEntry *entry)
{
    if (!enter(writer, object, 1)) return;
    uint32_t before = writer->count;
    PyObject *adapter = Py_NewRef(entry->adapter), *parts = call_adapter(adapter, object, Py_TYPE(object), &entry->failed);
    if (parts != NULL) keep(writer, parts);
    if (parts != NULL && PyDict_Check(parts))
        put_attributes(writer, parts);
    else if (parts != NULL && PyList_Check(parts))
        put_pairs(writer, parts);
    else
        put_unknown(writer, Py_TYPE(object), true);
    if (writer->count == before) put_empty(writer, Py_TYPE(object));
    Py_XDECREF(parts);
    Py_DECREF(adapter);
    leave(writer);
}

/* ---- objects with fields */

/* `__dataclass_fields__` names the fields; their values stand in the object's dictionary or in its slots. */
void put_dataclass(Writer *writer, PyObject *object)
{
    PyObject *fields = type_lookup(Py_TYPE(object), "__dataclass_fields__"), *name, *field;
    if (fields == NULL || !PyDict_Check(fields)) {
        put_unknown(writer, Py_TYPE(object), true);
        return;
    }
    if (!enter(writer, object, PyDict_GET_SIZE(fields))) return;
    PyObject *dict = instance_dict(object);
    uint32_t before = writer->count;
    Py_ssize_t at = 0, done = 0, left_out = 0;
    while (PyDict_Next(fields, &at, &name, &field)) {
        PyObject *value = dict == NULL ? NULL : Py_XNewRef(PyDict_GetItem(dict, name));
        if (value == NULL) value = slot_value(object, Py_TYPE(object), name);
        if (value == NULL) continue; /* not set yet */
        if (done < recorder.max_items) put_key(writer, name, done++, true, value);
        else left_out++;
        Py_DECREF(value);
    }
    Py_XDECREF(dict);
    if (left_out > 0) put_truncated(writer, left_out);
    if (writer->count == before) put_empty(writer, Py_TYPE(object));
    leave(writer);
}

void put_namespace(Writer *writer, PyObject *object)
{
    if (!enter(writer, object, 1)) return;
    PyObject *dict = instance_dict(object);
    uint32_t before = writer->count;
    if (dict != NULL) put_attributes(writer, dict);
    if (writer->count == before) put_empty(writer, Py_TYPE(object));
    Py_XDECREF(dict);
    leave(writer);
}
