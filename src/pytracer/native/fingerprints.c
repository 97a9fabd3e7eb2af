/* Fingerprints of what calls were given: hashes that agree where the discrete content is equal and floats agree to some bits.
 *
 * Noise moves floats, so a call is compared with another at several precisions; see parse/tokens.py. Reads traces, so nothing
 * in them is trusted: offsets are checked, and what lies outside the payload has no content. */
#include "fingerprints.h"
#include "pytracer.h"

#include <string.h>

enum { ELEMENTS = 8 }; /* of an array that are looked at */

typedef struct {
    const char *payload;
    uint64_t payload_bytes;
    const uint32_t *names; /* number of each name id, equal for equal names; 0 beyond */
    uint64_t n_names;
    const int32_t *bits; /* of a float's significand that count at each level; 0: none */
    int levels;
} Lens;

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xd1342543de82ef95ull);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t of_bytes(const char *bytes, uint64_t length)
{
    uint64_t hash = length, word;
    for (; length >= 8; bytes += 8, length -= 8) {
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, length);
    return mix(hash, word);
}

static inline uint64_t name_of(const Lens *lens, uint64_t id) { return id < lens->n_names ? lens->names[id] : 0; }

/* To nearest, so that round numbers stand in the middle of what rounds to them. Zeros are equal. */
static inline uint64_t rounded(uint64_t number, int bits)
{
    uint64_t magnitude = number & ~(1ull << 63), unit = 1ull << (53 - bits);
    if (magnitude == 0) return 1;
    if (magnitude > 0x7ffull << 52) return 2; /* not a number: whatever its payload */
    return ((magnitude + unit / 2) & ~(unit - 1)) | (number & (1ull << 63));
}

static void add(const Lens *lens, uint64_t *tokens, uint64_t content)
{
    for (int level = 0; level < lens->levels; level++) tokens[level] = mix(tokens[level], content);
}

static void add_float(const Lens *lens, uint64_t *tokens, uint64_t number)
{
    for (int level = 0; level < lens->levels; level++)
        if (lens->bits[level] > 0) tokens[level] = mix(tokens[level], rounded(number, lens->bits[level]));
}

static uint64_t double_bits(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void add_element(const Lens *lens, uint64_t *tokens, const char *at, char kind, uint64_t size)
{
    uint64_t part = kind == 'c' ? size / 2 : size;
    bool is_float = (kind == 'f' || kind == 'c') && part <= 8; /* a long double would need its own rounding */
    for (uint64_t offset = 0; is_float && offset < size; offset += part) {
        double number = 0;
        float single;
        if (part == 8) memcpy(&number, at + offset, 8);
        if (part == 4) memcpy(&single, at + offset, 4), number = (double)single;
        add_float(lens, tokens, double_bits(number));
    }
    if (kind != 'f' && kind != 'c') add(lens, tokens, of_bytes(at, size));
}

/* As it stands in the payload: ARRAY_HEADER of records/schema.py. */
typedef struct {
    char dtype[16];
    uint32_t ndim, flags;
} Header;

/* The dtype and the shape, and elements from everywhere in it. */
static void add_array(const Lens *lens, uint64_t *tokens, uint64_t offset, uint64_t bytes)
{
    Header header;
    if (offset > lens->payload_bytes || lens->payload_bytes - offset < sizeof header) return;
    memcpy(&header, lens->payload + offset, sizeof header);
    uint64_t head = sizeof header + 8 * (uint64_t)header.ndim, rest = lens->payload_bytes - offset;
    if (header.ndim > 64 || head > rest) return;
    add(lens, tokens, of_bytes(lens->payload + offset, head));
    uint64_t start = (offset + head + 15) / 16 * 16, size = 0;
    for (int i = 2; i < 8 && header.dtype[i] >= '0' && header.dtype[i] <= '9'; i++) size = 10 * size + (uint64_t)(header.dtype[i] - '0');
    char kind = header.dtype[1];
    bool is_plain = header.dtype[0] == '<' || header.dtype[0] == '|';
    if (header.flags & 1 || !is_plain || size == 0 || size > 4096 || kind == 'O' || kind == 'V') return;
    if (start > lens->payload_bytes || lens->payload_bytes - start < bytes) return;
    uint64_t count = bytes / size, looked = count < ELEMENTS ? count : ELEMENTS;
    if (kind == 'U') size = 1; /* the first byte of each text */
    for (uint64_t i = 0; i < looked; i++) {
        uint64_t element = looked < 2 ? 0 : (count - 1) / (looked - 1) * i;
        add_element(lens, tokens, lens->payload + start + element * (bytes / count), kind, size);
    }
}

static void add_value(const Lens *lens, uint64_t *tokens, const ValueRecord *value)
{
    uint64_t name = name_of(lens, value->name);
    add(lens, tokens, mix((uint64_t)value->kind << 32 | (uint64_t)value->role << 16 | value->position, name));
    switch (value->kind) {
    case KIND_BOOL:
    case KIND_INT: add(lens, tokens, value->data); break;
    case KIND_STR:
    case KIND_BYTES: add(lens, tokens, mix(value->data, value->extra)); break;
    case KIND_TRUNCATED:
    case KIND_SEEN: add(lens, tokens, value->extra); break;
    case KIND_OBJECT:
    case KIND_EMPTY: add(lens, tokens, mix(value->data, name_of(lens, value->extra))); break;
    case KIND_BIGINT:
        if (value->data <= lens->payload_bytes && lens->payload_bytes - value->data >= value->extra)
            add(lens, tokens, of_bytes(lens->payload + value->data, value->extra));
        break;
    case KIND_COMPLEX128:
    case KIND_COMPLEX64: add_float(lens, tokens, value->extra); /* fall through */
    case KIND_FLOAT64:
    case KIND_FLOAT32:
    case KIND_FLOAT16: add_float(lens, tokens, value->data); break;
    case KIND_ARRAY: add_array(lens, tokens, value->data, value->extra); break;
    default: break;
    }
}

static void of_calls(const Lens *lens, Py_buffer *calls, Py_buffer *values, uint64_t *out, int64_t stride)
{
    const CallRecord *records = calls->buf;
    const ValueRecord *rows = values->buf;
    uint64_t n_calls = (uint64_t)calls->len / sizeof *records, n_values = (uint64_t)values->len / sizeof *rows;
    for (uint64_t i = 0; i < n_calls; i++) {
        const CallRecord *call = &records[i];
        uint64_t tokens[MAX_LEVELS];
        for (int level = 0; level < lens->levels; level++) tokens[level] = call->n_inputs;
        uint64_t count = call->inputs <= n_values ? n_values - call->inputs : 0;
        if (count > call->n_inputs) count = call->n_inputs;
        for (uint64_t v = 0; v < count; v++) add_value(lens, tokens, &rows[call->inputs + v]);
        for (int level = 0; level < lens->levels; level++) out[level * stride + (int64_t)i] = tokens[level];
    }
}

/* (calls, values, payload, names, bits, out, stride): see parse/tokens.py */
PyObject *fingerprint_calls(PyObject *self, PyObject *args)
{
    Py_buffer calls, values, payload, names, bits, out;
    long long stride;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*w*L", &calls, &values, &payload, &names, &bits, &out, &stride)) return NULL;
    Lens lens = {payload.buf, (uint64_t)payload.len, names.buf, (uint64_t)names.len / 4, bits.buf, (int)(bits.len / 4)};
    int64_t n = calls.len / (Py_ssize_t)sizeof(CallRecord);
    bool fits = lens.levels >= 1 && lens.levels <= MAX_LEVELS && stride >= n && stride <= (1ll << 40)
             && out.len / 8 >= (lens.levels - 1) * stride + n;
    for (int i = 0; fits && i < lens.levels; i++) fits = lens.bits[i] >= 0 && lens.bits[i] <= 52;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        of_calls(&lens, &calls, &values, out.buf, stride);
        Py_END_ALLOW_THREADS
    }
    Py_buffer *buffers[] = {&calls, &values, &payload, &names, &bits, &out};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) PyBuffer_Release(buffers[i]);
    if (!fits) return PyErr_Format(PyExc_ValueError, "levels, bits or the room for tokens do not fit");
    Py_RETURN_NONE;
}
