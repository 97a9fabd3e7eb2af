/* Where NumPy puts the elements of arrays: `offset` bytes after a multiple of 64, instead of where malloc happens to.
 *
 * SIMD loops treat elements before the first aligned one apart, so the place of an array decides in which order they are
 * summed. NumPy keeps the handler that made an array with it, so arrays from before keep theirs. */
#include "pytracer.h"
#include "numpy_api.h"

#define LINE ((size_t)64)
#define ROOM (LINE + 64) /* for the offset, the distance and the way to the next line */

static size_t array_offset; /* a multiple of 16 below 64: what malloc promises is kept */

static size_t *distance_of(void *elements) /* Where it stands how far behind the start of their block they are. */
{
    return (size_t *)elements - 1;
}

static char *start_in(void *block)
{
    uintptr_t first = (uintptr_t)block + sizeof(size_t);
    return (char *)((first + LINE - 1) / LINE * LINE + array_offset);
}

static void *place(void *block)
{
    char *elements = start_in(block);
    *distance_of(elements) = (size_t)(elements - (char *)block);
    return elements;
}

static void *offset_malloc(void *context, size_t size)
{
    (void)context;
    void *block = size <= SIZE_MAX - ROOM ? malloc(size + ROOM) : NULL;
    return block == NULL ? NULL : place(block);
}

static void *offset_calloc(void *context, size_t count, size_t size)
{
    (void)context;
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ROOM) return NULL;
    void *block = calloc(1, bytes + ROOM);
    return block == NULL ? NULL : place(block);
}

static void *offset_realloc(void *context, void *elements, size_t size)
{
    if (elements == NULL) return offset_malloc(context, size);
    size_t distance = *distance_of(elements);
    char *block = size <= SIZE_MAX - ROOM ? realloc((char *)elements - distance, size + ROOM) : NULL;
    if (block == NULL) return NULL;
    memmove(start_in(block), block + distance, size); /* the way to the next line may have another length here */
    return place(block);
}

static void offset_free(void *context, void *elements, size_t size)
{
    (void)context, (void)size;
    if (elements != NULL) free((char *)elements - *distance_of(elements));
}

static PyDataMem_Handler handler = {
    "pytracer_offset", 1, {NULL, offset_malloc, offset_calloc, offset_realloc, offset_free},
};

int alignment_set(size_t offset)
{
    array_offset = offset;
    PyObject *capsule = PyCapsule_New(&handler, "mem_handler", NULL);
    PyObject *before = capsule == NULL ? NULL : PyDataMem_SetHandler(capsule);
    Py_XDECREF(capsule);
    Py_XDECREF(before);
    return before == NULL ? -1 : 0;
}
