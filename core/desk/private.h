/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share. A request is read and answered by one of libmicrohttpd's threads, which waits for Postgres (a few
 * milliseconds) on a connection of the pool. Streams of events are asleep between two pushes; the thread that reads Kafka
 * wakes them.
 */
#ifndef RLV_DESK_PRIVATE_H
#define RLV_DESK_PRIVATE_H

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/metrics.h"
#include "desk/desk.h"
#include "http/http.h"
#include "store/ask.h"

enum { RLV_LOOKS_MAX = 4096 }; /* those of a moment ago that are known; a new one takes an old one's place */
enum { RLV_COOKIE_TEXT = 64, RLV_DIGEST_TEXT = 64, RLV_STAMP_TEXT = 32 };

typedef struct rlv_feed_ring rlv_feed_ring;
typedef struct rlv_watch rlv_watch;
typedef struct rlv_watched rlv_watched;
typedef struct rlv_shared rlv_shared;
typedef struct rlv_aside rlv_aside;

/* A connection to Postgres, idle. */
typedef struct rlv_desk_link {
    rlv_store *store;
    struct rlv_desk_link *next;
} rlv_desk_link;

/* A network that a proxy may send from, as rlv_value_network reads it. */
typedef struct rlv_network {
    unsigned char address[16];
    unsigned bits;
} rlv_network;

enum rlv_role { RLV_ROLE_NOBODY, RLV_ROLE_AGENT, RLV_ROLE_SUPERVISOR, RLV_ROLE_ADMIN };

/* Who asks; texts in the request's arena. */
typedef struct rlv_session {
    enum rlv_role role;
    rlv_str login, role_word, agent_id, csrf;
    rlv_str text;  /* all of it, as Postgres told it */
    rlv_str token; /* what of its cookie is stored, RLV_DIGEST_TEXT bytes */
    rlv_str stamp; /* another one when what it may see changed, RLV_STAMP_TEXT bytes */
    rlv_str *teams;
    rlv_str teams_word; /* the same as Postgres writes an array */
    size_t n_teams;
} rlv_session;

typedef struct rlv_request rlv_request;
typedef void rlv_aside_work(rlv_request *request, rlv_http *http); /* see aside.c, below */

struct rlv_request {
    rlv_desk *desk;
    struct MHD_Connection *connection;
    const char *method, *url;
    rlv_arena *arena;
    char *body;
    size_t len;
    bool over; /* the body is too large */
    bool large; /* it may be as large as a file */
    rlv_aside_work *work; /* that it sleeps for; NULL: it does not */
    struct rlv_request *next; /* that waits for its work */
    rlv_str id; /* of the conversation, for the work */
    int64_t begun_us;
    json_t *json; /* of the body; NULL: none */
    rlv_session session;

    /* the answer */
    unsigned status;
    const char *type;  /* of its content */
    rlv_str text;      /* in arena, or static */
    const char *cookie; /* to be set; NULL: none */
    bool cacheable;
    const char *etag;  /* NULL: none */
    bool gzip;         /* text is compressed */
    const char *name;  /* the file's, to be saved as; NULL: it is shown */
    struct MHD_Response *stream; /* in place of all that */
};

/* A look that was noted; see looks.c. */
typedef struct rlv_look {
    uint64_t key; /* hash of who and what */
    int64_t at_us;
} rlv_look;

struct rlv_desk {
    const rlv_config *config;
    int fd;
    uint16_t port;
    char origin[300]; /* scheme, host and port that browsers say they are at; "": they are not told */
    bool secure;      /* https */
    rlv_network *proxies; /* desk.proxy_peers, config->desk.n_proxy_peers of them */
    struct MHD_Daemon *daemon;
    rlv_feed_ring *ring;
    rlv_watch *watch;
    rlv_shared *shared;
    rlv_aside *aside;
    atomic_int files; /* bodies as large as a file that are being received or sent on */

    pthread_mutex_t lock;
    rlv_desk_link *links; /* idle */
    rlv_look looks[RLV_LOOKS_MAX];
    pthread_mutex_t hashing; /* a password at a time: each takes 64 MiB */

    atomic_bool draining;
    atomic_bool postgres_away;
    _Atomic int64_t moved_us;
    rlv_metric *seconds, *logins_failed;
};

/* request.c */
enum MHD_Result rlv_desk_handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_size, void **seen);
void rlv_desk_completed(void *user, struct MHD_Connection *connection, void **seen, enum MHD_RequestTerminationCode why);
/* {"error": {"code", "message"}}; message is for people. */
void rlv_request_fail(rlv_request *request, unsigned status, const char *code, const char *fmt, ...) RLV_PRINTF(4, 5);
/* A text member of the body's object, or an argument of the query; absent: none of that name, or no text. A number is one as well. */
rlv_str rlv_request_text(rlv_request *request, const char *name);
/* Answers what Postgres, or the way to it, failed with. */
void rlv_request_postgres(rlv_request *request, const char state[RLV_ASK_STATE], const rlv_error *err);

/* link.c: asks on a connection of the pool. Arguments as rlv_ask. */
int rlv_desk_ask(rlv_desk *desk, const char *sql, const rlv_str *args, size_t n, rlv_arena *arena, rlv_str *ret,
                 char ret_state[RLV_ASK_STATE], rlv_error *err) RLV_MUST_CHECK;
void rlv_desk_close_links(rlv_desk *desk);

/* session.c */
/* The sessions that are not over, s, with their account a and their agent g; and what tells that one may see something else than before. */
#define RLV_SESSION_FROM                                                                                                          \
    "relevo.session s JOIN relevo.account a USING (login) LEFT JOIN desk.agents g ON g.agent_id = a.agent_id WHERE s.ends_at > now()"
#define RLV_SESSION_STAMP "md5(json_build_array(a.role, a.agent_id, g.teams)::text)"
/* Who sends this request; RLV_ROLE_NOBODY when nobody is logged in. False when that cannot be told: the answer is made. remembered: what was
   true a second ago will do. */
bool rlv_session_find(rlv_request *request, bool remembered);
/* True when a page of ours sent it, by its origin and its token; else the answer is made. */
bool rlv_session_trusts(rlv_request *request);
/* Whom a proxy that is trusted says that this is; absent: it says nothing, or there is none. In the request. */
rlv_str rlv_session_vouched(const rlv_request *request);
void rlv_session_log_in(rlv_request *request);
void rlv_session_log_out(rlv_request *request);
/* {"login", "role", "agent_id", "name", "teams", "presence", "csrf"} */
void rlv_session_show(rlv_request *request);

/* routes.c: everything under /api/. */
void rlv_desk_route(rlv_request *request);
/* Answers with what a statement says. The first RLV_OWN_ARGS of the n args are filled in here. acts: it is an outcome, 409 where it was not
   done. */
void rlv_route_run(rlv_request *request, const char *sql, rlv_str *args, size_t n, bool acts);

/* configured.c: routes of their own; id: the conversation, where the path has one. */
void rlv_configured(rlv_request *request, rlv_str id);
void rlv_configured_triggers(rlv_request *request, rlv_str id);
void rlv_configured_templates(rlv_request *request, rlv_str id);
void rlv_template_send(rlv_request *request, rlv_str id);

/*
 * aside.c: what takes longer than Postgres (a file of WhatsApp's, the knowledge base) is done beside the threads that serve all others. The
 * request sleeps meanwhile; work makes its answer, on another thread, with an HTTP client of that thread's.
 */
int rlv_aside_new(rlv_desk *desk, rlv_aside **ret, rlv_error *err) RLV_MUST_CHECK;
/* Finishes what is under way, refuses what waits, ends the threads: before the server stops. */
void rlv_aside_end(rlv_aside *aside);
void rlv_aside_free(rlv_aside *aside);
/* From a route: puts the request to sleep. */
void rlv_aside_do(rlv_request *request, rlv_aside_work *work);

/* media.c: files that customers sent and agents send. */
void rlv_media_show(rlv_request *request, rlv_str id);
void rlv_media_send(rlv_request *request, rlv_str id);
/* True where the body is a file. */
bool rlv_media_wanted(const rlv_request *request);
/* How long a body may be: large ones only of who is logged in, and only where files go. */
bool rlv_media_takes(rlv_request *request, size_t len);

/* child.c: runs this program with argv (argv[0] its name, NULL at the end) and reads what it says, ten seconds at most. Its exit status; -1: it could
   not be started, was too slow, or died. only_plugin_dir: it gets this of all that is ours in the environment; NULL: all. Blocks. */
int rlv_child_run(const char *const *argv, const char *only_plugin_dir, rlv_buf *out) RLV_MUST_CHECK;

/* running.c: what the file decides as now, and what the lanes decided under last. */
void rlv_running(rlv_request *request, rlv_str id);

/* looks.c: notes that whoever asks was shown this conversation, or, where it is absent, what they searched all of them for. When that fails the
   answer is another one. */
void rlv_look_note(rlv_request *request, rlv_str conversation);

/* kb.c: what the knowledge base answers. */
void rlv_kb_ask(rlv_request *request, rlv_str id);

/* page.c: everything else. */
void rlv_desk_page(rlv_request *request);

/* watch.c: sessions that streams are open for. */
int rlv_watch_new(rlv_desk *desk, rlv_watch **ret, rlv_error *err) RLV_MUST_CHECK;
/* Ends its thread; nothing may be held any more. */
void rlv_watch_free(rlv_watch *watch);
/* Looks at this session until it is released; NULL: memory is short. */
rlv_watched *rlv_watch_hold(rlv_watch *watch, const rlv_session *session);
void rlv_watch_release(rlv_watched *watched);
/* True when the session is over, or may see something else than when it was held. Any thread. */
bool rlv_watched_over(const rlv_watched *watched);
/* What is known of this session (rlv_session.text), in arena, as it was at most two seconds ago; absent: no stream is open for it, or Postgres
   is away. */
rlv_str rlv_watch_recall(rlv_watch *watch, rlv_str token, rlv_arena *arena);
/* It is over, as its token says: nobody waits for the next look. */
void rlv_watch_end_session(rlv_watch *watch, rlv_str token);

/* shared.c: as rlv_desk_ask, but what was answered less than keep_ms ago to the same question is the answer. Not for what one person sees. */
enum { RLV_KEEP_MS = 1900, RLV_KEEP_LONG_MS = 5000 }; /* a page asks again two seconds after what it was told: no older answer is left by then */
int rlv_shared_ask(rlv_desk *desk, int64_t keep_ms, const char *sql, const rlv_str *args, size_t n, rlv_arena *arena, rlv_str *ret,
                   char ret_state[RLV_ASK_STATE], rlv_error *err) RLV_MUST_CHECK;
/* NULL: memory is short. */
rlv_shared *rlv_shared_new(void);
void rlv_shared_free(rlv_shared *shared);

/* lists.c: the lists, and how many there are in each. */
void rlv_lists(rlv_request *request, rlv_str id);
void rlv_counts(rlv_request *request, rlv_str id);

/* stream.c: GET /api/events, and what feeds it. */
int rlv_ring_new(rlv_desk *desk, rlv_feed_ring **ret, rlv_error *err) RLV_MUST_CHECK;
/* Ends its thread; no stream may be open any more. */
void rlv_ring_free(rlv_feed_ring *ring);
/* Wakes all streams, so that they end. */
void rlv_ring_end(rlv_feed_ring *ring);
/* True when it has Kafka's partitions. */
bool rlv_ring_ready(rlv_feed_ring *ring);
/* False while Kafka does not answer: nothing is pushed, and streams are told so. Any thread. */
bool rlv_ring_live(rlv_feed_ring *ring);
void rlv_stream_begin(rlv_request *request);

#endif
