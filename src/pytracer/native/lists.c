/* Matches the calls that two matched calls made, in order of time.
 *
 * First what agrees from either end; then calls whose key and inputs stand once on both sides (patience: those in the longest
 * common order are anchors, the others were made in another order); then, between anchors, the best score of all ways to pair
 * equal keys with inputs as close as possible, or in large gaps the fewest edits (Myers 1986).
 * tests/parse/slow_match.py says the same in Python. */
#include "fingerprints.h"

#include <stdlib.h>
#include <string.h>

enum { A_PAIR = 10, CHANCE_BITS = 4, MOVE_BITS = 28, WINDOW = 256 };
enum { LONG = 2048, STRAY = 64, RUN = 8 }; /* long lists: so far on, so many calls in a row that agree are the way on */

/* Two lists; gap_a and gap_b tell between which of the pairs matched so far each call stands. */
typedef struct {
    const int32_t *a, *b;
    int64_t n, m;
    int32_t *gap_a, *gap_b; /* Owned by match_rest */
} Lists;

static inline uint64_t token(const Calls *calls, int level, int64_t call) { return calls->tokens[level * calls->n + call]; }

static void pair(Matching *matching, int32_t a, int32_t b, bool moved)
{
    matching->match[a] = b;
    matching->moved[a] = moved;
    matching->taken[b] = 1;
}

static inline bool same_key(const Matching *matching, int32_t a, int32_t b)
{
    return matching->a.key[a] == matching->b.key[b];
}

static inline bool surely_same(const Matching *matching, int32_t a, int32_t b)
{
    int sure = matching->rules.sure;
    return same_key(matching, a, b) && token(&matching->a, sure, a) == token(&matching->b, sure, b);
}

static inline bool can_pair(const Matching *matching, int32_t a, int32_t b)
{
    int finest = matching->rules.levels - 1;
    bool promised = matching->promised_a[a] || matching->promised_b[b];
    return same_key(matching, a, b) && (!promised || token(&matching->a, finest, a) == token(&matching->b, finest, b));
}

/* 0: no pair; else the more, the more levels of their inputs agree. */
static inline int32_t score(const Matching *matching, int32_t a, int32_t b)
{
    if (!can_pair(matching, a, b)) return 0;
    int32_t sum = A_PAIR;
    for (int level = 0; level < matching->rules.levels; level++)
        sum += token(&matching->a, level, a) == token(&matching->b, level, b);
    return sum;
}

/* ---- long lists that differ in few places: one walk along both, so that only those places are left to look at */

/* Whether RUN calls in a row agree, and differ from one another so that it is no chance. */
static bool runs_on(const Matching *matching, const Lists *lists, int64_t i, int64_t j)
{
    int sure = matching->rules.sure, changes = 0;
    if (i + RUN > lists->n || j + RUN > lists->m) return false;
    for (int k = 0; k < RUN; k++) {
        if (!surely_same(matching, lists->a[i + k], lists->b[j + k])) return false;
        if (k > 0) changes += token(&matching->a, sure, lists->a[i + k]) != token(&matching->a, sure, lists->a[i + k - 1]);
    }
    return changes >= RUN / 2;
}

static bool find_way_on(const Matching *matching, const Lists *lists, int64_t *i, int64_t *j)
{
    for (int64_t strayed = 1; strayed <= STRAY; strayed++)
        for (int64_t di = 0; di <= strayed; di++)
            if (runs_on(matching, lists, *i + di, *j + strayed - di)) {
                *i += di, *j += strayed - di;
                return true;
            }
    return false;
}

static void walk_along(Matching *matching, const Lists *lists)
{
    for (int64_t i = 0, j = 0; i < lists->n && j < lists->m;) {
        if (surely_same(matching, lists->a[i], lists->b[j])) pair(matching, lists->a[i++], lists->b[j++], false);
        else if (!find_way_on(matching, lists, &i, &j)) return;
    }
}

/* ---- calls by key and inputs: a hash table of both sides */

typedef struct {
    uint64_t hash;
    int32_t head_a, head_b, count_a, count_b;
} Entry;

typedef struct {
    Entry *entries; /* Owned */
    int32_t *next;  /* of b: the following one with the same hash. Owned */
    uint64_t mask;
} Index;

static uint64_t hash_of(const Calls *calls, int level, int32_t call)
{
    uint64_t hash = (token(calls, level, call) ^ (uint64_t)calls->key[call]) * 0x9e3779b97f4a7c15ull;
    return (hash ^ hash >> 32) | 1; /* 0 is a free entry */
}

static Entry *entry_of(const Index *index, uint64_t hash)
{
    uint64_t at = hash >> 7 & index->mask;
    while (index->entries[at].hash != 0 && index->entries[at].hash != hash) at = (at + 1) & index->mask;
    return &index->entries[at];
}

static void index_free(Index *index)
{
    free(index->entries);
    free(index->next);
}

/* The calls of both sides that are not matched yet. */
static int index_fill(Index *index, const Matching *matching, const Lists *lists, int level, int64_t left)
{
    const int32_t *a = lists->a, *b = lists->b;
    int64_t n = lists->n, m = lists->m;
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)left) slots *= 2;
    *index = (Index){calloc(slots, sizeof(Entry)), malloc((size_t)m * sizeof(int32_t)), slots - 1};
    if (index->entries == NULL || index->next == NULL) return -1;
    for (int64_t i = n - 1; i >= 0; i--) {
        if (matching->match[a[i]] >= 0) continue;
        uint64_t hash = hash_of(&matching->a, level, a[i]);
        Entry *entry = entry_of(index, hash);
        entry->hash = hash, entry->head_a = (int32_t)i, entry->count_a++;
    }
    for (int64_t j = m - 1; j >= 0; j--) {
        if (matching->taken[b[j]]) continue;
        uint64_t hash = hash_of(&matching->b, level, b[j]);
        Entry *entry = entry_of(index, hash);
        index->next[j] = entry->count_b == 0 ? -1 : entry->head_b;
        entry->hash = hash, entry->head_b = (int32_t)j, entry->count_b++;
    }
    return 0;
}

/* ---- anchors */

typedef struct {
    int32_t a, b; /* places in the lists */
    int32_t before; /* index of the pair before it in the longest common order that ends here */
    bool kept;
} Pair;

/* Mark the longest sequence of pairs, given by rising a, whose b rises, too. -1: no memory. */
static int keep_longest_order(Pair *pairs, int32_t n)
{
    int32_t *ends = malloc((size_t)n * sizeof *ends), length = 0; /* ends[k]: with the smallest b, of those of length k + 1 */
    if (ends == NULL) return -1;
    for (int32_t i = 0; i < n; i++) {
        int32_t low = 0, high = length;
        while (low < high) {
            int32_t middle = (low + high) / 2;
            if (pairs[ends[middle]].b < pairs[i].b) low = middle + 1;
            else high = middle;
        }
        pairs[i].before = low > 0 ? ends[low - 1] : -1;
        ends[low] = i;
        if (low == length) length++;
    }
    for (int32_t i = length > 0 ? ends[length - 1] : -1; i >= 0; i = pairs[i].before) pairs[i].kept = true;
    free(ends);
    return 0;
}

static int compare_pairs(const void *left, const void *right)
{
    return ((const Pair *)left)->a - ((const Pair *)right)->a;
}

static void count_left(const Matching *matching, const Lists *lists, int64_t *n, int64_t *m)
{
    *n = *m = 0;
    for (int64_t i = 0; i < lists->n; i++) *n += matching->match[lists->a[i]] < 0;
    for (int64_t j = 0; j < lists->m; j++) *m += !matching->taken[lists->b[j]];
}

static bool is_telling(const Rules *rules, int level, int64_t n, int64_t m)
{
    int bits = rules->bits[level] > CHANCE_BITS ? rules->bits[level] - CHANCE_BITS : 0;
    return (double)n * (double)m <= (double)(1ull << bits);
}

/* Pairs that stand once on both sides, added to the n_pairs that finer levels found. */
static int find_unique(Matching *matching, const Lists *lists, int level, int64_t left, Pair *pairs, int32_t *n_pairs)
{
    Index index;
    int status = index_fill(&index, matching, lists, level, left);
    for (int64_t i = 0; i < lists->n && status == 0; i++) {
        int32_t call = lists->a[i];
        if (matching->match[call] >= 0) continue;
        const Entry *entry = entry_of(&index, hash_of(&matching->a, level, call));
        if (entry->count_a != 1 || entry->count_b != 1 || !same_key(matching, call, lists->b[entry->head_b])) continue;
        pairs[(*n_pairs)++] = (Pair){(int32_t)i, entry->head_b, -1, false};
    }
    index_free(&index);
    return status;
}

/* Pairs that stand in the same gap, in the longest common order, are kept. They come first, by rising a. */
static int keep(const Lists *lists, Pair *pairs, int32_t n_pairs)
{
    Pair *inside = malloc((size_t)n_pairs * sizeof *inside), *outside = malloc((size_t)n_pairs * sizeof *outside);
    int32_t n_inside = 0, n_outside = 0;
    int status = inside == NULL || outside == NULL ? -1 : 0;
    qsort(pairs, (size_t)n_pairs, sizeof *pairs, compare_pairs);
    for (int32_t i = 0; i < n_pairs && status == 0; i++) {
        pairs[i].kept = false;
        if (lists->gap_a[pairs[i].a] == lists->gap_b[pairs[i].b]) inside[n_inside++] = pairs[i];
        else outside[n_outside++] = pairs[i];
    }
    if (status == 0 && n_inside > 0) status = keep_longest_order(inside, n_inside);
    if (status == 0) {
        memcpy(pairs, inside, (size_t)n_inside * sizeof *pairs);
        memcpy(pairs + n_inside, outside, (size_t)n_outside * sizeof *pairs);
    }
    free(inside);
    free(outside);
    return status;
}

/* Level by level: those in the common order of all levels so far are anchors; the others were moved, at fine levels. */
static int match_unique(Matching *matching, const Lists *lists)
{
    int64_t n, m;
    count_left(matching, lists, &n, &m);
    Pair *pairs = malloc((size_t)((n < m ? n : m) + 1) * sizeof *pairs);
    int32_t n_pairs = 0;
    int status = pairs == NULL ? -1 : 0;
    for (int level = matching->rules.levels - 1; level >= matching->rules.sure && status == 0; level--) {
        if (!is_telling(&matching->rules, level, n, m)) continue;
        int32_t known = n_pairs, kept = 0;
        status = find_unique(matching, lists, level, n + m, pairs, &n_pairs);
        if (status != 0 || n_pairs == known) continue;
        status = keep(lists, pairs, n_pairs);
        bool moves = matching->rules.bits[level] >= MOVE_BITS;
        for (int32_t i = 0; i < n_pairs && status == 0; i++) {
            int32_t mine = lists->a[pairs[i].a], other = lists->b[pairs[i].b];
            bool is_new = matching->match[mine] < 0;
            if (!is_new || moves || pairs[i].kept) pair(matching, mine, other, !pairs[i].kept), pairs[kept++] = pairs[i];
        }
        n_pairs = kept;
    }
    free(pairs);
    return status;
}

/* ---- gaps between anchors */

/* The best score of all ways to pair a and b in order; found[i] is the place in b or -1. Equal ones: the earlier pair. */
static int best_score(const Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m, int32_t *found)
{
    uint8_t *step = malloc((size_t)(n * m)); /* 0: leave out a[i], 1: leave out b[j], 2: pair them */
    int32_t *below = calloc((size_t)m + 1, sizeof *below), *row = calloc((size_t)m + 1, sizeof *row);
    int status = step == NULL || below == NULL || row == NULL ? -1 : 0;
    for (int64_t i = n - 1; i >= 0 && status == 0; i--) {
        for (int64_t j = m - 1; j >= 0; j--) {
            int32_t value = score(matching, a[i], b[j]);
            int32_t paired = value > 0 ? below[j + 1] + value : -1;
            int32_t rest = below[j] > row[j + 1] ? below[j] : row[j + 1];
            row[j] = paired >= rest ? paired : rest;
            step[i * m + j] = paired >= rest ? 2 : below[j] > row[j + 1] ? 0 : 1;
        }
        int32_t *swap = below;
        below = row, row = swap;
    }
    for (int64_t i = 0, j = 0; i < n && status == 0;) {
        uint8_t chosen = j < m ? step[i * m + j] : 0;
        if (chosen == 1) j++;
        else found[i] = chosen == 2 ? (int32_t)j++ : -1, i++;
    }
    free(step);
    free(below);
    free(row);
    return status;
}

static int pair_best(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m, int64_t until_a, int64_t until_b,
                     int64_t *done_a, int64_t *done_b)
{
    int32_t *found = malloc((size_t)n * sizeof *found);
    int status = found == NULL ? -1 : best_score(matching, a, n, b, m, found);
    for (int64_t i = 0; i < until_a && status == 0; i++) {
        if (found[i] < 0 || found[i] >= until_b) continue;
        pair(matching, a[i], b[found[i]], false);
        *done_a = i + 1, *done_b = found[i] + 1;
    }
    free(found);
    return status;
}

/* What is too large and too different is aligned window by window: the first half of each is settled. */
static int pair_windows(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m)
{
    int status = 0;
    matching->capped++;
    for (int64_t i = 0, j = 0; i < n && j < m && status == 0;) {
        int64_t width = n - i < WINDOW ? n - i : WINDOW, height = m - j < WINDOW ? m - j : WINDOW;
        bool last = width == n - i && height == m - j;
        int64_t half_a = last ? width : (width + 1) / 2, half_b = last ? height : (height + 1) / 2;
        int64_t done_a = half_a, done_b = half_b; /* where nothing is paired */
        status = pair_best(matching, a + i, width, b + j, height, half_a, half_b, &done_a, &done_b);
        i += done_a, j += done_b;
        if (last) break;
    }
    return status;
}

/* How far a and b agree in their keys from x on diagonal k. */
static int64_t slide(const Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m, int64_t x, int64_t k)
{
    while (x < n && x - k < m && can_pair(matching, a[x], b[x - k])) x++;
    return x;
}

/* Furthest x on each diagonal -d..d for each number d of edits; rows of the triangle one behind the other. */
static inline int64_t place(int64_t d, int64_t k) { return d * (d + 1) / 2 + (k + d) / 2; }

static int64_t start_of(const int32_t *ends, int64_t d, int64_t k)
{
    if (d == 0) return 0;
    bool from_above = k == -d || (k != d && ends[place(d - 1, k - 1)] < ends[place(d - 1, k + 1)]);
    return from_above ? ends[place(d - 1, k + 1)] : ends[place(d - 1, k - 1)] + 1;
}

static void pair_path(Matching *matching, const int32_t *a, const int32_t *b, const int32_t *ends, int64_t d, int64_t k)
{
    for (; d >= 0; d--) {
        int64_t start = start_of(ends, d, k);
        for (int64_t x = start; x < ends[place(d, k)]; x++) pair(matching, a[x], b[x - k], false);
        if (d > 0) k += k == -d || (k != d && ends[place(d - 1, k - 1)] < ends[place(d - 1, k + 1)]) ? 1 : -1;
    }
}

/* 1: aligned with the fewest edits; 0: they are more than the rules allow; -1: no memory. */
static int pair_fewest_edits(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m)
{
    int64_t most = n + m < matching->rules.edits ? n + m : matching->rules.edits, room = 64;
    int32_t *ends = malloc((size_t)place(room, -room) * sizeof *ends);
    for (int64_t d = 0; d <= most && ends != NULL; d++) {
        if (d == room) {
            room *= 2;
            int32_t *larger = realloc(ends, (size_t)place(room, -room) * sizeof *ends);
            if (larger == NULL) break;
            ends = larger;
        }
        for (int64_t k = -d; k <= d; k += 2) {
            int64_t start = start_of(ends, d, k), x = start;
            if (x <= n && x - k <= m) x = slide(matching, a, n, b, m, x, k);
            ends[place(d, k)] = (int32_t)x;
            if (x < n || x - k < m || x > n || x - k > m) continue;
            pair_path(matching, a, b, ends, d, k);
            free(ends);
            return 1;
        }
        if (d == most) {
            free(ends);
            return 0;
        }
    }
    free(ends);
    return -1;
}

static int match_gap(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m)
{
    int64_t none = 0;
    if (n == 0 || m == 0) return 0;
    if (n * m <= matching->rules.cells) return pair_best(matching, a, n, b, m, n, m, &none, &none);
    while (n > 0 && m > 0 && can_pair(matching, a[0], b[0])) pair(matching, *a++, *b++, false), n--, m--;
    while (n > 0 && m > 0 && can_pair(matching, a[n - 1], b[m - 1])) pair(matching, a[--n], b[--m], false);
    if (n == 0 || m == 0) return 0;
    int status = pair_fewest_edits(matching, a, n, b, m);
    return status != 0 ? (status > 0 ? 0 : -1) : pair_windows(matching, a, n, b, m);
}

/* Collects what is not matched between one anchor and the next, into rest_a and rest_b. */
static int match_gaps(Matching *matching, const Lists *lists, int32_t *rest_a, int32_t *rest_b)
{
    const int32_t *a = lists->a, *b = lists->b;
    int64_t n = lists->n, m = lists->m;
    int status = 0;
    for (int64_t i = 0, j = 0; i < n && status == 0;) {
        int64_t left_a = 0, left_b = 0;
        for (; i < n && (matching->match[a[i]] < 0 || matching->moved[a[i]]); i++)
            if (matching->match[a[i]] < 0) rest_a[left_a++] = a[i];
        int32_t anchor = i < n ? matching->match[a[i]] : -1;
        for (; j < m && b[j] != anchor; j++)
            if (!matching->taken[b[j]]) rest_b[left_b++] = b[j];
        i++, j++;
        status = match_gap(matching, rest_a, left_a, rest_b, left_b);
    }
    return status;
}

/* Calls whose inputs stand as often on both sides are promised to each other: none is paired with one of other inputs. */
static int promise(Matching *matching, const Lists *lists, int64_t left)
{
    int level = matching->rules.levels - 1;
    const int32_t *a = lists->a, *b = lists->b;
    Index index;
    int status = index_fill(&index, matching, lists, level, left);
    for (int64_t i = 0; i < lists->n && status == 0; i++) {
        if (matching->match[a[i]] >= 0 || token(&matching->a, level, a[i]) == 0) continue;
        const Entry *entry = entry_of(&index, hash_of(&matching->a, level, a[i]));
        if (entry->count_a != entry->count_b) continue;
        matching->promised_a[a[i]] = 1;
        for (int32_t j = entry->head_a == i ? entry->head_b : -1; j >= 0; j = index.next[j]) matching->promised_b[b[j]] = 1;
    }
    index_free(&index);
    return status;
}

/* What is left on both sides as often, with inputs that tell it: made in another order, too. */
static int match_moved(Matching *matching, const Lists *lists, int64_t left)
{
    int level = matching->rules.levels - 1;
    const int32_t *a = lists->a, *b = lists->b;
    Index index;
    int status = index_fill(&index, matching, lists, level, left);
    for (int64_t i = 0; i < lists->n && status == 0; i++) {
        if (matching->match[a[i]] >= 0 || token(&matching->a, level, a[i]) == 0) continue;
        Entry *entry = entry_of(&index, hash_of(&matching->a, level, a[i]));
        if (entry->count_a != entry->count_b || entry->head_b < 0 || !same_key(matching, a[i], b[entry->head_b])) continue;
        pair(matching, a[i], b[entry->head_b], true);
        entry->head_b = index.next[entry->head_b];
    }
    index_free(&index);
    return status;
}

static void number_gaps(const Matching *matching, const Lists *lists)
{
    int32_t gap = 0;
    for (int64_t i = 0; i < lists->n; i++) lists->gap_a[i] = matching->match[lists->a[i]] < 0 ? gap : gap++;
    gap = 0;
    for (int64_t j = 0; j < lists->m; j++) lists->gap_b[j] = matching->taken[lists->b[j]] ? gap++ : gap;
}

static int match_rest(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m)
{
    int32_t *room = malloc((size_t)(n + m) * sizeof *room), *gaps = malloc((size_t)(n + m) * sizeof *gaps);
    Lists lists = {a, b, n, m, gaps, gaps == NULL ? NULL : gaps + n};
    int status = room == NULL || gaps == NULL ? -1 : 0;
    int64_t left_a, left_b;
    if (status == 0 && n + m > LONG) walk_along(matching, &lists);
    if (status == 0) number_gaps(matching, &lists), status = match_unique(matching, &lists);
    count_left(matching, &lists, &left_a, &left_b);
    bool telling = is_telling(&matching->rules, matching->rules.levels - 1, left_a, left_b);
    if (status == 0 && telling) status = promise(matching, &lists, left_a + left_b);
    if (status == 0) status = match_gaps(matching, &lists, room, room + n);
    if (status == 0 && telling) status = match_moved(matching, &lists, left_a + left_b);
    free(room);
    free(gaps);
    return status;
}

int lists_match(Matching *matching, const int32_t *a, int64_t n, const int32_t *b, int64_t m)
{
    while (n > 0 && m > 0 && surely_same(matching, a[0], b[0])) pair(matching, *a++, *b++, false), n--, m--;
    while (n > 0 && m > 0 && surely_same(matching, a[n - 1], b[m - 1])) pair(matching, a[--n], b[--m], false);
    return n == 0 || m == 0 ? 0 : match_rest(matching, a, n, b, m);
}
