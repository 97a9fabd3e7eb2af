/* Perturbed inputs. Numbers and tuples of them are replaced. Arrays, lists and dictionaries are lent: the call gets a perturbed
 * copy, and what it writes into the copy is written into the caller's own at its end, element by element. Where outputs are
 * perturbed, what a call writes into arrays is one. */
#include "inexact.h"

#include <string.h>

enum { FEW = 16 };

/* ---- what is lent already: one object given twice must stay one object */

static void index_loan(Loans *loans, uint32_t row)
{
    void *value = (void *)(uintptr_t)(row + 1);
    pointer_put(&loans->rows, loans->items[row].original, value);
    pointer_put(&loans->rows, loans->items[row].lent, value);
}

const Loan *loan_of(const Loans *loans, const PyObject *object)
{
    if (loans->rows.keys != NULL) {
        uintptr_t row = (uintptr_t)pointer_get(&loans->rows, object);
        return row == 0 ? NULL : &loans->items[row - 1];
    }
    for (uint32_t i = 0; i < loans->n; i++)
        if (loans->items[i].original == object || loans->items[i].lent == object) return &loans->items[i];
    return NULL;
}

/* Steals `lent`, `before` and `items`, and returns a new reference to what the call gets. */
static PyObject *add_loan(Loans *loans, PyObject *original, PyObject *lent, PyObject *before, PyObject *items)
{
    if (loans->n == loans->size) {
        uint32_t size = 2 * loans->size + 4;
        Loan *grown = realloc(loans->items, size * sizeof *grown);
        if (grown == NULL) {
            Py_DECREF(lent);
            Py_XDECREF(before);
            Py_XDECREF(items);
            return Py_NewRef(original);
        }
        loans->items = grown;
        loans->size = size;
    }
    Extent extent = is_array(original) ? array_extent(original) : (Extent){NULL, NULL};
    loans->items[loans->n++] = (Loan){Py_NewRef(original), lent, before, items, extent};
    if (loans->rows.keys != NULL)
        index_loan(loans, loans->n - 1);
    else if (loans->n > FEW)
        for (uint32_t i = 0; i < loans->n; i++) index_loan(loans, i);
    return Py_NewRef(lent);
}

/* ---- lending; each returns a new reference, to the object itself where nothing in it is perturbed */

/* An output that may be written in place: what it holds is remembered, and the array itself is what the call gets. */
static PyObject *watch_array(Perturbation *p, PyObject *array)
{
    PyObject *before = array_has_floats(array) && array_is_writeable(array) ? array_copy(array) : NULL;
    return before == NULL ? Py_NewRef(array) : add_loan(&p->loans, array, Py_NewRef(array), before, NULL);
}

/* ---- memory that the call has already been given as another object: what it writes into one it reads in the other */

#define OVERLAPS "arguments that share a part of their memory were left as they are"

/* The array itself, so that arrays that share its memory find it. */
static PyObject *leave_array(Perturbation *p, PyObject *array) { return add_loan(&p->loans, array, Py_NewRef(array), NULL, NULL); }

static const Loan *loan_of_memory(const Perturbation *p, PyObject *array)
{
    Extent extent = array_extent(array);
    for (uint32_t i = 0; i < p->loans.n; i++) {
        const Loan *loan = &p->loans.items[i];
        if (extent.low >= loan->extent.high || loan->extent.low >= extent.high) continue;
        bool written = array_is_writeable(array) || array_is_writeable(loan->original);
        if (written && array_shares_elements(array, loan->original)) return loan;
    }
    return NULL;
}

/* A view of the copy that the call has of this memory, or the array itself; NULL: none of it is lent. */
static PyObject *lend_shared(Perturbation *p, PyObject *array)
{
    const Loan *loan = p->inputs && p->writes ? loan_of_memory(p, array) : NULL;
    if (loan == NULL) return NULL;
    bool writeable = array_is_writeable(array), copied = loan->lent != loan->original;
    PyObject *view = copied ? array_view_of(array, loan->original, loan->lent) : NULL;
    if (view == NULL && !p->python) return NULL; /* native functions that write take other arrays */
    if (view == NULL) inexact_tell(p, "argument_not_perturbed", OVERLAPS);
    if (view == NULL) return leave_array(p, array);
    return add_loan(&p->loans, array, view, writeable && array_has_floats(array) ? array_copy(view) : NULL, NULL);
}

/* Of arrays that share memory the larger one is lent first, so that the others are views of its copy; where none holds all of the
 * other, both are left. */
static void lend_pair(Perturbation *p, PyObject *a, PyObject *b)
{
    Extent first = array_extent(a), second = array_extent(b);
    if (first.low >= second.high || second.low >= first.high || !array_shares_elements(a, b)) return;
    if (!array_is_writeable(a) && !array_is_writeable(b)) return;
    bool floats[] = {array_has_floats(a), array_has_floats(b)};
    if (!floats[0] && !floats[1]) return;
    PyObject *in_first = floats[0] ? array_view_of(b, a, a) : NULL, *in_second = floats[1] && in_first == NULL ? array_view_of(a, b, b) : NULL;
    if (in_second != NULL) Py_DECREF(lend(p, b, 0));
    if (in_second == NULL && in_first == NULL && p->python) {
        inexact_tell(p, "argument_not_perturbed", OVERLAPS);
        if (loan_of(&p->loans, a) == NULL) Py_DECREF(leave_array(p, a));
        if (loan_of(&p->loans, b) == NULL) Py_DECREF(leave_array(p, b));
    }
    Py_XDECREF(in_second);
    Py_XDECREF(in_first);
}

static bool is_lent(const Perturbation *p, PyObject *const *values, Py_ssize_t i)
{
    return values[i] != NULL && is_array(values[i]) && !(i >= p->out_from && i < p->out_to);
}

void lend_overlapping(Perturbation *p, PyObject *const *values, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; p->inputs && p->writes && !p->keeps && i < n; i++)
        for (Py_ssize_t j = i + 1; is_lent(p, values, i) && j < n; j++)
            if (values[j] != values[i] && is_lent(p, values, j)) lend_pair(p, values[i], values[j]);
}

static PyObject *lend_array(Perturbation *p, PyObject *array)
{
    PyObject *shared = lend_shared(p, array);
    if (shared != NULL) return shared;
    PyObject *copy = p->inputs && array_has_floats(array) ? array_copy(array) : NULL;
    if (copy != NULL && !array_perturb(p, copy)) Py_CLEAR(copy);
    if (copy == NULL && p->watches) return watch_array(p, array);
    if (copy == NULL) return p->inputs && p->writes ? leave_array(p, array) : Py_NewRef(array);
    bool writeable = array_is_writeable(array);
    PyObject *before = writeable && p->writes ? array_copy(copy) : NULL;
    if (!writeable) array_forbid_writing(copy);
    return add_loan(&p->loans, array, copy, before, NULL);
}

bool is_named_tuple(PyObject *object)
{
    static PyObject *fields;
    if (!PyTuple_Check(object) || PyTuple_CheckExact(object) || Py_TYPE(object)->tp_dictoffset != 0) return false;
    if (fields == NULL) fields = PyUnicode_InternFromString("_fields");
    return fields != NULL && _PyType_Lookup(Py_TYPE(object), fields) != NULL;
}

PyObject *new_tuple(PyObject *like)
{
    PyTypeObject *type = Py_TYPE(like);
    PyObject *made = type == &PyTuple_Type ? PyTuple_New(PyTuple_GET_SIZE(like)) : type->tp_alloc(type, PyTuple_GET_SIZE(like));
    if (made == NULL) PyErr_Clear();
    return made;
}

static PyObject *lend_tuple(Perturbation *p, PyObject *tuple, int level)
{
    PyObject *made = new_tuple(tuple);
    bool differs = false;
    for (Py_ssize_t i = 0; made != NULL && i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = lend(p, PyTuple_GET_ITEM(tuple, i), level + 1);
        differs |= item != PyTuple_GET_ITEM(tuple, i);
        PyTuple_SET_ITEM(made, i, item);
    }
    if (differs) return add_loan(&p->loans, tuple, made, NULL, NULL);
    Py_XDECREF(made);
    return Py_NewRef(tuple);
}

static PyObject *lend_list(Perturbation *p, PyObject *list, int level)
{
    PyObject *items = PyList_AsTuple(list), *made = items == NULL ? NULL : PyList_New(PyTuple_GET_SIZE(items));
    bool differs = false;
    for (Py_ssize_t i = 0; made != NULL && i < PyTuple_GET_SIZE(items); i++) {
        PyObject *item = lend(p, PyTuple_GET_ITEM(items, i), level + 1);
        differs |= item != PyTuple_GET_ITEM(items, i);
        PyList_SET_ITEM(made, i, item);
    }
    PyObject *before = differs ? PyList_AsTuple(made) : NULL;
    if (before != NULL) return add_loan(&p->loans, list, made, before, items);
    PyErr_Clear();
    Py_XDECREF(made);
    Py_XDECREF(items);
    return Py_NewRef(list);
}

static bool has_text_keys(PyObject *dict)
{
    PyObject *key, *item;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &key, &item))
        if (!PyUnicode_CheckExact(key)) return false;
    return true;
}

/* A copy with perturbed values; NULL when none is. Only of texts as keys: others might be compared by code of the program. */
static PyObject *lent_dict(Perturbation *p, PyObject *dict, int level)
{
    if (!has_text_keys(dict)) return NULL;
    PyObject *made = PyDict_Copy(dict), *key, *item;
    bool differs = false;
    Py_ssize_t at = 0;
    while (made != NULL && PyDict_Next(dict, &at, &key, &item)) {
        PyObject *given = lend(p, item, level + 1);
        if (given != item && PyDict_SetItem(made, key, given) == 0) differs = true;
        Py_DECREF(given);
    }
    if (!differs) Py_CLEAR(made);
    PyErr_Clear();
    return made;
}

static PyObject *lend_dict(Perturbation *p, PyObject *dict, int level)
{
    PyObject *made = lent_dict(p, dict, level), *before = made == NULL ? NULL : PyDict_Copy(made);
    if (before != NULL) return add_loan(&p->loans, dict, made, before, NULL);
    PyErr_Clear();
    Py_XDECREF(made);
    return Py_NewRef(dict);
}

PyObject *lend(Perturbation *p, PyObject *object, int level)
{
    if (object == NULL) return NULL;
    PyObject *number = p->inputs ? inexact_number(p, object) : NULL;
    if (number != NULL) return number;
    bool tuple = PyTuple_CheckExact(object) || is_named_tuple(object);
    bool shared = is_array(object) || PyList_CheckExact(object) || PyDict_CheckExact(object);
    if (level >= MAX_LEVELS || (shared ? p->keeps : !tuple)) return Py_NewRef(object);
    const Loan *known = loan_of(&p->loans, object);
    if (known != NULL) return Py_NewRef(known->lent);
    if (tuple) return lend_tuple(p, object, level);
    if (PyList_CheckExact(object)) return lend_list(p, object, level);
    return PyDict_CheckExact(object) ? lend_dict(p, object, level) : lend_array(p, object);
}

/* ---- giving back */

/* What the caller's container is to hold for an item of the lent one. Borrowed. */
static PyObject *own_item(const Loans *loans, PyObject *item)
{
    const Loan *loan = loan_of(loans, item);
    return loan == NULL ? item : loan->original;
}

static bool is_unchanged(const Loan *loan)
{
    Py_ssize_t n = PyTuple_GET_SIZE(loan->before);
    if (PyList_GET_SIZE(loan->lent) != n) return false;
    for (Py_ssize_t i = 0; i < n; i++)
        if (PyList_GET_ITEM(loan->lent, i) != PyTuple_GET_ITEM(loan->before, i)) return false;
    return true;
}

/* The list with the items of the copy as they are now: those that the call left there are the caller's own. */
static void give_back_list(const Loans *loans, const Loan *loan)
{
    if (is_unchanged(loan)) return;
    PointerMap places = {0}; /* item at entry -> 1 + its place */
    for (Py_ssize_t i = PyTuple_GET_SIZE(loan->before); i > 0; i--)
        pointer_put(&places, PyTuple_GET_ITEM(loan->before, i - 1), (void *)(uintptr_t)i);
    PyObject *items = PyList_GetSlice(loan->lent, 0, PY_SSIZE_T_MAX);
    for (Py_ssize_t i = 0; items != NULL && i < PyList_GET_SIZE(items); i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        bool in_place = i < PyTuple_GET_SIZE(loan->before) && PyTuple_GET_ITEM(loan->before, i) == item;
        Py_ssize_t place = in_place ? i + 1 : (Py_ssize_t)(uintptr_t)pointer_get(&places, item);
        PyObject *own = place > 0 ? PyTuple_GET_ITEM(loan->items, place - 1) : own_item(loans, item);
        PyList_SET_ITEM(items, i, Py_NewRef(own));
        Py_DECREF(item);
    }
    pointer_clear(&places);
    if (items == NULL || PyList_SetSlice(loan->original, 0, PY_SSIZE_T_MAX, items) != 0) PyErr_Clear();
    Py_XDECREF(items);
}

static void give_back_dict(const Loans *loans, const Loan *loan)
{
    PyObject *key, *item;
    Py_ssize_t at = 0;
    PyObject *now = PyDict_Copy(loan->lent);
    while (now != NULL && PyDict_Next(now, &at, &key, &item))
        if (PyDict_GetItem(loan->before, key) != item
            && PyDict_SetItem(loan->original, key, own_item(loans, item)) != 0)
            PyErr_Clear();
    at = 0;
    while (now != NULL && PyDict_Next(loan->before, &at, &key, &item))
        if (PyDict_GetItem(now, key) == NULL && PyDict_DelItem(loan->original, key) != 0) PyErr_Clear();
    Py_XDECREF(now);
}

void loans_give_back(Perturbation *p)
{
    for (uint32_t i = 0; i < p->loans.n; i++) {
        const Loan *loan = &p->loans.items[i];
        if (loan->before == NULL) continue;
        if (PyList_CheckExact(loan->original))
            give_back_list(&p->loans, loan);
        else if (PyDict_CheckExact(loan->original))
            give_back_dict(&p->loans, loan);
        else
            array_copy_changes(p, loan->lent, loan->before, loan->original);
    }
}

/* Containers were lent after what they hold, and let go of it first. */
bool loans_end(Perturbation *p)
{
    Loans loans = p->loans;
    bool held = false;
    p->loans = (Loans){0};
    for (uint32_t i = loans.n; i > 0; i--) {
        const Loan *loan = &loans.items[i - 1];
        Py_XDECREF(loan->before);
        Py_XDECREF(loan->items);
        if (loan->lent != loan->original && Py_REFCNT(loan->lent) > 1 && !PyTuple_Check(loan->lent)) held = true;
        Py_DECREF(loan->lent);
        Py_DECREF(loan->original);
    }
    free(loans.items);
    pointer_clear(&loans.rows);
    return held;
}
