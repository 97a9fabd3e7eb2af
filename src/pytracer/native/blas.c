/* Long computations inside BLAS and LAPACK drift under one rounding mode: n errors of one sign instead of n random ones. Here the
 * mode is drawn anew inside them. OpenBLAS, which NumPy's and SciPy's wheels bring along, calls its kernels through a table of
 * pointers, `gotoblas`, and LAPACK's auxiliary routines through its linkage table: while there is noise these pointers lead to stubs
 * (blas_stubs.c) that draw a mode and go on, or to kernels of ours (blas_kernels.c).
 *
 * The table's layout differs between versions: a pointer is known by the symbol that it points to. The kernel of a matrix product
 * has one mode for its whole depth: the depth of the blocks that OpenBLAS cuts matrices into, a number of the table, is lowered.
 *
 * What is installed stays: another thread may be inside a library. Without noise the stubs go straight on. */
#define _GNU_SOURCE
#include "blas.h"
#include "pointer_map.h"

#include <stdlib.h>
#include <string.h>

#ifdef BLAS_LAYER

#include <link.h>

enum { MAX_LIBRARIES = 16, MAX_TABLE = 16384, DEPTH = 16 };

typedef struct {
    char path[4096];
    char config[160], core[32]; /* as the library names itself; or empty */
    const char *why;            /* it is left alone; NULL: it is not */
    unsigned kernels, routines, depths; /* pointers that lead to stubs; types whose blocks are lowered */
    Companions companions;
} Library;

static Library libraries[MAX_LIBRARIES];
static unsigned n_libraries;
static uint32_t n_slots;

/* ---- stubs */

/* NULL: there are no more. */
static Function make_stub(Function original, Function replacement, const Library *library)
{
    if (n_slots == MAX_BLAS_SLOTS) return NULL;
    blas_slots[n_slots] = (BlasSlot){original, replacement, &library->companions};
    return blas_stub(n_slots++);
}

static bool lead_to_stub(void **place, Function original, Function replacement, const Library *library)
{
    Function stub = make_stub(original, replacement, library);
    if (stub != NULL) __atomic_store_n(place, (void *)stub, __ATOMIC_RELEASE);
    return stub != NULL;
}

/* ---- the kernel table */

typedef struct {
    Image image;
    void **pointer;      /* the library's `gotoblas` */
    const char *core;    /* of the symbol of the table that it points to */
    uintptr_t table;
    uint64_t table_size;
    char *(*config)(void), *(*core_name)(void);
    PointerMap names;    /* kernel -> its symbol */
} Search;

static bool is_type(char letter) { return letter == 's' || letter == 'd' || letter == 'c' || letter == 'z'; }

static bool find_pointer(void *context, const char *name, uintptr_t address, uint64_t size, bool function)
{
    Search *search = context;
    (void)size;
    if (!function && strcmp(name, "gotoblas") == 0) search->pointer = (void **)address;
    if (function && strstr(name, "openblas_get_config") != NULL) search->config = (char *(*)(void))address;
    if (function && strstr(name, "openblas_get_corename") != NULL) search->core_name = (char *(*)(void))address;
    return true;
}

static bool find_table(void *context, const char *name, uintptr_t address, uint64_t size, bool function)
{
    Search *search = context;
    if (function || address != search->table || strncmp(name, "gotoblas_", 9) != 0) return true;
    search->core = name + 9;
    search->table_size = size;
    return false;
}

static bool find_kernel(void *context, const char *name, uintptr_t address, uint64_t size, bool function)
{
    Search *search = context;
    (void)size;
    size_t length = strlen(name), suffix = strlen(search->core);
    bool ours = function && length > suffix + 1 && strcmp(name + length - suffix, search->core) == 0;
    return !ours || pointer_put(&search->names, (void *)address, (void *)name) == 0;
}

/* "ddot_k" for "ddot_k_HASWELL". */
static bool kernel_at(const Search *search, const void *kernel, char *name, size_t size)
{
    const char *symbol = pointer_get(&search->names, kernel);
    if (symbol == NULL) return false;
    size_t length = strlen(symbol) - strlen(search->core) - 1;
    if (length >= size) return false;
    memcpy(name, symbol, length);
    name[length] = '\0';
    return true;
}

static bool moves_only(const char *kernel)
{
    static const char *const parts[] = {"copy", "max_k", "min_k", "swap", "gemm_direct_performant"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(kernel, parts[i]) != NULL) return true;
    return false;
}

static void keep_companion(Companions *companions, const char *kernel, void *address)
{
    if (strcmp(kernel, "sgemv_n") == 0) companions->sgemv_n = (Function)address;
    if (strcmp(kernel, "sgemv_t") == 0) companions->sgemv_t = (Function)address;
    if (strcmp(kernel, "dgemv_n") == 0) companions->dgemv_n = (Function)address;
    if (strcmp(kernel, "dgemv_t") == 0) companions->dgemv_t = (Function)address;
}

/* ---- the depth of matrix products
 *
 * Before the first kernel of each type the table has six numbers: rows (p), depth (q) and columns (r) of a block, and the rows and
 * columns of the kernel's own tile, and a common one. A smaller depth never needs more room than the library has reserved. */

typedef struct {
    int rows, depth, columns, tile_rows, tile_columns, tile;
} Blocking;

static bool is_tile(int size) { return size >= 1 && size <= 128; }

static bool is_plausible(const Blocking *b)
{
    int larger = b->tile_rows > b->tile_columns ? b->tile_rows : b->tile_columns;
    return is_tile(b->tile_rows) && is_tile(b->tile_columns) && is_tile(b->tile) && b->tile % larger == 0
        && b->rows >= b->tile_rows && b->rows <= 65536 && b->rows % b->tile_rows == 0
        && b->depth >= 64 && b->depth <= 8192 && b->columns >= b->tile_columns;
}

/* A driver rounds depths up to whole tiles, and a factorisation goes without blocks below two tiles. */
static int lowered_depth(const Blocking *b)
{
    int depth = b->tile_rows;
    while (depth < DEPTH || depth <= 2 * b->tile_columns) depth += b->tile_rows;
    return depth;
}

static bool lower_depth(char *first_kernel, const char *table)
{
    for (size_t before = sizeof(Blocking); before <= sizeof(Blocking) + 8; before += 4) { /* one more number, and padding */
        if (first_kernel - table < (ptrdiff_t)before) return false;
        Blocking *blocking = (Blocking *)(first_kernel - before);
        if (!is_plausible(blocking)) continue;
        int depth = lowered_depth(blocking);
        if (depth < blocking->depth) blocking->depth = depth;
        return true;
    }
    return false;
}

static bool is_first(const char *kernel)
{
    return strcmp(kernel, "samax_k") == 0 || strcmp(kernel, "damax_k") == 0 || strcmp(kernel, "camax_k") == 0
        || strcmp(kernel, "zamax_k") == 0;
}

static void patch_table(const Search *search, Library *library)
{
    char name[64], *table = (char *)search->table;
    for (uint64_t at = 0; at + sizeof(void *) <= search->table_size; at += sizeof(void *)) {
        void **place = (void **)(table + at);
        if (!kernel_at(search, *place, name, sizeof name)) continue;
        if (is_first(name) && lower_depth((char *)place, table)) library->depths++;
        Function replacement = blas_replacement(name), original = (Function)*place;
        keep_companion(&library->companions, name, *place);
        if (!is_type(name[0]) || (replacement == NULL && moves_only(name))) continue;
        if (lead_to_stub(place, original, replacement, library)) library->kernels++;
    }
}

/* ---- LAPACK's auxiliary routines: dlartg, dlasr, zlarfg, ... are called thousands of times by the drivers */

static void patch_routine(void *context, const char *name, void **place, void *address)
{
    Library *library = context;
    const char *plain = strncmp(name, "scipy_", 6) == 0 ? name + 6 : name;
    if (!is_type(plain[0]) || strncmp(plain + 1, "la", 2) != 0) return;
    if (strncmp(plain + 1, "lamch", 5) == 0 || strncmp(plain + 1, "laisnan", 7) == 0) return; /* nothing is computed */
    if (lead_to_stub(place, (Function)address, NULL, library)) library->routines++;
}

/* ---- libraries */

static void describe_library(const Search *search, Library *library)
{
    if (search->config != NULL) snprintf(library->config, sizeof library->config, "%s", search->config());
    if (search->core_name != NULL) snprintf(library->core, sizeof library->core, "%s", search->core_name());
}

static const char *patch(Search *search, Library *library)
{
    if (!image_open(&search->image)) return "its file has no symbols";
    image_each_symbol(&search->image, find_pointer, search);
    describe_library(search, library);
    if (search->pointer == NULL) return "it has no kernel table";
    search->table = (uintptr_t)*search->pointer;
    image_each_symbol(&search->image, find_table, search);
    if (search->core == NULL || search->table_size > MAX_TABLE) return "its kernel table has another form";
    if (!image_writable(&search->image, (void *)search->table)) return "its kernel table is read-only";
    image_each_symbol(&search->image, find_kernel, search);
    patch_table(search, library);
    if (library->kernels == 0) return "the names of its kernels have been stripped";
    image_each_call(&search->image, patch_routine, library);
    return NULL;
}

/* Looks, and changes nothing. */
static const char *look(Search *search, Library *library)
{
    if (!image_open(&search->image)) return "its file has no symbols";
    image_each_symbol(&search->image, find_pointer, search);
    describe_library(search, library);
    return "there was no noise";
}

static bool is_blas(const char *path)
{
    static const char *const parts[] = {"blas", "mkl_rt", "mkl_core", "blis", "libatlas", "libarmpl", "nvpl"};
    const char *slash = strrchr(path, '/'), *file = slash == NULL ? path : slash + 1;
    if (strncmp(file, "lib", 3) != 0) return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(file, parts[i]) != NULL) return true;
    return false;
}

static bool is_known(const char *path)
{
    for (unsigned i = 0; i < n_libraries; i++)
        if (strcmp(libraries[i].path, path) == 0) return true;
    return false;
}

static void find_sections(Image *image, const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t address = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_DYNAMIC) image->dynamic = (const void *)address;
        if (header->p_type != PT_GNU_RELRO) continue;
        image->read_only = address;
        image->read_only_end = address + header->p_memsz;
    }
}

static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    const char *(*each)(Search *, Library *) = *(const char *(**)(Search *, Library *))context;
    if (info->dlpi_name == NULL || !is_blas(info->dlpi_name) || is_known(info->dlpi_name)) return 0;
    if (n_libraries == MAX_LIBRARIES) return 1;
    Library *library = &libraries[n_libraries++];
    snprintf(library->path, sizeof library->path, "%s", info->dlpi_name);
    Search search = {.image = {.path = library->path, .bias = info->dlpi_addr}};
    find_sections(&search.image, info);
    library->why = each(&search, library);
    image_close(&search.image);
    pointer_clear(&search.names);
    return 0;
}

static int count_loads(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    *(unsigned long long *)context = info->dlpi_adds;
    return 1;
}

void blas_install(void)
{
    static unsigned long long seen;
    unsigned long long loads = 0;
    if (!noise.native) return;
    dl_iterate_phdr(count_loads, &loads);
    if (loads == seen) return;
    seen = loads;
    const char *(*each)(Search *, Library *) = patch;
    dl_iterate_phdr(visit, &each);
}

void blas_describe(void)
{
    const char *(*each)(Search *, Library *) = look;
    dl_iterate_phdr(visit, &each);
}

PyObject *blas_libraries(void)
{
    PyObject *list = PyList_New(0);
    for (unsigned i = 0; list != NULL && i < n_libraries; i++) {
        const Library *each = &libraries[i];
        PyObject *item = Py_BuildValue("{sssssssIsIsIsz}", "path", each->path, "config", each->config, "core", each->core, "kernels",
                                       each->kernels, "routines", each->routines, "depths", each->depths, "why", each->why);
        if (item == NULL || PyList_Append(list, item) != 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

#else /* another processor or loader: native calls keep one rounding mode each, and noise/ says so */

void blas_install(void) {}
void blas_describe(void) {}
PyObject *blas_libraries(void) { return PyList_New(0); }

#endif
