/* Array contents in a lane's payload: each block is an ArrayHeader, padding and the elements; equal blocks are written once.
 *
 * A block is found again by a key made from its header and a sample of its elements, and is then compared whole. Where different
 * contents have one key (an array that changes in few places), the key is marked, and from then on all elements make it. */
#include "pytracer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGE = 64 * 1024, ALIGNMENT = 16, PROBES = 8, FIRST_SLOTS = 256, SAMPLED_WORDS = 16 };
enum { SLOTS_OF_ALL_LANES = 1 << 17 }; /* 4 MB: a larger table would be slower to look into than small blocks are to write */

struct KnownBlock {
    uint64_t key, offset;     /* of its ArrayHeader in the payload */
    uint64_t whole;           /* key of all its elements, 0: not known yet */
    uint64_t bytes : 55;      /* header, padding and elements; 0: free slot */
    uint64_t shared : 1;      /* only marks that different contents have this key */
    uint64_t copy : 8;        /* index in Blocks.copies of its copy, if that has the same offset */
};

static uint32_t slots_in_use; /* threads end without the GIL */

/* One array on its way into the payload. */
typedef struct {
    const ArrayHeader *header;
    const void *data;
    uint64_t head, start, bytes, total; /* bytes of the header; offset and bytes of the elements; of the whole block */
} Block;

static uint64_t round_up(uint64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/* ---- keys */

/* The two halves of a 128-bit product hold every bit of both factors. */
static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xd1342543de82ef95ull);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t word_at(const char *data, uint64_t offset)
{
    uint64_t word;
    memcpy(&word, data + offset, sizeof word);
    return word;
}

static uint64_t key_of_bytes(const char *data, uint64_t bytes, uint64_t seed)
{
    uint64_t keys[4] = {seed, seed + 1, seed + 2, seed + 3}, at = 0, last = 0;
    for (; at + 64 <= bytes; at += 64)
        for (int i = 0; i < 4; i++) keys[i] = mix(keys[i] ^ word_at(data, at + 16 * i), word_at(data, at + 16 * i + 8));
    for (; at + 8 <= bytes; at += 8) keys[0] = mix(keys[0], word_at(data, at));
    memcpy(&last, data + at, bytes - at);
    return mix(mix(keys[0] ^ last, keys[1]), mix(keys[2], keys[3]) ^ bytes);
}

static uint64_t key_of_sample(const Block *block)
{
    uint64_t key = key_of_bytes((const char *)block->header, block->head, block->bytes);
    if (block->bytes <= SAMPLED_WORDS * 8) return key_of_bytes(block->data, block->bytes, key);
    uint64_t other = key, step = (block->bytes - 8) / (SAMPLED_WORDS - 1);
    for (int i = 0; i < SAMPLED_WORDS; i += 2) {
        key = mix(key, word_at(block->data, step * i));
        other = mix(other, word_at(block->data, i + 2 < SAMPLED_WORDS ? step * (i + 1) : block->bytes - 8));
    }
    return mix(key, other);
}

/* ---- known blocks */

static KnownBlock *slot_of(const Blocks *blocks, uint64_t key, int probe)
{
    return &blocks->known[(key + (uint64_t)probe) & (blocks->slots - 1)];
}

static KnownBlock *find(const Blocks *blocks, uint64_t key)
{
    for (int i = 0; blocks->slots > 0 && i < PROBES; i++) {
        KnownBlock *known = slot_of(blocks, key, i);
        if (known->bytes > 0 && known->key == key) return known;
    }
    return NULL;
}

/* A free slot, or that of the oldest block when `evict`. */
static KnownBlock *place_for(const Blocks *blocks, uint64_t key, bool evict)
{
    KnownBlock *oldest = NULL;
    for (int i = 0; blocks->slots > 0 && i < PROBES; i++) {
        KnownBlock *known = slot_of(blocks, key, i);
        if (known->bytes == 0) return known;
        if (oldest == NULL || known->offset < oldest->offset) oldest = known;
    }
    return evict ? oldest : NULL;
}

static bool grow(Blocks *blocks)
{
    uint32_t slots = blocks->slots == 0 ? FIRST_SLOTS : 4 * blocks->slots;
    if (__atomic_load_n(&slots_in_use, __ATOMIC_RELAXED) - blocks->slots + slots > SLOTS_OF_ALL_LANES) return false;
    KnownBlock *known = calloc(slots, sizeof *known);
    if (known == NULL) return false;
    Blocks larger = {.known = known, .slots = slots};
    for (uint32_t i = 0; i < blocks->slots; i++)
        if (blocks->known[i].bytes > 0) *place_for(&larger, blocks->known[i].key, true) = blocks->known[i];
    __atomic_fetch_add(&slots_in_use, slots - blocks->slots, __ATOMIC_RELAXED);
    free(blocks->known);
    blocks->known = known;
    blocks->slots = slots;
    return true;
}

static void remember(Blocks *blocks, uint64_t key, KnownBlock block)
{
    KnownBlock *place = place_for(blocks, key, false);
    if (place == NULL && grow(blocks)) place = place_for(blocks, key, false);
    if (place == NULL) place = place_for(blocks, key, true);
    if (place == NULL) return;
    *place = block;
    place->key = key;
}

/* ---- copies: small blocks that came again will come more often; reading them back from the file would cost a system call */

static char *copy_of(const Blocks *blocks, const KnownBlock *known)
{
    const BlockCopy *copy = &blocks->copies[known->copy];
    return copy->bytes != NULL && copy->offset == known->offset ? copy->bytes : NULL;
}

static void keep_copy(Blocks *blocks, KnownBlock *known, const Block *block)
{
    if (block->total > LARGE) return;
    BlockCopy *held = &blocks->copies[known->copy];
    if (held->bytes != NULL && held->offset == known->offset) {
        held->used = true;
        return;
    }
    do blocks->hand = (blocks->hand + 1) % COPIES;
    while (blocks->copies[blocks->hand].used && !(blocks->copies[blocks->hand].used = false));
    BlockCopy *copy = &blocks->copies[blocks->hand];
    char *bytes = realloc(copy->bytes, block->total);
    if (bytes == NULL) return;
    memcpy(bytes, block->header, block->head);
    memcpy(bytes + block->start, block->data, block->bytes);
    *copy = (BlockCopy){.bytes = bytes, .offset = known->offset};
    known->copy = blocks->hand;
}

void blocks_forget(Blocks *blocks)
{
    for (int i = 0; i < COPIES; i++) free(blocks->copies[i].bytes);
    free(blocks->known);
    __atomic_fetch_sub(&slots_in_use, blocks->slots, __ATOMIC_RELAXED);
    *blocks = (Blocks){0};
}

/* ---- comparing */

/* Whether the file holds these bytes at `offset`, read back piece by piece. */
static bool file_holds(const Table *payload, uint64_t offset, const void *data, uint64_t bytes)
{
    char piece[16384];
    for (uint64_t done = 0; done < bytes;) {
        uint64_t size = bytes - done < sizeof piece ? bytes - done : sizeof piece;
        if (!table_read_at(payload, offset + done, piece, size)) return false;
        if (memcmp(piece, (const char *)data + done, size) != 0) return false;
        done += size;
    }
    return true;
}

/* The bytes of a known block that are at hand, in its copy or still in the tail; NULL when they are only in the file. */
static const char *at_hand(const Lane *lane, const KnownBlock *known)
{
    const Table *payload = &lane->payload;
    const char *copy = copy_of(&lane->blocks, known);
    if (copy != NULL || known->offset < payload->window_at) return copy;
    return payload->window + (known->offset - payload->window_at);
}

/* What is only in the file is known by the key of its sample and that of all its elements, 128 bits together (64 when it shares
 * the former): arrays that a program passes from call to call would be read from the file every time. A small one, of which the
 * second key was not worth while when it was written, is read once. */
static bool holds(const Lane *lane, KnownBlock *known, const Block *block, uint64_t key)
{
    if (known->bytes != block->total) return false;
    const char *old = at_hand(lane, known);
    if (old != NULL)
        return memcmp(old, block->header, block->head) == 0 && memcmp(old + block->start, block->data, block->bytes) == 0;
    if (known->whole != 0) return known->whole == key_of_bytes(block->data, block->bytes, key);
    if (!file_holds(&lane->payload, known->offset, block->header, block->head)
        || !file_holds(&lane->payload, known->offset + block->start, block->data, block->bytes))
        return false;
    known->whole = key_of_bytes(block->data, block->bytes, key);
    return true;
}

/* Marks the key of `known` and keeps the block under the key of all its elements, when they are at hand. */
static void mark_shared(Lane *lane, KnownBlock *known, const Block *other)
{
    KnownBlock old = *known;
    const char *bytes = at_hand(lane, known);
    known->shared = true;
    if (bytes == NULL || old.bytes != other->total) return;
    uint64_t whole = key_of_bytes(bytes + other->start, other->bytes, old.key);
    remember(&lane->blocks, whole, (KnownBlock){.offset = old.offset, .bytes = old.bytes, .whole = whole});
}

/* The block if it is known, and what it is to be remembered by if not. */
static KnownBlock *find_block(Lane *lane, const Block *block, uint64_t *key, uint64_t *whole)
{
    *key = key_of_sample(block);
    *whole = 0;
    KnownBlock *known = find(&lane->blocks, *key);
    if (known == NULL || (!known->shared && holds(lane, known, block, *key))) return known;
    if (!known->shared) mark_shared(lane, known, block);
    *key = *whole = key_of_bytes(block->data, block->bytes, *key);
    known = find(&lane->blocks, *whole);
    return known != NULL && known->bytes == block->total && known->whole == *whole ? known : NULL;
}

/* ---- writing */

static bool align_payload(Table *payload)
{
    uint64_t padding = round_up(table_used(payload)) - table_used(payload);
    if (padding == 0) return true;
    char *room = table_reserve(payload, padding);
    if (room != NULL) memset(room, 0, padding);
    return room != NULL;
}

static uint64_t write_block(Table *payload, const Block *block)
{
    if (!align_payload(payload)) return UINT64_MAX;
    uint64_t offset = table_used(payload);
    bool small = block->total <= LARGE;
    char *room = table_reserve(payload, small ? block->total : block->start);
    if (room == NULL) return UINT64_MAX;
    memcpy(room, block->header, block->head);
    memset(room + block->head, 0, block->start - block->head);
    if (small && block->bytes > 0)
        memcpy(room + block->start, block->data, block->bytes);
    else if (block->bytes > 0 && !table_append_large(payload, block->data, block->bytes))
        return UINT64_MAX;
    return offset;
}

static Block block_of(const ArrayHeader *header, const void *data, uint64_t bytes)
{
    uint64_t head = 24 + 8 * (uint64_t)header->ndim, start = round_up(head);
    return (Block){.header = header, .data = data, .head = head, .start = start, .bytes = bytes, .total = start + bytes};
}

uint64_t put_block(Lane *lane, const ArrayHeader *header, const void *data, uint64_t bytes)
{
    Block block = block_of(header, data, bytes);
    uint64_t key, whole;
    KnownBlock *known = find_block(lane, &block, &key, &whole);
    if (known != NULL) {
        keep_copy(&lane->blocks, known, &block);
        return known->offset;
    }
    uint64_t offset = write_block(&lane->payload, &block);
    if (whole == 0 && block.total > LARGE) whole = key_of_bytes(data, bytes, key);
    if (offset != UINT64_MAX)
        remember(&lane->blocks, key, (KnownBlock){.offset = offset, .bytes = block.total, .whole = whole});
    return offset;
}

/* Whether this block is the one at `offset`, which is a block of the lane. */
bool block_is(Lane *lane, uint64_t offset, const ArrayHeader *header, const void *data, uint64_t bytes)
{
    Block block = block_of(header, data, bytes);
    uint64_t key, whole;
    const KnownBlock *known = find_block(lane, &block, &key, &whole);
    if (known != NULL && known->offset == offset) return true;
    return payload_is(lane, offset, header, block.head) && payload_is(lane, offset + block.start, data, bytes);
}

/* Whether the payload holds these bytes at `offset`, in its tail or in its file. */
bool payload_is(const Lane *lane, uint64_t offset, const void *data, uint64_t bytes)
{
    const Table *payload = &lane->payload;
    if (bytes == 0) return true;
    if (offset + bytes > table_used(payload)) return false;
    if (offset >= payload->window_at) return memcmp(payload->window + (offset - payload->window_at), data, bytes) == 0;
    return offset + bytes <= payload->window_at && file_holds(payload, offset, data, bytes);
}
