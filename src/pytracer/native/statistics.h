/* Statistics of numbers observed N times: statistics.c measures blocks of elements, summaries.c sums them up per value. */
#ifndef STATISTICS_H
#define STATISTICS_H

#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

enum { STATISTICS_BLOCK = 512 }; /* elements at most that are measured at once */

/* How significant bits are counted; docs/statistics.md has the formulas. */
typedef struct {
    bool general;      /* Bernoulli trials, else the Centered Normality Hypothesis */
    bool to_reference; /* relative to the unperturbed sample, else to the mean */
    double delta;      /* bits that the confidence and the probability cost; CNH only */
    double precision;  /* bits that the type can hold */
} Rule;

/* The observations of one part (real or imaginary) of up to STATISTICS_BLOCK elements, and their statistics. */
typedef struct {
    size_t samples, size, stride;
    double *x;            /* x[i * stride + j]: element j in sample i; owned by the caller */
    double *z;            /* room of the same shape */
    const double *base;   /* in the unperturbed sample; NULL when there is none */
    double mean[STATISTICS_BLOCK], std[STATISTICS_BLOCK], bits[STATISTICS_BLOCK], error[STATISTICS_BLOCK];
    uint8_t same[STATISTICS_BLOCK]; /* equal in all samples */
    bool all_same;
} Part;

void part_measure(Part *part, const Rule *rule);

/* The Python face; see _native.pyi. */
PyObject *summarise_values(PyObject *self, PyObject *const *args, Py_ssize_t n_args);
PyObject *measure_elements(PyObject *self, PyObject *const *args, Py_ssize_t n_args);

#endif
