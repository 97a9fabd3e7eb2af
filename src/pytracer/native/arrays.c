/* NumPy arrays and other buffers as value records. Only the storage is looked at: no code of a subclass runs. */
#include "flatten.h"

#include "numpy_api.h"

#include <float.h>
#include <stdio.h>

enum { ARRAY_OMITTED = 1, ARRAY_PACKED = 2, PACK_FROM = 8, TEXT_BYTES = 64 * 1024 };

/* ---- blocks */

static bool is_too_large(uint64_t bytes) { return bytes > recorder.max_array_bytes || no_more_arrays(); }

/* Records the block; one that holds what the same value held at entry is that block. */
static void put_elements(Writer *writer, const ArrayHeader *header, const void *data, uint64_t bytes)
{
    Lane *lane = &writer->state->lane;
    const ValueRecord *before = value_before(writer, KIND_ARRAY);
    uint64_t offset;
    if (before != NULL && before->extra == bytes && block_is(lane, before->data, header, data, bytes))
        offset = before->data;
    else
        offset = put_block(lane, header, data, bytes);
    if (LIKELY(offset != UINT64_MAX)) put_value(writer, KIND_ARRAY, offset, bytes);
}

static void put_omitted(Writer *writer, ArrayHeader *header, uint64_t bytes)
{
    header->flags |= ARRAY_OMITTED;
    count_omitted(writer, bytes);
    put_elements(writer, header, NULL, 0);
}

/* ---- lists and object arrays of numbers: data, kept as one array */

/* "<f8" for floats, "<i8" for ints of 64 bits, NULL for anything else. */
static const char *packed_dtype(PyObject *const *items, Py_ssize_t count)
{
    Py_ssize_t floats = 0, ints = 0;
    for (; floats < count && items[floats] != NULL && PyFloat_Check(items[floats]);) floats++;
    if (count == 0 || floats == count) return count == 0 ? NULL : "<f8";
    for (int overflow = 0; ints < count && items[ints] != NULL && PyLong_CheckExact(items[ints]); ints++) {
        (void)PyLong_AsLongLongAndOverflow(items[ints], &overflow);
        if (overflow != 0) break;
    }
    return ints == count ? "<i8" : NULL;
}

static int compare_floats(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : (x != x) - (y != y); /* NaN last */
}

static int compare_ints(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Above the limits they are recorded by their number only, as arrays are. */
static bool put_numbers(Writer *writer, ArrayHeader *header, PyObject *const *items, Py_ssize_t count, bool sorted)
{
    const char *dtype = packed_dtype(items, count);
    if (dtype == NULL) return false;
    uint64_t bytes = (uint64_t)count * 8;
    void *numbers = is_too_large(bytes) ? NULL : malloc(bytes);
    bool floats = dtype[1] == 'f';
    memcpy(header->dtype, dtype, 4);
    header->flags = ARRAY_PACKED;
    if (numbers == NULL) {
        put_omitted(writer, header, bytes);
        return true;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (floats) ((double *)numbers)[i] = PyFloat_AS_DOUBLE(items[i]);
        else ((int64_t *)numbers)[i] = PyLong_AsLongLong(items[i]);
    if (sorted) qsort(numbers, (size_t)count, 8, floats ? compare_floats : compare_ints);
    put_elements(writer, header, numbers, bytes);
    free(numbers);
    return true;
}

bool put_packed(Writer *writer, PyObject *const *items, Py_ssize_t count, int ndim, const int64_t *shape)
{
    ArrayHeader header = {.ndim = (uint32_t)ndim, .shape = {count}};
    if (shape == NULL && count < PACK_FROM) return false;
    if (shape != NULL) memcpy(header.shape, shape, (size_t)ndim * sizeof *shape);
    return put_numbers(writer, &header, items, count, false);
}

/* A set of numbers in ascending order: its own order changes with the last bit of an item. */
bool put_sorted(Writer *writer, PyObject *const *items, Py_ssize_t count)
{
    ArrayHeader header = {.ndim = 1, .shape = {count}};
    return put_numbers(writer, &header, items, count, true);
}

/* ---- arrays of plain data */

/* Such as "<f4". printf is slow in every program that loads libquadmath, as SciPy does. */
static void put_dtype(char *dtype, char order, char kind, int size)
{
    char digits[12];
    int count = 0;
    *dtype++ = order;
    *dtype++ = kind;
    do digits[count++] = (char)('0' + size % 10);
    while ((size /= 10) > 0);
    while (count > 0) *dtype++ = digits[--count];
}

static void describe(ArrayHeader *header, PyArrayObject *array)
{
    PyArray_Descr *descr = PyArray_DESCR(array);
    memset(header->dtype, 0, sizeof header->dtype);
    if (strchr("mMSU", descr->kind) != NULL) { /* units stand in metadata, and texts count characters */
        PyObject *text = PyObject_GetAttrString((PyObject *)descr, "str");
        const char *utf8 = text == NULL ? NULL : PyUnicode_AsUTF8(text);
        strncpy(header->dtype, utf8 == NULL ? "|V0" : utf8, sizeof header->dtype - 1);
        Py_XDECREF(text);
        PyErr_Clear();
    } else {
        put_dtype(header->dtype, descr->byteorder == '=' ? '<' : descr->byteorder, descr->kind, (int)PyArray_ITEMSIZE(array));
    }
    header->flags = 0;
    header->ndim = (uint32_t)PyArray_NDIM(array);
    for (uint32_t i = 0; i < header->ndim; i++) header->shape[i] = PyArray_DIM(array, (int)i);
}

/* A contiguous copy as a plain array: that of a subclass would run the program's own __array_finalize__. */
static PyArrayObject *dense_copy(PyArrayObject *array)
{
    PyArrayObject *copy = (PyArrayObject *)PyArray_NewLikeArray(array, NPY_CORDER, NULL, 0);
    if (copy != NULL && PyArray_CopyInto(copy, array) != 0) Py_CLEAR(copy);
    if (copy == NULL) PyErr_Clear();
    return copy;
}

/* The 80 bits of x87 are followed by 48 that hold anything: equal numbers must be equal bytes. */
static bool has_padding(PyArrayObject *array)
{
    int type = PyArray_TYPE(array);
    return LDBL_MANT_DIG == 64 && sizeof(long double) == 16 && PyArray_ISNOTSWAPPED(array)
        && (type == NPY_LONGDOUBLE || type == NPY_CLONGDOUBLE);
}

static void clear_padding(PyArrayObject *array)
{
    char *data = PyArray_BYTES(array);
    for (npy_intp at = 0; at < PyArray_NBYTES(array); at += 16) memset(data + at + 10, 0, 6);
}

static bool is_recordable(PyArrayObject *array, uint64_t bytes)
{
    char kind = PyArray_DESCR(array)->kind;
    if (kind == 'S' || kind == 'U') return bytes <= TEXT_BYTES;
    return strchr("biufcmM", kind) != NULL;
}

static void put_plain(Writer *writer, PyArrayObject *array)
{
    ArrayHeader header;
    describe(&header, array);
    uint64_t bytes = (uint64_t)PyArray_NBYTES(array);
    bool padded = has_padding(array), dense = PyArray_IS_C_CONTIGUOUS(array) && !padded;
    bool recorded = !is_too_large(bytes) && is_recordable(array, bytes);
    PyArrayObject *copy = recorded && !dense ? dense_copy(array) : NULL;
    if (copy != NULL && padded) clear_padding(copy);
    if (LIKELY(recorded && (dense || copy != NULL)))
        put_elements(writer, &header, PyArray_DATA(copy != NULL ? copy : array), bytes);
    else
        put_omitted(writer, &header, bytes);
    Py_XDECREF(copy);
}

/* ---- structured arrays: each field is a value */

static PyArrayObject *field_view(PyArrayObject *array, PyObject *field)
{
    PyArray_Descr *descr = (PyArray_Descr *)PyTuple_GET_ITEM(field, 0);
    Py_ssize_t offset = PyLong_AsSsize_t(PyTuple_GET_ITEM(field, 1));
    Py_INCREF(descr);
    PyObject *view = PyArray_NewFromDescr(&PyArray_Type, descr, PyArray_NDIM(array), PyArray_DIMS(array),
                                          PyArray_STRIDES(array), PyArray_BYTES(array) + offset, 0, NULL);
    if (view == NULL) PyErr_Clear();
    return (PyArrayObject *)view;
}

static void put_fields(Writer *writer, PyArrayObject *array)
{
    PyArray_Descr *descr = PyArray_DESCR(array);
    PyObject *names = PyDataType_NAMES(descr), *fields = PyDataType_FIELDS(descr);
    Py_ssize_t count = PyTuple_GET_SIZE(names);
    if (!enter(writer, (PyObject *)array, count)) return;
    for (Py_ssize_t i = 0; i < count && i < recorder.max_items; i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i), *field = PyDict_GetItem(fields, name);
        PyArrayObject *view = field == NULL ? NULL : field_view(array, field);
        if (view != NULL) keep(writer, (PyObject *)view);
        if (view != NULL) put_key(writer, name, i, false, (PyObject *)view);
        Py_XDECREF(view);
    }
    leave(writer);
    if (count > recorder.max_items) put_truncated(writer, count - recorder.max_items);
}

/* ---- object arrays: their elements are values */

static bool path_add_place(Writer *writer, PyArrayObject *array, npy_intp index)
{
    char text[PATH_SIZE + 32];
    size_t length = 0;
    npy_intp rest = PyArray_SIZE(array);
    for (int axis = 0; axis < PyArray_NDIM(array); axis++) {
        rest /= PyArray_DIM(array, axis);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%zd", axis == 0 ? "[" : ", ",
                                   (Py_ssize_t)(index / rest));
        if (length > PATH_SIZE) return false;
        index %= rest;
    }
    if (length > 0) text[length++] = ']';
    return path_add(writer, text, length);
}

static void put_object_items(Writer *writer, PyArrayObject *array, PyObject *const *items)
{
    npy_intp count = PyArray_SIZE(array), shown = count < recorder.max_items ? count : recorder.max_items;
    uint32_t length = writer->path_length;
    for (npy_intp i = 0; i < shown; i++) {
        PyObject *item = Py_NewRef(items[i] == NULL ? Py_None : items[i]);
        if (path_add_place(writer, array, i))
            put_object(writer, item);
        else
            put_truncated(writer, 1);
        writer->path_length = length;
        Py_DECREF(item);
    }
    if (count > shown) put_truncated(writer, count - shown);
}

static void put_objects(Writer *writer, PyArrayObject *array)
{
    ArrayHeader header;
    uint64_t bytes = (uint64_t)PyArray_NBYTES(array);
    PyArrayObject *copy = is_too_large(bytes) ? NULL : dense_copy(array); /* holds the elements alive */
    if (copy == NULL || bytes == 0) {
        describe(&header, array);
        if (bytes > 0) put_omitted(writer, &header, bytes);
        else put_empty(writer, Py_TYPE(array));
        Py_XDECREF(copy);
        return;
    }
    PyObject *const *items = (PyObject *const *)PyArray_DATA(copy);
    describe(&header, array);
    if (!put_packed(writer, items, PyArray_SIZE(copy), PyArray_NDIM(copy), header.shape)
        && enter(writer, (PyObject *)array, PyArray_SIZE(copy))) {
        put_object_items(writer, copy, items);
        leave(writer);
    }
    Py_DECREF(copy);
}

void put_array(Writer *writer, void *object)
{
    PyArrayObject *array = object;
    PyArray_Descr *descr = PyArray_DESCR(array);
    if (descr->kind == 'V' && PyDataType_HASFIELDS(descr))
        put_fields(writer, array);
    else if (descr->type_num == NPY_OBJECT)
        put_objects(writer, array);
    else
        put_plain(writer, array);
}

void put_masked(Writer *writer, void *array)
{
    uint32_t length = writer->path_length;
    PyObject *attributes = instance_dict(array), *mask = NULL;
    if (attributes != NULL) mask = Py_XNewRef(PyDict_GetItemString(attributes, "_mask"));
    if (path_add(writer, ".data", 5)) put_array(writer, array);
    writer->path_length = length;
    if (mask != NULL && path_add(writer, ".mask", 5)) put_object(writer, mask);
    writer->path_length = length;
    Py_XDECREF(mask);
    Py_XDECREF(attributes);
}

/* ---- array.array, memoryview, ctypes arrays and whatever else has a buffer of numbers */

static char kind_of_format(const char *format)
{
    if (*format != '\0' && format[1] != '\0') return *format == 'Z' && format[2] == '\0' ? 'c' : '\0';
    switch (*format) {
    case 'e': case 'f': case 'd': case 'g': return 'f';
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n': return 'i';
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N': return 'u';
    case '?': return 'b';
    case 'c': return 'S';
    case 'w': return 'U';
    default: return '\0';
    }
}

static bool describe_buffer(ArrayHeader *header, const Py_buffer *view)
{
    const char *format = view->format == NULL ? "B" : view->format;
    char order = *format == '>' || *format == '!' ? '>' : '<';
    if (*format != '\0' && strchr("@=<>!", *format) != NULL) format++;
    char kind = kind_of_format(format);
    if (kind == '\0' || view->ndim > 64 || view->itemsize > 32 || (view->ndim > 0 && view->shape == NULL)) return false;
    *header = (ArrayHeader){.ndim = (uint32_t)view->ndim};
    int size = (int)view->itemsize / (kind == 'U' ? 4 : 1);
    put_dtype(header->dtype, size == 1 && kind != 'U' ? '|' : order, kind, size);
    for (int i = 0; i < view->ndim; i++) header->shape[i] = view->shape[i];
    return true;
}

static void put_view(Writer *writer, ArrayHeader *header, const Py_buffer *view)
{
    uint64_t bytes = (uint64_t)view->len;
    bool dense = PyBuffer_IsContiguous(view, 'C'), recorded = !is_too_large(bytes);
    char *copy = recorded && !dense ? malloc(bytes + 1) : NULL;
    if (copy != NULL && PyBuffer_ToContiguous(copy, view, view->len, 'C') != 0) {
        PyErr_Clear();
        recorded = false;
    }
    if (recorded && (dense || copy != NULL))
        put_elements(writer, header, dense ? view->buf : copy, bytes);
    else
        put_omitted(writer, header, bytes);
    free(copy);
}

bool put_buffer(Writer *writer, PyObject *object)
{
    Py_buffer view;
    ArrayHeader header;
    if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) != 0) {
        PyErr_Clear();
        return false;
    }
    bool known = describe_buffer(&header, &view);
    if (known) put_view(writer, &header, &view);
    PyBuffer_Release(&view);
    return known;
}
