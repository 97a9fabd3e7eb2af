/* Rounded down, 1 - 1 is -0, which to nearest it is not; and the angle of -0 is pi. What a native call under a random rounding mode
 * has computed therefore gets +0 for each -0: its result, where it alone holds it, and the arrays that it wrote its results into. */
#include "inexact.h"

#include "numpy_api.h"

enum { PIECE = 1024, MAX_DEPTH = 2 }; /* numbers of which most pieces have no -0; tuples and lists of tuples of arrays */

/* ---- runs of numbers */

#define POSITIVE(name, bits, sign) \
    static void name(char *data, npy_intp count) \
    { \
        bits *words = (bits *)data; \
        for (npy_intp at = 0; at < count; at += PIECE) { \
            npy_intp end = count - at < PIECE ? count : at + PIECE; \
            bits found = 0; \
            for (npy_intp i = at; i < end; i++) found |= words[i] == sign; \
            for (npy_intp i = at; found && i < end; i++) words[i] = words[i] == sign ? 0 : words[i]; \
        } \
    }

POSITIVE(make_positive_f64, uint64_t, 0x8000000000000000ull)
POSITIVE(make_positive_f32, uint32_t, 0x80000000u)

static void make_positive(char *data, npy_intp count, int type)
{
    int parts = type == NPY_CDOUBLE || type == NPY_CFLOAT ? 2 : 1;
    if (type == NPY_DOUBLE || type == NPY_CDOUBLE) make_positive_f64(data, parts * count);
    if (type == NPY_FLOAT || type == NPY_CFLOAT) make_positive_f32(data, parts * count);
}

static bool is_float(int type) { return type == NPY_DOUBLE || type == NPY_FLOAT || type == NPY_CDOUBLE || type == NPY_CFLOAT; }

/* ---- arrays */

static bool is_floats(PyObject *object)
{
    PyArrayObject *array = (PyArrayObject *)object;
    return numpy_ready && PyArray_Check(object) && is_float(PyArray_TYPE(array)) && PyArray_ISBEHAVED(array) && PyArray_SIZE(array) > 0;
}

/* Strided arrays go by rows along their last axis. */
static void positive_rows(PyArrayObject *array)
{
    int type = PyArray_TYPE(array), axis = PyArray_NDIM(array) - 1;
    npy_intp stride = PyArray_STRIDE(array, axis), length = PyArray_DIM(array, axis);
    bool dense = stride == PyArray_ITEMSIZE(array);
    PyArrayIterObject *rows = (PyArrayIterObject *)PyArray_IterAllButAxis((PyObject *)array, &axis);
    if (rows == NULL) {
        PyErr_Clear();
        return;
    }
    while (PyArray_ITER_NOTDONE(rows)) {
        char *at = PyArray_ITER_DATA(rows);
        if (dense) make_positive(at, length, type);
        for (npy_intp i = 0; !dense && i < length; i++) make_positive(at + i * stride, 1, type);
        PyArray_ITER_NEXT(rows);
    }
    Py_DECREF(rows);
}

static void positive_array(PyObject *object)
{
    PyArrayObject *array = (PyArrayObject *)object;
    if (!is_floats(object)) return;
    if (PyArray_ISONESEGMENT(array))
        make_positive(PyArray_BYTES(array), PyArray_SIZE(array), PyArray_TYPE(array));
    else
        positive_rows(array);
}

/* ---- results */

static void positive_number(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyFloat_Type) make_positive((char *)&((PyFloatObject *)object)->ob_fval, 1, NPY_DOUBLE);
    if (type == &PyComplex_Type) make_positive((char *)&((PyComplexObject *)object)->cval, 1, NPY_CDOUBLE);
    if (!numpy_ready) return;
    if (type == &PyDoubleArrType_Type) make_positive((char *)&((PyDoubleScalarObject *)object)->obval, 1, NPY_DOUBLE);
    if (type == &PyFloatArrType_Type) make_positive((char *)&((PyFloatScalarObject *)object)->obval, 1, NPY_FLOAT);
    if (type == &PyCDoubleArrType_Type) make_positive((char *)&((PyCDoubleScalarObject *)object)->obval, 1, NPY_CDOUBLE);
    if (type == &PyCFloatArrType_Type) make_positive((char *)&((PyCFloatScalarObject *)object)->obval, 1, NPY_CFLOAT);
}

static bool is_named(PyObject *name, const char *text)
{
    return PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0;
}

/* An array that was given to the call, which returns it: `out`, and what `overwrite_x` lets it write into. With `where` some of its
 * numbers are not results. */
static bool is_argument(const Arguments *arguments, PyObject *object)
{
    bool found = object == arguments->self;
    for (Py_ssize_t i = 0; i < arguments->n_args; i++) found |= arguments->args[i] == object;
    for (Py_ssize_t i = 0; arguments->kwnames != NULL && i < PyTuple_GET_SIZE(arguments->kwnames); i++) {
        PyObject *value = arguments->kwvalues[i];
        if (is_named(PyTuple_GET_ITEM(arguments->kwnames, i), "where")) return false;
        found |= value == object || (PyTuple_CheckExact(value) && PyTuple_GET_SIZE(value) == 1 && PyTuple_GET_ITEM(value, 0) == object);
    }
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (arguments->kwargs != NULL && PyDict_Next(arguments->kwargs, &at, &key, &value)) {
        if (is_named(key, "where")) return false;
        found |= value == object;
    }
    return found;
}

static void positive_result(const Arguments *arguments, PyObject *object, bool own, int depth)
{
    own = own && Py_REFCNT(object) == 1;
    if (numpy_ready && PyArray_Check(object)) {
        if ((own && array_is_private(object)) || is_argument(arguments, object)) positive_array(object);
    } else if (PyTuple_Check(object) && depth < MAX_DEPTH) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); i++)
            positive_result(arguments, PyTuple_GET_ITEM(object, i), own, depth + 1);
    } else if (PyList_CheckExact(object) && own && depth < MAX_DEPTH) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(object); i++)
            positive_result(arguments, PyList_GET_ITEM(object, i), own, depth + 1);
    } else if (own) {
        positive_number(object);
    }
}

/* ---- what functions without a result have written into */

static void positive_written(uint16_t flags, const Arguments *arguments)
{
    PyObject *written = NULL;
    for (Py_ssize_t i = 0; i < arguments->n_args; i++) {
        PyObject *object = arguments->args[i];
        if (object == NULL || !numpy_ready || !PyArray_Check(object)) continue;
        written = object;
        if (flags & WRITES_FIRST) break;
    }
    if (written != NULL) positive_array(written);
}

void make_zeros_positive(uint16_t flags, const Arguments *arguments, PyObject *result)
{
    if (result != Py_None)
        positive_result(arguments, result, true, 0);
    else if (flags & (WRITES_FIRST | WRITES_LAST))
        positive_written(flags, arguments);
}
