/* NumPy's scalars: + - * / ** of float64, float32, complex128 and complex64. NumPy computes each result, with its own rules for
 * types, warnings and errors; where that result is the operation rounded to nearest, another draw may take its place.
 *
 * The number slots of the four types are replaced, and the division of integers, so library code that computes with scalars is perturbed too. */
#include "pytracer.h"

#include "numpy_api.h"
#include "scalar_state.h"

#include <math.h>
#include <string.h>

#include "float64.h"
#include "error_free.h"
#include "scalar_noise.h"

#include "float32.h"
#include "error_free.h"
#include "scalar_noise.h"

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER };
enum { DOUBLE, FLOAT, CDOUBLE, CFLOAT, N_TYPES };

typedef struct {
    binaryfunc binary[POWER];
    ternaryfunc power;
} Slots;

static Slots plain[N_TYPES];
static bool installed;

/* ---- operands: any number that NumPy converts to the type of the result without asking Python code */

static bool read_number(PyObject *object, Complex_f64 *number)
{
    number->imag = 0;
    if (PyFloat_CheckExact(object) || Py_IS_TYPE(object, &PyDoubleArrType_Type)) {
        number->real = PyFloat_AS_DOUBLE(object); /* a float64 is a float */
    } else if (Py_IS_TYPE(object, &PyFloatArrType_Type)) {
        number->real = PyArrayScalar_VAL(object, Float);
    } else if (PyComplex_CheckExact(object) || Py_IS_TYPE(object, &PyCDoubleArrType_Type)) {
        memcpy(number, &((PyComplexObject *)object)->cval, sizeof *number); /* a complex128 is a complex */
    } else if (Py_IS_TYPE(object, &PyCFloatArrType_Type)) {
        float parts[2];
        memcpy(parts, &((PyCFloatScalarObject *)object)->obval, sizeof parts);
        *number = (Complex_f64){parts[0], parts[1]};
    } else if (PyLong_CheckExact(object) || PyBool_Check(object) || PyArray_IsScalar(object, Bool)
               || (PyArray_IsScalar(object, Integer) && !(Py_TYPE(object)->tp_flags & Py_TPFLAGS_HEAPTYPE))) {
        PyObject *whole = PyArray_IsScalar(object, Bool) ? PyLong_FromLong(PyArrayScalar_VAL(object, Bool)) : PyNumber_Index(object);
        number->real = whole == NULL ? -1 : PyLong_AsDouble(whole);
        Py_XDECREF(whole);
        bool failed = PyErr_Occurred() != NULL;
        PyErr_Clear();
        return !failed;
    } else {
        return false;
    }
    return true;
}

/* ---- the result of a type, drawn again */

#define DRAW_REAL(FN, REAL) \
    static REAL FN(drawn)(ThreadState *state, int code, REAL nearest, REAL x, REAL y) \
    { \
        if (!isfinite(nearest)) return nearest; \
        switch (code) { \
        case ADD: return nearest == x + y ? FN(noisy_add)(state, x, y) : nearest; \
        case SUBTRACT: return nearest == x - y ? FN(noisy_subtract)(state, x, y) : nearest; \
        case MULTIPLY: return nearest == x * y ? FN(noisy_multiply)(state, x, y) : nearest; \
        case DIVIDE: return nearest == x / y ? FN(noisy_divide)(state, x, y) : nearest; \
        default: return FN(noisy_power)(state, nearest, x, y); \
        } \
    } \
    static FN(Complex) FN(drawn_complex)(ThreadState *state, int code, FN(Complex) nearest, FN(Complex) a, FN(Complex) b) \
    { \
        FN(Complex) drawn = nearest; \
        if (!FN(is_finite)(nearest)) return nearest; \
        switch (code) { \
        case ADD: drawn = FN(noisy_complex_add)(state, a, b); break; \
        case SUBTRACT: drawn = FN(noisy_complex_subtract)(state, a, b); break; \
        case MULTIPLY: drawn = FN(noisy_complex_multiply)(state, a, b); break; \
        case DIVIDE: drawn = FN(noisy_complex_divide)(state, a, b, true); break; \
        default: drawn = FN(noisy_power_of_complex)(state, nearest, a, b, true); \
        } \
        return FN(is_finite)(drawn) ? drawn : nearest; \
    }

#define F64(name) name##_f64
#define F32(name) name##_f32
DRAW_REAL(F64, double)
DRAW_REAL(F32, float)

static void draw_again(ThreadState *state, int code, PyObject *result, PyObject *left, PyObject *right)
{
    Complex_f64 a, b;
    bool is_result = Py_IS_TYPE(result, &PyDoubleArrType_Type) || Py_IS_TYPE(result, &PyFloatArrType_Type)
        || Py_IS_TYPE(result, &PyCDoubleArrType_Type) || Py_IS_TYPE(result, &PyCFloatArrType_Type);
    if (!is_result || Py_REFCNT(result) != 1 || !read_number(left, &a) || !read_number(right, &b)) return;
    if (Py_IS_TYPE(result, &PyDoubleArrType_Type)) {
        double *value = &((PyDoubleScalarObject *)result)->obval;
        *value = drawn_f64(state, code, *value, a.real, b.real);
    } else if (Py_IS_TYPE(result, &PyFloatArrType_Type)) {
        float *value = &((PyFloatScalarObject *)result)->obval;
        *value = drawn_f32(state, code, *value, (float)a.real, (float)b.real);
    } else if (Py_IS_TYPE(result, &PyCDoubleArrType_Type)) {
        Complex_f64 value;
        memcpy(&value, &((PyCDoubleScalarObject *)result)->obval, sizeof value);
        value = drawn_complex_f64(state, code, value, a, b);
        memcpy(&((PyCDoubleScalarObject *)result)->obval, &value, sizeof value);
    } else {
        Complex_f32 value;
        memcpy(&value, &((PyCFloatScalarObject *)result)->obval, sizeof value);
        Complex_f32 x = {(float)a.real, (float)a.imag}, y = {(float)b.real, (float)b.imag};
        value = drawn_complex_f32(state, code, value, x, y);
        memcpy(&((PyCFloatScalarObject *)result)->obval, &value, sizeof value);
    }
    state->noise_events++;
    counters->noisy_scalars++;
}

/* ---- the slots. They may be called by native code that runs under a random rounding mode. */

static PyObject *perturbed(int type, int code, PyObject *left, PyObject *right, PyObject *modulus)
{
    const Slots *slots = &plain[type];
    ThreadState *state = scalar_state();
    if (UNLIKELY(state == NULL))
        return code == POWER ? slots->power(left, right, modulus) : slots->binary[code](left, right);
    uint32_t mode = UNLIKELY(state->native_depth > 0) ? rounding_nearest() : 0;
    uint64_t before = state->noise_events;
    PyObject *result = code == POWER ? slots->power(left, right, modulus) : slots->binary[code](left, right);
    bool drawn = state->noise_events != before; /* by an operand's own method, or by a loop */
    if (result != NULL && !drawn) draw_again(state, code, result, left, right);
    if (UNLIKELY(state->native_depth > 0)) rounding_restore(mode);
    return result;
}

#define SLOT(type, op, code) \
    static PyObject *type##_##op(PyObject *left, PyObject *right) { return perturbed(type, code, left, right, NULL); }
#define SLOTS(type) \
    SLOT(type, add, ADD) \
    SLOT(type, subtract, SUBTRACT) \
    SLOT(type, multiply, MULTIPLY) \
    SLOT(type, divide, DIVIDE) \
    static PyObject *type##_power(PyObject *left, PyObject *right, PyObject *modulus) \
    { \
        return perturbed(type, POWER, left, right, modulus); \
    }

SLOTS(DOUBLE)
SLOTS(FLOAT)
SLOTS(CDOUBLE)
SLOTS(CFLOAT)

/* ---- quotients of integers */

#define FOR_INTEGERS(apply) \
    apply(Byte) apply(UByte) apply(Short) apply(UShort) apply(Int) apply(UInt) apply(Long) apply(ULong) apply(LongLong) apply(ULongLong)

static PyObject *noisy_quotient(binaryfunc divide, PyObject *left, PyObject *right)
{
    ThreadState *state = scalar_state();
    uint64_t before = state == NULL ? 0 : state->noise_events;
    PyObject *result = divide(left, right);
    if (state != NULL && result != NULL && state->noise_events == before) draw_again(state, DIVIDE, result, left, right);
    return result;
}

#define INTEGER(type) \
    static binaryfunc divide_##type; \
    static PyObject *type##_quotient(PyObject *left, PyObject *right) { return noisy_quotient(divide_##type, left, right); }
FOR_INTEGERS(INTEGER)
#undef INTEGER

#define INSTALL(type) \
    divide_##type = Py##type##ArrType_Type.tp_as_number->nb_true_divide; \
    Py##type##ArrType_Type.tp_as_number->nb_true_divide = type##_quotient;
#define REMOVE(type) Py##type##ArrType_Type.tp_as_number->nb_true_divide = divide_##type;
static void install_quotients(void) { FOR_INTEGERS(INSTALL) }
static void remove_quotients(void) { FOR_INTEGERS(REMOVE) }

#define TABLE(type) {{type##_add, type##_subtract, type##_multiply, type##_divide}, type##_power}
static const Slots ours[N_TYPES] = {TABLE(DOUBLE), TABLE(FLOAT), TABLE(CDOUBLE), TABLE(CFLOAT)};

static PyNumberMethods *methods_of(int type)
{
    PyTypeObject *const types[] = {&PyDoubleArrType_Type, &PyFloatArrType_Type, &PyCDoubleArrType_Type, &PyCFloatArrType_Type};
    return types[type]->tp_as_number;
}

static Slots slots_of(const PyNumberMethods *methods)
{
    return (Slots){{methods->nb_add, methods->nb_subtract, methods->nb_multiply, methods->nb_true_divide}, methods->nb_power};
}

static void set_slots(PyNumberMethods *methods, const Slots *slots)
{
    methods->nb_add = slots->binary[ADD];
    methods->nb_subtract = slots->binary[SUBTRACT];
    methods->nb_multiply = slots->binary[MULTIPLY];
    methods->nb_true_divide = slots->binary[DIVIDE];
    methods->nb_power = slots->power;
}

void numpy_scalars_install(void)
{
    if (installed) return;
    installed = true;
    for (int type = 0; type < N_TYPES; type++) {
        plain[type] = slots_of(methods_of(type));
        set_slots(methods_of(type), &ours[type]);
    }
    install_quotients();
}

void numpy_scalars_remove(void)
{
    if (!installed) return;
    installed = false;
    remove_quotients();
    for (int type = 0; type < N_TYPES; type++) set_slots(methods_of(type), &plain[type]);
}
