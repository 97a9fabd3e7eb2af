/* Perturbed outputs. A new object that nobody else holds is perturbed in place, so that it stays the object it is; numbers and
 * tuples are replaced; what the program holds elsewhere, too, is left alone, and the coverage says so. */
#include "inexact.h"

#define SHARED "its result is also held elsewhere, as a view, a cached object or an argument: it was left as it is"

static PyObject *settle(Perturbation *p, PyObject *object, bool own, int level);

/* ---- arrays */

/* An argument whose new elements were perturbed already. */
static bool is_written(const Perturbation *p, const PyObject *object)
{
    const Loan *loan = loan_of(&p->loans, object);
    if (loan != NULL && loan->before != NULL) return true;
    for (int i = 0; i < p->n_outs; i++)
        if (p->outs[i] == object) return true;
    return false;
}

/* A function that returns a view of its argument returns one of the caller's own array, whatever that shows then. */
static PyObject *view_of_original(PyObject *array, const Loan *loan)
{
    if (!is_array(loan->lent) || loan->lent == loan->original) return NULL;
    return array_view_of(array, loan->lent, loan->original);
}

static PyObject *settle_array(Perturbation *p, PyObject *array, bool own)
{
    PyObject *view = NULL;
    for (uint32_t i = 0; own && view == NULL && i < p->loans.n; i++) view = view_of_original(array, &p->loans.items[i]);
    if (view != NULL) {
        Py_DECREF(array);
        array = view;
    }
    if (!p->outputs || is_written(p, array)) return array;
    if (own && view == NULL && array_is_private(array))
        array_perturb(p, array);
    else if (array_is_inexact(array))
        inexact_tell(p, "result_not_perturbed", SHARED);
    return array;
}

/* ---- containers */

static PyObject *settle_tuple(Perturbation *p, PyObject *tuple, bool own, int level)
{
    PyObject *made = own ? tuple : new_tuple(tuple);
    bool differs = false;
    for (Py_ssize_t i = 0; made != NULL && i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        PyObject *settled = settle(p, own ? item : Py_NewRef(item), own && Py_REFCNT(item) == 1, level + 1);
        differs |= settled != item;
        PyTuple_SET_ITEM(made, i, settled);
    }
    if (own) return tuple;
    PyObject *left = differs ? tuple : made;
    Py_XDECREF(left);
    return differs ? made : tuple;
}

static PyObject *settle_list(Perturbation *p, PyObject *list, int level)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        PyList_SET_ITEM(list, i, settle(p, item, Py_REFCNT(item) == 1, level + 1));
    }
    return list;
}

/* Values under texts; others are left alone: looking up their key may run code of the program. */
static void settle_values(Perturbation *p, PyObject *dict, int level)
{
    PyObject *key, *item;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &key, &item)) {
        if (!PyUnicode_CheckExact(key)) continue;
        bool own = Py_REFCNT(item) == 1;
        PyObject *settled = settle(p, Py_NewRef(item), own, level + 1);
        if (settled != item && PyDict_SetItem(dict, key, settled) != 0) PyErr_Clear();
        Py_DECREF(settled);
    }
}

/* The attributes of a dataclass or namespace; NULL for anything else, and for those with slots. New reference. */
static PyObject *fields_of(PyObject *object)
{
    static PyObject *fields, *namespace;
    if (fields == NULL) fields = PyUnicode_InternFromString("__dataclass_fields__");
    if (namespace == NULL) namespace = Py_XNewRef(PySys_GetObject("implementation")); /* a SimpleNamespace */
    bool known = fields != NULL && _PyType_Lookup(Py_TYPE(object), fields) != NULL;
    known |= namespace != NULL && Py_IS_TYPE(object, Py_TYPE(namespace));
    PyObject *dict = known && !PyType_Check(object) ? PyObject_GenericGetDict(object, NULL) : NULL;
    PyErr_Clear();
    return dict;
}

/* A container that the program holds elsewhere: whether it has numbers in itself. */
static bool list_holds_inexact(PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
        if (number_is_inexact(PyList_GET_ITEM(list, i)) || array_is_inexact(PyList_GET_ITEM(list, i))) return true;
    return false;
}

static PyObject *settle_object(Perturbation *p, PyObject *object, bool own, int level)
{
    if (PyTuple_CheckExact(object) || is_named_tuple(object)) return settle_tuple(p, object, own, level);
    if (PyList_CheckExact(object) && own) return settle_list(p, object, level);
    if (PyList_CheckExact(object) && p->outputs && list_holds_inexact(object))
        inexact_tell(p, "result_not_perturbed", SHARED);
    if (!own) return object;
    PyObject *dict = PyDict_Check(object) ? Py_NewRef(object) : fields_of(object);
    if (dict != NULL) settle_values(p, dict, level);
    Py_XDECREF(dict);
    return object;
}

/* ---- any result */

/* Steals the object, and returns what stands in its place. `own`: this call alone holds it. */
static PyObject *settle(Perturbation *p, PyObject *object, bool own, int level)
{
    if (object == NULL || object == Py_None || level > MAX_LEVELS) return object;
    PyObject *number = p->outputs ? inexact_number(p, object) : NULL;
    if (number != NULL) {
        Py_DECREF(object);
        return number;
    }
    const Loan *loan = p->loans.n == 0 ? NULL : loan_of(&p->loans, object);
    if (loan != NULL && loan->lent == object) {
        object = Py_NewRef(loan->original);
        Py_DECREF(loan->lent);
        own = false;
    }
    return is_array(object) ? settle_array(p, object, own) : settle_object(p, object, own, level);
}

PyObject *settle_result(Perturbation *p, PyObject *result) { return settle(p, result, Py_REFCNT(result) == 1, 0); }

void perturb_outs(Perturbation *p)
{
    if (p->partial && p->n_outs > 0)
        inexact_tell(p, "result_not_perturbed", "with `where`, not every element of `out` is a result: it was left as it is");
    for (int i = 0; i < p->n_outs && !p->partial; i++)
        if (array_is_writeable(p->outs[i])) array_perturb(p, p->outs[i]);
}
