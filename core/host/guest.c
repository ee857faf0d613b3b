/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's own process; see guest.h. From dlopen on nothing here can be relied on, this code least of all:
 * whatever protects the consumer was done before, or is done by the consumer. It must never open, print or
 * start anything.
 *
 * A thread for each slot, made before the first filter, since none can be made afterwards: an instance may be
 * called by several lanes at once, as it may in the consumer's process.
 */
#include "host/guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host/load.h"
#include "host/start.h"
#include "confine/confine.h"

enum {
    START_ARENA_MAX = 128 * 1024 * 1024,
    EXIT_BROKEN = 70
};

static const size_t STACK = (size_t)8 << 20; /* as a lane's thread has in the consumer */

/* What serves one slot. The sink is first: it is what the plugin gets. */
struct worker {
    relevo_sink sink;
    rlv_ring_request *request;
    rlv_ring_response *response;
    rlv_arena *arena;
    rlv_collector collector;
    rlv_ring_writer writer;
    uint32_t seen; /* turn of the last request */
    uint32_t lines;
    bool open; /* a call is running: the sink takes answers */
};

static struct guest {
    char *requests, *responses;
    uint32_t slots;
    struct worker workers[RLV_RING_SLOTS_MAX];
    const relevo_plugin *plugin;
    void *instance;
    bool filtered;
} guest;

/* ---- answering
 * -------------------------------------------------------------------------------------------------- */

static int32_t emit(const relevo_sink *sink, uint32_t view, const relevo_answer *answer)
{
    struct worker *w = (struct worker *)(uintptr_t)sink;
    if (!w->open)
        return RELEVO_E_VIEW;
    int32_t code = w->collector.sink.emit(&w->collector.sink, view, answer);
    if (code == RELEVO_OK)
        rlv_ring_put_answer(&w->writer, view, answer);
    return code == RELEVO_OK && w->writer.full ? RELEVO_E_LIMIT : code;
}

static void log_line(const relevo_sink *sink, uint32_t level, relevo_str line)
{
    struct worker *w = (struct worker *)(uintptr_t)sink;
    if (w->open && w->lines++ <= RLV_HOST_LOG_LINES_MAX)
        rlv_ring_put_line(&w->writer, level, line);
}

static void publish(struct worker *w, uint32_t status, int32_t code)
{
    w->response->status = status;
    w->response->code = code;
    w->response->used = (uint32_t)w->writer.len;
    atomic_store_explicit(&w->response->turn, w->seen, memory_order_release);
    rlv_ring_wake(&w->response->turn);
}

static rlv_ring_writer writer_of(const struct worker *w)
{
    return (rlv_ring_writer){.bytes = rlv_ring_body(w->response, sizeof(*w->response)),
                             .max = RLV_RING_RESPONSE_ROOM};
}

static void answer(struct worker *w)
{
    const rlv_ring_request *r = w->request;
    w->writer = writer_of(w);
    w->lines = 0;
    if (!w->arena)
        w->arena = rlv_arena_new(RLV_HOST_ARENA_MAX);
    if (w->arena)
        rlv_arena_reset(w->arena);
    if (!w->arena ||
        !rlv_collector_init(&w->collector, w->arena, (enum rlv_phase)r->phase, RLV_STR(""), "", r->n)) {
        publish(w, RLV_RING_DONE, RELEVO_E_FAILED);
        return;
    }
    w->open = true;
    int32_t code = rlv_load_call(guest.plugin, guest.instance, (enum rlv_phase)r->phase,
                                 (const relevo_view *const *)(uintptr_t)r->views,
                                 (const relevo_result *const *)(uintptr_t)r->results, r->n, &w->sink);
    w->open = false;
    for (uint32_t i = 1; i < RLV_REFUSALS; i++)
        if (w->collector.refused[i])
            rlv_ring_put_refusals(&w->writer, i, (uint32_t)w->collector.refused[i], w->collector.why[i]);
    publish(w, w->collector.full || w->writer.full ? RLV_RING_FULL : RLV_RING_DONE, code);
}

static void *serve(void *worker)
{
    struct worker *w = worker;
    for (;;) {
        uint32_t turn = atomic_load_explicit(&w->request->turn, memory_order_acquire);
        if (turn == w->seen) {
            rlv_ring_wait(&w->request->turn, turn, -1);
            continue;
        }
        w->seen = turn;
        answer(w);
    }
    return NULL;
}

/* ---- starting
 * --------------------------------------------------------------------------------------------------- */

static void refuse(const rlv_error *err)
{
    struct worker *w = &guest.workers[0];
    memcpy(w->response->error, err->message, sizeof(w->response->error));
    publish(w, RLV_RING_REFUSED, err->code);
    _exit(EXIT_BROKEN);
}

_Static_assert(sizeof(((rlv_error *)0)->message) == RLV_RING_ERROR_MAX, "a message crosses whole");

static void trapped(int number)
{
    atomic_store(&guest.workers[0].response->trapped, (uint32_t)number + 1);
}

/* One of the two shared files; its size says how many slots there are. */
static char *map(int fd, int protection, size_t slot)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || (size_t)st.st_size % slot ||
        (size_t)st.st_size / slot > RLV_RING_SLOTS_MAX)
        return NULL;
    guest.slots = (uint32_t)((size_t)st.st_size / slot);
    void *mapped = mmap(NULL, (size_t)st.st_size, protection, MAP_SHARED, fd, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static bool map_ring(void)
{
    guest.requests = map(RLV_GUEST_REQUESTS, PROT_READ, RLV_RING_REQUEST);
    guest.responses = map(RLV_GUEST_RESPONSES, PROT_READ | PROT_WRITE, RLV_RING_RESPONSE);
    if (!guest.requests || !guest.responses)
        return false;
    (void)close_range(RLV_GUEST_REQUESTS, ~0u, 0);
    for (uint32_t i = 0; i < guest.slots; i++) {
        struct worker *w = &guest.workers[i];
        w->sink = (relevo_sink){.size = sizeof(w->sink), .emit = emit, .log = log_line};
        w->request = (void *)(guest.requests + (size_t)i * RLV_RING_REQUEST);
        w->response = (void *)(guest.responses + (size_t)i * RLV_RING_RESPONSE);
        w->seen = atomic_load(&w->request->turn);
        w->writer = writer_of(w);
    }
    guest.workers[0].response->requests = (uint64_t)(uintptr_t)guest.requests;
    return true;
}

static int start_workers(rlv_error *err)
{
    pthread_attr_t attr;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK);
    int failed = 0;
    for (uint32_t i = 1; i < guest.slots && !failed; i++) {
        pthread_t thread;
        failed = pthread_create(&thread, &attr, serve, &guest.workers[i]);
    }
    (void)pthread_attr_destroy(&attr);
    return failed
               ? rlv_error_set(err, RLV_E_LIMIT, "its process cannot start a thread (%s)", strerror(failed))
               : RLV_OK;
}

static int confine(const rlv_start *start, rlv_error *err)
{
    const rlv_confine_spec spec = {.readable = start->readable,
                                   .n_readable = start->n_readable,
                                   .memory = start->memory,
                                   .load_s = start->load_s,
                                   .parent = start->parent};
    unsigned enforced = 0;
    int code = rlv_confine_enter(&spec, &enforced, err);
    if (!code && start->mode == RLV_START_RUN)
        code = start_workers(err);
    if (code)
        return code;
    unsigned calls = 0;
    code = rlv_confine_filter(trapped, &calls, err);
    guest.filtered = calls;
    guest.workers[0].response->enforced = enforced | calls;
    return start->unconfined ? RLV_OK : code;
}

static int load(const rlv_start *start, rlv_arena *arena, rlv_error *err)
{
    rlv_host_plugin_info info;
    int code = rlv_load(start->path, start->sha256, arena, &info, &guest.plugin, err);
    if (code)
        return code;
    if (start->mode == RLV_START_RUN) {
        rlv_intents intents = rlv_intents_begin(arena);
        code = rlv_load_create(guest.plugin, start->values, &guest.instance, err);
        if (!code) {
            rlv_load_intents(guest.plugin, guest.instance, &intents);
            rlv_intents_put(&guest.workers[0].writer, &intents);
        }
        return code;
    }
    rlv_described_put(&guest.workers[0].writer, &info);
    if (guest.workers[0].writer.full)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: its option table is too long", start->path);
    return RLV_OK;
}

int rlv_guest_main(void)
{
    rlv_error err = {.code = RLV_OK};
    (void)prctl(PR_SET_NAME, "relevo-plugin", 0, 0, 0);
    if (!map_ring())
        return EXIT_BROKEN;
    /* A service manager tells the whole group to stop; but calls are still to come while the consumer drains.
     */
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    struct worker *w = &guest.workers[0];
    rlv_arena *arena = rlv_arena_new(START_ARENA_MAX);
    rlv_start start;
    if (!arena)
        return EXIT_BROKEN;
    rlv_str bytes = {rlv_ring_body(w->request, sizeof(*w->request)), w->request->used};
    w->seen = atomic_load_explicit(&w->request->turn, memory_order_acquire);
    int code = bytes.len <= RLV_RING_REQUEST_ROOM
                   ? rlv_start_take(bytes, arena, &start, &err)
                   : rlv_error_set(&err, RLV_E_INVALID, "the first request is longer than its slot");
    if (!code)
        code = confine(&start, &err);
    if (!code && start.mode != RLV_START_PROBE)
        code = load(&start, arena, &err);
    if (!code && start.mode == RLV_START_RUN && guest.filtered)
        code = rlv_confine_seal(&err);
    if (code)
        refuse(&err);
    publish(w, RLV_RING_STARTED, RELEVO_OK);
    if (start.mode != RLV_START_RUN)
        _exit(0);
    w->writer = writer_of(w);
    (void)serve(w);
    return EXIT_BROKEN;
}
