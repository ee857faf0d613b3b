/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration's file decides as now, and what the lanes decided under last: so that an admin sees whether what the page shows is what
 * runs. The first is `relevo check`'s word, as the hash covers what plugins read and the desk loads none; the second stands with each decision.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "desk/private.h"

enum { SAID_MAX = 256 * 1024, HASH_TEXT = 16 };

/* Those of the file itself, one a line. */
static json_t *list_mistakes(const char *file)
{
    json_t *list = json_array();
    rlv_buf out = RLV_BUF_INIT(SAID_MAX);
    if (rlv_config_mistakes(file, "plugin", &out) > 0 && !out.failed)
        for (const char *at = out.data, *end; (end = strchr(at, '\n')); at = end + 1)
            (void)json_array_append_new(list, json_stringn(at, (size_t)(end - at)));
    rlv_buf_free(&out);
    return list;
}

/* {"config"} out of check's words, and what it finds wrong to the mistakes. */
static void read_check(const json_t *said, json_t *into)
{
    json_t *mistakes = json_object_get(into, "mistakes"), *part;
    size_t i;
    char hash[HASH_TEXT + 1];
    json_array_foreach(json_object_get(said, "parts"), i, part) {
        const char *name = json_string_value(json_object_get(part, "part")), *text = json_string_value(json_object_get(part, "text"));
        if (!name || !text)
            continue;
        if (!json_is_true(json_object_get(part, "ok")))
            (void)json_array_append(mistakes, json_object_get(part, "text"));
        else if (strcmp(name, "decisions") == 0 && sscanf(text, "are marked with hash %16[0-9a-f]", hash) == 1)
            (void)json_object_set_new(into, "config", json_string(hash));
    }
}

static void check(rlv_request *request, rlv_http *http)
{
    (void)http;
    const char *file = request->desk->config->file;
    const char *const argv[] = {"relevo", "check", "--offline", "--json", "--for", "plugin", "--config", file, NULL};
    char state[RLV_ASK_STATE], at[32] = "";
    rlv_error err;
    rlv_str lanes;
    struct stat is;
    struct tm tm;
    int rc = rlv_desk_ask(request->desk,
                          "SELECT coalesce(json_agg(json_build_object('config', lpad(to_hex(t.config), 16, '0'), 'lanes', t.lanes, 'at', t.at) "
                          "ORDER BY t.at DESC), '[]')::text FROM (SELECT d.config, count(*) AS lanes, max(d.at) AS at FROM relevo.decided_under d "
                          "GROUP BY d.config) t",
                          NULL, 0, request->arena, &lanes, state, &err);
    if (rc != RLV_OK) {
        rlv_request_postgres(request, state, &err);
        return;
    }
    if (stat(file, &is) == 0 && gmtime_r(&is.st_mtime, &tm))
        (void)strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_t *j = json_pack("{s:s, s:s?, s:n, s:o, s:o}", "file", file, "changed_at", *at ? at : NULL, "config", "mistakes", list_mistakes(file),
                          "decided", json_loadb(lanes.ptr, lanes.len, 0, NULL));
    bool told = json_array_size(json_object_get(j, "mistakes")) > 0;
    rlv_buf out = RLV_BUF_INIT(SAID_MAX);
    json_t *said = !told && rlv_child_run(argv, NULL, &out) >= 0 ? json_loadb(out.data, out.len, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    read_check(said, j);
    char *text = told || said ? json_dumps(j, JSON_COMPACT) : NULL;
    if (text) {
        request->status = MHD_HTTP_OK;
        request->text = rlv_arena_copy(request->arena, rlv_str_from(text));
    } else {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "check", "relevo check says nothing of %s: try it yourself", file);
    }
    free(text);
    json_decref(j);
    json_decref(said);
    rlv_buf_free(&out);
}

void rlv_running(rlv_request *request, rlv_str id)
{
    (void)id;
    rlv_aside_do(request, check);
}
