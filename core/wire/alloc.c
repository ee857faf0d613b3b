/* SPDX-License-Identifier: Apache-2.0 */
/*
 * avro-c's memory and its last error; see alloc.h. Must never hand a block of one origin to the other's free: each block carries
 * its origin, so that a value made in a scope and dropped outside it, or the other way round, is safe.
 */
#include "wire/alloc.h"

#include <avro.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

/* Before every block. Its size is ours, since avro-c's old sizes are not always right. */
struct header {
    alignas(max_align_t) size_t size;
    bool in_arena;
};

static _Thread_local struct {
    rlv_arena *arena; /* NULL: no scope */
    size_t budget;
    bool refused;
} scope;

static void *take(size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct header), &whole))
        return NULL;
    struct header *h;
    if (!scope.arena) {
        h = malloc(whole);
    } else if (whole > scope.budget) {
        scope.refused = true;
        return NULL;
    } else {
        h = rlv_arena_alloc(scope.arena, whole);
        scope.budget -= whole;
    }
    if (!h)
        return NULL;
    h->size = size;
    h->in_arena = scope.arena != NULL;
    return h + 1;
}

static void give_back(void *ptr)
{
    struct header *h = ptr ? (struct header *)ptr - 1 : NULL;
    if (h && !h->in_arena)
        free(h);
}

static void *allocate(void *unused, void *ptr, size_t old_size, size_t size)
{
    (void)unused;
    (void)old_size;
    if (size == 0) {
        give_back(ptr);
        return NULL;
    }
    void *fresh = take(size);
    if (fresh && ptr) {
        size_t had = ((struct header *)ptr - 1)->size;
        memcpy(fresh, ptr, had < size ? had : size);
        give_back(ptr);
    }
    return fresh;
}

static void install(void)
{
    avro_set_allocator(allocate, NULL);
}

void rlv_avro_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, install);
}

void rlv_avro_open(rlv_arena *arena, size_t budget)
{
    scope.arena = arena;
    scope.budget = budget;
    scope.refused = false;
}

bool rlv_avro_close(void)
{
    scope.arena = NULL;
    return scope.refused;
}

/*
 * In the place of avro-c's errors.o, which Debian builds without THREADSAFE: one text for all threads, written by
 * every failing read, so that two lanes write it at once. Nobody here reads the text, so none is made.
 */
void avro_set_error(const char *fmt, ...)
{
    (void)fmt;
}

void avro_prefix_error(const char *fmt, ...)
{
    (void)fmt;
}

const char *avro_strerror(void)
{
    return "avro-c's errors are not kept";
}
