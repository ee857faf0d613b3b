/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin that does what no plugin may, really loaded by the tests of this folder. It is the scripted plugin
 * of tests/pipeline, so that the checker's model predicts every decision; but at a message that begins with
 * "fail" it does what its option `how` says, or if that is "said" the message's second word, where the scripted one returns an
 * error. Some things it does
 * while it is loaded, which no option can tell it: those are in the file's name, as the build made it
 * (ROGUE_AT_LOAD). It must never be installed.
 */
#include "rogue.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    HOW,
    WHERE,
    N_OPTIONS
};

static const relevo_option options[N_OPTIONS] = {
    [HOW] = {.size = sizeof(relevo_option),
             .type = RELEVO_OPTION_STRING,
             .name = "how",
             .initial = "",
             .help = "What."},
    [WHERE] = {.size = sizeof(relevo_option),
               .type = RELEVO_OPTION_STRING,
               .name = "where",
               .initial = "",
               .help = "A file."},
};

typedef struct rogue {
    char how[32];
    char where[4096];
} rogue;

/* What must not be optimized away. */
static volatile uint64_t sum;
static volatile char *volatile nowhere;

static void spin(void)
{
    for (;;)
        sum++;
}

static void crash(void)
{
    *nowhere = 1;
}

static void sleep_long(void)
{
    for (;;)
        (void)sleep(1000);
}

/* ---- while it is loaded
 * ------------------------------------------------------------------------------------------- */

#ifdef ROGUE_AT_LOAD
/* In the memory of its program, what serves the first slot: it begins with a sink, and behind that are the addresses of its request and of its
   response. */
static int find_response(struct dl_phdr_info *info, size_t size, void *ret)
{
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_W))
            continue;
        char *const *words = (char *const *)(info->dlpi_addr + (ph->p_vaddr + 7) / 8 * 8);
        for (size_t n = ph->p_memsz / sizeof(*words); n > 5; n--, words++)
            if ((uint32_t)(uintptr_t)words[0] == sizeof(relevo_sink) && words[1] && words[2] && words[3] && words[4] &&
                ((uintptr_t)words[3] | (uintptr_t)words[4]) % 4096 == 0) {
                *(char **)ret = words[4];
                return 1;
            }
    }
    return 1; /* the program itself comes first, and no other object is of interest */
}

/* It says of itself that everything holds it, and nothing. */
static void lie(uint32_t enforced)
{
    char *response = NULL;
    (void)dl_iterate_phdr(find_response, &response);
    if (!response)
        crash(); /* the test would show nothing */
    memcpy(response + 16, &enforced, sizeof(enforced));
}

__attribute__((constructor)) static void at_load(void)
{
    if (strcmp(ROGUE_AT_LOAD, "lie") == 0)
        lie(0);
    if (strcmp(ROGUE_AT_LOAD, "boast") == 0)
        lie(63);
    if (strcmp(ROGUE_AT_LOAD, "segfault") == 0)
        crash();
    else if (strcmp(ROGUE_AT_LOAD, "sleep") == 0)
        sleep_long();
    else if (strcmp(ROGUE_AT_LOAD, "spin") == 0)
        spin();
    else if (strcmp(ROGUE_AT_LOAD, "exit") == 0)
        exit(0);
    else if (strcmp(ROGUE_AT_LOAD, "socket") == 0)
        (void)socket(AF_INET, SOCK_STREAM, 0);
}
#endif

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const char *how = values[HOW].text.ptr;
    if (strcmp(how, "create_segfault") == 0)
        crash();
    if (strcmp(how, "create_sleep") == 0)
        sleep_long();
    if (strcmp(how, "create_exit") == 0)
        _exit(0);
    if (strcmp(how, "create_fork") == 0 && fork() >= 0)
        return RELEVO_OK;
    if (strcmp(how, "create_read") == 0 && open(values[WHERE].text.ptr, O_RDONLY) < 0) {
        (void)snprintf(error, (size_t)error_size, "cannot read: errno %d", errno);
        return RELEVO_E_FAILED;
    }
    rogue *self = calloc(1, sizeof(*self));
    if (!self)
        return RELEVO_E_FAILED;
    (void)snprintf(self->how, sizeof(self->how), "%s", how);
    (void)snprintf(self->where, sizeof(self->where), "%s", values[WHERE].text.ptr);
    *ret_instance = self;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    free(instance);
}

/* ---- while it answers
 * --------------------------------------------------------------------------------------------- */

static int32_t how_segfault(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    crash();
    return RELEVO_E_FAILED;
}

static int32_t how_loop(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    spin();
    return RELEVO_E_FAILED;
}

static int32_t how_sleep(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    sleep_long();
    return RELEVO_E_FAILED;
}

/* Memory that it asks for until there is none, and then goes on as if there were. */
static int32_t how_gobble(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    for (;;) {
        char *piece = malloc(1 << 20);
        memset(piece, 1, 1 << 20);
        sum += (uint64_t)piece[sum % 1000];
        if (sum == UINT64_MAX)
            return RELEVO_OK;
    }
}

/* The children of a fork bomb would go on; fork must end this process instead. */
static int32_t how_fork(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    while (sum != UINT64_MAX)
        if (fork() < 0)
            sum++;
    return RELEVO_OK;
}

static int32_t how_exit(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    exit(0);
}

static int32_t how_abort(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    abort();
}

static jmp_buf gone;

__attribute__((noinline)) static int prepare_jump(void)
{
    char frame[256];
    memset(frame, (int)sum, sizeof(frame));
    sum += (uint64_t)frame[7];
    return setjmp(gone); /* its frame ends with the function */
}

static int32_t how_longjmp(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    if (prepare_jump() == 0) {
        memset(gone, 0x5a, sizeof(gone));
        longjmp(gone, 1);
    }
    return RELEVO_E_FAILED;
}

/* Refused quietly: then it must fail by itself, or the event would not go to a person. */
static int32_t how_close(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    for (int fd = 0; fd < 4096; fd++)
        if (close(fd) == 0)
            return RELEVO_OK;
    return RELEVO_E_FAILED;
}

static int32_t how_socket(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? RELEVO_E_FAILED : RELEVO_OK;
}

static int32_t say(const relevo_sink *sink, uint32_t view, const char *text)
{
    relevo_answer_reply answer = {.head = {sizeof(answer), RELEVO_ANSWER_REPLY},
                                  .confidence = 1,
                                  .text = {text, strlen(text)},
                                  .source = RELEVO_STR("stolen")};
    return sink->emit(sink, view, &answer.head);
}

/* A file's text would go to the customer. */
static int32_t how_read(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)n;
    char text[64] = "";
    int fd = open(self->where, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return RELEVO_E_FAILED;
    return say(sink, view, text);
}

static int32_t how_write(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)view, (void)n, (void)sink;
    int fd = open(self->where, O_WRONLY | O_CREAT, 0600);
    return fd < 0 ? RELEVO_E_FAILED : RELEVO_OK;
}

static int32_t how_exec(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}

static int32_t how_ptrace(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? RELEVO_OK : RELEVO_E_FAILED;
}

static int32_t how_peek(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    char bytes[8];
    struct iovec mine = {bytes, sizeof(bytes)}, theirs = {(void *)(uintptr_t)0x400000, sizeof(bytes)};
    return process_vm_readv((pid_t)syscall(SYS_getppid), &mine, 1, &theirs, 1, 0) > 0 ? RELEVO_OK
                                                                                      : RELEVO_E_FAILED;
}

static int32_t how_kill(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return kill(getppid(), SIGKILL) == 0 ? RELEVO_OK : RELEVO_E_FAILED;
}

/* The parent's process group, and everybody that it may signal. */
static int32_t how_kill_all(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return kill(-1, SIGKILL) == 0 ? RELEVO_OK : RELEVO_E_FAILED;
}

/* ---- what it shares with the consumer
 * ------------------------------------------------------------------------------ */

/* The sink is the beginning of what serves a slot; behind it are the addresses of its request and of its
 * response. */
static char *shared_of(const relevo_sink *sink, int index)
{
    void *words[5];
    memcpy(words, sink, sizeof(words));
    return words[3 + index];
}

static int32_t how_scribble(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)n;
    int32_t code = say(sink, view, "something to write over");
    memset(shared_of(sink, 1), 0xa5, 4 << 20);
    return code;
}

/* Requests are for reading only, however it is tried. */
static int32_t how_scribble_request(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n;
    char *request = shared_of(sink, 0);
    return mprotect(request, 4096, PROT_READ | PROT_WRITE) == 0 ? RELEVO_OK : RELEVO_E_FAILED;
}

enum { DONE = 3 };

/* An answer in the ring that the host's own code never wrote, and the turn that says that it is complete. */
static int32_t forge(const relevo_sink *sink, uint32_t state, const uint32_t *record, size_t words, uint32_t used)
{
    char *response = shared_of(sink, 1);
    const char *request = shared_of(sink, 0);
    uint32_t head[4] = {0, state, 0, used};
    memcpy(response + 4, head + 1, 12);
    if (words)
        memcpy(response + 544, record, words * 4); /* behind the head of a response */
    memcpy(response, request, 4);
    (void)syscall(SYS_futex, response, 1, 1 << 30, NULL, NULL, 0);
    sleep_long();
    return RELEVO_OK;
}

static int32_t how_outside(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)n;
    /* 96 bytes, a reply of two texts that are 4 GB long together */
    const uint32_t record[] = {96, 3, view, 2, 0, 0, 0,           0,           0, 0,
                               0,  0, 0,    0, 0, 0, 0xfffffff0u, 0xfffffff0u, 0, 0};
    return forge(sink, DONE, record, sizeof(record) / 4, 96);
}

static int32_t how_used(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n;
    const uint32_t record[] = {64, 4, 0, 0};
    return forge(sink, DONE, record, 4, 0xfffffff8u);
}

/* A reply that no sink ever saw: a record of 84 bytes and its text. */
static int32_t forge_reply(const relevo_sink *sink, uint32_t view, uint32_t len)
{
    uint32_t record[21] = {(84 + len + 7) / 8 * 8, RELEVO_ANSWER_REPLY, view, 5};
    const double confidence = 1;
    memcpy(record + 6, &confidence, sizeof(confidence));
    record[16] = len;
    memset(shared_of(sink, 1) + 544 + sizeof(record), 'a', len);
    return forge(sink, DONE, record, sizeof(record) / 4, record[0]);
}

/* About an event that it was not asked about: the first one behind its own. */
static int32_t how_forged_view(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view;
    return forge_reply(sink, n, 8);
}

/* As long as the ring has room for. */
static int32_t how_forged_huge(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)n;
    return forge_reply(sink, view, (4 << 20) - 4096);
}

/* A state of a call that there is none of. */
static int32_t how_forged_state(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n;
    return forge(sink, 77, NULL, 0, 0);
}

/* ---- answers through the sink, but not as they should be
 * ----------------------------------------------------------- */

static int32_t how_other_view(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view;
    for (uint32_t i = 0; i < 100; i++)
        if (say(sink, n + i * 1000003u, "for somebody else") != RELEVO_E_VIEW)
            return RELEVO_OK;
    return RELEVO_E_FAILED;
}

static int32_t how_huge(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)n;
    relevo_answer_reply answer = {.head = {sizeof(answer), RELEVO_ANSWER_REPLY},
                                  .confidence = 1,
                                  .text = {(const char *)self, (uint64_t)10 << 30}};
    return sink->emit(sink, view, &answer.head) == RELEVO_E_LIMIT ? RELEVO_E_FAILED : RELEVO_OK;
}

static int32_t how_flood(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)n;
    for (int i = 0; i < 1000000; i++) {
        (void)say(sink, view, "again and again");
        sink->log(sink, RELEVO_LOG_ERROR, (relevo_str)RELEVO_STR("again and again"));
    }
    return RELEVO_E_FAILED;
}

/* The turn of a request, and behind index 1 the one that was answered last. */
static uint32_t turn_of(const relevo_sink *sink, int index)
{
    return atomic_load((const _Atomic uint32_t *)(const void *)shared_of(sink, index));
}

/* The sink of a call that is over, used by another one. A slot has the same sink for every call, so it takes two slots: the first
   call waits until the second one is there, the second one until the first one is answered. */
static int32_t how_late(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)n;
    static _Atomic(const relevo_sink *) late_sink;
    static atomic_bool other_came;
    const relevo_sink *first = NULL;
    int patience = 20000;
    if (atomic_compare_exchange_strong(&late_sink, &first, sink)) {
        while (!atomic_load(&other_came) && patience--)
            (void)usleep(1000);
        return RELEVO_OK;
    }
    if (first == sink)
        return RELEVO_E_FAILED;
    atomic_store(&other_came, true);
    while (turn_of(first, 0) != turn_of(first, 1) && patience--)
        (void)usleep(1000);
    return say(sink, view, say(first, 0, "too late") == RELEVO_E_VIEW ? "refused" : "taken");
}

static void *outlive(void *sink)
{
    for (;;)
        (void)say(sink, 0, "from a thread");
    return NULL;
}

static int32_t how_thread(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n;
    pthread_t thread;
    void *argument = (void *)(uintptr_t)sink;
    return pthread_create(&thread, NULL, outlive, argument) == 0 ? RELEVO_OK : RELEVO_E_FAILED;
}

/* A signal handler is a second thread of sorts, and would catch what ends the process. */
static void on_signal(int number)
{
    (void)number;
}

static int32_t how_handler(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return signal(SIGSYS, on_signal) == SIG_ERR && signal(SIGALRM, on_signal) == SIG_ERR ? RELEVO_E_FAILED
                                                                                         : RELEVO_OK;
}

/* Limits would be raised again, and the wish to die with the parent taken back. */
static int32_t how_unlimit(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_DATA, &any) == 0 || prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0)
        return RELEVO_OK;
    return RELEVO_E_FAILED;
}

/* Code that it writes itself. */
static int32_t how_code(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? RELEVO_E_FAILED : RELEVO_OK;
}

static int32_t how_mapping(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    void *page = mmap(NULL, (size_t)8 << 30, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? RELEVO_E_FAILED : RELEVO_OK;
}

static int32_t how_error(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    return RELEVO_E_FAILED;
}

/* More stack than there is. */
__attribute__((noinline)) static uint64_t dig(uint64_t depth)
{
    volatile char frame[4096];
    frame[depth % sizeof(frame)] = (char)depth;
    return depth == UINT64_MAX ? 0 : dig(depth + 1) + (uint64_t)frame[7];
}

static int32_t how_overflow(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink)
{
    (void)self, (void)view, (void)n, (void)sink;
    sum += dig(sum);
    return RELEVO_E_FAILED;
}

static const struct {
    const char *name;
    int32_t (*run)(const rogue *self, uint32_t view, uint32_t n, const relevo_sink *sink);
} hows[] = {
    {"segfault", how_segfault},
    {"loop", how_loop},
    {"sleep", how_sleep},
    {"gobble", how_gobble},
    {"fork", how_fork},
    {"exit", how_exit},
    {"abort", how_abort},
    {"longjmp", how_longjmp},
    {"close", how_close},
    {"socket", how_socket},
    {"read", how_read},
    {"write", how_write},
    {"exec", how_exec},
    {"ptrace", how_ptrace},
    {"peek", how_peek},
    {"kill", how_kill},
    {"kill_all", how_kill_all},
    {"scribble", how_scribble},
    {"request", how_scribble_request},
    {"outside", how_outside},
    {"used", how_used},
    {"forged_view", how_forged_view},
    {"forged_huge", how_forged_huge},
    {"forged_state", how_forged_state},
    {"other_view", how_other_view},
    {"huge", how_huge},
    {"flood", how_flood},
    {"late", how_late},
    {"thread", how_thread},
    {"handler", how_handler},
    {"unlimit", how_unlimit},
    {"code", how_code},
    {"mapping", how_mapping},
    {"error", how_error},
    {"overflow", how_overflow},
};

static bool is_fail(const relevo_view *view)
{
    relevo_str text = view->message ? view->message->text : (relevo_str){NULL, 0};
    return text.len >= 4 && memcmp(text.ptr, "fail", 4) == 0 && (text.len == 4 || text.ptr[4] == ' ');
}

/* A slow leak: a bit of memory for each message, never given back. */
static void leak(const rogue *self, uint32_t n)
{
    for (uint32_t i = 0; i < n && strcmp(self->how, "leak") == 0; i++) {
        char *lost = malloc(256 << 10);
        memset(lost, 1, 256 << 10);
        sum += (uint64_t)lost[sum % 1000];
    }
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const rogue *self = instance;
    leak(self, n);
    for (uint32_t i = 0; i < n; i++) {
        if (!is_fail(views[i]))
            continue;
        relevo_str text = views[i]->message->text;
        bool said = strcmp(self->how, "said") == 0;
        for (size_t j = 0; j < sizeof(hows) / sizeof(*hows); j++)
            if (said ? text.len == 5 + strlen(hows[j].name) && memcmp(text.ptr + 5, hows[j].name, text.len - 5) == 0
                     : strcmp(hows[j].name, self->how) == 0)
                return hows[j].run(self, i, n, sink);
        return RELEVO_E_FAILED;
    }
    return scripted_plugin.respond(NULL, views, n, sink);
}

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    return scripted_plugin.classify(NULL, views, n, sink);
}

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    return scripted_plugin.trigger(NULL, views, n, sink);
}

static int32_t route(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    return scripted_plugin.route(NULL, views, n, sink);
}

static int32_t summarize(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    return scripted_plugin.summarize(NULL, views, n, sink);
}

static int32_t notify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    return scripted_plugin.notify(NULL, views, n, sink);
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "rogue",
    .version = "1",
    .summary = "Does what no plugin may: for tests.",
    .kind = RELEVO_KIND_RESPONDER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .classify = classify,
    .trigger = trigger,
    .respond = respond,
    .route = route,
    .summarize = summarize,
    .notify = notify,
};
