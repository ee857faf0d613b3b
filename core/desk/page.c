/* SPDX-License-Identifier: Apache-2.0 */
/* The page's files, carried in the binary (core/desk/page, built by deploy/local/page.sh). Must never read a file. */
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

void rlv_desk_page(rlv_request *request)
{
    const struct rlv_embedded *file = find(request->url);
    if (strcmp(request->method, MHD_HTTP_METHOD_GET) != 0 && strcmp(request->method, MHD_HTTP_METHOD_HEAD) != 0) {
        rlv_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "pages are only read");
    } else if (!file) {
        rlv_request_fail(request, MHD_HTTP_NOT_FOUND, "not_found", "there is no such page");
    } else {
        request->status = MHD_HTTP_OK;
        request->type = type_of(file->name);
        request->text = (rlv_str){file->data, file->len};
        request->cacheable = true;
    }
}
