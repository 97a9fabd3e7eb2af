/* Parker's inexact(): inexact(x, t) = x + 2^(e - t) xi, where x = m 2^e with 1/2 <= |m| < 1, xi is uniform in [-1/2, 1/2) and
 * t is the virtual precision in bits (D. S. Parker, Monte Carlo arithmetic, UCLA CSD-970002, 1997). The sum is rounded at random,
 * up or down in proportion to the distance, so that its mean is x: rounding it to nearest would give x back at full precision. */
#include "inexact.h"

#include "numpy_api.h"
#include "random_stream.h"

#include <math.h>
#include <string.h>

#define WHOLE_64 0x1p53 /* up to it every whole number is a float64: beyond it there are no others */
#define WHOLE_32 0x1p24

/* How the numbers of an array, or a number of its own, are stored. */
typedef struct {
    bool single, swapped;
    int parts, type; /* 2 parts: complex; NumPy's number of the type */
} Format;

/* ---- one number */

static inline uint64_t draw(ThreadState *state)
{
    if (UNLIKELY(state->noise_epoch != noise.epoch)) noise_seed_thread(state);
    return next_word(state);
}

/* Left alone: zero, subnormals and the largest binade, where a step would change the class of the number; Inf; NaN. */
static inline bool has_inexact(double x, bool single)
{
    double magnitude = fabs(x);
    return single ? magnitude >= 0x1p-126 && magnitude < 0x1p127 : magnitude >= 0x1p-1022 && magnitude < 0x1p1023;
}

static inline bool is_whole(double x, bool single)
{
    double magnitude = fabs(x);
    return magnitude <= (single ? WHOLE_32 : WHOLE_64) ? magnitude == (double)(int64_t)magnitude : !has_inexact(x, single);
}

static inline bool is_left_alone(double x, bool single) { return inexact.whole ? !has_inexact(x, single) : is_whole(x, single); }

/* The largest whole number up to `x`, which is far below 2^63: floor() is a call on processors without SSE 4.1. */
static inline double whole_below(double x)
{
    double whole = (double)(int64_t)x;
    return whole - (whole > x);
}

/* 2^(e - 53), one unit in the last place of a normal float64 whose biased exponent is `biased`; it may be subnormal itself. */
static inline double unit_f64(uint64_t biased)
{
    uint64_t bits = biased > 52 ? (biased - 52) << 52 : 1ull << (biased - 1);
    double unit;
    memcpy(&unit, &bits, sizeof unit);
    return unit;
}

static inline uint64_t biased_exponent(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 52 & 0x7ff;
}

/* In units of the last place xi 2^(53 - t), plus a uniform number in [0, 1) and rounded down: the random rounding. */
static inline double inexact_f64(double x, uint64_t first, uint64_t second)
{
    double xi = (double)(int64_t)first * 0x1p-64, uniform = (double)(int64_t)(second >> 11) * 0x1p-53;
    double steps = whole_below(xi * (double)(1ll << (53 - inexact.precision)) + uniform);
    return x + steps * unit_f64(biased_exponent(x));
}

static inline double inexact_f32(double x, uint64_t word)
{
    double xi = (double)(int32_t)(word >> 32) * 0x1p-32, uniform = (double)(int64_t)(word & UINT32_MAX) * 0x1p-32;
    double steps = whole_below(xi * (double)(1ll << (24 - inexact.precision32)) + uniform);
    return (double)(float)(x + steps * unit_f64(biased_exponent(x)) * 0x1p29); /* 2^(e - 24) */
}

static inline double perturbed(Perturbation *p, double x, bool single, uint64_t first, uint64_t second)
{
    if (!has_inexact(x, single)) return x;
    p->drawn++;
    return single ? inexact_f32(x, first) : inexact_f64(x, first, second);
}

/* ---- a stream for an array. What a new array holds before it is filled is chance: were the thread's own stream drawn as often
 * as there are numbers to perturb, everything after it would be. So an array takes one word, and each of its numbers has words
 * of its own. */

typedef struct {
    uint64_t words[2];
} Stream;

static Stream new_stream(ThreadState *state)
{
    uint64_t seed = draw(state);
    Stream stream;
    for (int i = 0; i < 2; i++) stream.words[i] = splitmix(&seed);
    return stream;
}

/* ---- numbers as objects */

static PyObject *numpy_scalar(int type, const double *parts)
{
    float singles[2] = {(float)parts[0], (float)parts[1]};
    bool single = type == NPY_FLOAT || type == NPY_CFLOAT;
    PyArray_Descr *descr = PyArray_DescrFromType(type);
    PyObject *made = descr == NULL ? NULL : PyArray_Scalar(single ? (void *)singles : (void *)(uintptr_t)parts, descr, NULL);
    Py_XDECREF(descr);
    return made;
}

/* The parts of a number of exactly one of the known types. */
static bool parts_of(PyObject *object, Format *format, double *parts)
{
    PyTypeObject *type = Py_TYPE(object);
    *format = (Format){.parts = 1, .type = -1};
    if (type == &PyFloat_Type) {
        parts[0] = PyFloat_AS_DOUBLE(object);
    } else if (type == &PyComplex_Type) {
        parts[0] = ((PyComplexObject *)object)->cval.real;
        parts[1] = ((PyComplexObject *)object)->cval.imag;
        format->parts = 2;
    } else if (!numpy_ready) {
        return false;
    } else if (type == &PyDoubleArrType_Type) {
        parts[0] = ((PyDoubleScalarObject *)object)->obval;
        format->type = NPY_DOUBLE;
    } else if (type == &PyFloatArrType_Type) {
        parts[0] = (double)((PyFloatScalarObject *)object)->obval;
        *format = (Format){.single = true, .parts = 1, .type = NPY_FLOAT};
    } else if (type == &PyCDoubleArrType_Type || type == &PyCFloatArrType_Type) {
        bool single = type == &PyCFloatArrType_Type;
        *format = (Format){.single = single, .parts = 2, .type = single ? NPY_CFLOAT : NPY_CDOUBLE};
        const void *value = single ? (void *)&((PyCFloatScalarObject *)object)->obval : (void *)&((PyCDoubleScalarObject *)object)->obval;
        for (int k = 0; k < 2; k++) parts[k] = single ? (double)((const float *)value)[k] : ((const double *)value)[k];
    } else {
        return false;
    }
    return true;
}

bool number_is_inexact(PyObject *object)
{
    Format format;
    double parts[2] = {0, 0};
    return parts_of(object, &format, parts) && !(is_left_alone(parts[0], format.single) && is_left_alone(parts[1], format.single));
}

PyObject *inexact_number(Perturbation *p, PyObject *object)
{
    Format format;
    double parts[2] = {0, 0};
    if (!parts_of(object, &format, parts)) return NULL;
    if (is_left_alone(parts[0], format.single) && is_left_alone(parts[1], format.single)) return NULL;
    for (int k = 0; k < format.parts; k++) {
        uint64_t first = draw(p->state), second = draw(p->state);
        parts[k] = perturbed(p, parts[k], format.single, first, second);
    }
    PyObject *made = format.type >= 0   ? numpy_scalar(format.type, parts)
                     : format.parts == 2 ? PyComplex_FromDoubles(parts[0], parts[1])
                                         : PyFloat_FromDouble(parts[0]);
    if (made == NULL) PyErr_Clear();
    return made;
}

/* ---- arrays, of any strides and byte order */

bool is_array(PyObject *object) { return numpy_ready && PyArray_CheckExact(object); }

static bool format_of(PyArrayObject *array, Format *format)
{
    int type = PyArray_TYPE(array);
    bool complex_type = type == NPY_CDOUBLE || type == NPY_CFLOAT, single = type == NPY_FLOAT || type == NPY_CFLOAT;
    *format = (Format){single, PyArray_ISBYTESWAPPED(array), complex_type ? 2 : 1, type};
    return complex_type || single || type == NPY_DOUBLE;
}

static inline double load(const char *at, const Format *format)
{
    uint32_t half;
    uint64_t word;
    float single;
    double number;
    if (format->single) {
        memcpy(&half, at, 4);
        if (format->swapped) half = __builtin_bswap32(half);
        memcpy(&single, &half, 4);
        return (double)single;
    }
    memcpy(&word, at, 8);
    if (format->swapped) word = __builtin_bswap64(word);
    memcpy(&number, &word, 8);
    return number;
}

static inline void store(char *at, double number, const Format *format)
{
    uint32_t half;
    uint64_t word;
    float single = (float)number;
    if (format->single) {
        memcpy(&half, &single, 4);
        if (format->swapped) half = __builtin_bswap32(half);
        memcpy(at, &half, 4);
        return;
    }
    memcpy(&word, &number, 8);
    if (format->swapped) word = __builtin_bswap64(word);
    memcpy(at, &word, 8);
}

/* What is done with `n` elements; false: with no more. */
typedef bool (*Run)(char *at, npy_intp stride, npy_intp n, const Format *format, Perturbation *p, Stream *stream);

static bool all_left_alone(char *at, npy_intp stride, npy_intp n, const Format *format, Perturbation *p, Stream *stream)
{
    (void)p, (void)stream;
    int size = format->single ? 4 : 8;
    for (npy_intp i = 0; i < n; i++, at += stride)
        for (int k = 0; k < format->parts; k++)
            if (!is_left_alone(load(at + k * size, format), format->single)) return false;
    return true;
}

static bool perturb_run(char *at, npy_intp stride, npy_intp n, const Format *format, Perturbation *p, Stream *stream)
{
    int size = format->single ? 4 : 8;
    for (npy_intp i = 0; i < n; i++, at += stride)
        for (int k = 0; k < format->parts * size; k += size) {
            uint64_t first = xoroshiro(stream->words), second = xoroshiro(stream->words);
            store(at + k, perturbed(p, load(at + k, format), format->single, first, second), format);
        }
    return true;
}

/* The iterator reads only, so that it takes our own copy of an array that the program may not write. */
static bool for_runs(PyArrayObject *array, const Format *format, Run run, Perturbation *p, Stream *stream)
{
    NpyIter *iterator = NpyIter_New(array, NPY_ITER_READONLY | NPY_ITER_EXTERNAL_LOOP | NPY_ITER_ZEROSIZE_OK, NPY_KEEPORDER,
                                    NPY_NO_CASTING, NULL);
    NpyIter_IterNextFunc *next = iterator == NULL ? NULL : NpyIter_GetIterNext(iterator, NULL);
    bool all = true;
    if (next != NULL && NpyIter_GetIterSize(iterator) > 0) {
        char **at = NpyIter_GetDataPtrArray(iterator);
        npy_intp *stride = NpyIter_GetInnerStrideArray(iterator), *n = NpyIter_GetInnerLoopSizePtr(iterator);
        do all = run(*at, *stride, *n, format, p, stream);
        while (all && next(iterator));
    }
    if (iterator != NULL) NpyIter_Deallocate(iterator);
    PyErr_Clear();
    return all;
}

bool array_is_inexact(PyObject *object)
{
    Format format;
    PyArrayObject *array = (PyArrayObject *)object;
    return is_array(object) && format_of(array, &format) && !for_runs(array, &format, all_left_alone, NULL, NULL);
}

bool array_has_floats(PyObject *array)
{
    Format format;
    return format_of((PyArrayObject *)array, &format);
}

bool array_perturb(Perturbation *p, PyObject *object)
{
    Format format;
    PyArrayObject *array = (PyArrayObject *)object;
    if (!format_of(array, &format)) return false;
    Stream stream = new_stream(p->state);
    if (for_runs(array, &format, all_left_alone, NULL, NULL)) return false;
    return for_runs(array, &format, perturb_run, p, &stream);
}

bool array_is_writeable(PyObject *array) { return PyArray_ISWRITEABLE((PyArrayObject *)array); }
void array_forbid_writing(PyObject *array) { PyArray_CLEARFLAGS((PyArrayObject *)array, NPY_ARRAY_WRITEABLE); }

PyObject *array_copy(PyObject *array)
{
    PyObject *copy = PyArray_NewLikeArray((PyArrayObject *)array, NPY_KEEPORDER, NULL, 0);
    if (copy != NULL && PyArray_CopyInto((PyArrayObject *)copy, (PyArrayObject *)array) != 0) Py_CLEAR(copy);
    if (copy == NULL) PyErr_Clear();
    return copy;
}

/* ---- what a call wrote into the copy that it got */

bool array_same_shape(PyObject *one, PyObject *other)
{
    PyArrayObject *a = (PyArrayObject *)one, *b = (PyArrayObject *)other;
    return PyArray_NDIM(a) == PyArray_NDIM(b) && PyArray_TYPE(a) == PyArray_TYPE(b)
        && PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(b), PyArray_NDIM(a));
}

static void copy_changed(char **at, const npy_intp *strides, npy_intp n, const Format *format, Perturbation *p, Stream *stream)
{
    char *from = at[0], *before = at[1], *to = at[2];
    int size = format->single ? 4 : 8;
    for (npy_intp i = 0; i < n; i++, from += strides[0], before += strides[1], to += strides[2])
        for (int k = 0; k < format->parts * size; k += size) {
            uint64_t first = xoroshiro(stream->words), second = xoroshiro(stream->words);
            if (memcmp(from + k, before + k, (size_t)size) == 0) continue;
            double x = load(from + k, format);
            if (p->outputs && !is_left_alone(x, format->single))
                store(to + k, perturbed(p, x, format->single, first, second), format);
            else
                memmove(to + k, from + k, (size_t)size);
        }
}

static bool same_bytes(PyArrayObject *a, PyArrayObject *b)
{
    return PyArray_IS_C_CONTIGUOUS(a) && PyArray_IS_C_CONTIGUOUS(b)
        && memcmp(PyArray_DATA(a), PyArray_DATA(b), (size_t)PyArray_NBYTES(a)) == 0;
}

/* Writes into `to` the numbers of `from` that are not those of `before`, bit by bit, and perturbs them where they are outputs. */
void array_copy_changes(Perturbation *p, PyObject *from, PyObject *before, PyObject *to)
{
    Format format;
    PyArrayObject *arrays[] = {(PyArrayObject *)from, (PyArrayObject *)before, (PyArrayObject *)to};
    if (!array_same_shape(from, before) || !array_same_shape(before, to) || !format_of(arrays[0], &format)) return;
    Stream stream = {{0, 0}};
    if (p->outputs) stream = new_stream(p->state);
    if (same_bytes(arrays[0], arrays[1])) return;
    npy_uint32 flags[] = {NPY_ITER_READONLY, NPY_ITER_READONLY, NPY_ITER_READONLY};
    NpyIter *iterator = NpyIter_MultiNew(3, arrays, NPY_ITER_EXTERNAL_LOOP | NPY_ITER_ZEROSIZE_OK, NPY_KEEPORDER, NPY_NO_CASTING, flags, NULL);
    NpyIter_IterNextFunc *next = iterator == NULL ? NULL : NpyIter_GetIterNext(iterator, NULL);
    if (next != NULL && NpyIter_GetIterSize(iterator) > 0) {
        char **at = NpyIter_GetDataPtrArray(iterator);
        npy_intp *strides = NpyIter_GetInnerStrideArray(iterator), *n = NpyIter_GetInnerLoopSizePtr(iterator);
        do copy_changed(at, strides, *n, &format, p, &stream);
        while (next(iterator));
    }
    if (iterator != NULL) NpyIter_Deallocate(iterator);
    PyErr_Clear();
}

/* ---- who else sees the elements of an array */

bool array_is_private(PyObject *object)
{
    PyArrayObject *array = (PyArrayObject *)object;
    while (!PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA)) {
        PyObject *base = PyArray_BASE(array);
        if (base == NULL || Py_REFCNT(base) != 1) return false;
        if (PyCapsule_CheckExact(base)) return PyArray_ISWRITEABLE(array); /* memory that a native library made for it */
        if (!PyArray_Check(base)) return false;
        array = (PyArrayObject *)base;
    }
    return true;
}
