/* The workers of a pool take tasks in an order that is a race. Where a task begins and ends is recorded (tasks.bin), and noise is
 * drawn from a stream of its own, so that a task is the same whoever carries it out. */
#include "compat.h"
#include "pointer_map.h"
#include "pytracer.h"

#include <stdio.h>
#include <string.h>

enum { TASKS_BUFFER = 4096 };
enum { NO_TASK, THREAD_TASK, EXECUTOR_TASK, POOL_TASK, BATCH_TASK }; /* schema.TaskKind */

typedef struct {
    uint64_t call, number;
    int64_t parent;
    uint32_t owner, kind;
} TaskRecord;

_Static_assert(sizeof(TaskRecord) == 32, "schema.TASK");

/* ---- writing */

static bool tasks_open(ThreadState *state)
{
    if (state->lane_epoch != recorder.epoch && !lane_open(state)) return false;
    if (state->lane.tasks.tail != NULL) return true;
    char folder[4000];
    if (snprintf(folder, sizeof folder, "%s/%s", recorder_folder(), state->name) >= (int)sizeof folder) return false;
    return table_open(&state->lane.tasks, folder, "tasks.bin", TASKS_BUFFER) == 0;
}

static void write_task(ThreadState *state, TaskRecord task)
{
    if (!recorder.on || state->busy || !tasks_open(state)) return;
    TaskRecord *record = (TaskRecord *)table_reserve(&state->lane.tasks, sizeof *record);
    if (record == NULL) return;
    *record = task;
    record->call = table_used(&state->lane.calls) / sizeof(CallRecord);
}

/* What a worker of a process pool does is named after the process that owns the pool. */
static bool is_for_parent(const char *lane)
{
    return strncmp(lane, "lane-task-", 10) == 0 || strncmp(lane, "lane-part-", 10) == 0;
}

size_t task_place(const char *lane, char *place, size_t size)
{
    const char *process = recorder_process(), *end = strrchr(process, '.');
    int length = is_for_parent(lane) && end != NULL ? (int)(end - process) : (int)strlen(process);
    length = snprintf(place, size, "%.*s/%s", length, process, lane);
    return length < (int)size ? (size_t)length : size - 1;
}

const char *task_or_thread_name(ThreadState *state)
{
    thread_set_name(state);
    return state->task != 0 ? state->task_name : state->name;
}

/* As records/tasks.py. One that is too long is cut: tasks of tasks of tasks may share their noise. */
static void name_task(ThreadState *state, const TaskRecord *task, const char *owner)
{
    unsigned long long number = task->number, job = number >> 32, index = number & UINT32_MAX;
    const char *worker = strcmp(state->name, "lane-0") == 0 ? "lane" : "lane-thread";
    char *name = state->task_name;
    if (task->kind == THREAD_TASK)
        snprintf(name, THREAD_NAME, "%s-task-%llu", owner, number);
    else if (task->kind == POOL_TASK)
        snprintf(name, THREAD_NAME, "%s-task-%llu.%llu", worker, job, index);
    else
        snprintf(name, THREAD_NAME, "%s-%s-%llu", worker, task->kind == BATCH_TASK ? "part" : "task", number);
}

static void begin(TaskRecord task, const char *owner, const void *queue)
{
    char place[700];
    ThreadState *state = thread_state();
    thread_set_name(state);
    name_task(state, &task, owner);
    if (state->task == 0) state->made_outside = state->made;
    state->made = (Made){0};
    state->task = hash_of_text(place, task_place(state->task_name, place, sizeof place)) | 1;
    if (task.kind != BATCH_TASK) state->task_queue = queue;
    state->noise_epoch = 0;
    write_task(state, task);
}

static void end(void)
{
    ThreadState *state = thread_state();
    if (state->task == 0) return;
    state->task = 0;
    state->made = state->made_outside;
    state->task_queue = NULL;
    state->noise_epoch = 0;
    write_task(state, (TaskRecord){.parent = -1});
}

/* ---- ThreadPoolExecutor: _WorkItem.__init__ in the thread that submits, _WorkItem.run in the one that works */

typedef struct {
    char owner[THREAD_NAME];
    uint64_t number;
    int64_t parent;
} Submitted;

static PointerMap items; /* _WorkItem -> Submitted. One that never runs leaves its entry to the next item at its address */

static void item_is_made(PyObject *item) { (void)item; }

static void item_was_made(PyObject *item, PyObject *result)
{
    if (result == NULL || item == NULL) return;
    ThreadState *state = thread_state();
    Submitted *submitted = pointer_get(&items, item);
    if (submitted == NULL) {
        submitted = calloc(1, sizeof *submitted);
        if (submitted == NULL || pointer_put(&items, item, submitted) != 0) {
            free(submitted);
            return;
        }
    }
    memcpy(submitted->owner, task_or_thread_name(state), sizeof submitted->owner);
    submitted->number = ++state->made.tasks;
    submitted->parent = state->lane_epoch == recorder.epoch ? state->current : -1;
}

static void item_runs(PyObject *item)
{
    const Submitted *submitted = item == NULL ? NULL : pointer_get(&items, item);
    if (submitted == NULL) return;
    TaskRecord task = {.kind = THREAD_TASK, .number = submitted->number, .parent = submitted->parent};
    task.owner = recorder.on ? name_id(submitted->owner, strlen(submitted->owner)) : 0;
    begin(task, submitted->owner, NULL);
}

static void item_has_run(PyObject *item, PyObject *result)
{
    (void)item, (void)result;
    end();
}

const Watch task_made_watch = {item_is_made, item_was_made}, task_run_watch = {item_runs, item_has_run};

/* ---- process pools: what a worker takes from its queue */

static uint64_t integer(PyObject *object)
{
    uint64_t number = object != NULL && PyLong_Check(object) ? PyLong_AsUnsignedLongLongMask(object) : 0;
    PyErr_Clear();
    return number;
}

/* Of multiprocessing.pool and its thread pool: (job, index, function, args, kwargs). */
static bool is_pool_task(PyObject *object)
{
    return PyTuple_CheckExact(object) && PyTuple_GET_SIZE(object) == 5 && PyLong_Check(PyTuple_GET_ITEM(object, 0))
        && PyCallable_Check(PyTuple_GET_ITEM(object, 2)) && PyTuple_Check(PyTuple_GET_ITEM(object, 3))
        && PyDict_Check(PyTuple_GET_ITEM(object, 4));
}

/* Of concurrent.futures.process and loky. */
static bool is_call_item(PyObject *object)
{
    const char *name = strrchr(Py_TYPE(object)->tp_name, '.');
    return strcmp(name == NULL ? Py_TYPE(object)->tp_name : name + 1, "_CallItem") == 0;
}

/* A task may take things from queues of its own. */
static void worker_asks(PyObject *queue)
{
    if (queue != NULL && thread_state()->task_queue == queue) end();
}

/* The loop of a worker of multiprocessing.pool, which is the caller: anybody may keep such tuples in a queue. */
static bool is_pool_worker(void)
{
    const Frame *frame = compat_current_frame(compat_thread());
    PyCodeObject *code = frame == NULL ? NULL : compat_frame_code(frame);
    const char *file = code == NULL ? NULL : PyUnicode_AsUTF8(code->co_filename);
    const char *end = file == NULL ? NULL : strstr(file, "multiprocessing/pool.py");
    PyErr_Clear();
    return end != NULL && PyUnicode_CompareWithASCIIString(code->co_name, "worker") == 0;
}

static void worker_got(PyObject *queue, PyObject *result)
{
    if (result == NULL || queue == NULL || thread_state()->task != 0) return;
    if (is_pool_task(result) && is_pool_worker()) {
        uint64_t job = integer(PyTuple_GET_ITEM(result, 0)), index = integer(PyTuple_GET_ITEM(result, 1));
        begin((TaskRecord){.kind = POOL_TASK, .number = job << 32 | (index & UINT32_MAX), .parent = -1}, "", queue);
    } else if (is_call_item(result)) {
        PyObject *id = PyObject_GetAttrString(result, "work_id");
        begin((TaskRecord){.kind = EXECUTOR_TASK, .number = integer(id), .parent = -1}, "", queue);
        Py_XDECREF(id);
        PyErr_Clear();
    }
}

const Watch task_got_watch = {worker_asks, worker_got};

/* A worker goes on to another part of what it got. In the process that made the batch there is no worker. */
void task_next_part(uint64_t number)
{
    if (thread_state()->task != 0) begin((TaskRecord){.kind = BATCH_TASK, .number = number, .parent = -1}, "", NULL);
}
