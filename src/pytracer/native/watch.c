/* Hooks of the recorder's own: functions of the standard library whose calls tell it something. */
#include "pytracer.h"

#include <string.h>

static Target *watching(PyObject *function, const Watch *watch)
{
    PyObject *name = PyObject_GetAttrString(function, "__qualname__"), *module = PyObject_GetAttrString(function, "__module__");
    if (module == NULL || !PyUnicode_Check(module)) Py_XSETREF(module, PyUnicode_FromString("builtins"));
    PyErr_Clear();
    Target *target = name == NULL || module == NULL ? NULL : target_new(function, module, name, "python", WATCH | HAS_SELF);
    if (target != NULL) target->watch = watch;
    Py_XDECREF(name);
    Py_XDECREF(module);
    return target;
}

const char *watch_function(PyObject *function, const char *purpose)
{
    static const struct {
        const char *purpose;
        const Watch *watch;
    } purposes[] = {{"thread_start", &thread_start_watch}, {"task_made", &task_made_watch}, {"task_run", &task_run_watch},
                    {"task_got", &task_got_watch}};
    const Watch *watch = NULL;
    for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
        if (strcmp(purposes[i].purpose, purpose) == 0) watch = purposes[i].watch;
    if (watch == NULL) return "there is no such purpose";
    Target *target = watching(function, watch);
    if (target == NULL) return "out of memory";
    const char *why = hook_callable(function, target);
    if (why != NULL) target_free(target);
    return why;
}

int watch_python(PyObject *function, const Watch *watch)
{
    Target *target = watching(function, watch);
    return target != NULL && hook_python(function, target) == NULL ? 0 : -1;
}
