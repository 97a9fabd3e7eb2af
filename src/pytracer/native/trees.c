/* Matches two trees of calls from their roots: what matched calls called is matched as lists (lists.c). */
#include "fingerprints.h"
#include "pytracer.h"

#include <stdlib.h>
#include <string.h>

/* The calls that call r made are order[first[r + 1]] ... order[first[r + 2] - 1]; those of -1 are the roots. */
typedef struct {
    int32_t *first, *order; /* Owned */
} Children;

static int children_of(Children *children, const int32_t *parent, int64_t n)
{
    children->first = calloc((size_t)n + 3, sizeof(int32_t));
    children->order = malloc(((size_t)n + 1) * sizeof(int32_t));
    if (children->first == NULL || children->order == NULL) return -1;
    int32_t *next = children->first + 1; /* counted one further, so that filling leaves the starts */
    for (int64_t i = 0; i < n; i++) next[parent[i] + 2]++;
    for (int64_t i = 0; i < n + 1; i++) next[i + 1] += next[i];
    for (int64_t i = 0; i < n; i++) children->order[next[parent[i] + 1]++] = (int32_t)i;
    return 0;
}

static void children_free(Children *children)
{
    free(children->first);
    free(children->order);
}

static bool are_parents(const int32_t *parent, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (parent[i] < -1 || parent[i] >= i) return false;
    return true;
}

/* Every call matched so far waits on the stack until its calls have been matched, too. */
static int walk(Matching *matching, const Children *a, const Children *b)
{
    int32_t *stack = malloc(((size_t)matching->a.n + 1) * sizeof(int32_t));
    if (stack == NULL) return -1;
    int64_t waiting = 1;
    int status = 0;
    stack[0] = -1;
    while (waiting > 0 && status == 0) {
        int32_t mine = stack[--waiting], other = mine < 0 ? -1 : matching->match[mine];
        const int32_t *list_a = a->order + a->first[mine + 1], *list_b = b->order + b->first[other + 1];
        int64_t n = a->first[mine + 2] - a->first[mine + 1], m = b->first[other + 2] - b->first[other + 1];
        if (n == 0 || m == 0) continue;
        status = lists_match(matching, list_a, n, list_b, m);
        for (int64_t i = 0; i < n; i++)
            if (matching->match[list_a[i]] >= 0) stack[waiting++] = list_a[i];
    }
    free(stack);
    return status;
}

static int match_sides(Matching *matching, const int32_t *parent_a, const int32_t *parent_b)
{
    Children a = {0}, b = {0};
    int status = -1;
    size_t n = (size_t)matching->a.n, m = (size_t)matching->b.n;
    uint8_t *marks = calloc(n + 2 * m + 1, 1);
    if (marks != NULL) matching->taken = marks, matching->promised_b = marks + m, matching->promised_a = marks + 2 * m;
    if (marks != NULL && children_of(&a, parent_a, matching->a.n) == 0 && children_of(&b, parent_b, matching->b.n) == 0)
        status = walk(matching, &a, &b);
    children_free(&a);
    children_free(&b);
    free(marks);
    return status;
}

static bool fits(const Matching *matching, const Py_buffer *buffers)
{
    int64_t n = matching->a.n, m = matching->b.n, levels = matching->rules.levels;
    return levels >= 1 && levels <= MAX_LEVELS && matching->rules.sure >= 0 && matching->rules.sure < levels
        && n < INT32_MAX - 4 && m < INT32_MAX - 4 && matching->rules.cells > 0 && matching->rules.cells <= 1 << 26
        && matching->rules.edits >= 0 && matching->rules.edits <= 1 << 13 && buffers[0].len == 4 * n && buffers[2].len == 8 * levels * n
        && buffers[3].len == 4 * m && buffers[5].len == 8 * levels * m && buffers[7].len == 4 * n && buffers[8].len == n
        && are_parents(buffers[0].buf, n) && are_parents(buffers[3].buf, m);
}

/* (parent, key, tokens of either side, bits, match, moved, sure, cells, edits): see parse/match.py */
PyObject *match_trees(PyObject *self, PyObject *args)
{
    Py_buffer buffers[9];
    int sure, edits, status = -1;
    long long cells;
    (void)self;
    Py_buffer *at = buffers;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*w*w*iLi", at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6, at + 7, at + 8, &sure,
                          &cells, &edits))
        return NULL;
    Matching matching = {
        .a = {buffers[1].buf, buffers[2].buf, buffers[1].len / 8},
        .b = {buffers[4].buf, buffers[5].buf, buffers[4].len / 8},
        .rules = {buffers[6].buf, (int)(buffers[6].len / 4), sure, cells, edits},
        .match = buffers[7].buf,
        .moved = buffers[8].buf,
    };
    bool sound = fits(&matching, buffers);
    if (sound) {
        Py_BEGIN_ALLOW_THREADS
        memset(matching.match, 0xff, 4 * (size_t)matching.a.n);
        memset(matching.moved, 0, (size_t)matching.a.n);
        status = match_sides(&matching, buffers[0].buf, buffers[3].buf);
        Py_END_ALLOW_THREADS
    }
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) PyBuffer_Release(&buffers[i]);
    if (!sound) return PyErr_Format(PyExc_ValueError, "the columns of the trees do not fit");
    return status == 0 ? PyLong_FromLongLong(matching.capped) : PyErr_NoMemory();
}
