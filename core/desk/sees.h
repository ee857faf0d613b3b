/* SPDX-License-Identifier: Apache-2.0 */
/* The statements' common part: which conversations whoever asks may see, said once. $1 is the agent, $2 the role, $3 their teams, as the session says. */
#ifndef RLV_DESK_SEES_H
#define RLV_DESK_SEES_H

enum { RLV_OWN_ARGS = 3 }; /* $1 to $3 */

/* An agent sees what their teams have, what has no team (all of the bot's), and what is their own. */
#define SEES "($2 <> 'agent' OR c.team IS NULL OR c.agent_id = $1 OR c.team = ANY (nullif($3, '')::text[]))"

/* What a list tells of a conversation. */
#define SUMMARY                                                                                                                   \
    "c.conversation_id, c.owner, c.epoch, c.agent_id, c.agent_name, c.team, c.owner_since, c.customer_id, c.wa_id, "              \
    "c.customer_name, c.language, c.opened_at, c.last_message_at, c.window_ends_at, c.trigger, c.reason, c.priority, "                           \
    "c.offered_to, c.offer_ends_at, c.waiting_since, c.snoozed_until, coalesce(c.tags, '{}') AS tags"

/* True when the text holds the words, whatever signs are among them; the argument is $n. */
#define HOLDS(text, words) text " ILIKE '%' || replace(replace(replace(" words ", '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'"

/* What a function of desk did: its outcome with the name of who has the conversation now. Nothing: it is not to be seen. */
#define ACT(call)                                                                                                                 \
    "SELECT json_build_object('done', o.done, 'owner', o.owner, 'agent_id', o.agent_id, 'agent_name', g.name, 'epoch', o.epoch, " \
    "'since', o.since, 'why', o.why)::text FROM desk.conversations c CROSS JOIN LATERAL " call " o "                              \
    "LEFT JOIN desk.agents g ON g.agent_id = o.agent_id WHERE c.conversation_id = $4::uuid AND " SEES

#endif
