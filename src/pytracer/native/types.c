/* What the recorder does with the objects of a type, found out once for each type. Nothing of the type runs: only its bases and
 * the names in their dictionaries are looked at. */
#include "flatten.h"

#include "numpy_api.h"

#include <stdio.h>

static PointerMap entries; /* PyTypeObject -> TypeEntry */

/* ---- names */

PyObject *type_lookup(PyTypeObject *type, const char *name)
{
    PyObject *text = PyUnicode_InternFromString(name);
    PyObject *found = text == NULL ? NULL : _PyType_Lookup(type, text);
    Py_XDECREF(text);
    if (found == NULL) PyErr_Clear();
    return found;
}

/* `package.module.Name`, and `Name` alone for builtins; returns its length. */
size_t type_name(PyTypeObject *type, char *name, size_t size)
{
    const char *own = type->tp_name, *module_name = NULL;
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        PyObject *module = type_lookup(type, "__module__"), *qualname = ((PyHeapTypeObject *)type)->ht_qualname;
        if (module != NULL && PyUnicode_Check(module)) module_name = PyUnicode_AsUTF8(module);
        const char *text = qualname == NULL ? NULL : PyUnicode_AsUTF8(qualname);
        if (text != NULL) own = text;
        PyErr_Clear();
        if (module_name != NULL && strcmp(module_name, "builtins") == 0) module_name = NULL;
    }
    int length = module_name == NULL ? snprintf(name, size, "%s", own) : snprintf(name, size, "%s.%s", module_name, own);
    return length < (int)size ? (size_t)length : size - 1;
}

static bool is_named(PyTypeObject *type, const char *package, const char *name)
{
    char full[256];
    size_t length = type_name(type, full, sizeof full), end = strlen(name);
    return strncmp(full, package, strlen(package)) == 0 && length > end && strcmp(full + length - end, name) == 0
        && full[length - end - 1] == '.';
}

/* The base (or the type itself) of this name, its module being `package` or below; NULL when there is none. */
static PyTypeObject *base_named(PyTypeObject *type, const char *package, const char *name)
{
    PyObject *bases = type->tp_mro;
    for (Py_ssize_t i = 0; bases != NULL && i < PyTuple_GET_SIZE(bases); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(bases, i);
        if (is_named(base, package, name)) return base;
    }
    return NULL;
}

/* ---- attributes without asking the object */

PyObject *instance_dict(PyObject *object)
{
    PyObject *dict = PyObject_GenericGetDict(object, NULL);
    if (dict == NULL || !PyDict_Check(dict)) {
        PyErr_Clear();
        Py_CLEAR(dict);
    }
    return dict;
}

PyObject *slot_value(PyObject *object, PyTypeObject *type, PyObject *name)
{
    PyObject *member = _PyType_Lookup(type, name);
    if (member == NULL || !Py_IS_TYPE(member, &PyMemberDescr_Type)) return NULL;
    PyObject *value = PyMemberDescr_Type.tp_descr_get(member, object, (PyObject *)type);
    if (value == NULL) PyErr_Clear(); /* not set yet */
    return value;
}

/* ---- the form of a type */

static bool is_sub(PyTypeObject *type, PyTypeObject *base) { return type == base || PyType_IsSubtype(type, base); }

static Form number_or_text(PyTypeObject *type)
{
    if (is_sub(type, &PyFloat_Type)) return FORM_FLOAT;
    if (is_sub(type, &PyBool_Type)) return FORM_BOOL;
    if (is_sub(type, &PyLong_Type)) return FORM_INT;
    if (is_sub(type, &PyComplex_Type)) return FORM_COMPLEX;
    if (is_sub(type, &PyUnicode_Type)) return FORM_STR;
    if (is_sub(type, &PyBytes_Type)) return FORM_BYTES;
    if (is_sub(type, &PyByteArray_Type)) return FORM_BYTEARRAY;
    if (numpy_ready && is_sub(type, &PyGenericArrType_Type)) return FORM_NUMPY_SCALAR;
    return FORM_UNKNOWN;
}

static Form container(PyTypeObject *type)
{
    if (is_sub(type, &PyTuple_Type)) return type_lookup(type, "_fields") == NULL ? FORM_TUPLE : FORM_NAMED_TUPLE;
    if (is_sub(type, &PyList_Type)) return FORM_LIST;
    if (is_sub(type, &PyDict_Type)) return type_lookup(type, "__getattr__") == NULL ? FORM_DICT : FORM_ATTRIBUTE_DICT;
    if (is_sub(type, &PySet_Type) || is_sub(type, &PyFrozenSet_Type)) return FORM_SET;
    if (type == &PyRange_Type) return FORM_RANGE;
    return FORM_UNKNOWN;
}

/* Functions, types and modules carry no numbers: they are recorded, not counted as missed. An object that can be called because its
 * class says so in Python may well carry some. */
static bool is_not_data(PyTypeObject *type)
{
    PyTypeObject *const others[] = {&PyModule_Type, &PyEllipsis_Type, &PySlice_Type, (PyTypeObject *)PyExc_BaseException,
                                    numpy_ready ? &PyArrayDescr_Type : &PySlice_Type, Py_TYPE(Py_NotImplemented)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_sub(type, others[i])) return true;
    if (type->tp_call == NULL) return false;
    PyObject *call = type_lookup(type, "__call__");
    return call == NULL || !PyFunction_Check(call);
}

/* Exports numbers by code of its own in C, which is not the program's. */
static bool is_buffer(PyTypeObject *type)
{
    if (type->tp_as_buffer == NULL || type->tp_as_buffer->bf_getbuffer == NULL) return false;
    PyObject *method = type_lookup(type, "__buffer__");
    return method == NULL || !PyFunction_Check(method);
}

static Form object_of_library(PyTypeObject *type, PyTypeObject **base)
{
    static const struct {
        const char *package, *name;
        Form form;
    } known[] = {
        {"decimal.", "Decimal", FORM_DECIMAL},
        {"fractions.", "Fraction", FORM_FRACTION},
        {"collections.", "deque", FORM_ITERABLE},
        {"types.", "SimpleNamespace", FORM_NAMESPACE},
        {"enum.", "Enum", FORM_NOT_DATA},
        {"pathlib.", "PurePath", FORM_NOT_DATA},
        {"numpy.random.", "Generator", FORM_NOT_DATA},
        {"numpy.random.", "RandomState", FORM_NOT_DATA},
        {"numpy.random.", "BitGenerator", FORM_NOT_DATA},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((*base = base_named(type, known[i].package, known[i].name)) != NULL) return known[i].form;
    *base = type;
    if (type == &PyDictKeys_Type || type == &PyDictValues_Type || type == &PyDictItems_Type) return FORM_ITERABLE;
    if (is_sub(type, &PyType_Type)) return FORM_NOT_DATA;
    if (type_lookup(type, "__dataclass_fields__") != NULL) return FORM_DATACLASS;
    if (is_not_data(type)) return FORM_NOT_DATA;
    return is_buffer(type) ? FORM_BUFFER : FORM_UNKNOWN;
}

static Form form_of(PyTypeObject *type, PyTypeObject **base)
{
    *base = type;
    if (numpy_ready && is_sub(type, &PyArray_Type)) return base_named(type, "numpy.ma", "MaskedArray") ? FORM_MASKED : FORM_ARRAY;
    Form form = number_or_text(type);
    if (form == FORM_UNKNOWN) form = container(type);
    return form != FORM_UNKNOWN ? form : object_of_library(type, base);
}

/* Numbers, texts and the interpreter's own types are never taken apart by an adapter. */
static bool may_have_adapter(PyTypeObject *type, Form form)
{
    bool builtin = !(type->tp_flags & Py_TPFLAGS_HEAPTYPE) && strchr(type->tp_name, '.') == NULL;
    return (form == FORM_UNKNOWN || form >= FORM_ARRAY || form == FORM_NOT_DATA) && !builtin && !is_sub(type, &PyType_Type);
}

static void classify(TypeEntry *entry, PyTypeObject *type)
{
    *entry = (TypeEntry){.form = FORM_UNKNOWN};
    entry->form = form_of(type, &entry->base);
    if (find_adapter == NULL || !may_have_adapter(type, entry->form)) return;
    PyObject *adapter = call_adapter(find_adapter, (PyObject *)type, type, &entry->failed);
    if (adapter != NULL && adapter != Py_None) {
        entry->adapter = Py_NewRef(adapter);
        entry->form = FORM_ADAPTED;
    }
    Py_XDECREF(adapter);
}

/* ---- the cache: a type that died may have left its address to another */

static bool is_alive(const TypeEntry *entry, PyTypeObject *type)
{
    if (entry->reference == NULL) return true;
#if PY_VERSION_HEX >= 0x030d0000
    PyObject *found = NULL;
    bool same = PyWeakref_GetRef(entry->reference, &found) == 1 && found == (PyObject *)type;
    Py_XDECREF(found);
    return same;
#else
    return PyWeakref_GET_OBJECT(entry->reference) == (PyObject *)type;
#endif
}

static void forget(TypeEntry *entry)
{
    Py_XDECREF(entry->reference);
    Py_XDECREF(entry->adapter);
}

static TypeEntry unknown; /* when memory is short */

static COLD TypeEntry *new_entry(PyTypeObject *type, TypeEntry *old)
{
    TypeEntry found;
    classify(&found, type);
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        found.reference = PyWeakref_NewRef((PyObject *)type, NULL);
        if (found.reference == NULL) PyErr_Clear();
    }
    TypeEntry *entry = old != NULL ? old : malloc(sizeof *entry);
    if (entry == NULL || (old == NULL && pointer_put(&entries, type, entry) != 0)) return &unknown;
    if (old != NULL) forget(old);
    *entry = found;
    return entry;
}

TypeEntry *type_entry(PyTypeObject *type)
{
    TypeEntry *entry = pointer_get(&entries, type);
    return LIKELY(entry != NULL && is_alive(entry, type)) ? entry : new_entry(type, entry);
}

uint32_t type_id(PyTypeObject *type)
{
    TypeEntry *entry = type_entry(type);
    if (LIKELY(entry->name_epoch == recorder.epoch && entry != &unknown)) return entry->name;
    char name[256];
    entry->name = name_id(name, type_name(type, name, sizeof name));
    entry->name_epoch = recorder.epoch;
    return entry->name;
}

void types_forget(void)
{
    for (size_t i = 0; entries.keys != NULL && i <= entries.mask; i++)
        if (entries.keys[i] != NULL) {
            forget(entries.values[i]);
            free(entries.values[i]);
        }
    pointer_clear(&entries);
}
