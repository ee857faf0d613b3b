/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash of what plugins read besides their options; see content.h. It travels with every decision, as the configuration's does: it must never
 * change with the machine, nor with where the files lie.
 */
#include "host/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum {
    DEPTH_MAX = 16,
    FILES_MAX = 100000,
    PATH_SIZE = 4096
};

typedef struct walk {
    uint64_t hash;
    uint32_t files;
    int depth;
    rlv_error *err;
} walk;

static void add(walk *w, const void *bytes, size_t n)
{
    w->hash = rlv_str_hash_on(w->hash, (rlv_str){bytes, n});
}

static int unreadable(walk *w, const char *path)
{
    return rlv_error_set(w->err, RLV_E_REFUSED, "%s: cannot be read (%s)", path, strerror(errno));
}

static int add_file(walk *w, const char *path)
{
    char bytes[32 * 1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    uint64_t len = 0;
    ssize_t n = -1;
    if (++w->files > FILES_MAX)
        n = 0;
    while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
        add(w, bytes, (size_t)n);
        len += (uint64_t)n;
    }
    int code = n < 0 ? unreadable(w, path) : RLV_OK;
    if (fd >= 0)
        (void)close(fd);
    for (int i = 0; i < 8; i++) /* so that no byte moves from one file to the next unseen */
        add(w, &(char){(char)(len >> 8 * i)}, 1);
    if (!code && w->files > FILES_MAX)
        return rlv_error_set(w->err, RLV_E_LIMIT, "%s: a plugin's folder holds more than %d files", path, FILES_MAX);
    return code;
}

static int add_path(walk *w, const char *path);

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(walk *w, const char *folder)
{
    struct dirent **names;
    if (w->depth == DEPTH_MAX)
        return rlv_error_set(w->err, RLV_E_LIMIT, "%s: folders are nested deeper than %d", folder, DEPTH_MAX);
    int n = scandir(folder, &names, NULL, by_name), code = n < 0 ? unreadable(w, folder) : RLV_OK;
    w->depth++;
    for (int i = 0; i < n; i++) {
        char path[PATH_SIZE];
        const char *name = names[i]->d_name;
        int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
        if (!code && name[0] != '.') { /* hidden: editors' and version control's */
            add(w, name, strlen(name) + 1);
            code = len < 0 || (size_t)len >= sizeof(path) ? rlv_error_set(w->err, RLV_E_LIMIT, "%s/%s: the path is too long", folder, name)
                                                          : add_path(w, path);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    w->depth--;
    return code;
}

static int add_path(walk *w, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        add(w, "-", 2); /* the plugin may do without, or will say so itself */
        return RLV_OK;
    }
    if (S_ISDIR(st.st_mode))
        return add_folder(w, path);
    return S_ISREG(st.st_mode) ? add_file(w, path) : RLV_OK;
}

int rlv_content_hash(const relevo_option *const *options, const relevo_value *values, size_t n, uint64_t *hash, rlv_error *err)
{
    walk w = {.hash = *hash, .err = err};
    for (size_t i = 0; i < n; i++) {
        if (options[i]->type != RELEVO_OPTION_PATH || options[i]->flags & RELEVO_OPTION_SECRET || !values[i].text.len)
            continue;
        add(&w, options[i]->name, strlen(options[i]->name) + 1);
        int code = add_path(&w, values[i].text.ptr);
        if (code)
            return code;
    }
    *hash = w.hash;
    return RLV_OK;
}
