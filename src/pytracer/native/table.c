/* A memory-mapped file that grows. What was written survives SIGKILL of the process: the pages belong to the kernel. */
#include "pytracer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };
static const uint64_t FIRST_WINDOW = 64 * 1024, LAST_WINDOW = 16 * 1024 * 1024;

int table_open(Table *table, const char *folder, const char *name)
{
    char path[4096];
    *table = (Table){.fd = -1, .step = FIRST_WINDOW};
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return -1;
    table->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return table->fd < 0 ? -1 : 0;
}

static void unmap(Table *table)
{
    if (table->window != NULL) munmap(table->window, table->window_end - table->window_at);
    table->window = NULL;
    table->window_at = table->window_end = 0;
}

void table_close(Table *table)
{
    unmap(table);
    if (table->fd < 0) return;
    /* A failure leaves zeroed records at the end, which readers drop. */
    if (ftruncate(table->fd, (off_t)table->used) != 0) errno = 0;
    close(table->fd);
    table->fd = -1;
}

void table_abandon(Table *table)
{
    unmap(table);
    if (table->fd >= 0) close(table->fd);
    table->fd = -1;
}

/* Space is reserved before it is mapped: a store to a mapped page on a full disk would be SIGBUS. */
static bool reserve_space(Table *table, uint64_t from, uint64_t to)
{
    int error = posix_fallocate(table->fd, (off_t)from, (off_t)(to - from));
    if (error != 0) table->full = true;
    return error == 0;
}

char *table_grow(Table *table, uint64_t bytes)
{
    if (table->fd < 0 || table->full) return NULL;
    uint64_t at = table->used / PAGE * PAGE;
    uint64_t need = (table->used - at + bytes + PAGE - 1) / PAGE * PAGE;
    uint64_t size = need > table->step ? need : table->step;
    unmap(table);
    if (!reserve_space(table, at, at + size)) return NULL;
    char *window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, table->fd, (off_t)at);
    if (window == MAP_FAILED) {
        table->full = true;
        return NULL;
    }
    table->window = window;
    table->window_at = at;
    table->window_end = at + size;
    if (table->step < LAST_WINDOW) table->step *= 2;
    return window;
}

bool table_write_at(Table *table, uint64_t offset, const void *data, uint64_t bytes)
{
    const char *from = data;
    while (bytes > 0) {
        ssize_t written = pwrite(table->fd, from, bytes, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        from += written;
        offset += (uint64_t)written;
        bytes -= (uint64_t)written;
    }
    return true;
}

/* Past a few hundred kB a system call is cheaper than the page faults of the mapping. */
bool table_append_large(Table *table, const void *data, uint64_t bytes)
{
    if (table->fd < 0 || table->full) return false;
    if (!table_write_at(table, table->used, data, bytes)) {
        table->full = true;
        return false;
    }
    table->used += bytes;
    if (table->used > table->window_end) unmap(table);
    return true;
}
