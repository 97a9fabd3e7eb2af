/* Arguments and results as value records. Runs no code of the program: built-in containers (and their subclasses' storage), NumPy
 * arrays and scalars are looked into; the objects of libraries go through adapters, anything else is recorded as not understood. */
#define NUMPY_API_OWNER
#include "flatten.h"

#include "numpy_api.h"

#include <unistd.h>

bool numpy_ready;

int values_numpy_ready(void)
{
    if (numpy_ready) return 0;
    if (_import_array() < 0 || _import_umath() < 0) return -1;
    numpy_ready = true;
    types_forget();
    return 0;
}

void values_set_adapter(PyObject *callback)
{
    Py_XSETREF(find_adapter, Py_NewRef(callback));
    types_forget();
}

/* ---- writing one value */

static bool is_same(const ValueRecord *a, const ValueRecord *b)
{
    return a->kind == b->kind && a->name == b->name && a->data == b->data && a->extra == b->extra;
}

static COLD void draft_value(Draft *draft, const ValueRecord *value)
{
    if (draft->n == draft->size) {
        uint32_t size = 2 * draft->size + 16;
        ValueRecord *rows = realloc(draft->rows, size * sizeof *rows);
        if (rows == NULL) return;
        draft->rows = rows;
        draft->size = size;
    }
    draft->same = draft->same && draft->n < draft->n_before && is_same(&draft->before[draft->n], value);
    draft->rows[draft->n++] = *value;
}

static inline void put_record(Writer *writer, uint8_t kind, uint64_t data, uint64_t extra)
{
    uint32_t name = LIKELY(writer->path_length == 0) ? 0 : name_id(writer->path, writer->path_length);
    ValueRecord value = {kind, writer->role, writer->position, name, data, extra};
    if (UNLIKELY(writer->draft != NULL)) {
        draft_value(writer->draft, &value);
        writer->count++;
        return;
    }
    ValueRecord *place = (ValueRecord *)table_reserve(&writer->state->lane.values, sizeof *place);
    if (UNLIKELY(place == NULL)) return;
    *place = value;
    writer->count++;
}

void put_value(Writer *writer, uint8_t kind, uint64_t data, uint64_t extra) { put_record(writer, kind, data, extra); }

const ValueRecord *value_before(const Writer *writer, uint8_t kind)
{
    const Draft *draft = writer->draft;
    if (LIKELY(draft == NULL) || !draft->same || draft->n >= draft->n_before) return NULL;
    const ValueRecord *before = &draft->before[draft->n];
    uint32_t name = writer->path_length == 0 ? 0 : name_id(writer->path, writer->path_length);
    return before->kind == kind && before->name == name ? before : NULL;
}

/* ---- what is not recorded is counted, and stands where it would have stood */

void put_truncated(Writer *writer, Py_ssize_t left_out)
{
    ++*(writer->draft == NULL ? &counters->values_truncated : &writer->draft->truncated);
    put_value(writer, KIND_TRUNCATED, 0, (uint64_t)left_out);
}

void put_unknown(Writer *writer, PyTypeObject *type, bool is_data)
{
    if (is_data) ++*(writer->draft == NULL ? &counters->values_not_understood : &writer->draft->not_understood);
    put_value(writer, KIND_OBJECT, is_data, type_id(type));
}

void put_empty(Writer *writer, PyTypeObject *type)
{
    put_value(writer, KIND_EMPTY, 0, type_id(type));
}

void count_omitted(Writer *writer, uint64_t bytes)
{
    ++*(writer->draft == NULL ? &counters->arrays_omitted : &writer->draft->omitted);
    *(writer->draft == NULL ? &counters->bytes_omitted : &writer->draft->omitted_bytes) += bytes;
}

/* ---- paths */

bool path_add(Writer *writer, const char *text, size_t length)
{
    if (writer->path_length + length > PATH_SIZE) return false;
    memcpy(writer->path + writer->path_length, text, length);
    writer->path_length += (uint32_t)length;
    return true;
}

bool path_add_index(Writer *writer, Py_ssize_t index)
{
    char text[24], *at = text + sizeof text;
    *--at = ']';
    do *--at = (char)('0' + index % 10);
    while ((index /= 10) > 0);
    *--at = '[';
    return path_add(writer, at, (size_t)(text + sizeof text - at));
}

/* ---- containers and objects that came before */

/* The record where it begins; -1, and it is known from now on. */
static int64_t seen_at(Writer *writer, const void *object)
{
    Seen *seen = &writer->seen;
    for (uint32_t i = 0; i < seen->n && i < SEEN_INLINE; i++)
        if (seen->objects[i] == object) return seen->records[i];
    void *record = seen->n > SEEN_INLINE ? pointer_get(&seen->more, object) : NULL;
    if (record != NULL) return (int64_t)(intptr_t)record - 1;
    if (seen->n < SEEN_INLINE) {
        seen->objects[seen->n] = object;
        seen->records[seen->n++] = writer->count;
    } else if (pointer_put(&seen->more, object, (void *)((intptr_t)writer->count + 1)) == 0) {
        seen->n = SEEN_INLINE + 1;
    }
    return -1;
}

void keep(Writer *writer, PyObject *temporary)
{
    if (writer->kept == NULL) writer->kept = PyList_New(0);
    if (writer->kept == NULL || PyList_Append(writer->kept, temporary) != 0) PyErr_Clear();
}

bool enter(Writer *writer, PyObject *object, Py_ssize_t items)
{
    if (writer->depth >= recorder.max_depth || writer->count >= MAX_VALUES) {
        put_truncated(writer, items);
        return false;
    }
    const ValueRecord *before = value_before(writer, KIND_SEEN); /* it is compared where it was recorded */
    int64_t first = before != NULL ? 0 : seen_at(writer, object);
    if (first >= 0) {
        put_value(writer, KIND_SEEN, 0, before != NULL ? before->extra : writer->count - (uint64_t)first);
        return false;
    }
    writer->depth++;
    return true;
}

/* ---- any value */

static void put_by_type(Writer *writer, PyObject *object)
{
    TypeEntry *entry = type_entry(Py_TYPE(object));
    switch (entry->form) {
    case FORM_BOOL: put_value(writer, KIND_BOOL, object == Py_True, 0); return;
    case FORM_INT: put_int(writer, object); return;
    case FORM_FLOAT: put_value(writer, KIND_FLOAT64, bits_of(PyFloat_AS_DOUBLE(object)), 0); return;
    case FORM_COMPLEX:
        put_value(writer, KIND_COMPLEX128, bits_of(((PyComplexObject *)object)->cval.real),
                  bits_of(((PyComplexObject *)object)->cval.imag));
        return;
    case FORM_STR: put_str(writer, object); return;
    case FORM_BYTES: put_bytes(writer, PyBytes_AS_STRING(object), (size_t)PyBytes_GET_SIZE(object)); return;
    case FORM_BYTEARRAY: put_bytes(writer, PyByteArray_AS_STRING(object), (size_t)PyByteArray_GET_SIZE(object)); return;
    case FORM_NUMPY_SCALAR: put_numpy_scalar(writer, object); return;
    case FORM_DECIMAL: put_decimal(writer, object, entry->base); return;
    case FORM_FRACTION: put_fraction(writer, object, entry->base); return;
    case FORM_ARRAY: put_array(writer, object); return;
    case FORM_MASKED: put_masked(writer, object); return;
    case FORM_BUFFER:
        if (!put_buffer(writer, object)) put_unknown(writer, Py_TYPE(object), true);
        return;
    case FORM_TUPLE: case FORM_LIST: put_sequence(writer, object, false); return;
    case FORM_NAMED_TUPLE: put_sequence(writer, object, true); return;
    case FORM_DICT: put_dict(writer, object, false); return;
    case FORM_ATTRIBUTE_DICT: put_dict(writer, object, true); return;
    case FORM_SET: put_set(writer, object); return;
    case FORM_ITERABLE: put_iterable(writer, object, entry->base); return;
    case FORM_RANGE: put_range(writer, object); return;
    case FORM_DATACLASS: put_dataclass(writer, object); return;
    case FORM_NAMESPACE: put_namespace(writer, object); return;
    case FORM_ADAPTED: put_adapted(writer, object, entry); return;
    default: put_unknown(writer, Py_TYPE(object), entry->form == FORM_UNKNOWN);
    }
}

static inline void put_any(Writer *writer, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyFloat_Type)
        put_record(writer, KIND_FLOAT64, bits_of(PyFloat_AS_DOUBLE(object)), 0);
    else if (numpy_ready && type == &PyArray_Type)
        put_array(writer, object);
    else if (type == &PyBool_Type)
        put_value(writer, KIND_BOOL, object == Py_True, 0);
    else if (type == &PyLong_Type)
        put_int(writer, object);
    else if (object == Py_None)
        put_value(writer, KIND_NONE, 0, 0);
    else if (type == &PyUnicode_Type)
        put_str(writer, object);
    else
        put_by_type(writer, object);
}

void put_object(Writer *writer, PyObject *object) { put_any(writer, object); }

/* ---- the values of a call */

static inline void start(Writer *writer, ThreadState *state, uint8_t role)
{
    writer->state = state;
    writer->draft = NULL;
    writer->kept = NULL;
    writer->count = 0;
    writer->depth = 0;
    writer->role = role;
    writer->position = 0;
    writer->path_length = 0;
    writer->seen.n = 0;
    writer->seen.more = (PointerMap){0};
}

static inline void forget_seen(Writer *writer)
{
    writer->seen.n = 0;
    if (UNLIKELY(writer->seen.more.keys != NULL)) pointer_clear(&writer->seen.more);
}

static inline uint32_t end(Writer *writer)
{
    forget_seen(writer);
    if (UNLIKELY(writer->kept != NULL)) Py_DECREF(writer->kept);
    return writer->count;
}

static void put_keyword(Writer *writer, PyObject *name, PyObject *value)
{
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    if (text == NULL) PyErr_Clear();
    if (text != NULL && length <= PATH_SIZE / 2) path_add(writer, text, (size_t)length);
    put_object(writer, value);
    writer->path_length = 0;
    writer->position++;
}

uint32_t record_inputs(ThreadState *state, const Arguments *arguments)
{
    Writer writer;
    start(&writer, state, ROLE_POSITIONAL);
    if (arguments->self != NULL) {
        put_any(&writer, arguments->self);
        writer.position++;
    }
    for (Py_ssize_t i = 0; i < arguments->n_args; i++, writer.position++) put_any(&writer, arguments->args[i]);
    if (arguments->kwnames == NULL && arguments->kwargs == NULL) return end(&writer);
    writer.role = ROLE_KEYWORD;
    writer.position = 0;
    if (arguments->kwnames != NULL)
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments->kwnames); i++)
            put_keyword(&writer, PyTuple_GET_ITEM(arguments->kwnames, i), arguments->kwvalues[i]);
    Py_ssize_t at = 0;
    PyObject *key, *item;
    while (arguments->kwargs != NULL && PyDict_Next(arguments->kwargs, &at, &key, &item))
        if (PyUnicode_Check(key)) put_keyword(&writer, key, item);
    return end(&writer);
}

uint32_t record_result(ThreadState *state, PyObject *result)
{
    Writer writer;
    start(&writer, state, ROLE_RETURN);
    put_any(&writer, result);
    return end(&writer);
}

uint32_t record_exception(ThreadState *state)
{
    PyObject *type = PyErr_Occurred();
    const char *name = type != NULL && PyType_Check(type) ? ((PyTypeObject *)type)->tp_name : "exception";
    Writer writer;
    start(&writer, state, ROLE_EXCEPTION);
    put_value(&writer, KIND_OBJECT, 0, name_id(name, strlen(name)));
    return end(&writer);
}

/* ---- arguments that the call changed */

/* What the values of the arguments were at entry. */
typedef struct {
    uint64_t first;
    uint32_t count;
    ValueRecord *rows; /* Owned; NULL until they are needed */
} Inputs;

static bool load(Inputs *inputs, const Table *values)
{
    uint64_t from = inputs->first * sizeof(ValueRecord), bytes = inputs->count * sizeof(ValueRecord);
    if (inputs->rows != NULL || inputs->count == 0) return inputs->rows != NULL;
    inputs->rows = malloc(bytes);
    if (inputs->rows == NULL) return false;
    uint64_t in_file = from >= values->window_at ? 0 : values->window_at - from;
    if (in_file > bytes) in_file = bytes;
    if (in_file > 0 && !table_read_at(values, from, inputs->rows, in_file)) {
        free(inputs->rows);
        inputs->rows = NULL;
        return false;
    }
    memcpy((char *)inputs->rows + in_file, values->window + (from + in_file - values->window_at), bytes - in_file);
    return true;
}

/* Those of one argument; they stand together. */
static const ValueRecord *inputs_of(const Inputs *inputs, uint8_t role, uint16_t position, uint32_t *count)
{
    uint32_t first = 0, last;
    while (first < inputs->count && (inputs->rows[first].role != role || inputs->rows[first].position != position)) first++;
    for (last = first; last < inputs->count && inputs->rows[last].role == role && inputs->rows[last].position == position;) last++;
    *count = last - first;
    return inputs->rows + first;
}

static inline bool is_plain(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyFloat_Type || type == &PyLong_Type || type == &PyUnicode_Type || type == &PyBool_Type || object == Py_None;
}

/* Whether a call can have changed what would be recorded of it. */
static bool may_change(PyObject *object, int depth)
{
    PyTypeObject *type = Py_TYPE(object);
    if (is_plain(object)) return false;
    if (numpy_ready && PyArray_Check(object)) return PyArray_ISWRITEABLE((PyArrayObject *)object);
    Form form = type_entry(type)->form;
    if (form != FORM_TUPLE && form != FORM_NAMED_TUPLE) return (form >= FORM_BUFFER && form != FORM_RANGE) || form == FORM_BYTEARRAY;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); i++)
        if (depth >= recorder.max_depth || may_change(PyTuple_GET_ITEM(object, i), depth + 1)) return true;
    return false;
}

static bool is_in(PyObject *tuple, PyObject *object)
{
    for (Py_ssize_t i = 0; PyTuple_CheckExact(tuple) && i < PyTuple_GET_SIZE(tuple); i++)
        if (PyTuple_GET_ITEM(tuple, i) == object) return true;
    return false;
}

/* Whether the object, or each item of a tuple as in `out=(a, b)`, is the result or one of its items. */
static bool is_returned(PyObject *object, PyObject *result)
{
    if (object == result || is_in(result, object)) return true;
    if (!PyTuple_CheckExact(object)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); i++)
        if (!is_in(result, PyTuple_GET_ITEM(object, i))) return false;
    return true;
}

/* Appends what was held back, and counts it. */
static void append(Writer *writer, const Draft *draft)
{
    for (uint32_t i = 0; i < draft->n; i++) {
        ValueRecord *place = (ValueRecord *)table_reserve(&writer->state->lane.values, sizeof *place);
        if (place == NULL) return;
        *place = draft->rows[i];
        writer->count++;
    }
    counters->values_not_understood += draft->not_understood;
    counters->values_truncated += draft->truncated;
    counters->arrays_omitted += draft->omitted;
    counters->bytes_omitted += draft->omitted_bytes;
}

/* Records the argument again if it differs from its values at entry. `name` is that of a keyword, or NULL. */
static void put_after(Writer *writer, Inputs *inputs, uint8_t role, uint16_t position, PyObject *name, PyObject *object)
{
    if (!load(inputs, &writer->state->lane.values)) return;
    Draft draft = {.same = true};
    draft.before = inputs_of(inputs, role, position, &draft.n_before);
    uint32_t count = writer->count;
    writer->draft = &draft;
    writer->position = position;
    writer->count = (uint32_t)(draft.before - inputs->rows); /* limits apply as they did then */
    if (name != NULL)
        put_keyword(writer, name, object);
    else
        put_object(writer, object);
    writer->draft = NULL;
    writer->count = count;
    forget_seen(writer);
    if (!draft.same || draft.n != draft.n_before) append(writer, &draft);
    free(draft.rows);
}

static void put_if_changed(Writer *writer, Inputs *inputs, uint16_t position, PyObject *name, PyObject *object, PyObject *result)
{
    if (object == NULL || !may_change(object, 0) || is_returned(object, result)) return;
    put_after(writer, inputs, name == NULL ? ROLE_POSITIONAL : ROLE_KEYWORD, position, name, object);
}

static bool is_output(PyObject *name, bool every)
{
    return every || PyUnicode_CompareWithASCIIString(name, "out") == 0;
}

static void put_changed_keywords(Writer *writer, Inputs *inputs, const Arguments *arguments, PyObject *result, bool every)
{
    uint16_t position = 0;
    Py_ssize_t at = 0, count = arguments->kwnames == NULL ? 0 : PyTuple_GET_SIZE(arguments->kwnames);
    PyObject *name, *object;
    for (Py_ssize_t i = 0; i < count; i++, position++) {
        name = PyTuple_GET_ITEM(arguments->kwnames, i);
        if (is_output(name, every)) put_if_changed(writer, inputs, position, name, arguments->kwvalues[i], result);
    }
    while (arguments->kwargs != NULL && PyDict_Next(arguments->kwargs, &at, &name, &object)) {
        if (!PyUnicode_Check(name)) continue;
        if (is_output(name, every)) put_if_changed(writer, inputs, position, name, object, result);
        position++;
    }
}

/* A Python function, and a call that returns nothing, may work by changing any argument (`every`); other native functions by
 * the one called `out`. What is returned has been recorded. */
uint32_t record_changed(ThreadState *state, const Arguments *arguments, PyObject *result, const CallRecord *call, bool every)
{
    bool plain = arguments->self == NULL && arguments->kwnames == NULL && arguments->kwargs == NULL;
    for (Py_ssize_t i = 0; plain && i < arguments->n_args; i++) plain = is_plain(arguments->args[i]);
    if (plain || (call->flags & FLAG_INPUTS_CUT)) return 0;
    Inputs inputs = {.first = call->inputs, .count = call->n_inputs};
    Writer writer;
    start(&writer, state, ROLE_AFTER);
    Py_ssize_t own = arguments->self != NULL, total = every ? arguments->n_args + own : 0;
    for (Py_ssize_t i = 0; i < total; i++) {
        PyObject *object = i < own ? arguments->self : arguments->args[i - own];
        put_if_changed(&writer, &inputs, (uint16_t)i, NULL, object, result);
    }
    if (arguments->kwnames != NULL || arguments->kwargs != NULL)
        put_changed_keywords(&writer, &inputs, arguments, result, every);
    free(inputs.rows);
    return end(&writer);
}
