/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The migrations and the Avro schemas, carried inside the binary so that it needs no files beside it. The arrays are
 * generated from schemas/ by the build (cmake/Embed.cmake); they must never be edited or freed.
 */
#ifndef RELEVO_EMBEDDED_H
#define RELEVO_EMBEDDED_H

#include <stddef.h>

/* One file. name: its file name without the folder. data: its bytes, followed by a NUL that len does not count. */
struct rlv_embedded {
    const char *name;
    const char *data;
    size_t len;
};

/* schemas/sql/NNN_*.sql sorted by name, and schemas/avro/NAME.avsc sorted by name; both end with a NULL name. */
extern const struct rlv_embedded rlv_embedded_sql[];
extern const struct rlv_embedded rlv_embedded_avro[];
/* schemas/avro/history/NAME/NUMBER.avsc: every schema ever published; names are those of the files, NUMBER.avsc. */
extern const struct rlv_embedded rlv_embedded_avro_history[];
/* core/cloudapi/page/phone.html, the page of `relevo sandbox`. */
extern const struct rlv_embedded rlv_embedded_phone[];
/* core/desk/openapi.json, the document of the desk's API; and the files of its page, as built from core/desk/page. */
extern const struct rlv_embedded rlv_embedded_openapi[];
extern const struct rlv_embedded rlv_embedded_page[];

#endif
