/* Built-in functions and method descriptors. Specialised bytecode calls their C function (ml_meth) directly, so that is what is
 * replaced, in the PyMethodDef itself: every bound method and every alias goes through it.
 *
 * The C function is told nothing about who it is, so each hooked method needs a C function of its own: a pool of thunks that
 * add their number as a sixth argument. All C signatures of ml_meth have at most five, passed in registers; what a signature
 * does not define is passed on unread. */
#include "pointer_map.h"
#include "pytracer.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef PyObject *(*Thunk)(void *, void *, void *, void *, void *);
typedef PyObject *(*Handler)(void *, void *, void *, void *, void *, unsigned);

enum { POOL = 8192 };

static Handler handlers[POOL];
static Target *targets[POOL];
static PyMethodDef *methods[POOL];
static unsigned used;
static PointerMap by_method; /* PyMethodDef -> 1 + its number */

/* ---- the pool */

#define THUNK(n) \
    static PyObject *thunk_##n(void *a, void *b, void *c, void *d, void *e) { return handlers[0x##n](a, b, c, d, e, 0x##n); }
#define NAME(n) thunk_##n,
#define X16(M, p) \
    M(p##0) M(p##1) M(p##2) M(p##3) M(p##4) M(p##5) M(p##6) M(p##7) M(p##8) M(p##9) M(p##a) M(p##b) M(p##c) M(p##d) M(p##e) \
        M(p##f)
#define X256(M, p) \
    X16(M, p##0) X16(M, p##1) X16(M, p##2) X16(M, p##3) X16(M, p##4) X16(M, p##5) X16(M, p##6) X16(M, p##7) X16(M, p##8) \
        X16(M, p##9) X16(M, p##a) X16(M, p##b) X16(M, p##c) X16(M, p##d) X16(M, p##e) X16(M, p##f)
#define X4096(M, p) \
    X256(M, p##0) X256(M, p##1) X256(M, p##2) X256(M, p##3) X256(M, p##4) X256(M, p##5) X256(M, p##6) X256(M, p##7) \
        X256(M, p##8) X256(M, p##9) X256(M, p##a) X256(M, p##b) X256(M, p##c) X256(M, p##d) X256(M, p##e) X256(M, p##f)

X4096(THUNK, 0)
X4096(THUNK, 1)
static const Thunk pool[POOL] = {X4096(NAME, 0) X4096(NAME, 1)};

/* ---- one handler a C signature */

#define SELF(target, self) ((target)->flags & HAS_SELF ? (PyObject *)(self) : NULL)

#define HANDLE(INVOKE) \
    Target *target = targets[index]; \
    if (UNLIKELY(!hooks_on)) return INVOKE; \
    Call call; \
    call_enter(&call, target, &arguments); \
    if (arguments.self != NULL) self = arguments.self; \
    if (UNLIKELY(target->flags & WATCH)) target->watch->enter(arguments.self); \
    PyObject *result = INVOKE; \
    if (UNLIKELY(target->flags & WATCH)) target->watch->leave(arguments.self, result); \
    return call_leave(&call, &arguments, result)

static PyObject *handle_noargs(void *self, void *none, void *c, void *d, void *e, unsigned index)
{
    (void)c, (void)d, (void)e;
    Arguments arguments = {.self = SELF(targets[index], self)};
    HANDLE(((PyCFunction)target->original)(self, none));
}

static PyObject *handle_o(void *self, void *argument, void *c, void *d, void *e, unsigned index)
{
    (void)c, (void)d, (void)e;
    PyObject *args[] = {argument};
    Arguments arguments = {.self = SELF(targets[index], self), .args = args, .n_args = 1};
    HANDLE(((PyCFunction)target->original)(self, arguments.args[0]));
}

static PyObject *handle_varargs(void *self, void *tuple, void *dict, void *d, void *e, unsigned index)
{
    (void)d, (void)e;
    Arguments arguments = {.self = SELF(targets[index], self), .kwargs = dict, .tuple = tuple};
    if (tuple != NULL) {
        arguments.args = ((PyTupleObject *)tuple)->ob_item;
        arguments.n_args = PyTuple_GET_SIZE(tuple);
    }
    HANDLE(((PyCFunctionWithKeywords)(void (*)(void))target->original)(self, arguments.tuple, arguments.kwargs));
}

/* METH_VARARGS alone: the third register holds nothing. */
static PyObject *handle_tuple(void *self, void *tuple, void *c, void *d, void *e, unsigned index)
{
    (void)c;
    return handle_varargs(self, tuple, NULL, d, e, index);
}

typedef PyObject *(*FastCall)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
typedef PyObject *(*MethodCall)(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);

static PyObject *handle_fastcall_keywords(void *self, void *args, void *n, void *kwnames, void *e, unsigned index)
{
    (void)e;
    Py_ssize_t n_args = (Py_ssize_t)n;
    Arguments arguments = {.self = SELF(targets[index], self), .args = args, .n_args = n_args,
                           .kwvalues = args == NULL ? NULL : (PyObject *const *)args + n_args, .kwnames = kwnames};
    HANDLE(((FastCall)(void (*)(void))target->original)(self, arguments.args, n_args, kwnames));
}

static PyObject *handle_fastcall(void *self, void *args, void *n, void *d, void *e, unsigned index)
{
    (void)d;
    return handle_fastcall_keywords(self, args, n, NULL, e, index);
}

static PyObject *handle_method(void *self, void *type, void *args, void *n, void *kwnames, unsigned index)
{
    Py_ssize_t n_args = (Py_ssize_t)n;
    Arguments arguments = {.self = SELF(targets[index], self), .args = args, .n_args = n_args,
                           .kwvalues = args == NULL ? NULL : (PyObject *const *)args + n_args, .kwnames = kwnames};
    HANDLE(((MethodCall)(void (*)(void))target->original)(self, type, arguments.args, n_args, kwnames));
}

static Handler handler_of(int flags)
{
    switch (flags & (METH_VARARGS | METH_FASTCALL | METH_NOARGS | METH_O | METH_KEYWORDS | METH_METHOD)) {
    case METH_NOARGS: return handle_noargs;
    case METH_O: return handle_o;
    case METH_VARARGS: return handle_tuple;
    case METH_VARARGS | METH_KEYWORDS: return handle_varargs;
    case METH_FASTCALL: return handle_fastcall;
    case METH_FASTCALL | METH_KEYWORDS: return handle_fastcall_keywords;
    case METH_METHOD | METH_FASTCALL | METH_KEYWORDS: return handle_method;
    default: return NULL;
    }
}

/* ---- writing into the PyMethodDef: usually plain data, sometimes in a read-only page */

static bool page_is_writable(const void *address)
{
    int ends[2];
    if (pipe(ends) != 0) return false;
    /* read() into the page fails with EFAULT where a store would kill the process; the byte that it stores is the page's own */
    bool ok = write(ends[1], address, 1) == 1 && read(ends[0], (void *)address, 1) == 1;
    close(ends[0]);
    close(ends[1]);
    return ok;
}

static bool set_method(PyMethodDef *method, PyCFunction function)
{
    static uintptr_t known_page; /* methods stand side by side: one test serves a page */
    uintptr_t page = (uintptr_t)&method->ml_meth & ~(uintptr_t)4095;
    if (page != known_page && !page_is_writable(&method->ml_meth)
        && mprotect((void *)page, 4096, PROT_READ | PROT_WRITE) != 0)
        return false;
    known_page = page;
    method->ml_meth = function;
    return true;
}

/* ---- A built-in function is hashed by its C function: tables that are keyed by it must go on finding it. */

static hashfunc plain_hash;

static unsigned number_of(const PyMethodDef *method) { return (unsigned)(uintptr_t)pointer_get(&by_method, method); }

static Py_hash_t builtin_hash(PyObject *object)
{
    PyMethodDef *method = ((PyCFunctionObject *)object)->m_ml;
    unsigned number = number_of(method);
    PyCFunction hooked = method->ml_meth;
    if (number != 0) method->ml_meth = (PyCFunction)targets[number - 1]->original;
    Py_hash_t hash = plain_hash(object);
    method->ml_meth = hooked;
    return hash;
}

static void set_hash(hashfunc hash)
{
    PyTypeObject *types[] = {&PyCFunction_Type, &PyCMethod_Type};
    for (int i = 0; i < 2; i++) {
        types[i]->tp_hash = hash;
        PyObject *wrapper = PyObject_GetAttrString((PyObject *)types[i], "__hash__");
        if (wrapper != NULL && Py_IS_TYPE(wrapper, &PyWrapperDescr_Type)) ((PyWrapperDescrObject *)wrapper)->d_wrapped = (void *)hash;
        Py_XDECREF(wrapper);
    }
    PyErr_Clear();
}

/* ---- hooking */

static const char *hook_number(unsigned number)
{
    PyMethodDef *method = methods[number - 1];
    PyCFunction thunk = (PyCFunction)(void (*)(void))pool[number - 1];
    if (method->ml_meth == thunk) return NULL;
    targets[number - 1]->original = (void *)method->ml_meth;
    return set_method(method, thunk) ? NULL : "its definition is read-only";
}

const char *hook_builtin(PyMethodDef *method, Target *target)
{
    if (plain_hash == NULL) plain_hash = PyCFunction_Type.tp_hash;
    if (PyCFunction_Type.tp_hash == plain_hash) set_hash(builtin_hash);
    unsigned known = number_of(method);
    if (known != 0) { /* another object made from the same definition, or the same one again */
        if (target->flags & WATCH) targets[known - 1]->watch = target->watch;
        targets[known - 1]->flags |= target->flags;
        const char *why = hook_number(known);
        if (why == NULL) target_free(target);
        return why;
    }
    Handler handler = handler_of(method->ml_flags);
    if (handler == NULL) return "its calling convention is unknown";
    if (used == POOL) return "the pool of thunks is used up";
    handlers[used] = handler;
    targets[used] = target;
    methods[used] = method;
    const char *why = hook_number(used + 1);
    if (why != NULL) return why;
    if (pointer_put(&by_method, method, (void *)(uintptr_t)(used + 1)) != 0) {
        set_method(method, (PyCFunction)target->original);
        return "out of memory";
    }
    used++;
    return NULL;
}

/* A hooked call may still be under way, in another thread or further up: targets stay allocated. */
void hooks_builtin_stop(void)
{
    for (unsigned i = 0; i < used; i++) {
        if (methods[i]->ml_meth == (PyCFunction)(void (*)(void))pool[i])
            set_method(methods[i], (PyCFunction)targets[i]->original);
        targets[i]->flags &= HAS_SELF;
    }
    if (plain_hash != NULL) set_hash(plain_hash);
}
