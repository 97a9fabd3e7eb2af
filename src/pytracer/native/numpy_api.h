/* The NumPy C-API, shared by the files that use it. It is NULL until values_numpy_ready(): NumPy is never imported by us. */
#ifndef NUMPY_API_H
#define NUMPY_API_H

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL pytracer_numpy_array
#define PY_UFUNC_UNIQUE_SYMBOL pytracer_numpy_ufunc
#ifndef NUMPY_API_OWNER
#define NO_IMPORT_ARRAY
#define NO_IMPORT_UFUNC
#endif
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <numpy/ufuncobject.h>

#endif
