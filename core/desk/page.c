/* SPDX-License-Identifier: Apache-2.0 */
/* The page's files, carried in the binary (core/desk/page, built by deploy/local/page.sh). Must never read a file. */
#include <sodium.h>
#include <stdio.h>

#include "desk/private.h"
#include "embedded.h"

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".json", "application/json; charset=utf-8"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* The page's own addresses, such as /queue/<id>, are the page. */
static const struct rlv_embedded *find(const char *url)
{
    const struct rlv_embedded *index = NULL;
    for (const struct rlv_embedded *file = rlv_embedded_page; file->name; file++) {
        if (strcmp(file->name, url + 1) == 0)
            return file;
        if (strcmp(file->name, "index.html") == 0)
            index = file;
    }
    return strchr(url, '.') ? NULL : index;
}

/* The file as gzip made it when it was built (deploy/local/page.sh), for who takes that; else the file. */
static const struct rlv_embedded *packed(rlv_request *request, const struct rlv_embedded *file)
{
    const char *takes = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    size_t len = strlen(file->name);
    for (const struct rlv_embedded *f = rlv_embedded_page; takes && strstr(takes, "gzip") && f->name; f++)
        if (strncmp(f->name, file->name, len) == 0 && strcmp(f->name + len, ".gz") == 0)
            return f;
    return file;
}

/* Names the file by what is in it. True when the browser has it already. */
static bool has_it(rlv_request *request, const struct rlv_embedded *file)
{
    unsigned char hash[16];
    char hex[2 * sizeof(hash) + 1];
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)file->data, file->len, NULL, 0);
    request->etag = rlv_arena_printf(request->arena, "\"%s\"", sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
    const char *its = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    return its && request->etag && strstr(its, request->etag);
}

void rlv_desk_page(rlv_request *request)
{
    const struct rlv_embedded *file = find(request->url);
    if (strcmp(request->method, MHD_HTTP_METHOD_GET) != 0 && strcmp(request->method, MHD_HTTP_METHOD_HEAD) != 0) {
        rlv_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "pages are only read");
    } else if (!file) {
        rlv_request_fail(request, MHD_HTTP_NOT_FOUND, "not_found", "there is no such page");
    } else {
        const struct rlv_embedded *sent = packed(request, file);
        request->type = type_of(file->name);
        request->gzip = sent != file;
        request->cacheable = true;
        request->status = MHD_HTTP_OK;
        if (has_it(request, sent))
            request->status = MHD_HTTP_NOT_MODIFIED;
        else
            request->text = (rlv_str){sent->data, sent->len};
    }
}
