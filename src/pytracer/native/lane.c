/* Threads, the process folder and its counters. One thread writes one lane; a fork writes a process folder of its own. */
#include "pytracer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t own_bytes; /* while nothing is recorded */
Recorder recorder = {.epoch = 1, .trace_bytes = &own_bytes, .max_trace_bytes = UINT64_MAX};
__thread ThreadState *thread_state_tls;

static Counters own_counters;
Counters *counters = &own_counters;

static ThreadState *threads;
static pthread_key_t thread_key;
static uint32_t n_children, last_epoch = 1;
static char trace_folder[3072], process_name[512], folder[3600];

const char *recorder_folder(void) { return folder; }
const char *recorder_process(void) { return process_name; }
uint32_t recorder_next_child(void) { return ++n_children; }

/* ---- threads */

static void for_tables(Lane *lane, void (*act)(Table *))
{
    act(&lane->calls);
    act(&lane->values);
    act(&lane->payload);
    act(&lane->tasks);
    blocks_forget(&lane->blocks);
}

static void close_lane(ThreadState *state)
{
    if (state->lane_epoch == recorder.epoch) for_tables(&state->lane, table_close);
    state->lane_epoch = 0;
}

/* Runs as the thread ends, without the GIL: it may only touch this thread's own state and the list under its lock. */
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;

static void thread_ended(void *pointer)
{
    ThreadState *state = pointer;
    pthread_mutex_lock(&threads_lock);
    for (ThreadState **link = &threads; *link != NULL; link = &(*link)->next)
        if (*link == state) {
            *link = state->next;
            break;
        }
    close_lane(state);
    pthread_mutex_unlock(&threads_lock);
    thread_state_tls = NULL;
    free(state);
}

ThreadState *thread_state_new(void)
{
    static bool key_made;
    static ThreadState emergency = {.busy = true, .current = -1};
    ThreadState *state = calloc(1, sizeof *state);
    if (state == NULL) return &emergency; /* out of memory: hooks pass through */
    state->current = -1;
    pthread_mutex_lock(&threads_lock);
    if (!key_made) key_made = pthread_key_create(&thread_key, thread_ended) == 0;
    state->next = threads;
    threads = state;
    pthread_mutex_unlock(&threads_lock);
    pthread_setspecific(thread_key, state);
    thread_state_tls = state;
    return state;
}

/* ---- folders */

static int map_counters(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/counters.bin", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return -1;
    void *map = MAP_FAILED;
    int error = posix_fallocate(fd, 0, sizeof(Counters));
    if (error == 0) map = mmap(NULL, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED) {
        if (error != 0) errno = error;
        return -1;
    }
    counters = map;
    return 0;
}

/* NumPy's loops count without the GIL, also while the recorder stops: the old mapping, one page, stays. */
static void leave_counters(void)
{
    if (counters == &own_counters) return;
    own_counters = *counters;
    counters = &own_counters;
}

/* How much the trace has grown is known to all its processes. */
static void map_trace_bytes(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/bytes.bin", trace_folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return;
    void *map = MAP_FAILED;
    if (posix_fallocate(fd, 0, sizeof(uint64_t)) == 0)
        map = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) recorder.trace_bytes = map; /* children of a fork share it */
}

static int write_origin(const char *origin)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/process.json", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return -1;
    ssize_t length = (ssize_t)strlen(origin), written = write(fd, origin, (size_t)length);
    close(fd);
    return written == length ? 0 : -1;
}

static int open_process(const char *origin)
{
    snprintf(folder, sizeof folder, "%s/%s", trace_folder, process_name);
    if (mkdir(folder, 0755) != 0) return -1;
    own_counters = (Counters){0};
    if (map_counters() != 0 || texts_open(folder) != 0) return -1;
    if (origin != NULL && write_origin(origin) != 0) return -1;
    recorder.epoch = ++last_epoch;
    return 0;
}

/* The child of a fork must not write into the parent's mappings: it gets a folder of its own, named after the parent's
 * process and the number of this child, so that the same program names its processes alike in every sample. */
static char origin_of_fork[1024];

static void before_fork(void)
{
    n_children++;
    origin_of_fork[0] = 0;
    if (!recorder.on) return;
    ThreadState *state = thread_state();
    thread_set_name(state);
    bool recorded = state->lane_epoch == recorder.epoch;
    snprintf(origin_of_fork, sizeof origin_of_fork, "\"parent\": \"%s\", \"lane\": \"%s\", \"call\": %lld, \"how\": \"fork\"}",
             process_name, state->name, recorded ? (long long)state->current : -1);
}

static void reset_after_fork(ThreadState *mine)
{
    threads = mine;
    threads_after_fork(mine);
    rounding_after_fork(mine);
    if (mine == NULL) return;
    mine->next = NULL;
    mine->current = -1;
    mine->depth = 0;
    mine->caller = NULL;
    mine->noise_epoch = 0;
    mine->task = 0;
}

static void after_fork_in_child(void)
{
    pthread_mutex_init(&threads_lock, NULL);
    for (ThreadState *state = threads; state != NULL; state = state->next)
        if (state->lane_epoch == recorder.epoch) {
            for_tables(&state->lane, table_abandon);
            state->lane_epoch = 0;
        }
    reset_after_fork(thread_state_tls);
    size_t length = strlen(process_name);
    snprintf(process_name + length, sizeof process_name - length, ".%u", n_children);
    n_children = 0;
    if (!recorder.on) return;
    texts_abandon();
    leave_counters();
    char origin[1200];
    snprintf(origin, sizeof origin, "{\"pid\": %ld, %s", (long)getpid(), origin_of_fork[0] != 0 ? origin_of_fork : "\"how\": \"fork\"}");
    if (!recorder.follow || open_process(origin) != 0) recorder.on = false;
}

int recorder_start(const char *trace, const char *process, const char *origin, const Recorder *limits)
{
    static bool fork_handlers;
    if (strlen(trace) >= sizeof trace_folder || strlen(process) >= sizeof process_name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (!fork_handlers) fork_handlers = pthread_atfork(before_fork, NULL, after_fork_in_child) == 0;
    snprintf(trace_folder, sizeof trace_folder, "%s", trace);
    snprintf(process_name, sizeof process_name, "%s", process);
    uint32_t epoch = recorder.epoch;
    recorder = *limits;
    recorder.epoch = epoch;
    recorder.trace_bytes = &own_bytes;
    n_children = 0;
    if (open_process(origin) != 0) return -1;
    map_trace_bytes();
    threads_after_fork(thread_state());
    recorder.on = true;
    return 0;
}

void recorder_stop(void)
{
    if (!recorder.on) return;
    recorder.on = false;
    pthread_mutex_lock(&threads_lock);
    for (ThreadState *state = threads; state != NULL; state = state->next) {
        close_lane(state);
        state->current = -1;
        state->depth = 0;
    }
    pthread_mutex_unlock(&threads_lock);
    texts_close();
    leave_counters();
    recorder.epoch = ++last_epoch;
}

bool lane_open(ThreadState *state)
{
    char lane[4000];
    thread_set_name(state);
    if (snprintf(lane, sizeof lane, "%s/%s", folder, state->name) >= (int)sizeof lane) return false;
    if (mkdir(lane, 0755) != 0 && errno != EEXIST) return false;
    state->lane = (Lane){.calls = {.fd = -1}, .values = {.fd = -1}, .payload = {.fd = -1}, .tasks = {.fd = -1}};
    if (table_open(&state->lane.calls, lane, "calls.bin", SMALL_BUFFER) != 0
        || table_open(&state->lane.values, lane, "values.bin", SMALL_BUFFER) != 0
        || table_open(&state->lane.payload, lane, "payload.bin", PAYLOAD_BUFFER) != 0) {
        for_tables(&state->lane, table_close);
        return false;
    }
    state->lane_epoch = recorder.epoch;
    state->current = -1;
    state->depth = 0;
    return true;
}
