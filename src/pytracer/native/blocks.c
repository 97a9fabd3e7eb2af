/* Array contents in a lane's payload: each block is an ArrayHeader, padding and the elements. */
#include "pytracer.h"

#include <string.h>
#include <unistd.h>

enum { LARGE = 64 * 1024, ALIGNMENT = 16 };

static uint64_t round_up(uint64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static bool align_payload(Table *payload)
{
    uint64_t padding = round_up(table_used(payload)) - table_used(payload);
    if (padding == 0) return true;
    char *room = table_reserve(payload, padding);
    if (room != NULL) memset(room, 0, padding);
    return room != NULL;
}

/* Whether the file holds these bytes at `offset`, read back piece by piece. */
static bool file_holds(const Table *payload, uint64_t offset, const void *data, uint64_t bytes)
{
    char piece[16384];
    for (uint64_t done = 0; done < bytes;) {
        uint64_t size = bytes - done < sizeof piece ? bytes - done : sizeof piece;
        if (pread(payload->fd, piece, size, (off_t)(offset + done)) != (ssize_t)size) return false;
        if (memcmp(piece, (const char *)data + done, size) != 0) return false;
        done += size;
    }
    return true;
}

/* The bytes of a remembered block that are at hand, in its copy or still in the tail; NULL when they are only in the file. */
static const char *block_at_hand(const Table *payload, const RecentArray *recent)
{
    if (recent->copy != NULL) return recent->copy;
    return recent->offset >= payload->window_at ? payload->window + (recent->offset - payload->window_at) : NULL;
}

static bool is_recorded(const Table *payload, const RecentArray *recent, const ArrayHeader *header, uint64_t head,
                        uint64_t start, const void *data, uint64_t bytes)
{
    if (recent->data != data || recent->bytes != start + bytes || bytes == 0) return false;
    const char *old = block_at_hand(payload, recent);
    if (old != NULL) return memcmp(old, header, head) == 0 && memcmp(old + start, data, bytes) == 0;
    return file_holds(payload, recent->offset, header, head) && file_holds(payload, recent->offset + start, data, bytes);
}

static void remember(RecentArray *recent, const void *data, uint64_t offset, uint64_t bytes)
{
    free(recent->copy);
    *recent = (RecentArray){.data = data, .offset = offset, .bytes = bytes};
}

/* Content that came twice will come again: a small block gets a copy, which outlives the tail. */
static void keep_copy(const Table *payload, RecentArray *recent)
{
    if (recent->copy != NULL || recent->bytes > LARGE) return;
    const char *block = block_at_hand(payload, recent);
    recent->copy = block == NULL ? NULL : malloc(recent->bytes);
    if (recent->copy != NULL) memcpy(recent->copy, block, recent->bytes);
}

/* Writes header and elements; returns the offset of the header, or UINT64_MAX on a full disk. Content that was recorded
 * before from the same address is not written again. */
uint64_t put_block(Lane *lane, const ArrayHeader *header, const void *data, uint64_t bytes)
{
    Table *payload = &lane->payload;
    uint64_t head = 24 + 8 * (uint64_t)header->ndim, start = round_up(head), total = start + bytes;
    RecentArray *recent = &lane->recent[((uintptr_t)data >> 4) % RECENT_ARRAYS];
    if (is_recorded(payload, recent, header, head, start, data, bytes)) {
        keep_copy(payload, recent);
        return recent->offset;
    }
    if (!align_payload(payload)) return UINT64_MAX;
    uint64_t offset = table_used(payload);
    bool small = total <= LARGE;
    char *room = table_reserve(payload, small ? total : start);
    if (room == NULL) return UINT64_MAX;
    memcpy(room, header, head);
    memset(room + head, 0, start - head);
    if (small && bytes > 0)
        memcpy(room + start, data, bytes);
    else if (bytes > 0 && !table_append_large(payload, data, bytes))
        return UINT64_MAX;
    if (bytes > 0) remember(recent, data, offset, total);
    return offset;
}
