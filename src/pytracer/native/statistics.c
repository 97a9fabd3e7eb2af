/* Mean, standard deviation and significant bits of each element of a block. The formulas, and what is answered where they
 * answer nothing, stand in docs/statistics.md; parse/measure.py is the same in NumPy. Sums run in order of the samples. */
#include "statistics.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MANTISSA = 52, FAR = 400 }; /* FAR: beyond this exponent sums of squares may leave the range of doubles */

static inline double clip(double bits, double precision) { return bits > 0 ? (bits < precision ? bits : precision) : 0; }

static inline double general_bits(double largest)
{
    int exponent;
    if (largest == 0) return MANTISSA;
    if (!(largest <= 1)) return 0;
    double fraction = frexp(largest, &exponent); /* largest = fraction 2^exponent <= 2^-bits */
    int bits = fraction == 0.5 ? 1 - exponent : -exponent;
    return bits < MANTISSA ? bits : MANTISSA;
}

/* Bits of Z = X / reference - 1 from its standard deviation (ddof 0) and its largest magnitude. */
static inline double bits_of(double deviation, double largest, const Rule *rule)
{
    if (rule->general) return clip(general_bits(largest), rule->precision);
    double spread = deviation == 0 ? largest : deviation;
    return clip((spread == 0 ? MANTISSA : -log2(spread)) - rule->delta, rule->precision);
}

static bool is_same(double a, double b) { return a == b || (a != a && b != b); }

/* ---- one element whose samples are far out or not finite; x and z are its columns */

static bool all_same(const Part *p, size_t j, double value)
{
    bool same = true;
    for (size_t i = 0; i < p->samples; i++) same &= is_same(p->x[i * p->stride + j], value);
    return same;
}

static double far_bits(const Part *p, size_t j, int exponent, double reference, const Rule *rule)
{
    double n = (double)p->samples, sum = 0, largest = 0, squares = 0;
    if (reference == 0) return 0;
    for (size_t i = 0; i < p->samples; i++) {
        double z = ldexp(p->x[i * p->stride + j], -exponent) / reference - 1;
        p->z[i * p->stride + j] = z;
        sum += z;
        if (!(fabs(z) <= largest)) largest = fabs(z);
    }
    double mean = sum / n;
    for (size_t i = 0; i < p->samples; i++) {
        double d = p->z[i * p->stride + j] - mean;
        squares += d * d;
    }
    /* Equal ones do not deviate, whatever the rounding of their mean. */
    bool equal = true;
    for (size_t i = 1; i < p->samples; i++) equal &= p->z[i * p->stride + j] == p->z[j];
    return bits_of(equal ? 0 : sqrt(squares / n), largest, rule);
}

static void measure_far(Part *p, size_t j, const Rule *rule)
{
    double n = (double)p->samples, largest = 0, sum = 0, squares = 0;
    bool finite = true;
    int exponent;
    for (size_t i = 0; i < p->samples; i++) {
        double magnitude = fabs(p->x[i * p->stride + j]);
        finite &= magnitude <= DBL_MAX;
        if (magnitude > largest) largest = magnitude;
    }
    p->same[j] = (uint8_t)all_same(p, j, p->x[j]);
    p->mean[j] = p->same[j] ? p->x[j] : NAN;
    p->std[j] = p->same[j] && finite ? 0 : NAN;
    bool settled = rule->to_reference ? p->base != NULL && all_same(p, j, p->base[j]) : p->same[j];
    if (settled || !finite || largest == 0) {
        p->bits[j] = settled ? rule->precision : 0;
        return;
    }
    frexp(largest, &exponent);
    if (exponent < FAR && exponent > -FAR) exponent = 0;
    for (size_t i = 0; i < p->samples; i++) sum += ldexp(p->x[i * p->stride + j], -exponent);
    double mean = sum / n;
    for (size_t i = 0; i < p->samples; i++) {
        double d = ldexp(p->x[i * p->stride + j], -exponent) - mean;
        squares += d * d;
    }
    if (!p->same[j]) {
        p->mean[j] = ldexp(mean, exponent);
        p->std[j] = ldexp(sqrt(squares / (n - 1)), exponent);
    }
    double reference = rule->to_reference && p->base != NULL ? ldexp(p->base[j], -exponent) : mean;
    p->bits[j] = rule->to_reference && !(fabs(p->base[j]) <= DBL_MAX) ? 0 : far_bits(p, j, exponent, reference, rule);
}

/* ---- blocks */

/* Per element: whether samples differ, their sum, largest magnitude, and 0 (NaN when some are not finite). */
VECTORISED static bool scan(const Part *p, double *restrict sum, double *restrict largest, double *restrict probe,
                            uint64_t *restrict differs)
{
    uint64_t any = 0;
    const double *first = p->x;
    for (size_t j = 0; j < p->size; j++) {
        sum[j] = first[j];
        largest[j] = fabs(first[j]);
        probe[j] = first[j] * 0;
        differs[j] = 0;
    }
    for (size_t i = 1; i < p->samples; i++) {
        const double *x = p->x + i * p->stride;
        for (size_t j = 0; j < p->size; j++) {
            double magnitude = fabs(x[j]);
            sum[j] += x[j];
            largest[j] = magnitude > largest[j] ? magnitude : largest[j];
            probe[j] += x[j] * 0;
            differs[j] |= (uint64_t)-(int64_t)(x[j] != first[j]);
        }
    }
    for (size_t j = 0; j < p->size; j++) any |= differs[j];
    return any != 0;
}

/* Of samples and of Z: sums of squared deviations, 0 of a Z that is equal in all of them; of Z its largest magnitude too. */
VECTORISED static void deviate(const Part *p, const double *restrict mean, const double *restrict reference,
                               double *restrict squares, double *restrict z_squares, double *restrict z_largest)
{
    double n = (double)p->samples, z_mean[STATISTICS_BLOCK], apart[STATISTICS_BLOCK];
    for (size_t j = 0; j < p->size; j++) squares[j] = z_squares[j] = z_largest[j] = z_mean[j] = apart[j] = 0;
    for (size_t i = 0; i < p->samples; i++) {
        const double *x = p->x + i * p->stride;
        double *restrict z = p->z + i * p->stride;
        for (size_t j = 0; j < p->size; j++) {
            double d = x[j] - mean[j], value = x[j] / reference[j] - 1, magnitude = fabs(value);
            squares[j] += d * d;
            z[j] = value;
            z_mean[j] += value;
            z_largest[j] = magnitude > z_largest[j] ? magnitude : z_largest[j];
        }
    }
    for (size_t j = 0; j < p->size; j++) z_mean[j] /= n;
    for (size_t i = 0; i < p->samples; i++) {
        const double *z = p->z + i * p->stride;
        for (size_t j = 0; j < p->size; j++) {
            double d = z[j] - z_mean[j];
            z_squares[j] += d * d;
            apart[j] = z[j] != p->z[j] ? 1 : apart[j];
        }
    }
    for (size_t j = 0; j < p->size; j++) z_squares[j] = apart[j] != 0 ? z_squares[j] : 0;
}

/* Base 2 logarithms of positive normal numbers, within 4e-16 of the value or of 1; of infinities and NaN something large. With
 * x = 2^k m, m around 1, and s = (m - 1) / (m + 1): log2(x) = k + 2 / ln 2 (s + s^3 / 3 + s^5 / 5 + ...). */
VECTORISED static void logarithms(const double *restrict x, double *restrict y, size_t n)
{
    const uint64_t half = 0x3fe6a09e00000000u, one = 0x3ff0000000000000u, magic = 0x4338000000000000u; /* of sqrt(1/2), 1, 1.5 2^52 */
    for (size_t j = 0; j < n; j++) {
        uint64_t bits, exponent;
        double m, k;
        memcpy(&bits, &x[j], sizeof bits);
        bits = (bits & 0x7fffffffffffffffu) + (one - half);
        exponent = (bits >> 52) - 1023 + magic;
        bits = (bits & 0xfffffffffffffu) + half;
        memcpy(&m, &bits, sizeof m);
        memcpy(&k, &exponent, sizeof k);
        double t = (m - 1) / (m + 1), u = t * t;
        double high = 1. / 13 + u * (1. / 15 + u * (1. / 17 + u * (1. / 19 + u * (1. / 21))));
        double series = 1. / 3 + u * (1. / 5 + u * (1. / 7 + u * (1. / 9 + u * (1. / 11 + u * high))));
        y[j] = (k - 0x1.8p52) + 0x1.71547652b82fep+1 * (t + t * (u * series));
    }
}

/* Bits of the mean that agree with the unperturbed sample. */
VECTORISED static void compare(Part *p, double precision)
{
    double ratio[STATISTICS_BLOCK] = {0};
    for (size_t j = 0; j < p->size; j++) ratio[j] = fabs(p->mean[j] - p->base[j]) / fabs(p->base[j]);
    logarithms(ratio, p->error, p->size);
    for (size_t j = 0; j < p->size; j++) {
        double mean = p->mean[j], base = p->base[j], bits = -p->error[j];
        bits = bits > 0 ? bits : 0;
        bits = bits < precision ? bits : precision;
        p->error[j] = (mean == base) | ((mean != mean) & (base != base)) ? precision : bits;
    }
}

static void no_bits(Part *p, double *column)
{
    for (size_t j = 0; j < p->size; j++) column[j] = NAN;
}

/* All samples of all elements are equal, and of finite numbers: the common case of what noise did not reach. */
static bool measure_equal(Part *p, const double *probe, const Rule *rule)
{
    for (size_t j = 0; j < p->size; j++)
        if (probe[j] != 0 || (rule->to_reference && p->x[j] != p->base[j])) return false;
    for (size_t j = 0; j < p->size; j++) {
        p->mean[j] = p->x[j];
        p->std[j] = 0;
        p->bits[j] = rule->precision;
        p->same[j] = 1;
    }
    return true;
}

/* Bits by the Centered Normality Hypothesis of elements with samples in the usual range. */
VECTORISED static void hypothesis_bits(Part *p, const double *restrict squares, const double *restrict z_largest, const Rule *rule)
{
    double n = (double)p->samples, spread[STATISTICS_BLOCK] = {0}, logs[STATISTICS_BLOCK];
    for (size_t j = 0; j < p->size; j++) {
        double deviation = sqrt(squares[j] / n);
        spread[j] = deviation == 0 ? z_largest[j] : deviation;
    }
    logarithms(spread, logs, p->size);
    for (size_t j = 0; j < p->size; j++) {
        double bits = (spread[j] == 0 ? (double)MANTISSA : -logs[j]) - rule->delta;
        bits = bits > 0 ? bits : 0;
        p->bits[j] = bits < rule->precision ? bits : rule->precision;
    }
}

/* Marks the elements that need a closer look in `odd`, and puts right those whose samples are equal. */
VECTORISED static bool settle(Part *p, const double *restrict largest, const double *restrict probe,
                              const double *restrict reference, const uint64_t *restrict differs, const double *restrict squares,
                              uint64_t *restrict odd, const Rule *rule)
{
    const double far = 0x1p399, near = 0x1p-400, n = (double)p->samples;
    uint64_t any = 0, apart = (uint64_t)-(int64_t)rule->to_reference;
    for (size_t j = 0; j < p->size; j++) {
        bool usual = (probe[j] == 0) & (largest[j] < far) & (largest[j] >= near);
        bool has_bits = (reference[j] != 0) & (fabs(reference[j]) <= DBL_MAX);
        double bits = has_bits ? p->bits[j] : 0, std = sqrt(squares[j] / (n - 1));
        odd[j] = (uint64_t)-(int64_t)!usual | (~differs[j] & apart);
        any |= odd[j];
        p->mean[j] = differs[j] ? p->mean[j] : p->x[j];
        p->std[j] = differs[j] ? std : 0;
        p->bits[j] = differs[j] ? bits : rule->precision;
    }
    return any != 0;
}

static void measure_spread(Part *p, const double *sum, const double *largest, const double *probe, const uint64_t *differs,
                           const Rule *rule)
{
    double squares[STATISTICS_BLOCK], z_squares[STATISTICS_BLOCK], z_largest[STATISTICS_BLOCK];
    double reference[STATISTICS_BLOCK], n = (double)p->samples;
    uint64_t odd[STATISTICS_BLOCK];
    for (size_t j = 0; j < p->size; j++) p->mean[j] = sum[j] / n;
    memcpy(reference, rule->to_reference ? p->base : p->mean, p->size * sizeof *reference);
    deviate(p, p->mean, reference, squares, z_squares, z_largest);
    if (!rule->general) hypothesis_bits(p, z_squares, z_largest, rule);
    else
        for (size_t j = 0; j < p->size; j++) p->bits[j] = clip(general_bits(z_largest[j]), rule->precision);
    bool any = settle(p, largest, probe, reference, differs, squares, odd, rule);
    for (size_t j = 0; j < p->size; j++) p->same[j] = differs[j] == 0;
    for (size_t j = 0; any && j < p->size; j++)
        if (odd[j]) measure_far(p, j, rule);
}

void part_measure(Part *p, const Rule *rule)
{
    double sum[STATISTICS_BLOCK], largest[STATISTICS_BLOCK], probe[STATISTICS_BLOCK];
    uint64_t differs[STATISTICS_BLOCK];
    Rule own = *rule;
    bool measurable = p->samples >= 2 && (!rule->to_reference || p->base != NULL);
    own.to_reference &= p->base != NULL;
    bool differ = scan(p, sum, largest, probe, differs);
    if (differ || !measure_equal(p, probe, &own)) measure_spread(p, sum, largest, probe, differs, &own);
    p->all_same = true;
    for (size_t j = 0; j < p->size; j++) p->all_same &= p->same[j];
    if (p->base != NULL) compare(p, rule->precision);
    else no_bits(p, p->error);
    if (!measurable) no_bits(p, p->bits);
    if (p->samples < 2) no_bits(p, p->std);
}
