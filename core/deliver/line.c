/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of jobs, by key and by due time; see line.h. Must never let a job pass another one of its line. */
#include "deliver/line.h"

#include <stdlib.h>

struct rlv_lines {
    void *owner;
    rlv_line **slots;
    size_t n_slots, n; /* n_slots: a power of two */
    rlv_line **heap;   /* from 1; ordered by due_us */
    size_t n_heap, cap_heap;
    size_t jobs;
};

rlv_lines *rlv_lines_new(void *owner)
{
    rlv_lines *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    l->owner = owner;
    l->n_slots = 256;
    l->cap_heap = 256;
    l->slots = calloc(l->n_slots, sizeof(*l->slots));
    l->heap = calloc(l->cap_heap, sizeof(rlv_line *));
    if (!l->slots || !l->heap) {
        rlv_lines_free(l);
        return NULL;
    }
    return l;
}

static void free_job(rlv_job *job)
{
    free(job->text);
    free(job->result);
    free(job);
}

void rlv_lines_free(rlv_lines *lines)
{
    if (!lines)
        return;
    for (size_t i = 0; lines->slots && i < lines->n_slots; i++)
        for (rlv_line *line = lines->slots[i], *next; line; line = next) {
            next = line->chained;
            for (rlv_job *job = line->first, *after; job; job = after) {
                after = job->next;
                rlv_inbox_drop(&job->letter);
                free_job(job);
            }
            free(line);
        }
    free(lines->slots);
    free(lines->heap);
    free(lines);
}

/* ---- the heap
 * -------------------------------------------------------------------------------------------------- */

static void put(rlv_lines *l, size_t at, rlv_line *line)
{
    l->heap[at] = line;
    line->at = at;
}

static void rise(rlv_lines *l, size_t at)
{
    rlv_line *line = l->heap[at];
    for (; at > 1 && l->heap[at / 2]->due_us > line->due_us; at /= 2)
        put(l, at, l->heap[at / 2]);
    put(l, at, line);
}

static void sink(rlv_lines *l, size_t at)
{
    rlv_line *line = l->heap[at];
    for (size_t child; (child = at * 2) <= l->n_heap; at = child) {
        if (child < l->n_heap && l->heap[child + 1]->due_us < l->heap[child]->due_us)
            child++;
        if (l->heap[child]->due_us >= line->due_us)
            break;
        put(l, at, l->heap[child]);
    }
    put(l, at, line);
}

static void leave_heap(rlv_lines *l, rlv_line *line)
{
    size_t at = line->at;
    if (!at)
        return;
    line->at = 0;
    rlv_line *last = l->heap[l->n_heap--];
    if (last == line)
        return;
    put(l, at, last);
    sink(l, at);
    rise(l, last->at);
}

/* There is a place for every line: made when the line is. */
void rlv_lines_wait(rlv_lines *lines, rlv_line *line, int64_t due_us)
{
    leave_heap(lines, line);
    line->due_us = due_us;
    put(lines, ++lines->n_heap, line);
    rise(lines, lines->n_heap);
}

int64_t rlv_lines_due(const rlv_lines *lines)
{
    return lines->n_heap ? lines->heap[1]->due_us : INT64_MAX;
}

rlv_line *rlv_lines_take(rlv_lines *lines, int64_t now_us)
{
    if (rlv_lines_due(lines) > now_us)
        return NULL;
    rlv_line *line = lines->heap[1];
    leave_heap(lines, line);
    return line;
}

/* ---- the lines
 * ------------------------------------------------------------------------------------------------- */

static size_t slot_of(const rlv_lines *l, rlv_id id, uint64_t to)
{
    return (size_t)(rlv_str_hash((rlv_str){(const char *)id.bytes, sizeof(id.bytes)}) ^ to) &
           (l->n_slots - 1);
}

static bool grow(rlv_lines *l)
{
    if (l->n + 2 > l->cap_heap) {
        rlv_line **heap = realloc(l->heap, l->cap_heap * 2 * sizeof(rlv_line *));
        if (!heap)
            return false;
        l->heap = heap;
        l->cap_heap *= 2;
    }
    if (l->n < l->n_slots)
        return true;
    rlv_line **old = l->slots;
    size_t n_old = l->n_slots;
    rlv_line **slots = calloc(n_old * 2, sizeof(*slots));
    if (!slots)
        return true; /* slower, and right */
    l->slots = slots;
    l->n_slots *= 2;
    for (size_t i = 0; i < n_old; i++)
        for (rlv_line *line = old[i], *next; line; line = next) {
            next = line->chained;
            rlv_line **at = &l->slots[slot_of(l, line->conversation_id, line->to)];
            line->chained = *at;
            *at = line;
        }
    free(old);
    return true;
}

bool rlv_lines_add(rlv_lines *lines, rlv_id conversation_id, uint64_t to, rlv_job *job)
{
    rlv_line *line = lines->slots[slot_of(lines, conversation_id, to)];
    while (line && !(rlv_id_eq(line->conversation_id, conversation_id) && line->to == to))
        line = line->chained;
    if (!line) {
        if (!grow(lines) || !(line = calloc(1, sizeof(*line))))
            return false;
        line->owner = lines->owner;
        line->conversation_id = conversation_id;
        line->to = to;
        rlv_line **at = &lines->slots[slot_of(lines, conversation_id, to)];
        line->chained = *at;
        *at = line;
        lines->n++;
        rlv_lines_wait(lines, line, 0);
    }
    job->line = line;
    job->next = NULL;
    if (line->last)
        line->last->next = job;
    else
        line->first = job;
    line->last = job;
    lines->jobs++;
    return true;
}

static void free_line(rlv_lines *l, rlv_line *line)
{
    leave_heap(l, line);
    rlv_line **at = &l->slots[slot_of(l, line->conversation_id, line->to)];
    while (*at != line)
        at = &(*at)->chained;
    *at = line->chained;
    l->n--;
    free(line);
}

void rlv_lines_pop(rlv_lines *lines, rlv_line *line)
{
    rlv_job *job = line->first;
    line->first = job->next;
    free_job(job);
    lines->jobs--;
    if (line->first) {
        rlv_lines_wait(lines, line, 0);
        return;
    }
    free_line(lines, line);
}

/* All but a first job that is under way. */
static void drop_line(rlv_lines *l, rlv_line *line)
{
    rlv_job *keep = line->first->state != RLV_JOB_WAITING ? line->first : NULL;
    for (rlv_job *job = keep ? keep->next : line->first, *next; job; job = next) {
        next = job->next;
        rlv_inbox_drop(&job->letter);
        free_job(job);
        l->jobs--;
    }
    if (!keep) {
        line->first = NULL;
        free_line(l, line);
        return;
    }
    keep->dropped = true;
    keep->next = NULL;
    line->last = keep;
}

void rlv_lines_drop(rlv_lines *lines)
{
    for (size_t i = 0; i < lines->n_slots; i++)
        for (rlv_line *line = lines->slots[i], *next; line; line = next) {
            next = line->chained;
            drop_line(lines, line);
        }
}

size_t rlv_lines_jobs(const rlv_lines *lines)
{
    return lines->jobs;
}

/* A line is in the order of its partition, and so its first job is its oldest. */
int64_t rlv_lines_oldest_ms(const rlv_lines *lines)
{
    int64_t oldest_ms = INT64_MAX;
    for (size_t i = 0; i < lines->n_slots; i++)
        for (const rlv_line *line = lines->slots[i]; line; line = line->chained)
            if (!line->to && line->first && line->first->letter.at_ms >= 0 && line->first->letter.at_ms < oldest_ms)
                oldest_ms = line->first->letter.at_ms;
    return oldest_ms;
}
