/* The number of the reference: a double whose every operation is rounded at random to one of the two neighbours of the
 * exact result, as Verrou's `random` mode does.
 *
 * It shares nothing with the noise model. Which neighbour the processor's own result is, and on which side of the exact
 * result the other one lies, is found in quadruple precision by software (libquadmath): 113 bits hold the product of
 * two doubles, so the sign of each residual below is exact. Of the elementary functions the first 113 bits are taken
 * for the exact result. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <quadmath.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    PyObject_HEAD double value;
} Rounded;

static PyTypeObject rounded_type;

static uint64_t random_state = 1;

/* xorshift64* (Vigna): the top bit decides. */
static bool random_bit(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1Dull >> 63;
}

/* One of the neighbours of nearest + error, each with probability 1/2; exact results stay. */
static double choose(double nearest, __float128 error)
{
    if (error == 0 || !isfinite(nearest) || random_bit()) return nearest;
    return nextafter(nearest, error > 0 ? INFINITY : -INFINITY);
}

static double choose_of_quad(__float128 exact)
{
    double nearest = (double)exact;
    return choose(nearest, exact - nearest);
}

static double sum(double a, double b)
{
    double nearest = a + b, large = fabs(a) < fabs(b) ? b : a, small = fabs(a) < fabs(b) ? a : b;
    return choose(nearest, ((__float128)large - nearest) + small);
}

static double difference(double a, double b) { return sum(a, -b); }

static double product(double a, double b)
{
    double nearest = a * b;
    return choose(nearest, (__float128)a * b - nearest);
}

static double quotient(double a, double b)
{
    double nearest = a / b;
    __float128 residual = a - (__float128)nearest * b;
    return choose(nearest, b < 0 ? -residual : residual);
}

static double square_root(double a)
{
    double nearest = sqrt(a);
    return choose(nearest, a - (__float128)nearest * nearest);
}

static double product_plus(double a, double b, double c)
{
    double nearest = fma(a, b, c);
    __float128 p = (__float128)a * b;
    return choose(nearest, fabsq(p) < fabs(c) ? (c - (__float128)nearest) + p : (p - nearest) + c);
}

static double power(double a, double b) { return choose_of_quad(powq(a, b)); }

/* ---- the Python type */

static PyObject *new_number(double value)
{
    Rounded *self = PyObject_New(Rounded, &rounded_type);
    if (self != NULL) self->value = value;
    return (PyObject *)self;
}

/* False for what is no scalar: NumPy then takes the array element by element. */
static bool number_of(PyObject *object, double *value)
{
    if (Py_IS_TYPE(object, &rounded_type))
        *value = ((Rounded *)object)->value;
    else if (PyFloat_Check(object))
        *value = PyFloat_AS_DOUBLE(object);
    else if (PyLong_Check(object))
        *value = PyLong_AsDouble(object);
    else
        return false;
    return true;
}

#define BINARY(name, function) \
    static PyObject *name(PyObject *left, PyObject *right) \
    { \
        double a, b; \
        if (!number_of(left, &a) || !number_of(right, &b)) Py_RETURN_NOTIMPLEMENTED; \
        return new_number(function(a, b)); \
    }
BINARY(rounded_add, sum)
BINARY(rounded_subtract, difference)
BINARY(rounded_multiply, product)
BINARY(rounded_divide, quotient)

static PyObject *rounded_power(PyObject *left, PyObject *right, PyObject *modulus)
{
    double a, b;
    if (modulus != Py_None || !number_of(left, &a) || !number_of(right, &b)) Py_RETURN_NOTIMPLEMENTED;
    return new_number(power(a, b));
}

static double value_of(PyObject *self) { return ((Rounded *)self)->value; }

static PyObject *rounded_negative(PyObject *self) { return new_number(-value_of(self)); }
static PyObject *rounded_positive(PyObject *self) { return Py_NewRef(self); }
static PyObject *rounded_absolute(PyObject *self) { return new_number(fabs(value_of(self))); }
static PyObject *rounded_float(PyObject *self) { return PyFloat_FromDouble(value_of(self)); }
static PyObject *rounded_int(PyObject *self) { return PyLong_FromDouble(value_of(self)); }
static int rounded_bool(PyObject *self) { return value_of(self) != 0; }

static PyObject *rounded_compare(PyObject *left, PyObject *right, int operation)
{
    double a, b;
    if (!number_of(left, &a) || !number_of(right, &b)) Py_RETURN_NOTIMPLEMENTED;
    Py_RETURN_RICHCOMPARE(a, b, operation);
}

static PyObject *rounded_repr(PyObject *self)
{
    PyObject *number = rounded_float(self), *text = number == NULL ? NULL : PyObject_Repr(number);
    Py_XDECREF(number);
    return text;
}

static PyObject *rounded_sqrt(PyObject *self, PyObject *unused)
{
    (void)unused;
    return new_number(square_root(value_of(self)));
}

#define FUNCTION(name, quad) \
    static PyObject *rounded_##name(PyObject *self, PyObject *unused) \
    { \
        (void)unused; \
        return new_number(choose_of_quad(quad(value_of(self)))); \
    }
FUNCTION(exp, expq)
FUNCTION(expm1, expm1q)
FUNCTION(log, logq)
FUNCTION(log1p, log1pq)
FUNCTION(sin, sinq)
FUNCTION(cos, cosq)
FUNCTION(arctan, atanq)

static PyObject *rounded_fma(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    double factor, term;
    if (count != 2 || !number_of(args[0], &factor) || !number_of(args[1], &term)) {
        PyErr_SetString(PyExc_TypeError, "fma takes two numbers: a.fma(b, c) is a * b + c, rounded once");
        return NULL;
    }
    return new_number(product_plus(value_of(self), factor, term));
}

static PyObject *rounded_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    double value;
    (void)type;
    if (keywords != NULL || !PyArg_ParseTuple(args, "d:Rounded", &value)) return NULL;
    return new_number(value);
}

static PyNumberMethods as_number = {
    .nb_add = rounded_add,
    .nb_subtract = rounded_subtract,
    .nb_multiply = rounded_multiply,
    .nb_true_divide = rounded_divide,
    .nb_power = rounded_power,
    .nb_negative = rounded_negative,
    .nb_positive = rounded_positive,
    .nb_absolute = rounded_absolute,
    .nb_float = rounded_float,
    .nb_int = rounded_int,
    .nb_bool = rounded_bool,
};

#define METHOD(name) {#name, rounded_##name, METH_NOARGS, NULL}
static PyMethodDef methods[] = {
    METHOD(sqrt),
    METHOD(exp),
    METHOD(expm1),
    METHOD(log),
    METHOD(log1p),
    METHOD(sin),
    METHOD(cos),
    METHOD(arctan),
    {"fma", (PyCFunction)(void (*)(void))rounded_fma, METH_FASTCALL, "a.fma(b, c) is a * b + c, rounded once."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject rounded_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_rounded.Rounded",
    .tp_doc = "Rounded(x): a float64 of which each operation is rounded at random.",
    .tp_basicsize = sizeof(Rounded),
    .tp_new = rounded_new,
    .tp_as_number = &as_number,
    .tp_methods = methods,
    .tp_repr = rounded_repr,
    .tp_richcompare = rounded_compare,
    .tp_hash = PyObject_HashNotImplemented,
};

static PyObject *seed(PyObject *module, PyObject *number)
{
    (void)module;
    unsigned long long value = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred()) return NULL;
    random_state = value * 0x9E3779B97F4A7C15ull + 0x632BE59BD9B4E019ull; /* zero would stay zero: no seed gives it */
    for (int i = 0; i < 16; i++) random_bit();
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"seed", seed, METH_O, "Begin the stream of random bits that belongs to this number."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_rounded",
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__rounded(void)
{
    if (PyType_Ready(&rounded_type) < 0) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObjectRef(module, "Rounded", (PyObject *)&rounded_type) < 0) Py_CLEAR(module);
    return module;
}
