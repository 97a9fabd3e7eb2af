/* The C stack of a thread. The interpreter runs Python code that calls Python code without using it, so a program may go as deep
 * as sys.setrecursionlimit allows; a hooked call does use it, and must find the end before the process does. */
#ifndef STACK_H
#define STACK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STACK_MARGIN = 256 * 1024 }; /* for native code that runs below; a small stack keeps a quarter of itself */

typedef struct {
    const char *lowest; /* NULL: not known yet */
    size_t margin;
} Stack;

static __thread Stack thread_stack;

static __attribute__((cold, noinline)) void stack_find(void)
{
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t size = 0;
    thread_stack = (Stack){.lowest = (const char *)UINTPTR_MAX}; /* unknown: never low */
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0)
        thread_stack = (Stack){lowest, size / 4 < STACK_MARGIN ? size / 4 : STACK_MARGIN};
    pthread_attr_destroy(&attributes);
}

/* Whether the end is near. A stack that a library made for its coroutines lies elsewhere and is never low. */
static inline bool stack_is_low(void)
{
    if (__builtin_expect(thread_stack.lowest == NULL, 0)) stack_find();
    return __builtin_expect((size_t)((const char *)__builtin_frame_address(0) - thread_stack.lowest) < thread_stack.margin, 0);
}

#endif
