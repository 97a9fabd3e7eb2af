/* What the files share that perturb the numbers of calls: inexact.c, numbers.c, loans.c, results.c. */
#ifndef INEXACT_H
#define INEXACT_H

#include "pytracer.h"

#include "pointer_map.h"

enum { MAX_LEVELS = 4, MAX_OUTS = 8 }; /* containers are entered that deep */

/* Memory: from `low` up to `high`; both NULL for none. */
typedef struct {
    const char *low, *high;
} Extent;

/* An array or container of the caller's, and the perturbed copy that the call got for it, or the same array. */
typedef struct {
    PyObject *original, *lent; /* Owned */
    PyObject *before;          /* what `lent` held at entry: array, tuple or dict. Owned; NULL when it is not written to */
    PyObject *items;           /* of a list: what `original` held at entry, as a tuple. Owned; or NULL */
    Extent extent;             /* of the elements of an array */
} Loan;

typedef struct {
    Loan *items; /* Owned */
    uint32_t n, size;
    PointerMap rows; /* original or lent -> 1 + row, once there are many */
} Loans;

typedef struct Perturbation {
    ThreadState *state;
    const void *outer_frame; /* of the enclosing call with inexact numbers */
    PyObject *module, *name; /* of the function. Owned */
    bool writes;    /* it may write into its arguments */
    bool python;    /* it is a Python function */
    bool keeps;     /* it keeps its arguments: only numbers are replaced */
    bool inputs, outputs;
    bool watches;   /* what it writes into its arguments are outputs */
    bool partial;   /* `where` was given: not every element of an output is one */
    Py_ssize_t out_from, out_to; /* positions of arguments that it writes its results into */
    PyObject *outs[MAX_OUTS];    /* Borrowed: the caller has them */
    int n_outs;
    uint64_t drawn; /* numbers that were perturbed */
    Loans loans;
    PyObject **values;         /* what the call got, by position and by name, after one free place. Owned; or NULL */
    Py_ssize_t n_values;
    PyObject *self, *tuple, *kwargs; /* likewise */
} Perturbation;

extern bool numpy_ready;

/* ---- numbers.c */

/* New reference: the perturbed number; NULL without an exception for what is no inexact number. */
PyObject *inexact_number(Perturbation *p, PyObject *object);
bool number_is_inexact(PyObject *object);               /* whether it would be perturbed */
bool array_is_inexact(PyObject *object);                /* whether it is an array that would be */
bool array_has_floats(PyObject *array);
bool array_is_writeable(PyObject *array);
void array_forbid_writing(PyObject *array);
bool array_perturb(Perturbation *p, PyObject *array);   /* false: it was left as it is */
PyObject *array_copy(PyObject *array);                  /* NULL without an exception when memory is short */
void array_copy_changes(Perturbation *p, PyObject *from, PyObject *before, PyObject *to);
bool array_is_private(PyObject *array);                 /* that one reference is held to: nobody else sees its elements */
bool array_same_shape(PyObject *a, PyObject *b);        /* and type */
bool is_array(PyObject *object);                        /* of exactly NumPy's own type */

/* ---- array_views.c */

/* New reference: what `view` shows of `from`, shown of `to`, an array of the same shape; NULL when it is no view of `from`. */
PyObject *array_view_of(PyObject *view, PyObject *from, PyObject *to);
Extent array_extent(PyObject *array);
bool array_shares_elements(PyObject *a, PyObject *b);

/* ---- loans.c */

PyObject *lend(Perturbation *p, PyObject *object, int level); /* new reference */
void lend_overlapping(Perturbation *p, PyObject *const *values, Py_ssize_t n); /* before the others */
void loans_give_back(Perturbation *p);
bool loans_end(Perturbation *p);                        /* whether one of them is still held by somebody */
const Loan *loan_of(const Loans *loans, const PyObject *object); /* that is `original` or `lent` */
bool is_named_tuple(PyObject *object);
PyObject *new_tuple(PyObject *like);                    /* empty, of the same type and length */

/* ---- results.c */

PyObject *settle_result(Perturbation *p, PyObject *result); /* steals it */
void perturb_outs(Perturbation *p);

/* ---- inexact.c */

void inexact_tell(const Perturbation *p, const char *event, const char *why);

#endif
