/* SPDX-License-Identifier: Apache-2.0 */
/* What a lane's role must be allowed in Postgres, for `relevo check`. Only asks. */
#ifndef RLV_STORE_RIGHTS_H
#define RLV_STORE_RIGHTS_H

#include "store/store.h"

/* Appends "SELECT on relevo.lane, EXECUTE on ..." of what the connected role lacks; nothing when it lacks
 *nothing. ret_role: the role's name, at most 63 bytes. *ret_standby: the server takes no writes. */
RLV_MUST_CHECK int rlv_store_rights(rlv_store *store, rlv_buf *missing, char ret_role[64], bool *ret_standby,
                                    rlv_error *err);

#endif
