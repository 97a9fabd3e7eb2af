/* Built-in functions that compute with Python floats, when the user's own code calls them: `sum`, the arithmetic of `operator`, and
 * the functions of `math` and `cmath`. Libraries that call them get what they always got: the random numbers of `random`, for one,
 * come from `math`. */
#include "compat.h"
#include "pytracer.h"

#include "scalar_state.h"

#include <math.h>
#include <string.h>

#include "float64.h"
#include "error_free.h"
#include "scalar_noise.h"

enum { ADD };

static bool called_by_user(void)
{
    const Frame *frame = compat_current_frame(compat_thread());
    CodeInfo *info = frame == NULL ? NULL : code_info(compat_frame_code(frame));
    return info != NULL && info->user;
}

/* ---- sum: plain additions in 3.11, from 3.12 on Neumaier's compensated ones (A. Neumaier, ZAMM 54, 1974, method IV), of which
 * each is rounded at random */

typedef struct {
    double sum, compensation;
} Sum;

static void sum_add_float(ThreadState *state, Sum *total, double x)
{
    double sum = noisy_add_f64(state, total->sum, x);
#if PY_VERSION_HEX >= 0x030c0000
    bool larger = fabs(total->sum) >= fabs(x);
    double large = larger ? total->sum : x, small = larger ? x : total->sum;
    double error = noisy_add_f64(state, noisy_subtract_f64(state, large, sum), small);
    total->compensation = noisy_add_f64(state, total->compensation, error);
#endif
    total->sum = sum;
}

static double sum_value(ThreadState *state, const Sum *total)
{
    double c = total->compensation;
    return c != 0 && isfinite(c) ? noisy_add_f64(state, total->sum, c) : total->sum;
}

/* Adds floats and ints of the machine to the float `result` as long as there are any. Takes over `result` and returns the new one;
 * `*item` is the first other item, or NULL at the end or after an exception. */
static PyObject *sum_floats(ThreadState *state, PyObject *iterator, PyObject *result, PyObject **item)
{
    Sum total = {PyFloat_AS_DOUBLE(result), 0};
    Py_DECREF(result);
    while ((*item = PyIter_Next(iterator)) != NULL) {
        if (PyFloat_CheckExact(*item)) {
            sum_add_float(state, &total, PyFloat_AS_DOUBLE(*item));
        } else {
            int overflow = 1;
            long whole = PyLong_Check(*item) ? PyLong_AsLongAndOverflow(*item, &overflow) : 0;
            if (overflow != 0) break;
            total.sum = noisy_add_f64(state, total.sum, (double)whole);
        }
        state->noise_events++;
        counters->noisy_scalars++;
        Py_DECREF(*item);
    }
    return PyFloat_FromDouble(sum_value(state, &total));
}

/* Takes over `result`. */
static PyObject *sum_items(ThreadState *state, PyObject *iterator, PyObject *result)
{
    for (bool compensated = false; result != NULL;) { /* once, as the interpreter's own */
        PyObject *item = NULL;
        if (PyFloat_CheckExact(result) && !compensated) {
            compensated = true;
            result = sum_floats(state, iterator, result, &item);
        } else {
            item = PyIter_Next(iterator);
        }
        if (item == NULL || result == NULL) break;
        PyObject *next = python_arithmetic(ADD, false, result, item);
        if (next == NULL && !PyErr_Occurred()) next = PyNumber_Add(result, item);
        Py_DECREF(item);
        Py_SETREF(result, next);
    }
    if (PyErr_Occurred()) Py_CLEAR(result);
    return result;
}

typedef PyObject *(*FastCall)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static FastCall plain_sum;

/* Whatever is unusual is left to the interpreter: texts, which it refuses, and wrong arguments. */
static PyObject *sum_called(PyObject *module, PyObject *const *args, Py_ssize_t n_args, PyObject *kwnames)
{
    ThreadState *state = scalar_state();
    Py_ssize_t n_names = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames), n = n_args + n_names;
    bool usual = state != NULL && n_args >= 1 && n <= 2
        && (n_names == 0 || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "start") == 0);
    PyObject *start = usual && n == 2 ? args[1] : NULL;
    if (start != NULL) usual = !PyUnicode_Check(start) && !PyBytes_Check(start) && !PyByteArray_Check(start);
    if (!usual || !called_by_user()) return plain_sum(module, args, n_args, kwnames);
    PyObject *iterator = PyObject_GetIter(args[0]);
    if (iterator == NULL) return NULL;
    PyObject *result = sum_items(state, iterator, start == NULL ? PyLong_FromLong(0) : Py_NewRef(start));
    Py_DECREF(iterator);
    return result;
}

static PyMethodDef *sum_method;

void builtin_math_install(void)
{
    PyObject *builtin = PyDict_GetItemString(PyEval_GetBuiltins(), "sum"); /* borrowed */
    if (sum_method != NULL || builtin == NULL || !PyCFunction_CheckExact(builtin)) return;
    PyMethodDef *method = ((PyCFunctionObject *)builtin)->m_ml;
    if (method->ml_flags != (METH_FASTCALL | METH_KEYWORDS)) return;
    sum_method = method;
    plain_sum = (FastCall)(void (*)(void))method->ml_meth;
    method->ml_meth = (PyCFunction)(void (*)(void))sum_called;
}

void builtin_math_remove(void)
{
    if (sum_method == NULL || sum_method->ml_meth != (PyCFunction)(void (*)(void))sum_called) return; /* hooked since then */
    sum_method->ml_meth = (PyCFunction)(void (*)(void))plain_sum;
    sum_method = NULL;
}

/* ---- math and cmath: the result, which nobody has seen yet, is changed in place */

static double number(PyObject *object)
{
    if (PyFloat_Check(object)) return PyFloat_AS_DOUBLE(object);
    double converted = PyLong_CheckExact(object) ? PyLong_AsDouble(object) : 0;
    if (PyErr_Occurred()) PyErr_Clear();
    return converted;
}

static double argument(const Arguments *arguments, Py_ssize_t i) { return i < arguments->n_args ? number(arguments->args[i]) : 0; }

#define LARGEST_WHOLE 0x1p52

/* A result that is surely exact: a whole number computed from whole ones (gamma, hypot), or one of the arguments. */
static bool is_exact(const Arguments *arguments, double y)
{
    bool whole = y == floor(y) && fabs(y) < LARGEST_WHOLE;
    for (Py_ssize_t i = 0; i < arguments->n_args; i++) {
        PyObject *const *items = &arguments->args[i];
        Py_ssize_t n = 1;
        if (PyTuple_CheckExact(*items) || PyList_CheckExact(*items)) { /* of dist */
            n = PySequence_Fast_GET_SIZE(*items);
            items = PySequence_Fast_ITEMS(arguments->args[i]);
        }
        for (Py_ssize_t k = 0; k < n; k++) {
            double x = number(items[k]);
            if (fabs(x) == fabs(y)) return true;
            whole = whole && x == floor(x);
        }
    }
    return whole;
}

static double noisy_function(ThreadState *state, const char *name, double y, double x, double second)
{
    if (strcmp(name, "sqrt") == 0 && y == sqrt(x)) return noisy_sqrt_f64(state, x, x);
    if (strcmp(name, "pow") == 0) return noisy_power_f64(state, y, x, second);
    return noisy_last_bit_f64(state, y, x, second);
}

void builtin_math_perturb(const Target *target, const Arguments *arguments, PyObject *result)
{
    if (Py_REFCNT(result) != 1 || !(PyFloat_CheckExact(result) || PyComplex_CheckExact(result)) || !called_by_user()) return;
    const char *name = PyUnicode_AsUTF8(target->name);
    ThreadState *state = scalar_begin();
    if (state == NULL || name == NULL) return;
    double x = argument(arguments, 0), second = argument(arguments, 1);
    if (PyFloat_CheckExact(result)) {
        double *y = &((PyFloatObject *)result)->ob_fval;
        if (is_exact(arguments, *y)) return;
        *y = noisy_function(state, name, *y, x, second);
        return;
    }
    Py_complex *z = &((PyComplexObject *)result)->cval;
    z->real = noisy_last_bit_f64(state, z->real, x, second);
    z->imag = noisy_last_bit_f64(state, z->imag, x, second);
}
