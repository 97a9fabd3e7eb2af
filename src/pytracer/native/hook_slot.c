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
    PyObject *result = original(object, arguments.args, nargsf, kwnames);
    return call_leave(&call, &arguments, result);
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

/* A subclass inherits the pointer that its bases have when it is made, ours too. */
static ternaryfunc original_call(PyTypeObject *type)
{
    void *call = pointer_get(&type_calls, type);
    for (Py_ssize_t i = 0; call == NULL && i < PyTuple_GET_SIZE(type->tp_mro); i++)
        call = pointer_get(&type_calls, PyTuple_GET_ITEM(type->tp_mro, i));
    return (ternaryfunc)call;
}

static PyObject *type_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
    Target *target = pointer_get(&call_targets, object);
    ternaryfunc original = original_call(Py_TYPE(object));
    if (target == NULL || !hooks_on) return original(object, args, kwargs);
    Arguments arguments = {
        .args = ((PyTupleObject *)args)->ob_item, .n_args = PyTuple_GET_SIZE(args), .kwargs = kwargs, .tuple = args};
    Call call;
    call_enter(&call, target, &arguments);
    PyObject *result = original(object, arguments.tuple, arguments.kwargs);
    return call_leave(&call, &arguments, result);
}

static const char *hook_type(PyTypeObject *type)
{
    if (type->tp_call == type_call) return NULL;
    if (pointer_get(&type_calls, type) == NULL) Py_INCREF(type); /* its pointer is restored at the end */
    if (pointer_put(&type_calls, type, (void *)type->tp_call) != 0) return "out of memory";
    type->tp_call = type_call;
    return NULL;
}

const char *hook_type_call(PyObject *object, Target *target)
{
    if (Py_TYPE(object)->tp_call == NULL) return "its type has no tp_call";
    const char *why = hook_type(Py_TYPE(object));
    if (why == NULL && pointer_put(&call_targets, object, target) != 0) why = "out of memory";
    return why;
}

bool hook_again(PyObject *object, uint16_t flags)
{
    Target *by_slot = pointer_get(&slot_targets, object), *by_call = pointer_get(&call_targets, object);
    if (by_slot == NULL && by_call == NULL) return false;
    (by_slot != NULL ? by_slot : by_call)->flags |= flags;
    if (by_slot == NULL) return hook_type(Py_TYPE(object)) == NULL;
    vectorcallfunc *slot = vectorcall_slot(object);
    if (*slot == slot_vectorcall) return true;
    by_slot->original = (void *)*slot;
    *slot = slot_vectorcall;
    return true;
}

/* ---- removal. A hooked call may still be under way, in another thread or further up: targets and originals stay allocated. */

static void silence(const PointerMap *map)
{
    for (size_t i = 0; map->keys != NULL && i <= map->mask; i++)
        if (map->keys[i] != NULL) ((Target *)map->values[i])->flags = 0;
}

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
    silence(&slot_targets);
    silence(&call_targets);
}
