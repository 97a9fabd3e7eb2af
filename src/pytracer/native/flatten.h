/* What the files share that flatten values: values.c, scalars.c, arrays.c, containers.c, types.c, objects.c. */
#ifndef FLATTEN_H
#define FLATTEN_H

#include "pytracer.h"

#include "pointer_map.h"

#include <string.h>

enum { PATH_SIZE = 400, KEY_SIZE = 64, MAX_VALUES = 4096, SEEN_INLINE = 12 };

/* Values that a call may have changed, held back until it is known whether it did. */
typedef struct {
    ValueRecord *rows; /* Owned */
    uint32_t n, size;
    const ValueRecord *before; /* the same argument at entry */
    uint32_t n_before;
    bool same; /* so far */
    uint64_t not_understood, truncated, omitted, omitted_bytes;
} Draft;

/* Containers and objects that a call's values already hold, with the number of the record where each begins. */
typedef struct {
    uint32_t n;
    const void *objects[SEEN_INLINE];
    uint32_t records[SEEN_INLINE];
    PointerMap more;
} Seen;

/* Values on their way into the tables. */
typedef struct {
    ThreadState *state;
    Draft *draft;   /* NULL: straight into the table */
    PyObject *kept; /* list of objects made meanwhile, see keep(). Owned; or NULL */
    uint32_t count; /* value records written */
    int depth;
    uint8_t role;
    uint16_t position;
    uint32_t path_length;
    Seen seen;
    char path[PATH_SIZE];
} Writer;

extern bool numpy_ready;

static inline uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* ---- values.c */

void put_value(Writer *writer, uint8_t kind, uint64_t data, uint64_t extra);
void put_object(Writer *writer, PyObject *object);
void put_truncated(Writer *writer, Py_ssize_t left_out);
void put_empty(Writer *writer, PyTypeObject *type);
void put_unknown(Writer *writer, PyTypeObject *type, bool is_data);
void count_omitted(Writer *writer, uint64_t bytes);
const ValueRecord *value_before(const Writer *writer, uint8_t kind); /* the one at this place at entry; or NULL */
bool enter(Writer *writer, PyObject *object, Py_ssize_t items); /* then put the items, and leave() */
void keep(Writer *writer, PyObject *temporary); /* until the end of these values: its address may stand in `seen` */
static inline void leave(Writer *writer) { writer->depth--; }

bool path_add(Writer *writer, const char *text, size_t length);
bool path_add_index(Writer *writer, Py_ssize_t index);

/* ---- scalars.c */

void put_int(Writer *writer, PyObject *object);
void put_str(Writer *writer, PyObject *object);
void put_bytes(Writer *writer, const char *data, size_t length);
void put_decimal(Writer *writer, PyObject *object, PyTypeObject *decimal);
void put_fraction(Writer *writer, PyObject *object, PyTypeObject *fraction);
void put_numpy_scalar(Writer *writer, PyObject *object);

/* ---- arrays.c */

void put_array(Writer *writer, void *array);  /* PyArrayObject */
void put_masked(Writer *writer, void *array); /* numpy.ma.MaskedArray */
bool put_buffer(Writer *writer, PyObject *object);
bool put_packed(Writer *writer, PyObject *const *items, Py_ssize_t count, int ndim, const int64_t *shape);
bool put_sorted(Writer *writer, PyObject *const *items, Py_ssize_t count);

/* ---- containers.c */

void put_sequence(Writer *writer, PyObject *object, bool named);
void put_dict(Writer *writer, PyObject *dict, bool attributes);
void put_set(Writer *writer, PyObject *object);
void put_iterable(Writer *writer, PyObject *object, PyTypeObject *base);
void put_range(Writer *writer, PyObject *object);
void put_attributes(Writer *writer, PyObject *dict);
void put_key(Writer *writer, PyObject *key, Py_ssize_t index, bool attribute, PyObject *value);

/* ---- types.c: what the recorder does with the objects of a type */

typedef enum {
    FORM_UNKNOWN, FORM_NOT_DATA, FORM_BOOL, FORM_INT, FORM_FLOAT, FORM_COMPLEX, FORM_STR, FORM_BYTES, FORM_BYTEARRAY,
    FORM_NUMPY_SCALAR, FORM_DECIMAL, FORM_FRACTION, FORM_ARRAY, FORM_MASKED, FORM_BUFFER, FORM_TUPLE, FORM_NAMED_TUPLE,
    FORM_LIST, FORM_DICT, FORM_ATTRIBUTE_DICT, FORM_SET, FORM_ITERABLE, FORM_RANGE, FORM_DATACLASS, FORM_NAMESPACE,
    FORM_ADAPTED
} Form;

typedef struct {
    PyObject *reference; /* weak, of a type that can die. Owned; or NULL */
    PyTypeObject *base;  /* the type among the bases that gave the form. Borrowed */
    PyObject *adapter;   /* FORM_ADAPTED: callable. Owned; or NULL */
    Form form;
    bool failed;         /* a failure of its adapter has been reported */
    uint32_t name, name_epoch; /* id in names.jsonl, valid while name_epoch is the recorder's */
} TypeEntry;

TypeEntry *type_entry(PyTypeObject *type);
uint32_t type_id(PyTypeObject *type); /* of its name in names.jsonl */
void types_forget(void);
size_t type_name(PyTypeObject *type, char *name, size_t size);
PyObject *type_lookup(PyTypeObject *type, const char *name); /* Borrowed; or NULL */
PyObject *instance_dict(PyObject *object);                   /* new reference; or NULL */
PyObject *slot_value(PyObject *object, PyTypeObject *type, PyObject *name); /* new reference; or NULL */

/* ---- objects.c */

extern PyObject *find_adapter; /* type -> callable or None. Owned; or NULL */
void put_dataclass(Writer *writer, PyObject *object);
void put_namespace(Writer *writer, PyObject *object);
void put_adapted(Writer *writer, PyObject *object, TypeEntry *entry);
/* New reference, or NULL without an exception when it failed: the first failure is put into the coverage. */
PyObject *call_adapter(PyObject *callable, PyObject *argument, PyTypeObject *adapted, bool *reported);

#endif
