/* Objects with a vectorcall pointer of their own (ufuncs, array-function dispatchers, Cython functions, types) and objects that
 * are called through their type's tp_call (f2py functions, lru_cache wrappers). */
#include "pointer_map.h"
#include "pytracer.h"

static PointerMap slot_targets, call_targets; /* object -> Target (owned) */
static PointerMap type_calls;                 /* type -> its own tp_call */

/* ---- per-object vectorcall */

static vectorcallfunc *vectorcall_slot(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (!(type->tp_flags & Py_TPFLAGS_HAVE_VECTORCALL) || type->tp_vectorcall_offset <= 0) return NULL;
    return (vectorcallfunc *)((char *)object + type->tp_vectorcall_offset);
}

static PyObject *slot_vectorcall(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Target *target = pointer_get(&slot_targets, object);
    vectorcallfunc original = (vectorcallfunc)target->original;
    if (UNLIKELY(!hooks_on)) return original(object, args, nargsf, kwnames);
    Py_ssize_t n_args = PyVectorcall_NARGS(nargsf);
    Arguments arguments = {.args = args, .n_args = n_args, .kwvalues = args + n_args, .kwnames = kwnames};
    Call call;
    call_enter(&call, target, &arguments);
    PyObject *result = original(object, args, nargsf, kwnames);
    call_leave(&call, &arguments, result);
    return result;
}

const char *hook_slot(PyObject *object, Target *target)
{
    vectorcallfunc *slot = vectorcall_slot(object);
    if (slot == NULL || *slot == NULL) return "it has no vectorcall pointer";
    target->original = (void *)*slot;
    if (pointer_put(&slot_targets, object, target) != 0) return "out of memory";
    *slot = slot_vectorcall;
    return NULL;
}

/* ---- tp_call of the type */

static ternaryfunc original_call(PyTypeObject *type)
{
    for (; type != NULL; type = type->tp_base) {
        void *call = pointer_get(&type_calls, type);
        if (call != NULL) return (ternaryfunc)call;
    }
    return NULL;
}

static PyObject *type_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    Target *target = pointer_get(&call_targets, object);
    ternaryfunc original = original_call(Py_TYPE(object));
    if (target == NULL || !hooks_on) return original(object, args, kwargs);
    Arguments arguments = {
        .args = ((PyTupleObject *)args)->ob_item, .n_args = PyTuple_GET_SIZE(args), .kwargs = kwargs};
    Call call;
    call_enter(&call, target, &arguments);
    PyObject *result = original(object, args, kwargs);
    call_leave(&call, &arguments, result);
    return result;
}

const char *hook_type_call(PyObject *object, Target *target)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type->tp_call == NULL) return "its type has no tp_call";
    if (pointer_put(&call_targets, object, target) != 0) return "out of memory";
    if (type->tp_call == type_call) return NULL;
    if (pointer_put(&type_calls, type, (void *)type->tp_call) != 0) return "out of memory";
    Py_INCREF(type); /* its pointer is restored at the end */
    type->tp_call = type_call;
    return NULL;
}

Target *hooked_target(PyObject *object)
{
    Target *target = pointer_get(&slot_targets, object);
    return target != NULL ? target : pointer_get(&call_targets, object);
}

/* ---- removal. A hooked call may still be on the stack of another thread: targets and originals stay allocated. */

void hooks_slot_stop(void)
{
    for (size_t i = 0; slot_targets.keys != NULL && i <= slot_targets.mask; i++) {
        PyObject *object = (PyObject *)slot_targets.keys[i];
        if (object == NULL) continue;
        Target *target = slot_targets.values[i];
        vectorcallfunc *slot = vectorcall_slot(object);
        if (slot != NULL && *slot == slot_vectorcall) *slot = (vectorcallfunc)target->original;
    }
    for (size_t i = 0; type_calls.keys != NULL && i <= type_calls.mask; i++) {
        PyTypeObject *type = (PyTypeObject *)type_calls.keys[i];
        if (type != NULL && type->tp_call == type_call) type->tp_call = (ternaryfunc)type_calls.values[i];
    }
}
