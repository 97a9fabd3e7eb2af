/* What is known of a code object, kept in its co_extra slot: it is found in a few nanoseconds and dies with the code. */
#include "compat.h"
#include "pointer_map.h"
#include "pytracer.h"

#include <string.h>

static Py_ssize_t extra_index = -1;
static PyObject *user_roots, *user_exclude, *user_names; /* tuples of str. Owned */
static bool user_hooks;
static uint32_t hooks_epoch; /* changes with every start */

static void code_died(void *pointer)
{
    CodeInfo *info = pointer;
    if (info == NULL) return;
    if (info->target != NULL) target_free(info->target);
    free(info->sites);
    free(info);
}

#if PY_VERSION_HEX >= 0x030c0000
static int watcher = -1;

/* The interpreter's cache of code objects finds a dying one by its version: without it, a dangling pointer would stay there. */
static int code_event(PyCodeEvent event, PyCodeObject *code)
{
    void *extra = NULL;
    if (event != PY_CODE_EVENT_DESTROY || COMPAT_GET_CODE_EXTRA(code, extra_index, &extra) != 0 || extra == NULL) return 0;
    const CodeInfo *info = extra;
    if (code->co_version == 0) code->co_version = info->version;
    return 0;
}

static int watch_codes(void)
{
    if (watcher < 0) watcher = PyCode_AddWatcher(code_event);
    return watcher < 0 ? -1 : 0;
}

/* Functions made from a code object inherit its version, by which specialised call sites recognise and inline them. */
void code_prevent_inlining(PyCodeObject *code, CodeInfo *info)
{
    if (code->co_version != 0) info->version = code->co_version;
    code->co_version = 0;
}
#else
static int watch_codes(void) { return 0; }
void code_prevent_inlining(PyCodeObject *code, CodeInfo *info) { (void)code, (void)info; }
#endif

int code_start(void)
{
    hooks_epoch++;
    if (extra_index < 0) extra_index = COMPAT_REQUEST_CODE_EXTRA(code_died);
    if (extra_index < 0) {
        PyErr_SetString(PyExc_RuntimeError, "no free co_extra slot: too many tools use this interpreter at once");
        return -1;
    }
    return watch_codes();
}

void code_user_hooks(bool on) { user_hooks = on; }

int code_set_user_paths(PyObject *roots, PyObject *exclude, PyObject *names)
{
    Py_XSETREF(user_roots, Py_NewRef(roots));
    Py_XSETREF(user_exclude, Py_NewRef(exclude));
    Py_XSETREF(user_names, Py_NewRef(names));
    return 0;
}

static bool starts_with_any(PyObject *text, PyObject *prefixes)
{
    for (Py_ssize_t i = 0; prefixes != NULL && i < PyTuple_GET_SIZE(prefixes); i++) {
        PyObject *prefix = PyTuple_GET_ITEM(prefixes, i);
        if (PyUnicode_Tailmatch(text, prefix, 0, PY_SSIZE_T_MAX, -1) == 1) return true;
    }
    return false;
}

static bool is_any(PyObject *text, PyObject *names)
{
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++)
        if (PyUnicode_Compare(text, PyTuple_GET_ITEM(names, i)) == 0) return true;
    return false;
}

static bool is_user_file(PyObject *file)
{
    return is_any(file, user_names) || (starts_with_any(file, user_roots) && !starts_with_any(file, user_exclude));
}

static bool is_user_code(PyCodeObject *code)
{
    PyObject *file = code->co_filename;
    if (file == NULL || !PyUnicode_Check(file)) return false;
    return is_user_file(file);
}

/* Comprehensions, generator expressions, class and module bodies are not functions a person would name. */
static bool is_named_function(PyCodeObject *code)
{
    if (!(code->co_flags & CO_OPTIMIZED)) return false;
    const char *name = PyUnicode_AsUTF8(code->co_name);
    if (name == NULL) {
        PyErr_Clear();
        return false;
    }
    return name[0] != '<' || strcmp(name, "<lambda>") == 0;
}

static void decide(CodeInfo *info, PyCodeObject *code)
{
    info->hooks_epoch = hooks_epoch;
    info->user = is_user_code(code);
    if (info->user && user_hooks && is_named_function(code)) {
        /* The module's name is not known to a code object: the function that is first called tells it. */
        info->target = target_new(NULL, NULL, code->co_qualname, "python", RECORD);
        if (info->target != NULL) {
            info->target->code = code;
            info->target->qualname = Py_NewRef(code->co_qualname);
        }
        code_prevent_inlining(code, info);
    }
}

static COLD CodeInfo *new_info(PyCodeObject *code)
{
    CodeInfo *info = calloc(1, sizeof *info);
    if (info == NULL) return NULL;
    if (COMPAT_SET_CODE_EXTRA(code, extra_index, info) != 0) {
        PyErr_Clear();
        free(info);
        return NULL;
    }
    decide(info, code);
    return info;
}

/* What the hooks before a restart decided is forgotten. */
static COLD CodeInfo *renewed(CodeInfo *info, PyCodeObject *code)
{
    if (info->target != NULL) target_free(info->target);
    info->target = NULL;
    decide(info, code);
    return info;
}

CodeInfo *code_info(PyCodeObject *code)
{
    void *info = NULL;
    if (UNLIKELY(extra_index < 0)) return NULL;
    if (COMPAT_GET_CODE_EXTRA(code, extra_index, &info) != 0) {
        PyErr_Clear();
        return NULL;
    }
    if (UNLIKELY(info == NULL)) return new_info(code);
    CodeInfo *known = info;
    return LIKELY(known->hooks_epoch == hooks_epoch) ? known : renewed(known, code);
}

/* The program of `python -c` has the file name "<string>", and so have functions that libraries make of text: the module says
 * whose it is. That of a named tuple's methods does not exist. */
static bool is_made_by_library(const Target *target)
{
    PyObject *file = target->code == NULL ? NULL : target->code->co_filename;
    if (file == NULL || PyUnicode_GET_LENGTH(file) == 0 || PyUnicode_READ_CHAR(file, 0) != '<') return false;
    PyObject *named_tuple = PyUnicode_FromString("namedtuple_"), *module = PyImport_GetModule(target->module);
    PyObject *home = module == NULL ? NULL : PyObject_GetAttrString(module, "__file__");
    bool library = named_tuple != NULL && PyUnicode_Tailmatch(target->module, named_tuple, 0, PY_SSIZE_T_MAX, -1) == 1;
    library |= home != NULL && PyUnicode_Check(home) && !is_user_file(home);
    Py_XDECREF(named_tuple);
    Py_XDECREF(module);
    Py_XDECREF(home);
    PyErr_Clear();
    return library;
}

void code_name_target(Target *target, PyObject *module)
{
    target->module = module != NULL && PyUnicode_Check(module) ? Py_NewRef(module) : PyUnicode_FromString("?");
    if (target->module == NULL) PyErr_Clear();
    if (target->module == NULL) return;
    bool library = is_made_by_library(target);
    if (library || !selection_has(SELECTION_RECORDED, target->module, target->name)) target->flags &= (uint8_t)~RECORD;
    if (!library && inexact_selects(target)) target->flags |= INEXACT;
}

enum { MAX_VARIANTS = 10000 };

int code_add_variant(Target *target, Target *variant)
{
    if (target->variants == NULL) target->variants = calloc(1, sizeof *target->variants);
    if (target->variants == NULL || target->variants->used >= MAX_VARIANTS) return -1;
    return pointer_put(target->variants, variant->qualname, variant);
}

Target *code_variant(Target *target, PyFunctionObject *function)
{
    Target *variant = target->variants == NULL ? NULL : pointer_get(target->variants, function->func_qualname);
    if (LIKELY(variant != NULL)) return variant;
    PyObject *module = function->func_module != NULL && PyUnicode_Check(function->func_module) ? function->func_module : NULL;
    bool from_user = target->module == NULL || code_info(target->code)->user;
    variant = target_new(NULL, from_user ? NULL : module, function->func_qualname, target->kind, target->flags & ~INEXACT);
    if (variant == NULL) return target;
    if (from_user) variant->flags |= RECORD; /* naming it decides */
    variant->code = target->code;
    variant->qualname = Py_NewRef(function->func_qualname);
    if (code_add_variant(target, variant) == 0) return variant;
    target_free(variant);
    return target;
}
