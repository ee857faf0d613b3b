/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's two callbacks, and the way to wake the delivering thread. Private to this room. */
#ifndef RLV_CLOUDAPI_SERVER_H
#define RLV_CLOUDAPI_SERVER_H

#include "cloudapi/private.h"

enum MHD_Result rlv_cloudapi_handle(void *user, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **seen);
void rlv_cloudapi_completed(void *user, struct MHD_Connection *connection, void **seen,
                            enum MHD_RequestTerminationCode why);
/* The delivering thread looks at what is due. Any thread. */
void rlv_cloudapi_wake(rlv_cloudapi *api);

#endif
