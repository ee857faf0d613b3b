/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to Postgres, made when needed and kept; see private.h. Must never hand out one that was lost. */
#include <stdlib.h>

#include "base/log.h"
#include "desk/private.h"

static rlv_desk_link *take_idle(rlv_desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    rlv_desk_link *link = desk->links;
    if (link)
        desk->links = link->next;
    (void)pthread_mutex_unlock(&desk->lock);
    return link;
}

static void drop(rlv_desk_link *link)
{
    rlv_store_close(link->store);
    free(link);
}

/* NULL: none is to be had. */
static rlv_desk_link *take(rlv_desk *desk, rlv_error *err)
{
    rlv_desk_link *link = NULL;
    /* The server may have gone while it was idle: that is no reason to fail a request. */
    while ((link = take_idle(desk)) && rlv_ask_stale(link->store))
        drop(link);
    if (link)
        return link;
    link = calloc(1, sizeof(*link));
    if (!link) {
        (void)rlv_error_set(err, RLV_E_LIMIT, "out of memory");
        return NULL;
    }
    int rc = rlv_store_open(desk->config->postgres, "relevo desk", (int)desk->config->desk.postgres_timeout_ms, &link->store, err);
    if (rc == RLV_OK)
        rc = rlv_ask_begin(link->store, err);
    if (rc == RLV_OK)
        return link;
    drop(link);
    return NULL;
}

static void give_back(rlv_desk *desk, rlv_desk_link *link)
{
    if (rlv_ask_broken(link->store)) {
        drop(link);
        return;
    }
    rlv_store_rest(link->store);
    (void)pthread_mutex_lock(&desk->lock);
    link->next = desk->links;
    desk->links = link;
    (void)pthread_mutex_unlock(&desk->lock);
}

/* Said when it begins and when it is over, not for every request. */
static void tell(rlv_desk *desk, bool away, const rlv_error *err)
{
    if (atomic_exchange(&desk->postgres_away, away) == away)
        return;
    if (away)
        rlv_log(RLV_LOG_WARN, "desk", "pages are answered with 503: %s", err->message);
    else
        rlv_log(RLV_LOG_INFO, "desk", "Postgres answers again");
}

int rlv_desk_ask(rlv_desk *desk, const char *sql, const rlv_str *args, size_t n, rlv_arena *arena, rlv_str *ret,
                 char ret_state[RLV_ASK_STATE], rlv_error *err)
{
    ret_state[0] = '\0';
    *ret = (rlv_str){NULL, 0};
    rlv_desk_link *link = take(desk, err);
    if (!link) {
        tell(desk, true, err);
        return err->code;
    }
    int rc = rlv_ask(link->store, sql, args, n, arena, ret, ret_state, err);
    tell(desk, rlv_ask_broken(link->store), err);
    give_back(desk, link);
    return rc;
}

void rlv_desk_close_links(rlv_desk *desk)
{
    while (desk->links) {
        rlv_desk_link *link = desk->links;
        desk->links = link->next;
        drop(link);
    }
}
