/* SPDX-License-Identifier: Apache-2.0 */
/* See people.h. */
#include "store/people.h"

#include "store/pg.h"

static const char people[] =
    "SELECT DISTINCT kind, name FROM ("
    "SELECT 0, team FROM relevo.team WHERE team <> '' "
    "UNION ALL SELECT 0, unnest(teams) FROM relevo.agent "
    "UNION ALL SELECT 1, id FROM relevo.agent "
    "UNION ALL SELECT 2, relevo.skill_name(s) || l FROM relevo.agent, unnest(skills) s, "
    "LATERAL (SELECT '' UNION ALL SELECT ':' || i FROM generate_series(1, relevo.skill_level(s)) i) AS levels(l)"
    ") AS p(kind, name) ORDER BY kind, name DESC";

int rlv_store_people(rlv_store *store, rlv_arena *arena, rlv_people *ret, rlv_error *err)
{
    PGresult *r = NULL;
    rlv_pg_begin(store);
    int rc = rlv_pg_ask(store, people, &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_people read = {0};
    const char **names = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*names));
    for (int i = 0; names && i < rows; i++) {
        struct rlv_people_names *list = &read.of[rlv_pg_get_int(r, i, 0)];
        names[i] = rlv_pg_get_str(r, i, 1, arena).ptr;
        list->names = list->n ? list->names : names + i;
        list->n++;
    }
    PQclear(r);
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "no memory for the names of all agents, teams and skills");
    *ret = read;
    return RLV_OK;
}
