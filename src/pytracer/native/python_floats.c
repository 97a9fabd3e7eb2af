/* What rewritten code of the user calls instead of + - * / ** (noise/python_floats.py): floats and complex numbers are rounded at
 * random, everything else is left to the interpreter.
 *
 * The operations are constants of code objects. They are no built-in functions: profilers would see calls of those. */
#include "pytracer.h"

#include "scalar_state.h"

#include <math.h>
#include <structmember.h>

#include "float64.h"
#include "error_free.h"
#include "scalar_noise.h"

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER };

typedef Complex_f64 Complex;

/* ---- what the interpreter does */

static PyObject *interpreted(int code, bool in_place, PyObject *a, PyObject *b)
{
    static const binaryfunc plain[] = {PyNumber_Add, PyNumber_Subtract, PyNumber_Multiply, PyNumber_TrueDivide};
    static const binaryfunc augmented[] = {PyNumber_InPlaceAdd, PyNumber_InPlaceSubtract, PyNumber_InPlaceMultiply,
                                           PyNumber_InPlaceTrueDivide};
    if (code == POWER) return in_place ? PyNumber_InPlacePower(a, b, Py_None) : PyNumber_Power(a, b, Py_None);
    return (in_place ? augmented : plain)[code](a, b);
}

/* ---- operands: a float, or an int that the interpreter would convert to one */

enum { NO_NUMBER, AN_INT, A_FLOAT, A_COMPLEX };

/* Whether an object of a subclass, such as a member of an IntEnum, computes as its base does. */
static bool computes_as(PyObject *object, PyTypeObject *base)
{
    const PyNumberMethods *own = Py_TYPE(object)->tp_as_number, *plain = base->tp_as_number;
    return own->nb_add == plain->nb_add && own->nb_subtract == plain->nb_subtract && own->nb_multiply == plain->nb_multiply
        && own->nb_true_divide == plain->nb_true_divide && own->nb_power == plain->nb_power;
}

static int read_operand(PyObject *object, Complex *number)
{
    number->imag = 0;
    if (PyFloat_CheckExact(object)) {
        number->real = PyFloat_AS_DOUBLE(object);
        return A_FLOAT;
    }
    if (PyLong_CheckExact(object) || (PyLong_Check(object) && computes_as(object, &PyLong_Type))) {
        number->real = PyLong_AsDouble(object);
        if (UNLIKELY(number->real == -1.0) && PyErr_Occurred()) {
            PyErr_Clear(); /* the interpreter will raise it again, if it converts */
            return NO_NUMBER;
        }
        return AN_INT;
    }
    if (PyComplex_CheckExact(object)) {
        number->real = PyComplex_RealAsDouble(object);
        number->imag = PyComplex_ImagAsDouble(object);
        return A_COMPLEX;
    }
    if (PyFloat_Check(object) && computes_as(object, &PyFloat_Type)) {
        number->real = PyFloat_AS_DOUBLE(object);
        return A_FLOAT;
    }
    return NO_NUMBER;
}

/* ---- results; NULL without an exception: leave it to the interpreter */

static double noisy_real(ThreadState *state, int code, double x, double y)
{
    switch (code) {
    case ADD: return noisy_add_f64(state, x, y);
    case SUBTRACT: return noisy_subtract_f64(state, x, y);
    case MULTIPLY: return noisy_multiply_f64(state, x, y);
    default: return noisy_divide_f64(state, x, y);
    }
}

static PyObject *noisy_complex(ThreadState *state, int code, Complex a, Complex b)
{
    Complex result;
    switch (code) {
    case ADD: result = noisy_complex_add_f64(state, a, b); break;
    case SUBTRACT: result = noisy_complex_subtract_f64(state, a, b); break;
    case MULTIPLY: result = noisy_complex_multiply_f64(state, a, b); break;
    default: result = noisy_complex_divide_f64(state, a, b, false);
    }
    return is_finite_f64(result) ? PyComplex_FromDoubles(result.real, result.imag) : NULL;
}

/* Powers of floats, and of ints whose exponent is negative. */
static PyObject *noisy_power(ThreadState *state, PyObject *a, PyObject *b, Complex x, Complex n, bool in_place)
{
    PyObject *plain = interpreted(POWER, in_place, a, b), *result = NULL;
    if (plain == NULL) return NULL;
    if (PyFloat_CheckExact(plain)) {
        result = PyFloat_FromDouble(noisy_power_f64(state, PyFloat_AS_DOUBLE(plain), x.real, n.real));
    } else if (PyComplex_CheckExact(plain)) {
        Complex y = {PyComplex_RealAsDouble(plain), PyComplex_ImagAsDouble(plain)};
        y = noisy_power_of_complex_f64(state, y, x, n, false);
        result = PyComplex_FromDoubles(y.real, y.imag);
    } else {
        return plain;
    }
    Py_DECREF(plain);
    return result;
}

#define LARGEST_WHOLE 0x1p53 /* up to here an int becomes a float without rounding */

/* a / b - quotient, with the error of one rounding; 0 after an exception. */
static double error_of_quotient(PyObject *a, PyObject *b, PyObject *quotient)
{
    PyObject *ratio = PyObject_CallMethod(quotient, "as_integer_ratio", NULL);
    PyObject *left = ratio == NULL ? NULL : PyNumber_Multiply(a, PyTuple_GET_ITEM(ratio, 1));
    PyObject *right = left == NULL ? NULL : PyNumber_Multiply(b, PyTuple_GET_ITEM(ratio, 0));
    PyObject *whole = right == NULL ? NULL : PyNumber_Multiply(b, PyTuple_GET_ITEM(ratio, 1));
    PyObject *difference = whole == NULL ? NULL : PyNumber_Subtract(left, right);
    PyObject *error = difference == NULL ? NULL : PyNumber_TrueDivide(difference, whole);
    double found = error == NULL ? 0 : PyFloat_AS_DOUBLE(error);
    Py_XDECREF(ratio);
    Py_XDECREF(left);
    Py_XDECREF(right);
    Py_XDECREF(whole);
    Py_XDECREF(difference);
    Py_XDECREF(error);
    PyErr_Clear();
    return found;
}

/* The interpreter rounds the quotient of large ints once. */
static PyObject *noisy_quotient(PyObject *a, PyObject *b)
{
    PyObject *plain = PyNumber_TrueDivide(a, b);
    ThreadState *state = plain == NULL || !PyFloat_CheckExact(plain) ? NULL : scalar_begin();
    if (state == NULL) return plain;
    uint64_t inexact = 0;
    double quotient = round_f64(PyFloat_AS_DOUBLE(plain), error_of_quotient(a, b, plain), 1, next_word(state), noise.nearness, &inexact);
    counters->inexact_scalars += inexact;
    Py_DECREF(plain);
    return PyFloat_FromDouble(quotient);
}

PyObject *python_arithmetic(int code, bool in_place, PyObject *a, PyObject *b)
{
    if (code < DIVIDE && PyLong_Check(a) && PyLong_Check(b)) return NULL;
    Complex x, y;
    int left = read_operand(a, &x), right = left == NO_NUMBER ? NO_NUMBER : read_operand(b, &y);
    if (right == NO_NUMBER) return NULL;
    if (left == AN_INT && right == AN_INT) {
        bool whole = fabs(x.real) <= LARGEST_WHOLE && fabs(y.real) <= LARGEST_WHOLE;
        if (!whole && code == DIVIDE) return noisy_quotient(a, b);
        if (!whole || code < DIVIDE || (code == POWER && y.real >= 0)) return NULL;
    }
    if (code == DIVIDE && y.real == 0 && y.imag == 0) return NULL;
    ThreadState *state = scalar_begin();
    if (state == NULL) return NULL;
    if (code == POWER) return noisy_power(state, a, b, x, y, in_place);
    if (left == A_COMPLEX || right == A_COMPLEX) return noisy_complex(state, code, x, y);
    return PyFloat_FromDouble(noisy_real(state, code, x.real, y.real));
}

/* ---- the target of `a[i] += y` and `a.b += y`, between its being read and its being written */

typedef struct {
    PyObject_HEAD
    PyObject *object, *key, *value; /* Owned */
} Place;

static PyTypeObject Place_Type;

static int place_traverse(PyObject *self, visitproc visit, void *arg)
{
    Place *place = (Place *)self;
    Py_VISIT(place->object);
    Py_VISIT(place->key);
    Py_VISIT(place->value);
    return 0;
}

static int place_clear(PyObject *self)
{
    Place *place = (Place *)self;
    Py_CLEAR(place->object);
    Py_CLEAR(place->key);
    Py_CLEAR(place->value);
    return 0;
}

static void place_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    place_clear(self);
    PyObject_GC_Del(self);
}

static PyTypeObject Place_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pytracer._native.Place",
    .tp_basicsize = sizeof(Place),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = place_traverse,
    .tp_clear = place_clear,
    .tp_dealloc = place_dealloc,
};

/* Takes over `value`. */
static PyObject *place_new(PyObject *object, PyObject *key, PyObject *value)
{
    Place *place = value == NULL ? NULL : PyObject_GC_New(Place, &Place_Type);
    if (place == NULL) {
        Py_XDECREF(value);
        return NULL;
    }
    place->object = Py_NewRef(object);
    place->key = Py_NewRef(key);
    place->value = value;
    PyObject_GC_Track(place);
    return (PyObject *)place;
}

/* ---- arithmetic on whatever comes */

static PyObject *arithmetic(int code, bool in_place, PyObject *a, PyObject *b)
{
    PyObject *result = python_arithmetic(code, in_place, a, b);
    return result != NULL || PyErr_Occurred() ? result : interpreted(code, in_place, a, b);
}

static COLD PyObject *arithmetic_at(int code, Place *place, PyObject *b)
{
    PyObject *result = arithmetic(code, true, place->value, b);
    if (result == NULL) return NULL;
    Py_SETREF(place->value, result);
    return Py_NewRef((PyObject *)place);
}

static PyObject *any_arithmetic(int code, bool in_place, PyObject *a, PyObject *b)
{
    if (UNLIKELY(Py_IS_TYPE(a, &Place_Type))) return arithmetic_at(code, (Place *)a, b);
    return arithmetic(code, in_place, a, b);
}

/* ---- the callables */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    const char *name, *module;
    Py_ssize_t n_args;
} Operation;

static COLD PyObject *wrong_arguments(PyObject *operation)
{
    return PyErr_Format(PyExc_TypeError, "%s takes %zd arguments", ((Operation *)operation)->name, ((Operation *)operation)->n_args);
}

#define CHECK_ARGUMENTS(n) \
    if (UNLIKELY(PyVectorcall_NARGS(nargsf) != (n) || kwnames != NULL)) return wrong_arguments(self)

/* Two floats are most of what there is: they go the shortest way. */
#define OPERATION(name, CODE, IN_PLACE, SHORTCUT) \
    static PyObject *name##_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) \
    { \
        CHECK_ARGUMENTS(2); \
        PyObject *a = args[0], *b = args[1]; \
        if (LIKELY((SHORTCUT) && PyFloat_CheckExact(a) && PyFloat_CheckExact(b))) { \
            double x = PyFloat_AS_DOUBLE(a), y = PyFloat_AS_DOUBLE(b); \
            ThreadState *state = (CODE) == DIVIDE && y == 0 ? NULL : scalar_begin(); \
            if (LIKELY(state != NULL)) return PyFloat_FromDouble(noisy_real(state, CODE, x, y)); \
        } \
        return any_arithmetic(CODE, IN_PLACE, a, b); \
    }

OPERATION(add, ADD, false, true)
OPERATION(subtract, SUBTRACT, false, true)
OPERATION(multiply, MULTIPLY, false, true)
OPERATION(divide, DIVIDE, false, true)
OPERATION(power, POWER, false, false)
OPERATION(augmented_add, ADD, true, true)
OPERATION(augmented_subtract, SUBTRACT, true, true)
OPERATION(augmented_multiply, MULTIPLY, true, true)
OPERATION(augmented_divide, DIVIDE, true, true)
OPERATION(augmented_power, POWER, true, false)

/* ---- `s += t` with a local `s` remains an addition of the interpreter, which appends texts in place: t is replaced by an object
 * that has the sum already and gives it to the addition, when both are numbers. */

typedef struct {
    PyObject_HEAD
    PyObject *sum; /* Owned */
} Addend;

static PyTypeObject Addend_Type;

static void addend_dealloc(PyObject *self)
{
    Py_DECREF(((Addend *)self)->sum);
    PyObject_Free(self);
}

static PyObject *addend_add(PyObject *left, PyObject *right)
{
    (void)left;
    if (!Py_IS_TYPE(right, &Addend_Type)) Py_RETURN_NOTIMPLEMENTED;
    return Py_NewRef(((Addend *)right)->sum);
}

static PyNumberMethods addend_as_number = {.nb_add = addend_add};

static PyTypeObject Addend_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pytracer._native.Addend",
    .tp_basicsize = sizeof(Addend),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = addend_dealloc,
    .tp_as_number = &addend_as_number,
};

static PyObject *addend_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    CHECK_ARGUMENTS(2);
    PyObject *sum = python_arithmetic(ADD, true, args[0], args[1]);
    if (sum == NULL) return PyErr_Occurred() ? NULL : Py_NewRef(args[1]);
    Addend *addend = PyObject_New(Addend, &Addend_Type);
    if (addend == NULL)
        Py_DECREF(sum);
    else
        addend->sum = sum;
    return (PyObject *)addend;
}

static PyObject *load_item_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    CHECK_ARGUMENTS(2);
    return place_new(args[0], args[1], PyObject_GetItem(args[0], args[1]));
}

static PyObject *load_attribute_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    CHECK_ARGUMENTS(2);
    return place_new(args[0], args[1], PyObject_GetAttr(args[0], args[1]));
}

static COLD PyObject *no_place(void)
{
    PyErr_SetString(PyExc_TypeError, "a place is needed");
    return NULL;
}

static PyObject *store_item_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    CHECK_ARGUMENTS(1);
    if (!Py_IS_TYPE(args[0], &Place_Type)) return no_place();
    Place *place = (Place *)args[0];
    return PyObject_SetItem(place->object, place->key, place->value) == 0 ? Py_NewRef(Py_None) : NULL;
}

static PyObject *store_attribute_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    CHECK_ARGUMENTS(1);
    if (!Py_IS_TYPE(args[0], &Place_Type)) return no_place();
    Place *place = (Place *)args[0];
    return PyObject_SetAttr(place->object, place->key, place->value) == 0 ? Py_NewRef(Py_None) : NULL;
}

/* KEY[1:2] is the key itself. */
static PyObject *key_of_subscript(PyObject *self, PyObject *key)
{
    (void)self;
    return Py_NewRef(key);
}

static PyObject *key_called(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    CHECK_ARGUMENTS(1);
    return Py_NewRef(args[0]);
}

/* Code with these constants may be pickled by value: each is found again by its name. */
static PyObject *operation_reduce(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyUnicode_FromString(((Operation *)self)->name);
}

static PyObject *operation_repr(PyObject *self) { return PyUnicode_FromFormat("<operation %s>", ((Operation *)self)->name); }

static PyMethodDef operation_methods[] = {{"__reduce__", operation_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyMemberDef operation_members[] = {
    {"__name__", T_STRING, offsetof(Operation, name), READONLY, NULL},
    {"__module__", T_STRING, offsetof(Operation, module), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMappingMethods operation_as_mapping = {.mp_subscript = key_of_subscript};

static PyTypeObject Operation_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pytracer._native.Operation",
    .tp_basicsize = sizeof(Operation),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Operation, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_as_mapping = &operation_as_mapping,
    .tp_methods = operation_methods,
    .tp_members = operation_members,
    .tp_repr = operation_repr,
};

#define CALLABLE(name, n) {PyObject_HEAD_INIT(&Operation_Type) name##_called, #name, "pytracer._native", n},

static Operation operations[] = {
    CALLABLE(add, 2) CALLABLE(subtract, 2) CALLABLE(multiply, 2) CALLABLE(divide, 2) CALLABLE(power, 2)
    CALLABLE(augmented_add, 2) CALLABLE(augmented_subtract, 2) CALLABLE(augmented_multiply, 2) CALLABLE(augmented_divide, 2)
    CALLABLE(augmented_power, 2) CALLABLE(load_item, 2) CALLABLE(load_attribute, 2) CALLABLE(store_item, 1)
    CALLABLE(store_attribute, 1) CALLABLE(key, 1) CALLABLE(addend, 2)
};

int python_floats_ready(PyObject *module)
{
    if (PyType_Ready(&Operation_Type) != 0 || PyType_Ready(&Place_Type) != 0 || PyType_Ready(&Addend_Type) != 0) return -1;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (PyModule_AddObjectRef(module, operations[i].name, (PyObject *)&operations[i]) != 0) return -1;
    return 0;
}
