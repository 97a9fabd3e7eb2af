/* Differences between CPython versions, and the few internals that have no public name. Only the files that need a frame or
 * the frame evaluator include this, before anything else. */
#ifndef COMPAT_H
#define COMPAT_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_BUILD_CORE_MODULE
#define Py_BUILD_CORE_MODULE
#endif
#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE
#endif
#include <Python.h>
#include <internal/pycore_frame.h>
#if PY_VERSION_HEX >= 0x030d0000
#include <internal/pycore_pystate.h>
#endif
#include <stdint.h>

#if PY_VERSION_HEX < 0x030c0000
#define COMPAT_REQUEST_CODE_EXTRA(free_it) _PyEval_RequestCodeExtraIndex(free_it)
#define COMPAT_GET_CODE_EXTRA(code, index, out) _PyCode_GetExtra((PyObject *)(code), index, out)
#define COMPAT_SET_CODE_EXTRA(code, index, value) _PyCode_SetExtra((PyObject *)(code), index, value)
#else
#define COMPAT_REQUEST_CODE_EXTRA(free_it) PyUnstable_Eval_RequestCodeExtraIndex(free_it)
#define COMPAT_GET_CODE_EXTRA(code, index, out) PyUnstable_Code_GetExtra((PyObject *)(code), index, out)
#define COMPAT_SET_CODE_EXTRA(code, index, value) PyUnstable_Code_SetExtra((PyObject *)(code), index, value)
#endif

typedef struct _PyInterpreterFrame Frame;

static inline PyThreadState *compat_thread(void)
{
#if PY_VERSION_HEX >= 0x030d0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

static inline PyCodeObject *compat_frame_code(const Frame *frame)
{
#if PY_VERSION_HEX >= 0x030d0000
    return (PyCodeObject *)frame->f_executable;
#else
    return frame->f_code;
#endif
}

static inline int compat_frame_lasti(const Frame *frame)
{
#if PY_VERSION_HEX >= 0x030d0000
    return (int)(frame->instr_ptr - _PyCode_CODE(compat_frame_code(frame)));
#else
    return (int)(frame->prev_instr - _PyCode_CODE(frame->f_code));
#endif
}

/* The interpreter's own entry frames stand for no code. */
static inline const Frame *compat_python_frame(const Frame *frame)
{
#if PY_VERSION_HEX >= 0x030c0000
    while (frame != NULL && frame->owner == FRAME_OWNED_BY_CSTACK) frame = frame->previous;
#endif
    return frame;
}

static inline const Frame *compat_previous_frame(const Frame *frame) { return compat_python_frame(frame->previous); }

/* The innermost Python frame; NULL outside Python code. */
static inline const Frame *compat_current_frame(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030d0000
    return compat_python_frame(thread->current_frame);
#else
    return compat_python_frame(thread->cframe->current_frame);
#endif
}

#endif
