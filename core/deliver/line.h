/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits to be done, in lines: one for the messages of each conversation, one for the effects of each
 * conversation to each destination. Of a line only the first job is worked on; so order is kept. Lines are
 * found by key and by when they are due. Private to this room.
 */
#ifndef RLV_DELIVER_LINE_H
#define RLV_DELIVER_LINE_H

#include "broker/broker.h"
#include "deliver/whatsapp.h"

enum rlv_job_state {
    RLV_JOB_WAITING,  /* for its turn */
    RLV_JOB_SENDING,  /* a request is under way */
    RLV_JOB_SETTLING, /* its outcome must still be written */
    RLV_JOB_ANSWERING /* its result is on its way to Kafka, or waits for it */
};

/* One record of the outbound or the effects topic. It is decoded anew each time it is worked on: that costs
   less than keeping it twice. */
typedef struct rlv_job {
    struct rlv_job *next;
    struct rlv_line *line;
    rlv_letter letter;
    enum rlv_job_state state;
    int tokens;         /* taken and not used yet: of a message, of its pair, then also of its number; of a receipt, of the number; of an effect, of its destination */
    bool dropped;       /* the partition is somebody else's now: nothing more is begun */
    int16_t part;       /* of a message: the one in hand */
    size_t parts; /* of a message: how many it has; known from its first claim on */
    int32_t attempt;    /* of a message: names the claim; of an effect: how many so far */
    bool renewed;       /* of an effect: its access token was refused once */
    int locked;         /* of a message: claims in a row that found a row locked */
    int64_t begun_us;   /* of its first attempt in this process; 0: none yet */
    int64_t request_us; /* of the request under way */
    /* SETTLING: what to write */
    enum rlv_verdict_kind outcome;
    int32_t code;
    int64_t wait_ms;
    char *text; /* the message id of an accepted one, else the reason; owned */
    /* ANSWERING: the record of the result; owned */
    char *result;
    size_t result_len;
} rlv_job;

typedef struct rlv_line {
    void *owner;              /* as given to rlv_lines_new */
    struct rlv_line *chained; /* in its slot */
    rlv_id conversation_id;
    uint64_t to; /* 0: messages; else hash of the destination's name */
    rlv_job *first, *last;
    int64_t due_us;
    size_t at; /* in the heap; 0: not waiting */
} rlv_line;

typedef struct rlv_lines rlv_lines;

/* owner: what every line points back to. NULL when memory is short. */
rlv_lines *rlv_lines_new(void *owner);
/* Frees lines and jobs, dropping their letters. */
void rlv_lines_free(rlv_lines *lines);

/* Puts a job, which it owns from now on, at the end of its line; a new line is due at once. False when memory
 * is short. */
bool rlv_lines_add(rlv_lines *lines, rlv_id conversation_id, uint64_t to, rlv_job *job);
/* The line that is due first, or NULL; it does not wait any more. */
rlv_line *rlv_lines_take(rlv_lines *lines, int64_t now_us);
/* When the next line is due; INT64_MAX: none waits. */
int64_t rlv_lines_due(const rlv_lines *lines);
/* Its first job is to be looked at again then. */
void rlv_lines_wait(rlv_lines *lines, rlv_line *line, int64_t due_us);
/* The first job of the line is over: frees it, not its letter. The next one is due at once; an empty line is
 * freed. */
void rlv_lines_pop(rlv_lines *lines, rlv_line *line);
/* Frees every job that waits; those with a request, a settlement or a result under way stay, marked dropped.
 */
void rlv_lines_drop(rlv_lines *lines);
/* Jobs in all lines. */
size_t rlv_lines_jobs(const rlv_lines *lines);
/* When the message that has waited longest was published, ms since 1970; INT64_MAX: there is none. Effects do not count: nobody
   may be waiting for them. Looks at every line. */
int64_t rlv_lines_oldest_ms(const rlv_lines *lines);

#endif
