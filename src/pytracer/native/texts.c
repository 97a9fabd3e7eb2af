/* The text tables of a process: one JSON object a line, written when a thing is first used. */
#include "pytracer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    int fd;
    uint32_t next;
    bool said_full;
    FileIdentity identity;
} TextTable;

static TextTable functions = {.fd = -1}, sites = {.fd = -1}, names = {.fd = -1}, events = {.fd = -1}, stacks = {.fd = -1};

static int open_text(TextTable *table, const char *folder, const char *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    table->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    table->next = 1;
    table->said_full = false;
    table->identity = file_identity(table->fd);
    return table->fd < 0 ? -1 : 0;
}

/* ---- names: interned by content */

typedef struct {
    uint64_t hash;
    uint32_t id, length;
    char *text;
} Name;

enum { MAX_NAMES = 1 << 17 }; /* 15 MB with their texts: memory is bounded, however many keys the program's dicts have */
static Name *name_table;
static size_t name_mask;

static void forget_names(void)
{
    for (size_t i = 0; name_table != NULL && i <= name_mask; i++) free(name_table[i].text);
    free(name_table);
    name_table = NULL;
    name_mask = 0;
}

/* ---- stacks: a tree, each node a call site below the one of its caller */

typedef struct {
    uint32_t parent, site, id;
} Stack;

enum { MAX_STACKS = 1 << 19 };
static Stack *stack_table;
static size_t stack_mask;

static void forget_stacks(void)
{
    free(stack_table);
    stack_table = NULL;
    stack_mask = 0;
}

int texts_open(const char *folder)
{
    forget_names();
    forget_stacks();
    if (recorder.backtrace && open_text(&stacks, folder, "stacks.jsonl") != 0) return -1;
    return open_text(&functions, folder, "functions.jsonl") | open_text(&sites, folder, "sites.jsonl")
        | open_text(&names, folder, "names.jsonl") | open_text(&events, folder, "coverage.jsonl");
}

static void close_text(TextTable *table)
{
    if (table->fd >= 0 && file_is(table->fd, table->identity)) close(table->fd);
    table->fd = -1;
}

void texts_close(void)
{
    close_text(&functions);
    close_text(&sites);
    close_text(&names);
    close_text(&events);
    close_text(&stacks);
}

void texts_abandon(void) { texts_close(); }

/* ---- JSON lines */

typedef struct {
    char *text;
    size_t length, size;
} Line;

static void put(Line *line, const char *text, size_t length)
{
    if (line->length + length > line->size) {
        size_t size = (line->length + length) * 2 + 256;
        char *larger = realloc(line->text, size);
        if (larger == NULL) return;
        line->text = larger;
        line->size = size;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void put_text(Line *line, const char *text) { put(line, text, strlen(text)); }

static void put_number(Line *line, long number)
{
    char digits[24];
    put(line, digits, (size_t)snprintf(digits, sizeof digits, "%ld", number));
}

static void put_string_n(Line *line, const char *text, size_t length)
{
    put(line, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[8];
        if (c == '"' || c == '\\')
            put(line, (char[]){'\\', (char)c}, 2);
        else if (c < 0x20)
            put(line, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
        else
            put(line, (const char *)&c, 1);
    }
    put(line, "\"", 1);
}

static void put_string(Line *line, const char *text) { put_string_n(line, text, strlen(text)); }

static void put_object(Line *line, PyObject *text)
{
    Py_ssize_t length = 0;
    const char *utf8 = text != NULL && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &length) : NULL;
    if (utf8 == NULL) {
        PyErr_Clear();
        put_text(line, "null");
        return;
    }
    put_string_n(line, utf8, (size_t)length);
}

/* One write a line: appended whole, or (on a full disk) the table stops. */
static void finish(Line *line, TextTable *table)
{
    put_text(line, "}\n");
    bool usable = table->fd >= 0 && line->text != NULL && file_is(table->fd, table->identity);
    if (!usable || write(table->fd, line->text, line->length) != (ssize_t)line->length)
        close_text(table);
    free(line->text);
}

static Line begin(uint32_t id)
{
    Line line = {0};
    put_text(&line, "{\"id\": ");
    put_number(&line, id);
    return line;
}

/* Says once that a table takes no more, and returns the id of nothing. */
static COLD uint32_t full(TextTable *table, const char *what, const char *why)
{
    if (!table->said_full) coverage_event("note", what, why);
    table->said_full = true;
    return 0;
}

/* ---- functions */

static void put_params(Line *line, PyCodeObject *code)
{
    put_text(line, ", \"params\": [");
    PyObject *variables = code == NULL ? NULL : PyCode_GetVarnames(code);
    Py_ssize_t count = code == NULL ? 0 : code->co_argcount;
    for (Py_ssize_t i = 0; variables != NULL && i < count && i < PyTuple_GET_SIZE(variables); i++) {
        if (i > 0) put_text(line, ", ");
        put_object(line, PyTuple_GET_ITEM(variables, i));
    }
    if (variables == NULL) PyErr_Clear();
    Py_XDECREF(variables);
    put_text(line, "]");
}

uint32_t function_id(Target *target)
{
    if (target->epoch == recorder.epoch) return target->function;
    uint32_t id = functions.next++;
    Line line = begin(id);
    put_text(&line, ", \"module\": ");
    put_object(&line, target->module);
    put_text(&line, ", \"name\": ");
    put_object(&line, target->name);
    put_text(&line, ", \"kind\": ");
    put_string(&line, target->kind);
    put_text(&line, ", \"file\": ");
    put_object(&line, target->code == NULL ? NULL : target->code->co_filename);
    put_text(&line, ", \"line\": ");
    if (target->code == NULL)
        put_text(&line, "null");
    else
        put_number(&line, target->code->co_firstlineno);
    put_params(&line, target->code);
    finish(&line, &functions);
    target->function = id;
    target->epoch = recorder.epoch;
    return id;
}

/* ---- sites */

static COLD uint32_t new_site(PyCodeObject *code, int lasti)
{
    uint32_t id = sites.next++;
    Line line = begin(id);
    put_text(&line, ", \"file\": ");
    put_object(&line, code == NULL ? NULL : code->co_filename);
    put_text(&line, ", \"line\": ");
    int number = code == NULL ? 0 : PyCode_Addr2Line(code, lasti * 2);
    put_number(&line, number < 0 ? 0 : number);
    put_text(&line, ", \"function\": ");
    put_object(&line, code == NULL ? NULL : code->co_qualname);
    finish(&line, &sites);
    return id;
}

uint32_t site_id(PyCodeObject *code, int lasti)
{
    static uint32_t outside, outside_epoch;
    CodeInfo *info = code == NULL ? NULL : code_info(code);
    if (info == NULL || lasti < 0 || lasti >= Py_SIZE(code)) {
        if (outside_epoch != recorder.epoch) outside = new_site(NULL, 0);
        outside_epoch = recorder.epoch;
        return outside;
    }
    if (UNLIKELY(info->sites_epoch != recorder.epoch)) {
        free(info->sites);
        info->sites = calloc((size_t)Py_SIZE(code), sizeof *info->sites);
        info->sites_epoch = info->sites == NULL ? 0 : recorder.epoch;
        if (info->sites == NULL) return new_site(code, lasti);
    }
    if (UNLIKELY(info->sites[lasti] == 0)) info->sites[lasti] = new_site(code, lasti);
    return info->sites[lasti];
}

/* ---- names */

static bool grow_names(void)
{
    size_t mask = name_table == NULL ? 255 : name_mask * 2 + 1;
    Name *larger = calloc(mask + 1, sizeof *larger);
    if (larger == NULL) return false;
    for (size_t i = 0; name_table != NULL && i <= name_mask; i++) {
        if (name_table[i].id == 0) continue;
        size_t slot = name_table[i].hash & mask;
        while (larger[slot].id != 0) slot = (slot + 1) & mask;
        larger[slot] = name_table[i];
    }
    free(name_table);
    name_table = larger;
    name_mask = mask;
    return true;
}

uint32_t name_id(const char *text, size_t length)
{
    uint64_t hash = hash_of_text(text, length);
    if ((name_table == NULL || names.next * 2 > name_mask) && !grow_names()) return 0;
    size_t slot = hash & name_mask;
    for (; name_table[slot].id != 0; slot = (slot + 1) & name_mask)
        if (name_table[slot].hash == hash && name_table[slot].length == length
            && memcmp(name_table[slot].text, text, length) == 0)
            return name_table[slot].id;
    if (names.next >= MAX_NAMES) return full(&names, "value paths", "there are too many different ones: the others have none");
    char *copy = malloc(length + 1);
    if (copy == NULL) return 0;
    memcpy(copy, text, length);
    name_table[slot] = (Name){hash, names.next++, (uint32_t)length, copy};
    Line line = begin(name_table[slot].id);
    put_text(&line, ", \"name\": ");
    put_string_n(&line, text, length);
    finish(&line, &names);
    return name_table[slot].id;
}

/* ---- stacks */

static size_t stack_slot(const Stack *table, size_t mask, uint32_t parent, uint32_t site)
{
    size_t slot = (size_t)((((uint64_t)parent << 32 | site) * 0x9E3779B97F4A7C15ull) >> 24) & mask;
    while (table[slot].id != 0 && (table[slot].parent != parent || table[slot].site != site)) slot = (slot + 1) & mask;
    return slot;
}

static bool grow_stacks(void)
{
    size_t mask = stack_table == NULL ? 255 : stack_mask * 2 + 1;
    Stack *larger = calloc(mask + 1, sizeof *larger);
    if (larger == NULL) return false;
    for (size_t i = 0; stack_table != NULL && i <= stack_mask; i++)
        if (stack_table[i].id != 0)
            larger[stack_slot(larger, mask, stack_table[i].parent, stack_table[i].site)] = stack_table[i];
    free(stack_table);
    stack_table = larger;
    stack_mask = mask;
    return true;
}

uint32_t stack_id(uint32_t parent, uint32_t site)
{
    if ((stack_table == NULL || stacks.next * 2 > stack_mask) && !grow_stacks()) return 0;
    size_t slot = stack_slot(stack_table, stack_mask, parent, site);
    if (stack_table[slot].id != 0) return stack_table[slot].id;
    if (stacks.next >= MAX_STACKS) return full(&stacks, "stacks", "there are too many different ones: the others are not recorded");
    stack_table[slot] = (Stack){parent, site, stacks.next++};
    Line line = begin(stack_table[slot].id);
    put_text(&line, ", \"parent\": ");
    put_number(&line, parent);
    put_text(&line, ", \"site\": ");
    put_number(&line, site);
    finish(&line, &stacks);
    return stack_table[slot].id;
}

/* ---- coverage */

void coverage_event(const char *event, const char *name, const char *why)
{
    Line line = {0};
    put_text(&line, "{\"event\": ");
    put_string(&line, event);
    put_text(&line, ", \"name\": ");
    put_string(&line, name);
    put_text(&line, ", \"why\": ");
    put_string(&line, why);
    finish(&line, &events);
}
