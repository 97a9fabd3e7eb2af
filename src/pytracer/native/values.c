/* Flattening arguments and results into value records. Runs no Python code: only exact built-in containers (and their
 * subclasses' storage), NumPy arrays and scalars are looked into; anything else is recorded as not understood. */
#define NUMPY_API_OWNER
#include "pytracer.h"

#include "numpy_api.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 240, PACK_FROM = 8, MAX_VALUES = 4096 };
enum { ARRAY_OMITTED = 1, ARRAY_PACKED = 2 };

/* One value on its way into the tables. */
typedef struct {
    ThreadState *state;
    uint32_t count; /* value records written */
    int depth;
    uint8_t role;
    uint16_t position;
    size_t path_length;
    char path[PATH_SIZE];
} Writer;

static bool numpy_ready;

int values_numpy_ready(void)
{
    if (numpy_ready) return 0;
    if (_import_array() < 0 || _import_umath() < 0) return -1;
    numpy_ready = true;
    return 0;
}

static ValueRecord *new_value(Writer *writer, uint8_t kind)
{
    ValueRecord *value = (ValueRecord *)table_reserve(&writer->state->lane.values, sizeof *value);
    if (UNLIKELY(value == NULL)) return NULL;
    writer->count++;
    uint32_t name = LIKELY(writer->path_length == 0) ? 0 : name_id(writer->path, writer->path_length);
    *value = (ValueRecord){.kind = kind, .role = writer->role, .position = writer->position, .name = name};
    return value;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void put_value(Writer *writer, uint8_t kind, uint64_t data, uint64_t extra)
{
    ValueRecord *value = new_value(writer, kind);
    if (UNLIKELY(value == NULL)) return;
    value->data = data;
    value->extra = extra;
}

/* ---- arrays */

static void describe(ArrayHeader *header, PyArrayObject *array)
{
    PyArray_Descr *descr = PyArray_DESCR(array);
    memset(header->dtype, 0, sizeof header->dtype);
    int itemsize = (int)PyArray_ITEMSIZE(array);
    char order = descr->byteorder == '=' ? '<' : descr->byteorder;
    if (descr->kind == 'm' || descr->kind == 'M') { /* the unit stands in metadata */
        PyObject *text = PyObject_GetAttrString((PyObject *)descr, "str");
        const char *utf8 = text == NULL ? NULL : PyUnicode_AsUTF8(text);
        if (utf8 != NULL) strncpy(header->dtype, utf8, sizeof header->dtype - 1);
        Py_XDECREF(text);
        PyErr_Clear();
    } else {
        char *at = header->dtype, digits[12];
        int count = 0;
        *at++ = order;
        *at++ = descr->kind;
        do digits[count++] = (char)('0' + itemsize % 10); /* snprintf costs as much as the rest of a small record */
        while ((itemsize /= 10) > 0);
        while (count > 0) *at++ = digits[--count];
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

static void put_array(Writer *writer, PyArrayObject *array)
{
    ArrayHeader header;
    describe(&header, array);
    uint64_t bytes = (uint64_t)PyArray_NBYTES(array);
    PyArrayObject *copy = NULL;
    if (strchr("biufcmM", PyArray_DESCR(array)->kind) == NULL || bytes > recorder.max_array_bytes || no_more_arrays()) {
        header.flags = ARRAY_OMITTED;
    } else if (!PyArray_IS_C_CONTIGUOUS(array)) {
        copy = dense_copy(array);
        if (copy == NULL) header.flags = ARRAY_OMITTED;
    }
    if (header.flags & ARRAY_OMITTED) {
        counters->arrays_omitted++;
        counters->bytes_omitted += bytes;
        bytes = 0;
    }
    uint64_t offset = put_block(&writer->state->lane, &header, PyArray_DATA(copy != NULL ? copy : array), bytes);
    if (offset != UINT64_MAX) put_value(writer, KIND_ARRAY, offset, bytes);
    Py_XDECREF(copy);
}

/* A long list of floats is data: it is kept as one array, and above the limits by its length only, as arrays are. */
static bool put_packed(Writer *writer, PyObject *const *items, Py_ssize_t count)
{
    if (count < PACK_FROM) return false;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!PyFloat_CheckExact(items[i])) return false;
    ArrayHeader header = {.dtype = "<f8", .ndim = 1, .flags = ARRAY_PACKED, .shape = {count}};
    uint64_t bytes = (uint64_t)count * 8;
    bool omitted = bytes > recorder.max_array_bytes || no_more_arrays();
    double *numbers = omitted ? NULL : malloc(bytes);
    if (numbers == NULL) {
        header.flags |= ARRAY_OMITTED;
        counters->arrays_omitted++;
        counters->bytes_omitted += bytes;
        bytes = 0;
    }
    for (Py_ssize_t i = 0; numbers != NULL && i < count; i++) numbers[i] = PyFloat_AS_DOUBLE(items[i]);
    uint64_t offset = put_block(&writer->state->lane, &header, numbers, bytes);
    if (offset != UINT64_MAX) put_value(writer, KIND_ARRAY, offset, bytes);
    free(numbers);
    return true;
}

/* ---- scalars */

static void put_int(Writer *writer, PyObject *object)
{
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (LIKELY(overflow == 0)) {
        put_value(writer, KIND_INT, (uint64_t)number, 0);
        return;
    }
    PyObject *digits = PyNumber_ToBase(object, 16);
    Py_ssize_t length = 0;
    const char *text = digits == NULL ? NULL : PyUnicode_AsUTF8AndSize(digits, &length);
    Table *payload = &writer->state->lane.payload;
    uint64_t offset = table_used(payload);
    if (text != NULL && table_append(payload, text, (uint64_t)length)) put_value(writer, KIND_BIGINT, offset, (uint64_t)length);
    Py_XDECREF(digits);
    PyErr_Clear();
}

static void put_str(Writer *writer, PyObject *object)
{
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(object, &length);
    if (text == NULL) {
        PyErr_Clear();
        length = 0;
    }
    uint64_t hash = 14695981039346656037ull; /* FNV-1a */
    for (Py_ssize_t i = 0; i < length && i < 4096; i++) hash = (hash ^ (unsigned char)text[i]) * 1099511628211ull;
    put_value(writer, KIND_STR, hash, (uint64_t)length);
}

static double half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double magnitude = exponent == 0    ? fraction * 0x1p-24
                       : exponent == 31 ? (fraction ? Py_NAN : Py_HUGE_VAL)
                                        : (1024 + fraction) * 0x1p-25 * (double)(1u << exponent);
    return half >> 15 ? -magnitude : magnitude;
}

static bool put_numpy_scalar(Writer *writer, PyObject *object)
{
    if (PyArray_IsScalar(object, Float)) {
        put_value(writer, KIND_FLOAT32, bits_of(PyArrayScalar_VAL(object, Float)), 0);
    } else if (PyArray_IsScalar(object, Half)) {
        put_value(writer, KIND_FLOAT16, bits_of(half_to_double(PyArrayScalar_VAL(object, Half))), 0);
    } else if (PyArray_IsScalar(object, Bool)) {
        put_value(writer, KIND_BOOL, PyArrayScalar_VAL(object, Bool) ? 1 : 0, 0);
    } else if (PyArray_IsScalar(object, CFloat)) {
        npy_cfloat number = PyArrayScalar_VAL(object, CFloat);
        float parts[2];
        memcpy(parts, &number, sizeof parts);
        put_value(writer, KIND_COMPLEX64, bits_of(parts[0]), bits_of(parts[1]));
    } else if (PyArray_IsScalar(object, Integer) && !PyArray_IsScalar(object, Timedelta)) {
        PyObject *number = PyNumber_Index(object);
        if (number == NULL) {
            PyErr_Clear();
            return false;
        }
        put_int(writer, number);
        Py_DECREF(number);
    } else if (PyArray_IsScalar(object, Generic)) {
        PyObject *array = PyArray_FromScalar(object, NULL);
        if (array == NULL) {
            PyErr_Clear();
            return false;
        }
        put_array(writer, (PyArrayObject *)array);
        Py_DECREF(array);
    } else {
        return false;
    }
    return true;
}

/* ---- containers */

static void put_object(Writer *writer, PyObject *object);

static void put_truncated(Writer *writer, Py_ssize_t left_out)
{
    counters->values_truncated++;
    put_value(writer, KIND_TRUNCATED, 0, (uint64_t)left_out);
}

static void put_items(Writer *writer, PyObject *const *items, Py_ssize_t count)
{
    if (put_packed(writer, items, count)) return;
    size_t length = writer->path_length;
    Py_ssize_t shown = count < recorder.max_items ? count : recorder.max_items;
    writer->depth++;
    for (Py_ssize_t i = 0; i < shown; i++) {
        int added = snprintf(writer->path + length, PATH_SIZE - length, "[%zd]", i);
        if (added >= (int)(PATH_SIZE - length)) break;
        writer->path_length = length + (size_t)added;
        put_object(writer, items[i]);
    }
    writer->depth--;
    writer->path_length = length;
    if (count > shown) put_truncated(writer, count - shown);
}

static void put_dict(Writer *writer, PyObject *dict)
{
    size_t length = writer->path_length;
    Py_ssize_t at = 0, done = 0;
    PyObject *key, *item;
    writer->depth++;
    while (PyDict_Next(dict, &at, &key, &item)) {
        if (done++ >= recorder.max_items) continue;
        int added;
        if (PyUnicode_Check(key)) {
            const char *text = PyUnicode_AsUTF8(key);
            if (text == NULL) PyErr_Clear();
            added = snprintf(writer->path + length, PATH_SIZE - length, "[%s]", text == NULL ? "?" : text);
        } else {
            added = snprintf(writer->path + length, PATH_SIZE - length, "[#%zd]", done - 1);
        }
        if (added >= (int)(PATH_SIZE - length)) continue;
        writer->path_length = length + (size_t)added;
        put_object(writer, item);
    }
    writer->depth--;
    writer->path_length = length;
    if (done > recorder.max_items) put_truncated(writer, done - recorder.max_items);
}

/* Functions, types and modules carry no numbers: they are recorded, not counted as missed. */
static bool is_not_data(PyObject *object)
{
    return PyCallable_Check(object) || PyModule_Check(object) || PyType_Check(object) || object == Py_Ellipsis
        || PySlice_Check(object) || PyBytes_Check(object) || (numpy_ready && PyArray_DescrCheck(object));
}

static void put_unknown(Writer *writer, PyObject *object)
{
    const char *type = Py_TYPE(object)->tp_name;
    if (!is_not_data(object)) counters->values_not_understood++;
    put_value(writer, KIND_OBJECT, 0, name_id(type, strlen(type)));
}

static void put_container(Writer *writer, PyObject *object)
{
    bool sequence = PyTuple_Check(object) || PyList_Check(object);
    if (!sequence && !PyDict_Check(object)) {
        put_unknown(writer, object);
    } else if (writer->depth >= recorder.max_depth || writer->count >= MAX_VALUES) {
        put_truncated(writer, sequence ? Py_SIZE(object) : PyDict_GET_SIZE(object));
    } else if (sequence) {
        put_items(writer, PySequence_Fast_ITEMS(object), PySequence_Fast_GET_SIZE(object));
    } else {
        put_dict(writer, object);
    }
}

static void put_object(Writer *writer, PyObject *object)
{
    if (PyFloat_Check(object))
        put_value(writer, KIND_FLOAT64, bits_of(PyFloat_AS_DOUBLE(object)), 0);
    else if (numpy_ready && PyArray_Check(object))
        put_array(writer, (PyArrayObject *)object);
    else if (PyBool_Check(object))
        put_value(writer, KIND_BOOL, object == Py_True, 0);
    else if (PyLong_Check(object))
        put_int(writer, object);
    else if (object == Py_None)
        put_value(writer, KIND_NONE, 0, 0);
    else if (PyComplex_Check(object))
        put_value(writer, KIND_COMPLEX128, bits_of(((PyComplexObject *)object)->cval.real),
                  bits_of(((PyComplexObject *)object)->cval.imag));
    else if (PyUnicode_Check(object))
        put_str(writer, object);
    else if (!numpy_ready || !put_numpy_scalar(writer, object))
        put_container(writer, object);
}

/* ---- the values of a call */

static void put_keyword(Writer *writer, PyObject *name, PyObject *value)
{
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    if (text == NULL) PyErr_Clear();
    if (text == NULL || length >= PATH_SIZE - 40) length = 0;
    memcpy(writer->path, text, (size_t)length);
    writer->path_length = (size_t)length;
    put_object(writer, value);
    writer->path_length = 0;
}

uint32_t record_inputs(ThreadState *state, const Arguments *arguments)
{
    Writer writer;
    writer.state = state;
    writer.count = 0;
    writer.depth = 0;
    writer.role = ROLE_POSITIONAL;
    writer.position = 0;
    writer.path_length = 0;
    if (arguments->self != NULL) {
        put_object(&writer, arguments->self);
        writer.position++;
    }
    for (Py_ssize_t i = 0; i < arguments->n_args; i++, writer.position++) put_object(&writer, arguments->args[i]);
    if (arguments->kwnames == NULL && arguments->kwargs == NULL) return writer.count;
    writer.role = ROLE_KEYWORD;
    writer.position = 0;
    if (arguments->kwnames != NULL)
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments->kwnames); i++)
            put_keyword(&writer, PyTuple_GET_ITEM(arguments->kwnames, i), arguments->kwvalues[i]);
    Py_ssize_t at = 0;
    PyObject *key, *item;
    while (arguments->kwargs != NULL && PyDict_Next(arguments->kwargs, &at, &key, &item))
        if (PyUnicode_Check(key)) put_keyword(&writer, key, item);
    return writer.count;
}

uint32_t record_result(ThreadState *state, PyObject *result)
{
    Writer writer;
    writer.state = state;
    writer.count = 0;
    writer.depth = 0;
    writer.role = ROLE_RETURN;
    writer.position = 0;
    writer.path_length = 0;
    put_object(&writer, result);
    return writer.count;
}

uint32_t record_exception(ThreadState *state)
{
    PyObject *type = PyErr_Occurred();
    const char *name = type != NULL && PyType_Check(type) ? ((PyTypeObject *)type)->tp_name : "exception";
    Writer writer = {.state = state, .role = ROLE_EXCEPTION};
    put_value(&writer, KIND_OBJECT, 0, name_id(name, strlen(name)));
    return writer.count;
}

/* Whether the value written last is the block that argument `position` was at entry. Inputs that have left the buffer count as
 * different: the argument is then recorded again, which costs a row and loses nothing. */
static bool last_is_input(const Table *values, uint64_t first, uint32_t count, uint16_t position)
{
    uint64_t from = first * sizeof(ValueRecord);
    if (from < values->window_at) return false;
    const ValueRecord *inputs = (const ValueRecord *)(values->window + (from - values->window_at));
    const ValueRecord *last = (const ValueRecord *)(values->window + (values->tail->used - values->window_at)) - 1;
    for (uint32_t row = 0; row < count; row++)
        if (inputs[row].kind == KIND_ARRAY && inputs[row].role == ROLE_POSITIONAL && inputs[row].position == position
            && inputs[row].data == last->data)
            return true;
    return false;
}

/* A call that returns nothing works by changing its arguments: the arrays that differ from what was recorded at entry are
 * recorded again. */
uint32_t record_changed(ThreadState *state, const Arguments *arguments, uint64_t first, uint32_t count)
{
    if (!numpy_ready) return 0;
    Writer writer = {.state = state, .role = ROLE_AFTER};
    Py_ssize_t total = arguments->n_args + (arguments->self != NULL);
    for (Py_ssize_t i = 0; i < total; i++) {
        PyObject *object = arguments->self == NULL ? arguments->args[i] : i == 0 ? arguments->self : arguments->args[i - 1];
        if (object == NULL || !PyArray_Check(object)) continue;
        PyArrayObject *array = (PyArrayObject *)object;
        if (!PyArray_ISWRITEABLE(array)) continue;
        writer.position = (uint16_t)i;
        uint32_t before = writer.count;
        put_array(&writer, array);
        if (writer.count > before && last_is_input(&state->lane.values, first, count, (uint16_t)i)) {
            state->lane.values.tail->used -= sizeof(ValueRecord); /* same block: the call did not change it */
            writer.count--;
        }
    }
    return writer.count;
}
