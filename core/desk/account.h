/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of the desk's page, for `relevo account`. */
#ifndef RLV_DESK_ACCOUNT_H
#define RLV_DESK_ACCOUNT_H

#include "store/store.h"

enum { RLV_PASSWORD_MIN = 10, RLV_PASSWORD_MAX = 200 };

/*
 * Makes an account, or changes it; whoever is logged in with it is logged out. role: agent, supervisor or admin. agent_id: in whose name it acts;
 * "": nobody's. password: absent (NULL): as it was, for a new one none, so that only a trusted proxy can log it in. RLV_E_INVALID: no
 * such role or agent, a login that is none, a password that is too short or too long.
 */
RLV_MUST_CHECK int rlv_account_put(rlv_store *store, rlv_str login, rlv_str role, rlv_str agent_id, rlv_str password, rlv_error *err);
/* RLV_E_NOT_FOUND: there is none. */
RLV_MUST_CHECK int rlv_account_drop(rlv_store *store, rlv_str login, rlv_error *err);

#endif
