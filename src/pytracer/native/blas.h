/* What the files of the BLAS layer share; pytracer.h tells who does what.
 *
 *   blas.c         finds OpenBLAS libraries and puts stubs in the place of their kernels
 *   blas_symbols.c reads the symbols of a loaded library
 *   blas_kernels.c kernels of our own, for real and complex vectors
 *   blas_stubs.c   the stubs
 */
#ifndef PYTRACER_BLAS_H
#define PYTRACER_BLAS_H

#include "pytracer.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
#define BLAS_LAYER 1
#endif

typedef void (*Function)(void);

/* Kernels of a library that ours call beside the one that they stand for. */
typedef struct {
    Function sgemv_n, sgemv_t, dgemv_n, dgemv_t;
} Companions;

/* A pointer of the library that leads to the stub of the same index. */
typedef struct {
    Function original;
    Function replacement;         /* kernel of ours; NULL: the original, under a mode drawn anew */
    const Companions *companions; /* of the same library */
} BlasSlot;

enum { MAX_BLAS_SLOTS = 4096 };
extern BlasSlot blas_slots[MAX_BLAS_SLOTS];

/* ---- blas_stubs.c */

Function blas_stub(uint32_t index);
const BlasSlot *blas_entered(void); /* of the kernel of ours that has just been called */

/* ---- blas_kernels.c */

Function blas_replacement(const char *kernel); /* such as "ddot_k"; NULL for none */

/* ---- blas_symbols.c: a library's own symbols, its private ones too where they have not been stripped */

typedef struct {
    const char *path;    /* Borrowed from the dynamic loader */
    uintptr_t bias;      /* added to the addresses in the file */
    uintptr_t read_only; /* what the loader has protected after it wrote it: from here */
    uintptr_t read_only_end;
    void *file;          /* mapping. Owned */
    size_t file_size;
    const void *symbols;
    const char *names;
    size_t n_symbols, names_size;
    const void *dynamic; /* the library's dynamic section in memory */
} Image;

typedef bool (*EachSymbol)(void *context, const char *name, uintptr_t address, uint64_t size, bool function); /* false: enough */
typedef void (*EachImport)(void *context, const char *name, void **place, void *address);

bool image_open(Image *image); /* with `path`, `bias` and `dynamic`; false: no ELF file with symbols */
void image_close(Image *image);
void image_each_symbol(const Image *image, EachSymbol each, void *context);
void image_each_call(const Image *image, EachImport each, void *context); /* of its own functions, through its linkage table */
bool image_writable(const Image *image, const void *place);

#endif
