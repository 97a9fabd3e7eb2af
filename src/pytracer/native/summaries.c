/* Statistics per value, read straight from the bytes of the traces: gathers blocks of elements from all samples, lets
 * statistics.c measure them, and sums them up. The GIL is released; parse/numbers.py is the same in NumPy. */
#define PY_SSIZE_T_CLEAN
#define _DEFAULT_SOURCE
#include <Python.h>

#include "statistics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

enum {
    BINS_PER_BIT = 256, /* resolution of the quantiles of what is too large to keep */
    BINS = 64 * BINS_PER_BIT + 1,
    SMALL = 2048 /* so many bits are sorted in place without counting first */
};

/* Columns of a summary, in the order of parse/numbers.py::Summary. */
enum {
    SAME, BITS_MIN, BITS_P05, BITS_MEDIAN, BITS_MEAN, BITS_MAX, ERROR_MIN, ERROR_MEDIAN, UNPERTURBED, UNPERTURBED_IMAG, MEAN,
    STD, MEAN_IMAG, STD_IMAG, WORST_ELEMENT, WORST_MEAN, WORST_MEAN_IMAG, LARGEST, NORM, NANS, INFS, NAN_DIFFERS, INF_DIFFERS,
    SUMMARY_COLUMNS
};
enum { ELEMENT_COLUMNS = 6 };

/* ---- numbers of one type, widened to double */

static inline uint64_t swapped(uint64_t bits, int size)
{
    return size == 8 ? __builtin_bswap64(bits) : size == 4 ? __builtin_bswap32((uint32_t)bits) : __builtin_bswap16((uint16_t)bits);
}

static double widened_half(uint16_t half)
{
    uint64_t sign = (uint64_t)(half >> 15) << 63;
    int exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 0) return copysign(ldexp(fraction, -24), sign ? -1 : 1);
    uint64_t bits = sign | (uint64_t)(exponent == 31 ? 2047 : exponent + 1008) << 52 | (uint64_t)fraction << 42;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#define WIDEN(name, type, bits_type, convert) \
    static void name(const char *from, double *to, size_t n, size_t step, bool swap) \
    { \
        for (size_t j = 0; j < n; j++, from += step) { \
            bits_type bits; \
            type value; \
            memcpy(&bits, from, sizeof bits); \
            if (swap) bits = (bits_type)swapped(bits, sizeof bits); \
            memcpy(&value, &bits, sizeof value); \
            to[j] = convert(value); \
        } \
    }
WIDEN(widen_any_double, double, uint64_t, (double))
WIDEN(widen_float, float, uint32_t, (double))
WIDEN(widen_half, uint16_t, uint16_t, widened_half)
WIDEN(widen_integer, int64_t, uint64_t, (double))

static void widen_double(const char *from, double *to, size_t n, size_t step, bool swap)
{
    if (!swap && step == sizeof *to) memcpy(to, from, n * sizeof *to);
    else widen_any_double(from, to, n, step, swap);
}

typedef struct {
    void (*widen)(const char *from, double *to, size_t n, size_t step, bool swap);
    size_t width, parts; /* bytes of a part; 2 parts for complex numbers */
    bool swap;
} Format;

/* A NumPy dtype string such as "<f8"; false for what is left to NumPy. */
static bool format_of(const char *text, Format *format)
{
    const uint16_t probe = 1;
    bool little = *(const uint8_t *)&probe == 1;
    if (text[0] == '\0' || text[1] == '\0') return false;
    int size = atoi(text + 2);
    char kind = text[1];
    format->parts = kind == 'c' ? 2 : 1;
    format->width = (size_t)size / format->parts;
    format->swap = (text[0] == '<' && !little) || (text[0] == '>' && little);
    if (kind == 'i') format->widen = size == 8 ? widen_integer : NULL;
    else if (kind == 'f' || kind == 'c')
        format->widen = format->width == 8 ? widen_double : format->width == 4 ? widen_float
                        : format->width == 2 && kind == 'f' ? widen_half : NULL;
    else format->widen = NULL;
    return format->widen != NULL;
}

/* ---- the arguments, checked */

static bool table_get(PyObject *object, const char *name, Py_ssize_t itemsize, Py_ssize_t length, bool writable, Py_buffer *view)
{
    if (PyObject_GetBuffer(object, view, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE) != 0) return false;
    if (view->len == length * itemsize) return true;
    PyErr_Format(PyExc_ValueError, "%s has %zd bytes, not %zd", name, view->len, length * itemsize);
    PyBuffer_Release(view);
    return false;
}

typedef struct {
    Py_buffer *payloads, base, starts, sizes, base_starts, out;
    Py_ssize_t samples, held, values;
    bool has_base;
    int tables;
    Format format;
    Rule rule;
} Numbers;

static void numbers_release(Numbers *n)
{
    for (Py_ssize_t i = 0; i < n->held; i++) PyBuffer_Release(&n->payloads[i]);
    free(n->payloads);
    if (n->has_base) PyBuffer_Release(&n->base);
    Py_buffer *tables[] = {&n->starts, &n->sizes, &n->base_starts, &n->out};
    for (int i = 0; i < n->tables; i++) PyBuffer_Release(tables[i]);
}

static int64_t size_of(const Numbers *n, Py_ssize_t v) { return ((const int64_t *)n->sizes.buf)[v]; }
static int64_t start_of(const Numbers *n, Py_ssize_t i, Py_ssize_t v) { return ((const int64_t *)n->starts.buf)[i * n->values + v]; }
static int64_t base_start_of(const Numbers *n, Py_ssize_t v) { return n->has_base ? ((const int64_t *)n->base_starts.buf)[v] : -1; }

static bool is_inside(int64_t start, int64_t bytes, Py_ssize_t length)
{
    return start >= 0 && bytes >= 0 && start <= length && bytes <= length - start;
}

static bool numbers_check(const Numbers *n)
{
    int64_t width = (int64_t)(n->format.width * n->format.parts);
    for (Py_ssize_t v = 0; v < n->values; v++) {
        int64_t size = size_of(n, v), base = base_start_of(n, v);
        bool sound = size > 0 && size <= INT64_MAX / 16;
        for (Py_ssize_t i = 0; sound && i < n->samples; i++)
            sound = is_inside(start_of(n, i, v), size * width, n->payloads[i].len);
        if (sound && base >= 0) sound = is_inside(base, size * width, n->base.len);
        if (!sound) {
            PyErr_Format(PyExc_ValueError, "value %zd is empty or reaches beyond its payload", v);
            return false;
        }
    }
    return true;
}

/* arguments: payloads, starts, sizes, base, base_starts, dtype, rule, out; `columns` rows of `out` hold a number per value, or
 * per element. */
static bool numbers_parse(Numbers *n, PyObject *const *args, Py_ssize_t columns, bool per_element)
{
    memset(n, 0, sizeof *n);
    const char *dtype = PyUnicode_AsUTF8(args[5]);
    int general, to_reference;
    if (dtype == NULL || !PyTuple_Check(args[0])) return PyErr_BadArgument(), false;
    if (!PyArg_ParseTuple(args[6], "ppdd", &general, &to_reference, &n->rule.delta, &n->rule.precision)) return false;
    n->rule.general = general, n->rule.to_reference = to_reference;
    if (!format_of(dtype, &n->format)) return PyErr_Format(PyExc_ValueError, "no kernel for the dtype %s", dtype), false;
    n->samples = PyTuple_GET_SIZE(args[0]);
    n->payloads = calloc((size_t)n->samples + 1, sizeof *n->payloads);
    if (n->payloads == NULL || n->samples == 0) return PyErr_SetString(PyExc_ValueError, "no samples"), false;
    for (; n->held < n->samples; n->held++)
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(args[0], n->held), &n->payloads[n->held], PyBUF_SIMPLE) != 0) return false;
    if (PyObject_GetBuffer(args[2], &n->sizes, PyBUF_SIMPLE) != 0) return false;
    n->values = n->sizes.len / 8;
    PyBuffer_Release(&n->sizes);
    if (!table_get(args[1], "starts", 8, n->samples * n->values, false, &n->starts)) return false;
    n->tables = 1;
    if (!table_get(args[2], "sizes", 8, n->values, false, &n->sizes)) return false;
    n->tables = 2;
    bool has_base = args[3] != Py_None;
    if (!table_get(has_base ? args[4] : args[2], "base_starts", 8, n->values, false, &n->base_starts)) return false;
    n->tables = 3;
    if (has_base && PyObject_GetBuffer(args[3], &n->base, PyBUF_SIMPLE) != 0) return false;
    n->has_base = has_base;
    if (!numbers_check(n)) return false;
    Py_ssize_t rows = per_element ? 0 : n->values;
    for (Py_ssize_t v = 0; per_element && v < n->values; v++) rows += size_of(n, v);
    if (!table_get(args[7], "out", 8, columns * rows, true, &n->out)) return false;
    n->tables = 4;
    return true;
}

/* ---- blocks */

/* What one thread measures with. `base` and `x` hold the parts of a block; a second part is that of complex numbers. */
typedef struct {
    Part part[2];
    double base[2][STATISTICS_BLOCK];
    size_t block;   /* elements that are measured at once */
    double *room;   /* owned */
    double *bits, *errors; /* of a value's elements, to find quantiles; owned; NULL when it is too large */
    size_t kept;    /* how many they can hold */
    uint64_t *bins, *error_bins; /* owned */
} Work;

static bool work_start(Work *w, const Numbers *n, size_t largest, size_t keep)
{
    memset(w, 0, sizeof *w);
    size_t samples = (size_t)n->samples, parts = n->format.parts, block = 16384 / samples / sizeof(double);
    block = block < 16 ? 16 : block > STATISTICS_BLOCK ? STATISTICS_BLOCK : block;
    w->block = block;
    w->kept = largest < keep ? largest : keep;
    w->room = malloc(2 * parts * samples * block * sizeof *w->room);
    w->bits = malloc((w->kept + 1) * sizeof *w->bits);
    w->errors = malloc((w->kept + 1) * sizeof *w->errors);
    w->bins = malloc(2 * BINS * sizeof *w->bins);
    w->error_bins = w->bins + BINS;
    for (size_t p = 0; p < parts && w->room != NULL; p++) {
        w->part[p].samples = samples;
        w->part[p].stride = block;
        w->part[p].x = w->room + 2 * p * samples * block;
        w->part[p].z = w->part[p].x + samples * block;
    }
    return w->room != NULL && w->bits != NULL && w->errors != NULL && w->bins != NULL;
}

static void work_end(Work *w)
{
    free(w->room);
    free(w->bits);
    free(w->errors);
    free(w->bins);
}

/* Elements first .. first + size of value v. */
static void gather_elements(Work *w, const Numbers *n, Py_ssize_t v, size_t first, size_t size)
{
    const Format *f = &n->format;
    size_t width = f->width * f->parts, offset = first * width;
    int64_t base = base_start_of(n, v);
    for (size_t p = 0; p < f->parts; p++) {
        Part *part = &w->part[p];
        part->size = size;
        for (size_t i = 0; i < part->samples; i++) {
            const char *from = (const char *)n->payloads[i].buf + start_of(n, (Py_ssize_t)i, v) + offset + p * f->width;
            f->widen(from, part->x + i * part->stride, size, width, f->swap);
        }
        part->base = base < 0 ? NULL : w->base[p];
        if (base >= 0) f->widen((const char *)n->base.buf + base + offset + p * f->width, w->base[p], size, width, f->swap);
        part_measure(part, &n->rule);
    }
}

/* Values first .. first + size, of one element each, all with or all without an unperturbed one. */
static void gather_scalars(Work *w, const Numbers *n, Py_ssize_t first, size_t size)
{
    const Format *f = &n->format;
    bool has_base = base_start_of(n, first) >= 0;
    for (size_t p = 0; p < f->parts; p++) {
        Part *part = &w->part[p];
        part->size = size;
        for (size_t i = 0; i < part->samples; i++) {
            const char *from = (const char *)n->payloads[i].buf + p * f->width;
            for (size_t j = 0; j < size; j++)
                f->widen(from + start_of(n, (Py_ssize_t)i, first + (Py_ssize_t)j), part->x + i * part->stride + j, 1, 0, f->swap);
        }
        part->base = has_base ? w->base[p] : NULL;
        const char *from = has_base ? (const char *)n->base.buf + p * f->width : NULL;
        for (size_t j = 0; has_base && j < size; j++)
            f->widen(from + base_start_of(n, first + (Py_ssize_t)j), w->base[p] + j, 1, 0, f->swap);
        part_measure(part, &n->rule);
    }
}

/* Consecutive values of one element, at most a block, alike in having an unperturbed one. */
static size_t run_of_scalars(const Numbers *n, Py_ssize_t first, size_t block)
{
    size_t size = 0;
    bool has_base = base_start_of(n, first) >= 0;
    while (size < block && first + (Py_ssize_t)size < n->values && size_of(n, first + (Py_ssize_t)size) == 1
           && (base_start_of(n, first + (Py_ssize_t)size) >= 0) == has_base)
        size++;
    return size;
}

/* ---- one value */

typedef struct {
    double count, bits_sum, bits_min, bits_max, error_min, error_max, base[2], mean[2], std[2];
    double largest, norm[3]; /* sums of squares of large, usual and small means (J. L. Blue, ACM TOMS 4(1), 1978) */
    double worst, worst_mean[2], nans, infs;
    bool same, nan_differs, inf_differs;
} Summary;

static inline double lower(double a, double b) { return b < a || a != a ? b : a; }
static inline double higher(double a, double b) { return b > a || a != a ? b : a; }

static void add_special(Summary *s, const Work *w, size_t parts, size_t j)
{
    size_t samples = w->part[0].samples, nans = 0, infs = 0, positive = 0, all = 0;
    bool nan_differs = false, inf_differs = false, differs_sign = false;
    for (size_t p = 0; p < parts; p++) {
        size_t own_nans = 0, own_infs = 0;
        positive = 0;
        for (size_t i = 0; i < samples; i++) {
            double x = w->part[p].x[i * w->part[p].stride + j];
            own_nans += x != x;
            own_infs += fabs(x) > DBL_MAX;
            positive += x > DBL_MAX;
        }
        nans += own_nans, infs += own_infs, all += samples;
        nan_differs |= own_nans > 0 && own_nans < samples;
        inf_differs |= own_infs > 0 && own_infs < samples;
        differs_sign |= positive > 0 && positive < own_infs;
    }
    s->nans += nans > 0;
    s->infs += infs > 0;
    s->nan_differs |= nan_differs;
    s->inf_differs |= inf_differs || differs_sign;
}

/* Only where all samples are finite, or equal, is the mean no NaN. */
static bool has_special(const Part *part, size_t j) { return part->mean[j] * 0 != 0; }

static inline void add_square(Summary *s, double mean)
{
    double m = fabs(mean);
    if (m > 0x1p500) s->norm[0] += (m * 0x1p-600) * (m * 0x1p-600);
    else if (m < 0x1p-500) s->norm[2] += (m * 0x1p600) * (m * 0x1p600);
    else s->norm[1] += m * m;
}

static void add_element(Summary *s, const Work *w, size_t parts, size_t j, double number, double *bits, double *error)
{
    const Part *real = &w->part[0], *imag = parts == 2 ? &w->part[1] : NULL;
    *bits = real->bits[j], *error = real->error[j];
    double largest = fabs(real->mean[j]);
    if (imag != NULL) {
        *bits = lower(*bits, imag->bits[j]);
        *error = lower(*error, imag->error[j]);
        largest = hypot(real->mean[j], imag->mean[j]);
        s->mean[1] += imag->mean[j];
        s->std[1] += imag->std[j];
        add_square(s, imag->mean[j]);
    }
    s->mean[0] += real->mean[j];
    s->std[0] += real->std[j];
    s->largest = higher(s->largest, largest);
    add_square(s, real->mean[j]);
    s->bits_sum += *bits;
    if (*bits < s->bits_min || (s->bits_min != s->bits_min && *bits == *bits)) {
        s->bits_min = *bits;
        s->worst = number;
        for (size_t p = 0; p < parts; p++) s->worst_mean[p] = w->part[p].mean[j];
    }
    s->bits_max = higher(s->bits_max, *bits);
    s->error_min = lower(s->error_min, *error);
    s->error_max = higher(s->error_max, *error);
    if (has_special(real, j) || (imag != NULL && has_special(imag, j))) add_special(s, w, parts, j);
}

static inline size_t bin_of(double bits) { return (size_t)(bits * BINS_PER_BIT); }

enum { LANES = 8 };

/* Sums and extremes of a block of real numbers, in LANES strands that the processor adds up side by side. */
typedef struct {
    double mean[LANES], std[LANES], bits[LANES], square[LANES], least[LANES], most[LANES], error_least[LANES], error_most[LANES],
        largest[LANES], probe[LANES];
} Lanes;

VECTORISED static void lanes_add(Lanes *restrict lanes, const Part *restrict p, size_t whole)
{
    for (size_t j = 0; j < whole; j += LANES)
        for (size_t k = 0; k < LANES; k++) {
            double mean = p->mean[j + k], bits = p->bits[j + k], error = p->error[j + k], magnitude = fabs(mean);
            lanes->mean[k] += mean;
            lanes->std[k] += p->std[j + k];
            lanes->bits[k] += bits;
            lanes->square[k] += mean * mean;
            lanes->probe[k] += mean * 0;
            lanes->least[k] = bits < lanes->least[k] ? bits : lanes->least[k];
            lanes->most[k] = bits > lanes->most[k] ? bits : lanes->most[k];
            lanes->error_least[k] = error < lanes->error_least[k] ? error : lanes->error_least[k];
            lanes->error_most[k] = error > lanes->error_most[k] ? error : lanes->error_most[k];
            lanes->largest[k] = magnitude > lanes->largest[k] ? magnitude : lanes->largest[k];
        }
}

/* Adds the first elements of a block of real numbers at once; returns how many: none where they need a closer look. */
static size_t add_lanes(Summary *s, const Part *p, size_t first)
{
    Lanes lanes = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    double least = INFINITY, most = -INFINITY, error_least = INFINITY, error_most = -INFINITY, largest = 0, probe = 0;
    size_t whole = p->size / LANES * LANES;
    for (size_t k = 0; k < LANES; k++) {
        lanes.least[k] = lanes.error_least[k] = INFINITY;
        lanes.most[k] = lanes.error_most[k] = -INFINITY;
    }
    lanes_add(&lanes, p, whole);
    for (size_t k = 0; k < LANES; k++) {
        least = lower(least, lanes.least[k]), most = higher(most, lanes.most[k]);
        error_least = lower(error_least, lanes.error_least[k]), error_most = higher(error_most, lanes.error_most[k]);
        largest = higher(largest, lanes.largest[k]);
        probe += lanes.probe[k];
    }
    if (probe != 0 || !(least <= most) || largest > 0x1p500 || (largest < 0x1p-400 && largest > 0)) return 0;
    if (!(least >= s->bits_min)) {
        size_t j = 0;
        while (p->bits[j] != least) j++;
        s->bits_min = least, s->worst = (double)(first + j), s->worst_mean[0] = p->mean[j];
    }
    s->bits_max = higher(s->bits_max, most);
    s->largest = higher(s->largest, largest);
    if (error_least <= error_most) {
        s->error_min = lower(s->error_min, error_least);
        s->error_max = higher(s->error_max, error_most);
    }
    for (size_t k = 0; k < LANES; k++) {
        s->mean[0] += lanes.mean[k];
        s->std[0] += lanes.std[k];
        s->bits_sum += lanes.bits[k];
        s->norm[1] += lanes.square[k];
    }
    return whole;
}

static void count_bits(uint64_t *bins, const double *numbers, size_t n)
{
    bool alike = true;
    if (n == 0 || numbers[0] != numbers[0]) return;
    for (size_t j = 1; j < n; j++) alike &= numbers[j] == numbers[0];
    if (alike) bins[bin_of(numbers[0])] += n;
    else
        for (size_t j = 0; j < n; j++) bins[bin_of(numbers[j])]++;
}

/* Elements first .. of a value; `count` them for its quantiles. */
static void add_block(Summary *s, Work *w, size_t parts, size_t first, bool count)
{
    size_t size = w->part[0].size;
    double bits[STATISTICS_BLOCK], errors[STATISTICS_BLOCK];
    for (size_t p = 0; p < parts; p++) s->same &= w->part[p].all_same;
    size_t done = parts == 1 ? add_lanes(s, &w->part[0], first) : 0;
    memcpy(bits, w->part[0].bits, done * sizeof *bits);
    memcpy(errors, w->part[0].error, done * sizeof *errors);
    for (size_t j = done; j < size; j++) add_element(s, w, parts, j, (double)(first + j), &bits[j], &errors[j]);
    if (first < w->kept) {
        size_t room = w->kept - first < size ? w->kept - first : size;
        memcpy(w->bits + first, bits, room * sizeof *bits);
        memcpy(w->errors + first, errors, room * sizeof *errors);
    }
    if (count) {
        count_bits(w->bins, bits, size);
        count_bits(w->error_bins, errors, size);
    }
    for (size_t p = 0; p < parts && w->part[0].base != NULL; p++)
        for (size_t j = 0; j < size; j++) s->base[p] += w->base[p][j];
    s->count += (double)size;
}

/* ---- quantiles: element of a rank in ascending order */

static inline void exchange(double *a, double *b)
{
    double kept = *a;
    *a = *b, *b = kept;
}

/* Quickselect in three parts with random pivots; `numbers` is put into another order. */
static double select_rank(double *numbers, size_t n, size_t rank)
{
    uint64_t random = 0x9E3779B97F4A7C15u;
    size_t low = 0, high = n - 1;
    while (low < high) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        double pivot = numbers[low + random % (high - low + 1)];
        size_t less = low, i = low, more = high + 1;
        while (i < more) {
            if (numbers[i] < pivot) exchange(&numbers[less++], &numbers[i++]);
            else if (numbers[i] > pivot) exchange(&numbers[i], &numbers[--more]);
            else i++;
        }
        if (rank < less) high = less - 1;
        else if (rank >= more) low = more;
        else return pivot;
    }
    return numbers[low];
}

/* `bins` count all `n` numbers, or are NULL; of the numbers themselves the first `kept` are there. */
static double quantile(double *numbers, size_t n, size_t kept, const uint64_t *bins, size_t rank, double least, double most)
{
    if (least == most) return least;
    if (bins == NULL) return select_rank(numbers, n, rank);
    size_t bin = 0, before = 0, own = 0;
    while (before + bins[bin] <= rank) before += bins[bin++];
    if (kept < n) return fmin(fmax((double)bin / BINS_PER_BIT, least), most);
    for (size_t i = 0; i < n; i++)
        if (bin_of(numbers[i]) == bin) exchange(&numbers[own++], &numbers[i]);
    return select_rank(numbers, own, rank - before);
}

static double median(double *numbers, size_t n, size_t kept, const uint64_t *bins, double least, double most)
{
    double upper = quantile(numbers, n, kept, bins, n / 2, least, most);
    return n % 2 ? upper : (quantile(numbers, n, kept, bins, n / 2 - 1, least, most) + upper) / 2;
}

static double norm_of(const Summary *s)
{
    const double *squares = s->norm;
    double sum = squares[0] + squares[1] + squares[2];
    if (!(sum <= DBL_MAX)) return sum;
    if (squares[0] > 0) return sqrt(squares[0] + squares[1] * 0x1p-1000 * 0x1p-200) * 0x1p600;
    if (squares[1] > 0) return sqrt(squares[1] + squares[2] * 0x1p-1000 * 0x1p-200);
    return sqrt(squares[2]) * 0x1p-600;
}

/* ---- several values */

static void put(const Numbers *n, Py_ssize_t v, int column, double number) { ((double *)n->out.buf)[column * n->values + v] = number; }

static void put_common(const Numbers *n, Py_ssize_t v, const Summary *s, bool has_base)
{
    bool is_complex = n->format.parts == 2, has_bits = s->bits_min == s->bits_min;
    double count = s->count;
    put(n, v, SAME, s->same);
    put(n, v, BITS_MIN, s->bits_min);
    put(n, v, BITS_MEAN, s->bits_sum / count);
    put(n, v, BITS_MAX, s->bits_max);
    put(n, v, ERROR_MIN, s->error_min);
    put(n, v, UNPERTURBED, has_base ? s->base[0] / count : NAN);
    put(n, v, UNPERTURBED_IMAG, has_base && is_complex ? s->base[1] / count : NAN);
    put(n, v, MEAN, s->mean[0] / count);
    put(n, v, STD, s->std[0] / count);
    put(n, v, MEAN_IMAG, is_complex ? s->mean[1] / count : NAN);
    put(n, v, STD_IMAG, is_complex ? s->std[1] / count : NAN);
    put(n, v, WORST_ELEMENT, has_bits ? s->worst : -1);
    put(n, v, WORST_MEAN, has_bits ? s->worst_mean[0] : NAN);
    put(n, v, WORST_MEAN_IMAG, has_bits && is_complex ? s->worst_mean[1] : NAN);
    put(n, v, LARGEST, s->largest);
    put(n, v, NORM, norm_of(s));
    put(n, v, NANS, s->nans);
    put(n, v, INFS, s->infs);
    put(n, v, NAN_DIFFERS, s->nan_differs);
    put(n, v, INF_DIFFERS, s->inf_differs);
}

static Summary summary_empty(void)
{
    return (Summary){.bits_min = NAN, .bits_max = NAN, .error_min = NAN, .error_max = NAN, .largest = NAN,
                     .worst_mean = {NAN, NAN}, .same = true};
}

static void put_scalars(Work *w, const Numbers *n, Py_ssize_t first, size_t size)
{
    for (size_t j = 0; j < size; j++) {
        Summary s = summary_empty();
        double bits, error;
        Py_ssize_t v = first + (Py_ssize_t)j;
        s.count = 1;
        for (size_t p = 0; p < n->format.parts; p++) {
            s.same &= w->part[p].same[j];
            s.base[p] = w->base[p][j];
        }
        add_element(&s, w, n->format.parts, j, 0, &bits, &error);
        put_common(n, v, &s, w->part[0].base != NULL);
        put(n, v, BITS_P05, bits);
        put(n, v, BITS_MEDIAN, bits);
        put(n, v, ERROR_MEDIAN, error);
    }
}

/* Pages of a file that have been read; they would count as memory of this process. */
static void release(const char *from, size_t bytes)
{
#if defined(MADV_DONTNEED) && defined(__linux__)
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)from + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)from + bytes) / page * page;
    if (end > first) madvise((void *)first, end - first, MADV_DONTNEED);
#else
    (void)from, (void)bytes;
#endif
}

enum { RELEASED = 4 << 20 };

static void release_elements(const Numbers *n, Py_ssize_t v, size_t first, size_t size)
{
    size_t width = n->format.width * n->format.parts;
    for (Py_ssize_t i = 0; i < n->samples; i++)
        release((const char *)n->payloads[i].buf + start_of(n, i, v) + first * width, size * width);
    if (base_start_of(n, v) >= 0) release((const char *)n->base.buf + base_start_of(n, v) + first * width, size * width);
}

static void summarise_value(Work *w, const Numbers *n, Py_ssize_t v, bool mapped)
{
    Summary s = summary_empty();
    size_t size = (size_t)size_of(n, v), released = 0, at_once = RELEASED / n->format.width / n->format.parts;
    bool count = size > SMALL || size > w->kept;
    if (count) memset(w->bins, 0, 2 * BINS * sizeof *w->bins);
    for (size_t first = 0; first < size; first += w->block) {
        gather_elements(w, n, v, first, size - first < w->block ? size - first : w->block);
        add_block(&s, w, n->format.parts, first, count);
        if (mapped && first + w->block - released >= at_once) {
            release_elements(n, v, released, first + w->part[0].size - released);
            released = first + w->part[0].size;
        }
    }
    bool has_base = base_start_of(n, v) >= 0;
    put_common(n, v, &s, has_base);
    bool has_bits = s.bits_min == s.bits_min;
    const uint64_t *bins = count ? w->bins : NULL, *error_bins = count ? w->error_bins : NULL;
    put(n, v, BITS_P05, has_bits ? quantile(w->bits, size, w->kept, bins, (size - 1) / 20, s.bits_min, s.bits_max) : NAN);
    put(n, v, BITS_MEDIAN, has_bits ? median(w->bits, size, w->kept, bins, s.bits_min, s.bits_max) : NAN);
    put(n, v, ERROR_MEDIAN, has_base ? median(w->errors, size, w->kept, error_bins, s.error_min, s.error_max) : NAN);
}

/* Values first .. end. What several of them share is read again from the system's cache. */
static void release_values(const Numbers *n, Py_ssize_t first, Py_ssize_t end)
{
    int64_t width = (int64_t)(n->format.width * n->format.parts);
    for (Py_ssize_t i = 0; i <= n->samples; i++) {
        int64_t low = INT64_MAX, high = 0;
        for (Py_ssize_t v = first; v < end; v++) {
            int64_t start = i < n->samples ? start_of(n, i, v) : base_start_of(n, v);
            if (start < 0) continue;
            low = start < low ? start : low;
            high = start + size_of(n, v) * width > high ? start + size_of(n, v) * width : high;
        }
        const char *bytes = i < n->samples ? n->payloads[i].buf : n->base.buf;
        if (low < high) release(bytes + low, (size_t)(high - low));
    }
}

static void summarise_all(Work *w, const Numbers *n, bool mapped)
{
    Py_ssize_t released = 0;
    int64_t bytes = 0;
    for (Py_ssize_t v = 0; v < n->values;) {
        size_t scalars = run_of_scalars(n, v, w->block);
        if (scalars > 0) {
            gather_scalars(w, n, v, scalars);
            put_scalars(w, n, v, scalars);
            v += (Py_ssize_t)scalars;
            continue;
        }
        summarise_value(w, n, v, mapped);
        bytes += size_of(n, v++) * (int64_t)(n->format.width * n->format.parts);
        if (mapped && (bytes >= RELEASED || v == n->values)) {
            release_values(n, released, v);
            released = v, bytes = 0;
        }
    }
}

static size_t put_elements(const Work *w, const Numbers *n, size_t row, size_t rows)
{
    double *out = n->out.buf;
    const Part *parts[2] = {&w->part[0], n->format.parts == 2 ? &w->part[1] : NULL};
    size_t size = parts[0]->size;
    for (int p = 0; p < 2; p++)
        for (size_t j = 0; j < size; j++) {
            out[(size_t)(2 * p) * rows + row + j] = parts[p] ? parts[p]->mean[j] : NAN;
            out[(size_t)(2 * p + 1) * rows + row + j] = parts[p] ? parts[p]->std[j] : NAN;
            out[(size_t)(4 + p) * rows + row + j] = parts[p] ? parts[p]->bits[j] : NAN;
        }
    return row + size;
}

static void measure_all(Work *w, const Numbers *n)
{
    size_t row = 0, rows = (size_t)n->out.len / sizeof(double) / ELEMENT_COLUMNS;
    for (Py_ssize_t v = 0; v < n->values;) {
        size_t scalars = run_of_scalars(n, v, w->block);
        if (scalars > 0) {
            gather_scalars(w, n, v, scalars);
            row = put_elements(w, n, row, rows);
            v += (Py_ssize_t)scalars;
            continue;
        }
        for (size_t first = 0, size = (size_t)size_of(n, v); first < size; first += w->block) {
            gather_elements(w, n, v, first, size - first < w->block ? size - first : w->block);
            row = put_elements(w, n, row, rows);
        }
        v++;
    }
}

/* ---- the Python face; see _native.pyi */

PyObject *summarise_values(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    Numbers numbers;
    Work work;
    (void)self;
    if (n_args != 10) return PyErr_Format(PyExc_TypeError, "summarise_values takes 10 arguments");
    size_t keep = PyLong_AsSize_t(args[8]), largest = 0;
    int mapped = PyObject_IsTrue(args[9]);
    if (PyErr_Occurred()) return NULL;
    if (!numbers_parse(&numbers, args, SUMMARY_COLUMNS, false)) return numbers_release(&numbers), NULL;
    for (Py_ssize_t v = 0; v < numbers.values; v++)
        if ((size_t)size_of(&numbers, v) > largest) largest = (size_t)size_of(&numbers, v);
    bool started = work_start(&work, &numbers, largest, keep);
    if (started) {
        Py_BEGIN_ALLOW_THREADS;
        summarise_all(&work, &numbers, mapped);
        Py_END_ALLOW_THREADS;
    }
    work_end(&work);
    numbers_release(&numbers);
    if (!started) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

PyObject *measure_elements(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    Numbers numbers;
    Work work;
    (void)self;
    if (n_args != 8) return PyErr_Format(PyExc_TypeError, "measure_elements takes 8 arguments");
    if (!numbers_parse(&numbers, args, ELEMENT_COLUMNS, true)) return numbers_release(&numbers), NULL;
    bool started = work_start(&work, &numbers, 0, 0);
    if (started) {
        Py_BEGIN_ALLOW_THREADS;
        measure_all(&work, &numbers);
        Py_END_ALLOW_THREADS;
    }
    work_end(&work);
    numbers_release(&numbers);
    if (!started) return PyErr_NoMemory();
    Py_RETURN_NONE;
}
