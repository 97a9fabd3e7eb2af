/* Alignment of executions (parse/align.py): fingerprints.c makes tokens of calls, trees.c walks two trees of calls, and lists.c
 * matches the calls that two matched calls made. */
#ifndef PYTRACER_FINGERPRINTS_H
#define PYTRACER_FINGERPRINTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

enum { MAX_LEVELS = 8 };

/* The calls of one side. Borrowed. */
typedef struct {
    const int64_t *key;     /* function and call site */
    const uint64_t *tokens; /* levels columns of n, coarse to fine */
    int64_t n;
} Calls;

/* How lists are matched. */
typedef struct {
    const int32_t *bits;  /* of each level */
    int levels, sure;     /* the level whose agreement, with that of the keys, is proof enough from either end */
    int64_t cells;        /* gaps with so many pairs are aligned by the best score of all ways */
    int32_t edits;        /* differences up to which larger ones are aligned by the fewest edits */
} Rules;

/* What lists.c works with: one for all lists. */
typedef struct {
    Calls a, b;
    Rules rules;
    int32_t *match;   /* for each call of a the one of b, -1 for none */
    uint8_t *moved;   /* for each call of a: matched out of order */
    uint8_t *taken;   /* for each call of b: matched. Owned by trees.c, as the next two */
    uint8_t *promised_a, *promised_b; /* calls that only pair with those of the same inputs */
    int64_t capped;   /* gaps that were too different to be aligned whole */
} Matching;

/* Match the n calls `a` with the m calls `b`, in order of time. -1: no memory. */
int lists_match(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m);

PyObject *fingerprint_calls(PyObject *self, PyObject *args);
PyObject *match_trees(PyObject *self, PyObject *args);

#endif
