/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the CRM, one request after the other: read from `steps`, from a preset, or made of `path` and `mapping`.
 * Immutable once it is read. Every name that a step uses is known, or kept by an earlier step.
 */
#ifndef RELEVO_CRM_NOTIFIER_PLAN_H
#define RELEVO_CRM_NOTIFIER_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "relevo/plugin.h"

enum { PLAN_STEPS_MAX = 8, PLAN_PATH_MAX = 2048, PLAN_KEPT_MAX = 48 /* bytes of a kept value */ };

typedef struct step {
    const char *name;
    const char *method;  /* POST, PUT, PATCH */
    const char *path;    /* a template */
    const json_t *body;  /* a template; NULL: none */
    const char *unless;  /* left out when this was kept; NULL: never */
    const char *only;    /* the events it belongs to, with a space between; NULL: all */
    const json_t *keep;  /* {"contact": "results.0.id"}: from the answer; NULL: nothing */
} step;

typedef struct plan {
    json_t *source; /* owns every text of the steps */
    step steps[PLAN_STEPS_MAX];
    size_t n;
    bool amends; /* what was told is amended later: what it kept stays remembered */
} plan;

/* What there is to tell. */
enum { PLAN_HANDOFF, PLAN_LEAD, PLAN_TIP, PLAN_CLOSED, PLAN_AMENDED, PLAN_EVENTS };
extern const char *const plan_events[PLAN_EVENTS]; /* "handoff", "lead", "tip", "closed", "amended" */
/* Whether the step belongs to this event. */
bool plan_is_of(const step *s, const char *event);

/* Takes the list over, also when it fails; one line in error. */
bool plan_read(plan *p, json_t *list, char *error, size_t size);
/* The list of a preset, as JSON; NULL: there is no such preset, one line in error. */
json_t *plan_preset(const char *name, char *error, size_t size);
void plan_free(plan *p);

#endif
