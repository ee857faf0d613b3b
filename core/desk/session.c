/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end: passwords, sessions, and that a request comes from a page of ours. Must never tell by its answer or its time
 * whether an account exists, and never let a request of another origin change anything.
 */
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "config/value.h"
#include "desk/account.h"
#include "desk/private.h"
#include "serve/signature.h"

enum { TOKEN_BYTES = RLV_COOKIE_TEXT / 2, LOGIN_MAX = 128 };

#define COOKIE "relevo_session"
#define CSRF_HEADER "X-CSRF-Token"

static const char *header(const rlv_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static enum rlv_role role_of(rlv_str word)
{
    static const char *const words[] = {"", "agent", "supervisor", "admin"};
    for (int i = RLV_ROLE_AGENT; i <= RLV_ROLE_ADMIN; i++)
        if (rlv_str_is(word, words[i]))
            return (enum rlv_role)i;
    return RLV_ROLE_NOBODY;
}

/* What of a cookie is stored. */
static rlv_str digest(rlv_request *request, const char *cookie)
{
    unsigned char hash[32];
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)cookie, strlen(cookie), NULL, 0);
    char *text = rlv_arena_alloc(request->arena, 2 * sizeof(hash) + 1);
    if (!text)
        return (rlv_str){NULL, 0};
    (void)sodium_bin2hex(text, 2 * sizeof(hash) + 1, hash, sizeof(hash));
    return (rlv_str){text, 2 * sizeof(hash)};
}

static const char *secret(rlv_request *request)
{
    unsigned char bytes[TOKEN_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    char *text = rlv_arena_alloc(request->arena, RLV_COOKIE_TEXT + 1);
    return text ? sodium_bin2hex(text, RLV_COOKIE_TEXT + 1, bytes, sizeof(bytes)) : NULL;
}

static rlv_str member(rlv_request *request, const json_t *object, const char *name)
{
    return rlv_arena_copy(request->arena, rlv_str_from(json_string_value(json_object_get(object, name))));
}

/* ---- the session ---- */

static void read_session(rlv_request *request, rlv_str token, rlv_str text)
{
    json_t *j = text.len ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
    rlv_session *s = &request->session;
    *s = (rlv_session){0};
    s->role_word = member(request, j, "role");
    s->role = role_of(s->role_word);
    s->login = member(request, j, "login");
    s->agent_id = member(request, j, "agent_id");
    s->csrf = member(request, j, "csrf");
    s->stamp = member(request, j, "stamp");
    s->teams_word = member(request, j, "teams_word");
    size_t i;
    json_t *team;
    s->teams = rlv_arena_zalloc(request->arena, json_array_size(json_object_get(j, "teams")), sizeof(*s->teams));
    json_array_foreach(json_object_get(j, "teams"), i, team)
        if (s->teams)
            s->teams[s->n_teams++] = rlv_arena_copy(request->arena, rlv_str_from(json_string_value(team)));
    s->token = token;
    s->text = text;
    json_decref(j);
}

bool rlv_session_find(rlv_request *request, bool remembered)
{
    const char *cookie = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, COOKIE);
    if (!cookie || strlen(cookie) != RLV_COOKIE_TEXT)
        return true;
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str token = digest(request, cookie), text = remembered ? rlv_watch_recall(request->desk->watch, token, request->arena) : (rlv_str){NULL, 0};
    int rc = text.len ? RLV_OK : rlv_desk_ask(request->desk,
                          "SELECT json_build_object('login', a.login, 'role', a.role, 'agent_id', a.agent_id, 'csrf', s.csrf, "
                          "'teams', g.teams, 'teams_word', g.teams::text, 'stamp', " RLV_SESSION_STAMP ")::text FROM " RLV_SESSION_FROM " AND s.token = decode($1, 'hex')",
                          &token, 1, request->arena, &text, state, &err);
    if (rc != RLV_OK) {
        rlv_request_postgres(request, state, &err);
        return false;
    }
    read_session(request, token, text);
    rlv_str who = rlv_session_vouched(request);
    if (who.len && !rlv_str_eq(who, request->session.login)) /* somebody else logged in at the proxy, in the same browser */
        request->session = (rlv_session){0};
    return true;
}

bool rlv_session_trusts(rlv_request *request)
{
    const char *origin = header(request, "Origin"), *site = header(request, "Sec-Fetch-Site");
    const char *ours = request->desk->origin;
    if ((origin && *ours && strcmp(origin, ours) != 0) || (!origin && site && strcmp(site, "same-origin") != 0)) {
        rlv_request_fail(request, MHD_HTTP_FORBIDDEN, "origin", "this request comes from %s; the desk is at %s (desk.public_url)",
                         origin ? origin : "another site", *ours ? ours : "another address");
        return false;
    }
    if (request->session.role != RLV_ROLE_NOBODY &&
        !rlv_signature_same(rlv_str_from(header(request, CSRF_HEADER)), request->session.csrf)) {
        rlv_request_fail(request, MHD_HTTP_FORBIDDEN, "csrf", "the header " CSRF_HEADER " is not this session's");
        return false;
    }
    return true;
}

/* ---- logging in ---- */

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, whole) == 0 && (!rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* True when the request was sent by a proxy that may say who is there. */
static bool from_proxy(const rlv_request *request)
{
    const rlv_config *config = request->desk->config;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char peer[64];
    if (!*config->desk.proxy_header || !info || !info->client_addr)
        return false;
    socklen_t size = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(info->client_addr, size, peer, sizeof(peer), NULL, 0, NI_NUMERICHOST) != 0)
        return false;
    rlv_network from;
    if (!rlv_value_network(rlv_str_from(peer), from.address, &from.bits))
        return false;
    const rlv_network *proxies = request->desk->proxies;
    for (size_t i = 0; i < config->desk.n_proxy_peers; i++)
        if (same_bits(from.address, proxies[i].address, proxies[i].bits))
            return true;
    return false;
}

/* Of nobody: an unknown login takes as long as a wrong password. Made once, under the lock `hashing`. */
static const char *nobodys_hash(void)
{
    static char hash[crypto_pwhash_STRBYTES];
    if (!hash[0] && crypto_pwhash_str(hash, "nobody", 6, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return NULL;
    return hash;
}

/* One at a time, whoever asks: each takes 64 MiB and a tenth of a second, which also bounds how fast anybody can guess. */
static bool fits(rlv_desk *desk, const char *hash, rlv_str password)
{
    (void)pthread_mutex_lock(&desk->hashing);
    const char *against = hash ? hash : nobodys_hash();
    bool same = against && crypto_pwhash_str_verify(against, password.ptr, password.len) == 0;
    (void)pthread_mutex_unlock(&desk->hashing);
    return same && hash;
}

/* The login is not logged: somebody may have typed a password there. */
static void refuse_login(rlv_request *request, const char *why)
{
    rlv_metric_add(request->desk->logins_failed, 1);
    rlv_log(RLV_LOG_WARN, "desk", "a log-in was refused: %s", why);
    rlv_request_fail(request, MHD_HTTP_UNAUTHORIZED, "login", "the login or the password is wrong; after five wrong ones, wait a minute");
}

/* {"password", "rests"} of an account; NULL: there is none, or (*ret_failed) that cannot be told, and the answer is made. */
static json_t *find_account(rlv_request *request, rlv_str login, bool *ret_failed)
{
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str text;
    int rc = rlv_desk_ask(request->desk,
                          "SELECT json_build_object('password', a.password, 'rests', relevo.account_rests(a))::text "
                          "FROM relevo.account a WHERE a.login = $1",
                          &login, 1, request->arena, &text, state, &err);
    *ret_failed = rc != RLV_OK;
    if (rc != RLV_OK) {
        rlv_request_postgres(request, state, &err);
        return NULL;
    }
    return text.len ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
}

static bool note_outcome(rlv_request *request, rlv_str login, bool right)
{
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str ignored, args[] = {login, rlv_str_from(right ? "t" : "f")};
    int rc = rlv_desk_ask(request->desk,
                          "UPDATE relevo.account SET failures = CASE WHEN $2::boolean THEN 0 ELSE failures + 1 END, "
                          "failed_at = CASE WHEN $2::boolean THEN failed_at ELSE now() END WHERE login = $1",
                          args, 2, request->arena, &ignored, state, &err);
    if (rc != RLV_OK)
        rlv_request_postgres(request, state, &err);
    return rc == RLV_OK;
}

static void set_cookie(rlv_request *request, const char *cookie, const char *seconds)
{
    request->cookie = rlv_arena_printf(request->arena, COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%s%s", cookie, seconds,
                                       request->desk->secure ? "; Secure" : "");
}

static void begin_session(rlv_request *request, rlv_str login)
{
    rlv_desk *desk = request->desk;
    const char *cookie = secret(request), *csrf = secret(request);
    char seconds[24], state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str text;
    if (!cookie || !csrf) {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "memory is short");
        return;
    }
    int64_t ms = desk->config->desk.session_ms;
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(ms / 1000));
    const rlv_str args[] = {digest(request, cookie), login, rlv_str_from(csrf), rlv_str_from(seconds)};
    int rc = rlv_desk_ask(desk,
                          "WITH old AS (DELETE FROM relevo.session WHERE ends_at < now()) "
                          "INSERT INTO relevo.session (token, login, csrf, ends_at) SELECT decode($1, 'hex'), a.login, $3, "
                          "now() + make_interval(secs => $4::double precision) FROM relevo.account a WHERE a.login = $2 "
                          "RETURNING csrf",
                          args, 4, request->arena, &text, state, &err);
    if (rc != RLV_OK) {
        rlv_request_postgres(request, state, &err);
        return;
    }
    if (!text.len) {
        refuse_login(request, "no such account");
        return;
    }
    set_cookie(request, cookie, seconds);
    request->status = MHD_HTTP_OK;
    request->text = rlv_str_from(rlv_arena_printf(request->arena, "{\"csrf\":\"%s\"}", csrf));
}

/* Beside the threads that serve all others: whoever guesses passwords must not hold them up. */
static void check_password(rlv_request *request, rlv_http *http)
{
    rlv_desk *desk = request->desk;
    rlv_str login = rlv_request_text(request, "login"), password = rlv_request_text(request, "password");
    bool failed;
    (void)http;
    json_t *account = find_account(request, login, &failed);
    if (failed)
        return;
    /* None is right then; to say so would tell that there is such an account, and to be quicker too. */
    bool known = account != NULL, rests = json_is_true(json_object_get(account, "rests"));
    bool right = fits(desk, rests ? NULL : json_string_value(json_object_get(account, "password")), password);
    json_decref(account);
    if (known && !rests && !note_outcome(request, login, right))
        return;
    if (right)
        begin_session(request, login);
    else
        refuse_login(request, rests ? "after too many wrong passwords it rests" : known ? "a wrong password" : "no such account");
}

rlv_str rlv_session_vouched(const rlv_request *request)
{
    return from_proxy(request) ? rlv_str_from(header(request, request->desk->config->desk.proxy_header)) : (rlv_str){NULL, 0};
}

void rlv_session_log_in(rlv_request *request)
{
    rlv_str who = rlv_session_vouched(request);
    if (who.len > 0) {
        begin_session(request, rlv_arena_copy(request->arena, who));
        return;
    }
    rlv_str login = rlv_request_text(request, "login"), password = rlv_request_text(request, "password");
    if (!login.len || login.len > LOGIN_MAX || !password.len || password.len > RLV_PASSWORD_MAX)
        refuse_login(request, "no login or no password");
    else
        rlv_aside_do(request, check_password);
}

void rlv_session_log_out(rlv_request *request)
{
    const char *cookie = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, COOKIE);
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str ignored, token = digest(request, cookie ? cookie : "");
    int rc = rlv_desk_ask(request->desk, "DELETE FROM relevo.session WHERE token = decode($1, 'hex')", &token, 1, request->arena,
                          &ignored, state, &err);
    if (rc != RLV_OK) {
        rlv_request_postgres(request, state, &err);
        return;
    }
    rlv_watch_end_session(request->desk->watch, token);
    set_cookie(request, "", "0");
    request->status = MHD_HTTP_OK;
    request->text = RLV_STR("{}");
}

void rlv_session_show(rlv_request *request)
{
    const rlv_session *s = &request->session;
    char state[RLV_ASK_STATE];
    rlv_error err;
    const rlv_str args[] = {s->login, s->csrf,
                            rlv_str_from(rlv_arena_printf(request->arena, "%lld", (long long)request->desk->config->desk.answer_within_ms / 1000))};
    int rc = rlv_desk_ask(request->desk,
                          "SELECT json_build_object('login', a.login, 'role', a.role, 'agent_id', a.agent_id, 'name', "
                          "coalesce(g.name, a.login), 'teams', coalesce(g.teams, '{}'), 'presence', g.presence, 'csrf', $2, "
                          "'answer_within', $3::integer)::text "
                          "FROM relevo.account a LEFT JOIN desk.agents g ON g.agent_id = a.agent_id WHERE a.login = $1",
                          args, 3, request->arena, &request->text, state, &err);
    if (rc != RLV_OK)
        rlv_request_postgres(request, state, &err);
    else
        request->status = MHD_HTTP_OK;
}

/* ---- accounts, for the command line ---- */

int rlv_account_put(rlv_store *store, rlv_str login, rlv_str role, rlv_str agent_id, rlv_str password, rlv_error *err)
{
    char hash[crypto_pwhash_STRBYTES] = "", state[RLV_ASK_STATE];
    if (!login.len || login.len > LOGIN_MAX)
        return rlv_error_set(err, RLV_E_INVALID, "a login has 1 to %d bytes", LOGIN_MAX);
    if (role_of(role) == RLV_ROLE_NOBODY)
        return rlv_error_set(err, RLV_E_INVALID, "there is no role '%.*s': agent, supervisor or admin", RLV_STR_ARG(role));
    if (password.ptr && (password.len < RLV_PASSWORD_MIN || password.len > RLV_PASSWORD_MAX))
        return rlv_error_set(err, RLV_E_INVALID, "a password has %d to %d bytes", RLV_PASSWORD_MIN, RLV_PASSWORD_MAX);
    if (password.ptr && (sodium_init() < 0 || crypto_pwhash_str(hash, password.ptr, password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                                crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0))
        return rlv_error_set(err, RLV_E_LIMIT, "memory is short: the password cannot be hashed");
    rlv_arena *arena = rlv_arena_new(64 * 1024);
    if (!arena)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    const rlv_str args[] = {login, role, agent_id, rlv_str_from(hash)};
    rlv_str ignored;
    int rc = rlv_ask(store,
                     "WITH out AS (DELETE FROM relevo.session WHERE login = $1) "
                     "INSERT INTO relevo.account (login, role, agent_id, password) "
                     "VALUES ($1, $2, nullif($3, ''), nullif($4, '')) ON CONFLICT (login) DO UPDATE SET "
                     "role = excluded.role, agent_id = excluded.agent_id, password = coalesce(excluded.password, account.password), "
                     "failures = 0",
                     args, 4, arena, &ignored, state, err);
    rlv_arena_free(arena);
    if (rc != RLV_OK && strcmp(state, "23503") == 0)
        return rlv_error_set(err, RLV_E_INVALID, "there is no agent '%.*s': make it first, by desk.put_agent", RLV_STR_ARG(agent_id));
    return rc;
}

int rlv_account_drop(rlv_store *store, rlv_str login, rlv_error *err)
{
    char state[RLV_ASK_STATE];
    rlv_str was;
    rlv_arena *arena = rlv_arena_new(64 * 1024);
    if (!arena)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    int rc = rlv_ask(store, "DELETE FROM relevo.account WHERE login = $1 RETURNING login", &login, 1, arena, &was, state, err);
    if (rc == RLV_OK && !was.len)
        rc = rlv_error_set(err, RLV_E_NOT_FOUND, "there is no account '%.*s'", RLV_STR_ARG(login));
    rlv_arena_free(arena);
    return rc;
}
