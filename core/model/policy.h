/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the business decided beforehand: when a trigger's score hands a conversation to people, and what the customer
 * is told. Filled by config from YAML, read by conversation. Immutable while any thread uses it.
 */
#ifndef RLV_MODEL_POLICY_H
#define RLV_MODEL_POLICY_H

#include "base/str.h"

/* A notice in the languages that Relevo speaks; an absent one falls back to the first that is there. */
typedef struct rlv_notice {
    rlv_str es, pt, en;
} rlv_notice;

/* From this moment on the clocks of a place are so far ahead of UTC. */
typedef struct rlv_zone_change {
    int64_t from_ms; /* the first: INT64_MIN */
    int32_t offset_ms;
} rlv_zone_change;

/* Part of a day, in minutes since its midnight: from is in it, to is not. 0 to 1440. */
typedef struct rlv_span {
    int32_t from, to;
} rlv_span;

/* When people of the business are at work, in the clocks of one place. */
typedef struct rlv_hours {
    rlv_str name;
    const rlv_zone_change *zone; /* ascending */
    size_t n_zone;               /* at least 1 */
    const struct rlv_opening {
        uint32_t weekdays; /* bit 0: Monday */
        rlv_span span;
    } *open;
    size_t n_open;
    const struct rlv_closing { /* holidays: stronger than `open` */
        int64_t first, last;   /* days since 1970-01-01, both in it */
        rlv_span span;         /* of each of these days */
    } *closed;
    size_t n_closed;
} rlv_hours;

/* A condition of a rule: this trigger scored at least so much about this event, weighted. */
typedef struct rlv_condition {
    rlv_str trigger; /* name of the plugin's entry */
    double least;    /* 0 to 1; below 0: the trigger's own threshold */
} rlv_condition;

/* What hands off: a trigger alone, or a rule over several. Found by its name. */
typedef struct rlv_trigger_policy {
    rlv_str trigger;     /* name of the plugin's entry, or of the rule; no two have one name */
    double threshold;    /* 0 to 1: weight x score at or above it hands off; not of rules */
    double weight;       /* 0 to 10; not of rules */
    bool alone;          /* it may hand off by itself, and counts in `combined`; false: only rules use it. Not of rules */
    const rlv_condition *all, *any, *none; /* of a rule: each of all, one of any (if there are any), none of none */
    size_t n_all, n_any, n_none;           /* all and any are not both empty */

    /* Outside these it does nothing: a trigger only reports, a rule is not looked at. Empty: everywhere, always. */
    const rlv_str *numbers, *languages, *flows; /* phone number ids; "es"; the question flow that runs */
    size_t n_numbers, n_languages, n_flows;
    const rlv_hours *hours;
    bool outside_hours; /* only when `hours` are not */

    int64_t cooldown_ms; /* after it fired, it only observes for so long */
    bool observe;        /* only report what would have happened */
    bool tell_only;      /* people are told, by notifiers and in desktops, and the bot goes on */
    int32_t priority;    /* 0 lowest to 9 highest: of several that fire, the highest is the cause; also the queue's */
    rlv_str team;        /* absent: the router's choice */
    rlv_str agent;       /* tried first; absent: the router's choice */
    const rlv_str *skills; /* an agent must have all of them; none: the router's choice */
    size_t n_skills;
    rlv_notice message;  /* what the customer is told; absent: notices.handoff */
    rlv_str collect;     /* as queue.collect, which it goes before; absent: that one; "none": nothing is asked */
    int32_t line;        /* of its entry in the file, for messages */
} rlv_trigger_policy;

/* What follows when a message of the bot did not arrive, or may not have. */
enum rlv_undelivered {
    RLV_UNDELIVERED_HAND_OVER = 0, /* a person gets the conversation */
    RLV_UNDELIVERED_LEAVE = 1      /* it is a decision to read, and nothing else */
};

/* What follows when nobody came for a waiting customer. */
enum rlv_give_up {
    RLV_GIVE_UP_WAIT = 0,    /* they are told so, and wait on */
    RLV_GIVE_UP_BOT = 1,     /* the bot has them again */
    RLV_GIVE_UP_CALLBACK = 2 /* they wait on, and are asked when and where to reach them */
};

enum rlv_survey { RLV_SURVEY_CSAT = 0, RLV_SURVEY_NPS = 1 };

/* Who gets a customer who writes again after a person closed the case. */
enum rlv_reopen { RLV_REOPEN_BOT = 0, RLV_REOPEN_PEOPLE = 1 };

typedef struct rlv_policy {
    /* Weighted scores of all triggers combine as 1 - Π(1 - min(1, weight x score)); at or above this they hand off
       together, though none alone would. Above 1: never. */
    double combined;
    const rlv_trigger_policy *triggers;
    size_t n_triggers; /* a trigger without an entry has threshold 0.5, weight 1, no cool-down, priority 5 */
    const rlv_trigger_policy *rules;
    size_t n_rules;
    const rlv_hours *people; /* when people answer; NULL: at all times */
    struct {
        rlv_notice handoff;  /* becoming queued */
        rlv_notice away;     /* the same outside `people`; {opens} is replaced by when they are back */
        rlv_notice assigned; /* a person has it; {agent} is replaced by the name */
        rlv_notice returned; /* back with the bot */
        rlv_notice closed;   /* resolved; absent: nothing is said */
        rlv_notice unknown;  /* the bot has no answer and nothing hands off */
        rlv_notice requeued; /* back in the queue from a person */
        rlv_notice waiting;  /* still waiting; {position} in the queue */
        rlv_notice expected; /* the same where the wait is known: {minutes} */
        rlv_notice leave;    /* title of the button by which they go on with the bot */
        rlv_notice nobody;   /* nobody came */
        rlv_notice callback; /* nobody came: when and where may they be reached? */
        rlv_notice noted;    /* the answer to that was written down */
        rlv_notice csat, nps; /* the question of the survey */
        rlv_notice comment;  /* after the score: anything to add? */
        rlv_notice thanks;   /* the survey is over */
    } notices;
    struct {
        int64_t tell_after_ms; /* a waiting customer is told where they stand after so long; 0: never */
        int64_t tell_every_ms; /* and again; 0: once */
        int64_t give_up_ms;    /* nobody came for so long; 0: they wait for ever */
        int32_t give_up_to;    /* enum rlv_give_up */
        bool leave;            /* they may go on with the bot */
        rlv_str collect;       /* the choice that begins what they are asked meanwhile ("flow:details"); absent, or "none": nothing */
        int32_t collect_line;     /* of the configuration; 0: in none */
        int64_t collect_after_ms; /* when they have waited for so long */
    } queue; /* only time within `people` counts */
    struct {
        int32_t kind;          /* enum rlv_survey */
        bool on_resolve;       /* ask when a person closes the case; else only when they return it for that */
        bool comment;          /* ask for a free comment after the score */
        int64_t wait_ms;       /* an answer is one for so long */
        rlv_str template;      /* for after the 24 hours; absent: nobody is asked then */
        const char *const *parameters; /* of its body, in their order; {name} and {agent} in them are filled in */
        size_t n_parameters;
    } survey;
    struct {
        int32_t to;            /* enum rlv_reopen */
        int64_t within_ms;     /* so long after it was closed; later the bot */
    } reopen;
    int64_t pause_ms;      /* a short message of a customer is decided when nothing followed it for so long; 0: at once */
    int64_t silence_ms;    /* a customer who has said nothing to the bot for so long is silent: triggers are asked about it, once; 0: never */
    const rlv_hours *silence_hours; /* only time within them counts for that; NULL: all does */
    int64_t idle_close_ms; /* a bot conversation without a message for so long is closed; 0: never */
    int32_t undelivered;   /* enum rlv_undelivered */
    bool read_receipts;    /* the customer sees that the bot has read what it takes up, and writes */
} rlv_policy;

#endif
