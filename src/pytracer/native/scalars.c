/* Numbers, texts and NumPy scalars as value records. */
#include "flatten.h"

#include "numpy_api.h"

void put_int(Writer *writer, PyObject *object)
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
    const ValueRecord *before = value_before(writer, KIND_BIGINT);
    Lane *lane = &writer->state->lane;
    uint64_t offset = table_used(&lane->payload);
    if (text != NULL && before != NULL && before->extra == (uint64_t)length && payload_is(lane, before->data, text, before->extra))
        put_value(writer, KIND_BIGINT, before->data, (uint64_t)length);
    else if (text != NULL && table_append(&lane->payload, text, (uint64_t)length))
        put_value(writer, KIND_BIGINT, offset, (uint64_t)length);
    Py_XDECREF(digits);
    PyErr_Clear();
}

static uint64_t hash_of(const char *data, size_t length)
{
    uint64_t hash = 14695981039346656037ull; /* FNV-1a */
    for (size_t i = 0; i < length && i < 4096; i++) hash = (hash ^ (unsigned char)data[i]) * 1099511628211ull;
    return hash;
}

void put_bytes(Writer *writer, const char *data, size_t length)
{
    put_value(writer, KIND_BYTES, hash_of(data, length), length);
}

void put_str(Writer *writer, PyObject *object)
{
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(object, &length);
    PyObject *encoded = NULL;
    if (UNLIKELY(text == NULL)) { /* lone surrogates */
        PyErr_Clear();
        encoded = PyUnicode_AsEncodedString(object, "utf-8", "surrogatepass");
        if (encoded != NULL) {
            text = PyBytes_AS_STRING(encoded);
            length = PyBytes_GET_SIZE(encoded);
        }
        PyErr_Clear();
    }
    put_value(writer, KIND_STR, hash_of(text, (size_t)length), (uint64_t)length);
    Py_XDECREF(encoded);
}

/* ---- decimal.Decimal and fractions.Fraction: the nearest float64, and the name of the type */

static void put_converted(Writer *writer, double number, PyTypeObject *type)
{
    put_value(writer, KIND_FLOAT64, bits_of(number), type_id(type));
}

void put_decimal(Writer *writer, PyObject *object, PyTypeObject *decimal)
{
    unaryfunc convert = decimal->tp_as_number->nb_float; /* not that of a subclass */
    PyObject *number = convert(object);
    double value = number != NULL && PyFloat_Check(number) ? PyFloat_AS_DOUBLE(number) : Py_NAN; /* a signalling NaN raises */
    PyErr_Clear();
    Py_XDECREF(number);
    put_converted(writer, value, decimal);
}

void put_fraction(Writer *writer, PyObject *object, PyTypeObject *fraction)
{
    PyObject *names[2] = {PyUnicode_InternFromString("_numerator"), PyUnicode_InternFromString("_denominator")};
    PyObject *parts[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++)
        if (names[i] != NULL) parts[i] = slot_value(object, fraction, names[i]);
    bool usable = parts[0] != NULL && parts[1] != NULL && PyLong_CheckExact(parts[0]) && PyLong_CheckExact(parts[1]);
    PyObject *quotient = usable ? PyNumber_TrueDivide(parts[0], parts[1]) : NULL;
    if (quotient != NULL)
        put_converted(writer, PyFloat_AS_DOUBLE(quotient), fraction);
    else if (usable) /* beyond the largest float64 */
        put_converted(writer, _PyLong_Sign(parts[0]) < 0 ? -Py_HUGE_VAL : Py_HUGE_VAL, fraction);
    else
        put_unknown(writer, Py_TYPE(object), true);
    PyErr_Clear();
    Py_XDECREF(quotient);
    for (int i = 0; i < 2; i++) {
        Py_XDECREF(parts[i]);
        Py_XDECREF(names[i]);
    }
}

/* ---- NumPy */

static double half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double magnitude = exponent == 0    ? fraction * 0x1p-24
                       : exponent == 31 ? (fraction ? Py_NAN : Py_HUGE_VAL)
                                        : (1024 + fraction) * 0x1p-25 * (double)(1u << exponent);
    return half >> 15 ? -magnitude : magnitude;
}

/* A scalar without a kind of its own: an array without dimensions. */
static void put_as_array(Writer *writer, PyObject *object)
{
    PyArrayObject *array = (PyArrayObject *)PyArray_FromScalar(object, NULL);
    if (array == NULL) {
        PyErr_Clear();
        put_unknown(writer, Py_TYPE(object), true);
        return;
    }
    if (PyArray_DESCR(array)->kind == 'V' && !PyDataType_HASFIELDS(PyArray_DESCR(array))) {
        put_bytes(writer, PyArray_BYTES(array), (size_t)PyArray_NBYTES(array));
    } else {
        keep(writer, (PyObject *)array);
        put_array(writer, array);
    }
    Py_DECREF(array);
}

void put_numpy_scalar(Writer *writer, PyObject *object)
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
    } else if (PyArray_IsScalar(object, Integer) && !PyArray_IsScalar(object, Timedelta)
               && !(Py_TYPE(object)->tp_flags & Py_TPFLAGS_HEAPTYPE)) { /* a class of the program may define __index__ */
        PyObject *number = PyNumber_Index(object);
        if (number != NULL) put_int(writer, number);
        PyErr_Clear();
        Py_XDECREF(number);
    } else {
        put_as_array(writer, object);
    }
}
