/* Which functions the user wants recorded, or given inexact numbers, by patterns of names, and which of these patterns have
 * matched something. */
#include "pytracer.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *module; /* glob of dotted names; with no `function`, of module.name. Owned */
    char *function; /* glob of qualified names, or NULL. Points into `module` */
    bool matched;
} Pattern;

typedef struct {
    Pattern *items; /* Owned */
    Py_ssize_t n;
} Patterns;

enum { WANTED, INCLUDED, EXCLUDED, N_LISTS };
static Patterns selections[N_SELECTIONS][N_LISTS];

static const char *next_character(const char *text)
{
    do text++;
    while (((unsigned char)*text & 0xc0) == 0x80);
    return text;
}

/* `*` is any text, `?` one character. With `below`, a match may end before a dot, too. Only the last `*` is tried
 * again. */
static bool glob_matches(const char *glob, const char *text, bool below)
{
    const char *star = NULL, *resumed = NULL;
    for (;;) {
        if (*glob == '*') {
            star = ++glob;
            resumed = text;
        } else if (*glob == '\0' && (*text == '\0' || (below && *text == '.'))) {
            return true;
        } else if (*text != '\0' && (*glob == *text || *glob == '?')) {
            text = *glob++ == '?' ? next_character(text) : text + 1;
        } else if (star != NULL && *resumed != '\0') {
            glob = star;
            text = resumed = next_character(resumed);
        } else {
            return false;
        }
    }
}

static bool pattern_matches(const Pattern *pattern, const char *module, const char *name, const char *full)
{
    if (pattern->function == NULL) return glob_matches(pattern->module, full, true);
    return glob_matches(pattern->module, module, false) && glob_matches(pattern->function, name, true);
}

/* A pattern that has not matched yet is tried although the answer is known: what matches nothing is reported. */
static bool any_matches(Patterns *patterns, const char *module, const char *name, const char *full)
{
    bool found = false;
    for (Py_ssize_t i = 0; i < patterns->n; i++) {
        Pattern *pattern = &patterns->items[i];
        if ((found && pattern->matched) || !pattern_matches(pattern, module, name, full)) continue;
        found = pattern->matched = true;
    }
    return found;
}

bool selection_has(Selection selection, PyObject *module, PyObject *name)
{
    Patterns *lists = selections[selection];
    if (lists[WANTED].n + lists[INCLUDED].n + lists[EXCLUDED].n == 0) return true;
    PyObject *full = PyUnicode_FromFormat("%U.%U", module, name);
    const char *texts[] = {PyUnicode_AsUTF8(module), PyUnicode_AsUTF8(name),
                           full == NULL ? NULL : PyUnicode_AsUTF8(full)};
    bool selected = false;
    if (texts[0] != NULL && texts[1] != NULL && texts[2] != NULL) {
        bool wanted = any_matches(&lists[WANTED], texts[0], texts[1], texts[2]) || lists[WANTED].n == 0;
        bool included = any_matches(&lists[INCLUDED], texts[0], texts[1], texts[2]) || lists[INCLUDED].n == 0;
        bool excluded = any_matches(&lists[EXCLUDED], texts[0], texts[1], texts[2]);
        selected = wanted && included && !excluded;
    }
    Py_XDECREF(full);
    PyErr_Clear();
    return selected;
}

static void patterns_clear(Patterns *patterns)
{
    for (Py_ssize_t i = 0; i < patterns->n; i++) free(patterns->items[i].module);
    free(patterns->items);
    *patterns = (Patterns){0};
}

static int patterns_set(Patterns *patterns, PyObject *texts)
{
    patterns_clear(patterns);
    patterns->items = calloc((size_t)PyTuple_GET_SIZE(texts) + 1, sizeof *patterns->items);
    for (Py_ssize_t i = 0; patterns->items != NULL && i < PyTuple_GET_SIZE(texts); i++) {
        const char *text = PyUnicode_AsUTF8(PyTuple_GET_ITEM(texts, i));
        char *copy = text == NULL ? NULL : strdup(text);
        if (copy == NULL) return PyErr_Occurred() ? -1 : (PyErr_NoMemory(), -1);
        char *space = strchr(copy, ' ');
        if (space != NULL) *space++ = '\0';
        patterns->items[patterns->n++] = (Pattern){copy, space, false};
    }
    return patterns->items == NULL ? (PyErr_NoMemory(), -1) : 0;
}

int selection_set(Selection selection, PyObject *wanted, PyObject *included, PyObject *excluded)
{
    Patterns *lists = selections[selection];
    if (patterns_set(&lists[WANTED], wanted) != 0 || patterns_set(&lists[INCLUDED], included) != 0) return -1;
    return patterns_set(&lists[EXCLUDED], excluded);
}

PyObject *selection_unmatched(Selection selection)
{
    const Patterns *lists = selections[selection];
    PyObject *rows = PyList_New(0);
    Py_ssize_t row = 0;
    for (int list = 0; rows != NULL && list < N_LISTS; list++)
        for (Py_ssize_t i = 0; rows != NULL && i < lists[list].n; i++, row++) {
            if (lists[list].items[i].matched) continue;
            PyObject *number = PyLong_FromSsize_t(row);
            if (number == NULL || PyList_Append(rows, number) != 0) Py_CLEAR(rows);
            Py_XDECREF(number);
        }
    return rows;
}
