/* Views of lent arrays. A copy has a layout of its own: what a view shows of one array is found by the places of its elements, and
 * shown of the other one. */
#include "inexact.h"

#include "numpy_api.h"

enum { MAX_DIMENSIONS = 64 }; /* NumPy's limit */

static npy_intp magnitude(npy_intp stride) { return stride < 0 ? -stride : stride; }

/* ---- places */

/* The indices of the element at `offset` bytes from the first one, and what is left within it; false: there is none. Axes are taken
 * from the longest step to the shortest. */
static bool place_of(PyArrayObject *array, npy_intp offset, npy_intp *place, npy_intp *rest)
{
    int n = PyArray_NDIM(array);
    bool taken[MAX_DIMENSIONS] = {false};
    for (int k = 0; k < n; k++) { /* from the lowest address */
        if (PyArray_DIM(array, k) == 0) return false;
        if (PyArray_STRIDE(array, k) < 0) offset -= PyArray_STRIDE(array, k) * (PyArray_DIM(array, k) - 1);
    }
    for (int round = 0; round < n; round++) {
        int axis = -1;
        for (int k = 0; k < n; k++)
            if (!taken[k] && (axis < 0 || magnitude(PyArray_STRIDE(array, k)) > magnitude(PyArray_STRIDE(array, axis)))) axis = k;
        npy_intp stride = PyArray_STRIDE(array, axis), length = PyArray_DIM(array, axis), step = magnitude(stride);
        npy_intp index = step == 0 || length == 1 ? 0 : offset / step;
        taken[axis] = true;
        if (offset < 0 || index >= length) return false;
        offset -= index * step;
        place[axis] = stride < 0 ? length - 1 - index : index;
    }
    *rest = offset;
    return offset >= 0 && offset < PyArray_ITEMSIZE(array);
}

static npy_intp offset_of(PyArrayObject *array, const npy_intp *place)
{
    npy_intp offset = 0;
    for (int k = 0; k < PyArray_NDIM(array); k++) offset += place[k] * PyArray_STRIDE(array, k);
    return offset;
}

/* A step of `step` bytes along an axis of a view that starts at `first`: the step in `to` for the same steps along the axes of `from`.
 * `low` and `high`: how far from the first element the axes so far lead. */
static bool map_step(PyArrayObject *from, PyArrayObject *to, npy_intp first, npy_intp step, npy_intp length, npy_intp *low,
                     npy_intp *high, npy_intp *mapped)
{
    npy_intp start[MAX_DIMENSIONS], next[MAX_DIMENSIONS], rest, next_rest;
    *mapped = step;
    if (length <= 1) return true;
    if (!place_of(from, first, start, &rest) || !place_of(from, first + step, next, &next_rest) || rest != next_rest) return false;
    for (int k = 0; k < PyArray_NDIM(from); k++) {
        next[k] -= start[k];
        npy_intp reach = next[k] * (length - 1);
        *(reach < 0 ? &low[k] : &high[k]) += reach;
    }
    *mapped = offset_of(to, next);
    return true;
}

static bool is_inside(PyArrayObject *array, const npy_intp *place, const npy_intp *low, const npy_intp *high)
{
    for (int k = 0; k < PyArray_NDIM(array); k++)
        if (place[k] + low[k] < 0 || place[k] + high[k] >= PyArray_DIM(array, k)) return false;
    return true;
}

PyObject *array_view_of(PyObject *object, PyObject *from_object, PyObject *to_object)
{
    PyArrayObject *view = (PyArrayObject *)object, *from = (PyArrayObject *)from_object, *to = (PyArrayObject *)to_object;
    npy_intp place[MAX_DIMENSIONS], strides[MAX_DIMENSIONS], low[MAX_DIMENSIONS] = {0}, high[MAX_DIMENSIONS] = {0};
    npy_intp rest, at = PyArray_BYTES(view) - PyArray_BYTES(from);
    if (PyArray_SIZE(view) == 0 || !array_same_shape(from_object, to_object) || !place_of(from, at, place, &rest)) return NULL;
    if (rest + PyArray_ITEMSIZE(view) > PyArray_ITEMSIZE(from)) return NULL;
    npy_intp start = offset_of(to, place) + rest;
    for (int k = 0; k < PyArray_NDIM(view); k++)
        if (!map_step(from, to, at, PyArray_STRIDE(view, k), PyArray_DIM(view, k), low, high, &strides[k])) return NULL;
    if (!is_inside(from, place, low, high)) return NULL;
    PyArray_Descr *descr = PyArray_DESCR(view);
    Py_INCREF(descr);
    PyObject *made = PyArray_NewFromDescr(&PyArray_Type, descr, PyArray_NDIM(view), PyArray_DIMS(view), strides,
                                          PyArray_BYTES(to) + start, PyArray_FLAGS(view) & NPY_ARRAY_WRITEABLE, NULL);
    if (made != NULL && PyArray_SetBaseObject((PyArrayObject *)made, Py_NewRef(to_object)) != 0) Py_CLEAR(made);
    if (made == NULL) PyErr_Clear();
    return made;
}

/* ---- memory of two arrays */

Extent array_extent(PyObject *object)
{
    PyArrayObject *array = (PyArrayObject *)object;
    if (PyArray_SIZE(array) == 0) return (Extent){NULL, NULL};
    Extent extent = {PyArray_BYTES(array), PyArray_BYTES(array) + PyArray_ITEMSIZE(array)};
    for (int k = 0; k < PyArray_NDIM(array); k++) {
        npy_intp reach = PyArray_STRIDE(array, k) * (PyArray_DIM(array, k) - 1);
        if (reach < 0) extent.low += reach;
        if (reach > 0) extent.high += reach;
    }
    return extent;
}

/* Columns of one matrix lie between each other's elements without sharing any. Where NumPy gives up, they are said to share. */
bool array_shares_elements(PyObject *a, PyObject *b)
{
    PyObject *name = PyUnicode_FromString("numpy"), *numpy = name == NULL ? NULL : PyImport_GetModule(name);
    PyObject *found = numpy == NULL ? NULL : PyObject_CallMethod(numpy, "shares_memory", "OOi", a, b, 1000);
    bool shared = found != Py_False;
    PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(numpy);
    Py_XDECREF(name);
    return shared;
}
