/* An append-only file written through a small memory-mapped buffer, the tail.
 *
 * A mapping of the growing file itself would cost a page fault for every 4 kB (5 us on ext4); the tail's few pages are touched
 * once, and a full buffer goes to the file in one write. What stands in the tail belongs to the kernel too, so it survives SIGKILL
 * of the process; readers put the two together (records/schema.py, TAIL_HEADER). */
#define _GNU_SOURCE
#include "pytracer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 64, RESERVED_BUFFERS = 16 };

FileIdentity file_identity(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (FileIdentity){status.st_dev, status.st_ino} : (FileIdentity){0};
}

bool file_is(int fd, FileIdentity identity)
{
    FileIdentity found = file_identity(fd);
    return found.inode != 0 && found.device == identity.device && found.inode == identity.inode;
}

static int create(const char *folder, const char *name, const char *suffix)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* Space is reserved before it is mapped: a store to a mapped page on a full disk would be SIGBUS. */
static int map_tail(Table *table, const char *folder, const char *name)
{
    uint64_t bytes = HEADER + table->size;
    int fd = create(folder, name, ".tail"), error = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);
    void *map = error == 0 ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0) close(fd);
    if (map == MAP_FAILED) {
        if (error != 0) errno = error;
        return -1;
    }
    table->tail = map;
    table->window = (char *)map + HEADER;
    table->window_end = table->size;
    return 0;
}

int table_open(Table *table, const char *folder, const char *name, uint64_t size)
{
    *table = (Table){.fd = create(folder, name, ""), .size = size};
    if (table->fd < 0) return -1;
    table->identity = file_identity(table->fd);
    snprintf(table->path, sizeof table->path, "%s/%s.tail", folder, name);
    if (map_tail(table, folder, name) == 0) return 0;
    table_abandon(table);
    return -1;
}

/* The kernel takes data faster (5 and 7 GB/s) where the file system has already chosen the blocks. They do not count as the file's
 * length, and what is left over is given back when the table is closed. */
static void reserve_blocks(Table *table, uint64_t end)
{
    if (end <= table->reserved) return;
    uint64_t more = RESERVED_BUFFERS * table->size;
    if (end > table->reserved + more) more = end - table->reserved;
#ifdef FALLOC_FL_KEEP_SIZE
    (void)fallocate(table->fd, FALLOC_FL_KEEP_SIZE, (off_t)table->reserved, (off_t)more);
#endif
    table->reserved += more;
}

static bool write_all(Table *table, const char *data, uint64_t bytes, uint64_t offset)
{
    if (bytes > 0 && !file_is(table->fd, table->identity)) return false;
    reserve_blocks(table, offset + bytes);
    while (bytes > 0) {
        ssize_t written = pwrite(table->fd, data, bytes, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        offset += (uint64_t)written;
        bytes -= (uint64_t)written;
    }
    return true;
}

/* All of the table is in the file now, `bytes` of it since the last time. */
static void moved(Table *table, uint64_t bytes)
{
    table->window_at = table->tail->flushed = table->tail->used;
    table->window_end = table->window_at + table->size;
    __atomic_fetch_add(recorder.trace_bytes, bytes, __ATOMIC_RELAXED);
}

/* Empties the tail into the file. When the disk is full the tail keeps what it holds, and nothing more is written. */
static bool flush(Table *table)
{
    if (table->full || !write_all(table, table->window, table->tail->used - table->window_at, table->window_at)) {
        table->full = true;
        return false;
    }
    moved(table, table->tail->used - table->window_at);
    return true;
}

void table_close(Table *table)
{
    if (table->fd >= 0 && table->tail != NULL && flush(table) && ftruncate(table->fd, (off_t)table->tail->used) == 0)
        unlink(table->path);
    table_abandon(table);
}

void table_abandon(Table *table)
{
    if (table->tail != NULL) munmap(table->tail, HEADER + table->size);
    if (table->fd >= 0 && file_is(table->fd, table->identity)) close(table->fd);
    table->tail = NULL;
    table->window = NULL;
    table->window_at = table->window_end = 0;
    table->fd = -1;
    table->full = true;
}

char *table_reserve_flushing(Table *table, uint64_t bytes)
{
    if (table->fd < 0 || bytes > table->size || !flush(table)) return NULL;
    table->tail->used += bytes;
    return table->window;
}

bool table_write_at(Table *table, uint64_t offset, const void *data, uint64_t bytes)
{
    return write_all(table, data, bytes, offset);
}

bool table_append_large(Table *table, const void *data, uint64_t bytes)
{
    if (table->fd < 0 || !flush(table)) return false;
    if (!write_all(table, data, bytes, table->window_at)) {
        table->full = true;
        return false;
    }
    table->tail->used += bytes;
    moved(table, bytes);
    return true;
}

bool table_read_at(const Table *table, uint64_t offset, void *data, uint64_t bytes)
{
    return file_is(table->fd, table->identity) && pread(table->fd, data, bytes, (off_t)offset) == (ssize_t)bytes;
}

bool table_append(Table *table, const void *data, uint64_t bytes)
{
    if (bytes > table->size) return table_append_large(table, data, bytes);
    char *room = table_reserve(table, bytes);
    if (room != NULL) memcpy(room, data, bytes);
    return room != NULL;
}
