/* Containers as value records: each item is a value, named by its place. */
#include "flatten.h"

#include <stdio.h>

/* ---- names of items: `[2]`, `['a']`, `.a` */

static bool is_identifier(const char *text, Py_ssize_t length)
{
    if (length == 0 || (text[0] >= '0' && text[0] <= '9')) return false;
    for (Py_ssize_t i = 0; i < length; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
        if (!letter && c != '_' && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

/* At most KEY_SIZE bytes of a text, not cut within a character. */
static int shown_length(const char *text, Py_ssize_t length)
{
    if (length <= KEY_SIZE) return (int)length;
    int end = KEY_SIZE;
    while (end > 0 && (text[end] & 0xc0) == 0x80) end--;
    return end;
}

/* printf is slow in every program that loads libquadmath, as SciPy does. */
static int join(char *out, const char *before, const char *text, size_t length, const char *after)
{
    char *at = stpcpy(out, before);
    memcpy(at, text, length);
    return (int)(stpcpy(at + length, after) - out);
}

static int text_key(char *out, size_t size, PyObject *key, Py_ssize_t index, bool attribute)
{
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(key, &length);
    if (text == NULL) PyErr_Clear();
    if (text == NULL) return snprintf(out, size, "[#%zd]", index);
    int shown = shown_length(text, length);
    bool cut = shown < length;
    if (attribute && is_identifier(text, length)) return join(out, ".", text, (size_t)shown, cut ? "..." : "");
    return join(out, "['", text, (size_t)shown, cut ? "...']" : "']");
}

/* The key as it would be written, where that runs no code of the program; else its place. */
static int key_text(char *out, size_t size, PyObject *key, Py_ssize_t index, bool attribute)
{
    if (PyUnicode_Check(key)) return text_key(out, size, key, index, attribute);
    PyTypeObject *type = Py_TYPE(key);
    bool plain = type == &PyLong_Type || type == &PyFloat_Type || type == &PyBool_Type || key == Py_None;
    PyObject *shown = plain ? PyObject_Repr(key) : NULL;
    const char *text = shown == NULL ? NULL : PyUnicode_AsUTF8(shown);
    PyErr_Clear(); /* an int of too many digits has no text */
    int length = text != NULL && strlen(text) < KEY_SIZE ? snprintf(out, size, "[%s]", text) : snprintf(out, size, "[#%zd]", index);
    Py_XDECREF(shown);
    return length;
}

void put_key(Writer *writer, PyObject *key, Py_ssize_t index, bool attribute, PyObject *value)
{
    char text[KEY_SIZE + 16];
    uint32_t length = writer->path_length;
    int added = key_text(text, sizeof text, key, index, attribute);
    if (path_add(writer, text, (size_t)added))
        put_object(writer, value);
    else
        put_truncated(writer, 1);
    writer->path_length = length;
}

/* ---- sequences */

static void put_item(Writer *writer, Py_ssize_t index, PyObject *item)
{
    uint32_t length = writer->path_length;
    if (path_add_index(writer, index))
        put_object(writer, item);
    else
        put_truncated(writer, 1);
    writer->path_length = length;
}

static bool has_names(PyObject *names, Py_ssize_t count)
{
    return names != NULL && PyTuple_CheckExact(names) && PyTuple_GET_SIZE(names) == count;
}

/* The sequence is looked at anew for every item: an adapter lets other threads run. */
void put_sequence(Writer *writer, PyObject *object, bool named)
{
    Py_ssize_t count = PySequence_Fast_GET_SIZE(object);
    if (count == 0) {
        put_empty(writer, Py_TYPE(object));
        return;
    }
    if (!named && put_packed(writer, PySequence_Fast_ITEMS(object), count, 1, NULL)) return;
    if (!enter(writer, object, count)) return;
    PyObject *names = named ? type_lookup(Py_TYPE(object), "_fields") : NULL;
    if (!has_names(names, count)) names = NULL;
    Py_ssize_t i = 0;
    for (; i < recorder.max_items && i < PySequence_Fast_GET_SIZE(object); i++) {
        PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(object, i));
        if (names != NULL)
            put_key(writer, PyTuple_GET_ITEM(names, i), i, true, item);
        else
            put_item(writer, i, item);
        Py_DECREF(item);
    }
    leave(writer);
    if (count > i) put_truncated(writer, count - i);
}

/* ---- dictionaries */

void put_dict(Writer *writer, PyObject *dict, bool attributes)
{
    Py_ssize_t count = PyDict_GET_SIZE(dict), at = 0, done = 0;
    if (count == 0) {
        put_empty(writer, Py_TYPE(dict));
        return;
    }
    if (!enter(writer, dict, count)) return;
    PyObject *key, *item;
    while (done < recorder.max_items && PyDict_Next(dict, &at, &key, &item)) {
        Py_INCREF(key);
        Py_INCREF(item);
        put_key(writer, key, done++, attributes, item);
        Py_DECREF(item);
        Py_DECREF(key);
    }
    leave(writer);
    if (count > done) put_truncated(writer, count - done);
}

/* Attributes of an object that `enter` let in; those with a leading underscore are its own business. */
void put_attributes(Writer *writer, PyObject *dict)
{
    Py_ssize_t at = 0, done = 0, left_out = 0;
    PyObject *key, *item;
    while (PyDict_Next(dict, &at, &key, &item)) {
        if (!PyUnicode_Check(key) || PyUnicode_GET_LENGTH(key) == 0 || PyUnicode_READ_CHAR(key, 0) == '_') continue;
        if (done >= recorder.max_items) {
            left_out++;
            continue;
        }
        Py_INCREF(key);
        Py_INCREF(item);
        put_key(writer, key, done++, true, item);
        Py_DECREF(item);
        Py_DECREF(key);
    }
    if (left_out > 0) put_truncated(writer, left_out);
}

/* ---- sets and other things to iterate over */

/* The items as a list, by the iterator of `base`: that of a subclass may be the program's. */
static PyObject *listed(PyObject *object, PyTypeObject *base)
{
    PyObject *iterator = base->tp_iter == NULL ? NULL : base->tp_iter(object), *item;
    PyObject *items = iterator == NULL ? NULL : PyList_New(0);
    while (items != NULL && (item = PyIter_Next(iterator)) != NULL) {
        if (PyList_Append(items, item) != 0) Py_CLEAR(items);
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    PyErr_Clear();
    return items;
}

static void put_listed(Writer *writer, PyObject *object, PyObject *items, const char *open)
{
    Py_ssize_t count = PyList_GET_SIZE(items), i = 0;
    if (!enter(writer, object, count)) return;
    for (; i < count && i < recorder.max_items; i++) {
        char text[32];
        uint32_t length = writer->path_length;
        int added = snprintf(text, sizeof text, "%c%zd%c", open[0], i, open[1]);
        if (path_add(writer, text, (size_t)added)) put_object(writer, PyList_GET_ITEM(items, i));
        else put_truncated(writer, 1);
        writer->path_length = length;
    }
    leave(writer);
    if (count > i) put_truncated(writer, count - i);
}

static void put_collection(Writer *writer, PyObject *object, PyTypeObject *base, bool ordered)
{
    PyObject *items = listed(object, base);
    if (items != NULL) keep(writer, items); /* those of a dictionary's view are made here */
    Py_ssize_t count = items == NULL ? 0 : PyList_GET_SIZE(items);
    PyObject *const *first = items == NULL ? NULL : PySequence_Fast_ITEMS(items);
    if (count == 0)
        put_empty(writer, Py_TYPE(object));
    else if (ordered ? !put_packed(writer, first, count, 1, NULL) : !put_sorted(writer, first, count))
        put_listed(writer, object, items, ordered ? "[]" : "{}");
    Py_XDECREF(items);
}

void put_set(Writer *writer, PyObject *object) { put_collection(writer, object, &PySet_Type, false); }

void put_iterable(Writer *writer, PyObject *object, PyTypeObject *base) { put_collection(writer, object, base, true); }

void put_range(Writer *writer, PyObject *object)
{
    static const char *const names[] = {".start", ".stop", ".step"};
    uint32_t length = writer->path_length;
    for (int i = 0; i < 3; i++) {
        PyObject *number = PyObject_GetAttrString(object, names[i] + 1);
        if (number != NULL && path_add(writer, names[i], strlen(names[i]))) put_object(writer, number);
        writer->path_length = length;
        Py_XDECREF(number);
    }
    PyErr_Clear();
}
