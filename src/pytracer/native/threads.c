/* Threads are named after who started them, so that the same program names them alike in every run: the order in which
 * threads first record a call is a race. */
#include "pytracer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct Started {
    unsigned long thread; /* PyThread_get_thread_ident */
    char name[THREAD_NAME];
    struct Started *next;
} Started;

/* Noise is drawn, and so a thread named, without the GIL too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Started *started; /* threads that have not been named yet. Owned */
static uint32_t n_foreign;

/* The identity of a thread that has ended is used again. */
static Started *take(unsigned long thread)
{
    for (Started **link = &started; *link != NULL; link = &(*link)->next)
        if ((*link)->thread == thread) {
            Started *found = *link;
            *link = found->next;
            return found;
        }
    return NULL;
}

void thread_set_name(ThreadState *state)
{
    if (LIKELY(state->name[0] != 0)) return;
    pthread_mutex_lock(&lock);
    Started *known = take(PyThread_get_thread_ident());
    if (known != NULL)
        memcpy(state->name, known->name, sizeof state->name);
    else
        snprintf(state->name, sizeof state->name, "foreign-%u", ++n_foreign); /* a library's own thread */
    pthread_mutex_unlock(&lock);
    free(known);
}

void threads_after_fork(ThreadState *mine)
{
    pthread_mutex_init(&lock, NULL);
    for (Started *next; started != NULL; started = next) {
        next = started->next;
        free(started);
    }
    n_foreign = 0;
    if (mine == NULL) return;
    strcpy(mine->name, "lane-0");
    mine->made = (Made){0};
}

static void remember(unsigned long thread, ThreadState *parent)
{
    Started *one = calloc(1, sizeof *one);
    if (one == NULL) return;
    one->thread = thread;
    int length = snprintf(one->name, sizeof one->name, "%s.%u", task_or_thread_name(parent), ++parent->made.threads);
    if (length >= (int)sizeof one->name || strncmp(one->name, "lane-", 5) != 0) {
        free(one);
        return;
    }
    pthread_mutex_lock(&lock);
    free(take(thread));
    one->next = started;
    started = one;
    pthread_mutex_unlock(&lock);
}

static void thread_starts(PyObject *function) { (void)function; }

/* Nothing lets go of the GIL between the start of the thread and here: it is known before it can run Python code. */
static void thread_has_started(PyObject *function, PyObject *result)
{
    (void)function;
    if (result == NULL) return;
    PyObject *ident = PyLong_Check(result) ? Py_NewRef(result) : PyObject_GetAttrString(result, "ident");
    unsigned long thread = ident == NULL ? 0 : PyLong_AsUnsignedLongMask(ident);
    Py_XDECREF(ident);
    PyErr_Clear();
    if (thread != 0) remember(thread, thread_state());
}

const Watch thread_start_watch = {thread_starts, thread_has_started};
