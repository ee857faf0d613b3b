/* SPDX-License-Identifier: Apache-2.0 */
/* The queue as the customer knows it; see waiting.h. Must never say what is not known. */
#include "conversation/waiting.h"

#include "conversation/callback.h"
#include "conversation/collect.h"
#include "conversation/decide.h"
#include "conversation/digest.h"
#include "conversation/words.h"

static const rlv_str none = {NULL, 0};
static const char leave_id[] = "relevo:bot"; /* of the button */

/* That they were asked where to reach them: remembered as a plugin's memory is. No plugin is called so. "1": until they answer; "2": they said yes,
   and not when or where. */
static const rlv_str asked_callback = {"core:callback", 13};

static char asked(const rlv_conversation *conv)
{
    for (int32_t i = 0; i < conv->n_memories; i++)
        if (rlv_str_eq(conv->memories[i].plugin, asked_callback))
            return conv->memories[i].bytes.ptr[0];
    return '\0';
}

/* The word before a number in "position 3, about 7 min"; the number, or absent. */
static rlv_str number_after(rlv_str text, const char *word)
{
    const char *at = text.len ? memmem(text.ptr, text.len, word, strlen(word)) : NULL;
    if (!at)
        return none;
    rlv_str number = {at + strlen(word), 0};
    while (number.ptr + number.len < text.ptr + text.len && number.ptr[number.len] >= '0' && number.ptr[number.len] <= '9')
        number.len++;
    return number;
}

/* False, and said so, when it was assigned, returned or closed since the database looked. */
static bool still_waits(rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    if (conv->owner == RLV_OWNER_QUEUED && conv->epoch == step->event->epoch)
        return true;
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
    if (d)
        d->as.failure.reason = RLV_STR("the customer waits no longer");
    return false;
}

void rlv_waiting_leave(rlv_step *step, rlv_decision *d)
{
    rlv_str title = rlv_decide_words(step, &step->policy->notices.leave);
    if (!d || !step->policy->queue.leave || !title.len)
        return;
    rlv_choice *choice = rlv_arena_zalloc(step->arena, 1, sizeof(*choice));
    if (!choice)
        return;
    *choice = (rlv_choice){.id = rlv_str_from(leave_id), .title = title};
    d->as.said.extras.choices = choice;
    d->as.said.extras.n_choices = 1;
}

void rlv_waiting_told(rlv_step *step)
{
    const rlv_policy *p = step->policy;
    if (!still_waits(step))
        return;
    rlv_str minutes = number_after(step->event->note, "about "), position = number_after(step->event->note, "position ");
    bool known = minutes.len && rlv_decide_words(step, &p->notices.expected).len;
    rlv_waiting_leave(step, known ? rlv_decide_notice(step, &p->notices.expected, "notice.expected", minutes)
                                  : rlv_decide_notice(step, &p->notices.waiting, "notice.waiting", position));
}

void rlv_waiting_given_up(rlv_step *step)
{
    const rlv_policy *p = step->policy;
    if (!still_waits(step))
        return;
    switch ((enum rlv_give_up)p->queue.give_up_to) {
    case RLV_GIVE_UP_BOT:
        (void)rlv_decide_owner(step, RLV_DECIDED_RETURNED, RLV_OWNER_BOT, none, RLV_CAUSE_TIMEOUT);
        (void)rlv_decide_notice(step, &p->notices.nobody, "notice.nobody", none);
        (void)rlv_decide_notice(step, &p->notices.returned, "notice.returned", none);
        break;
    case RLV_GIVE_UP_CALLBACK:
        if (rlv_decide_notice(step, &p->notices.callback, "notice.callback", none)) {
            rlv_digest_memory(step->conversation, asked_callback, RLV_STR("1"));
            rlv_collect_end(step->conversation); /* one question at a time */
        }
        break;
    case RLV_GIVE_UP_WAIT:
        rlv_waiting_leave(step, rlv_decide_notice(step, &p->notices.nobody, "notice.nobody", none));
        break;
    }
}

static bool leaves(const rlv_step *step)
{
    const rlv_event *ev = step->event;
    rlv_str title = rlv_decide_words(step, &step->policy->notices.leave);
    if (!step->policy->queue.leave)
        return false;
    if (ev->reply_id.len)
        return rlv_str_is(ev->reply_id, leave_id);
    return (title.len && rlv_str_eq(ev->text, title)) || rlv_words_same(ev->text, title); /* a title may be an emoji alone */
}

/* What answers the callback's question, and nothing else, is the slot. */
static void take_callback(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    char state = asked(conv);
    enum rlv_callback said = state ? rlv_callback_read(ev->text) : RLV_CALLBACK_NONE;
    if (said == RLV_CALLBACK_NONE || (state == '2' && said != RLV_CALLBACK_SAID))
        return;
    rlv_digest_memory(conv, asked_callback, said == RLV_CALLBACK_YES ? RLV_STR("2") : none);
    (void)rlv_digest_slot(conv, RLV_STR("callback"), ev->text, ev->message_id);
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_SLOT_FILLED);
    if (d) {
        d->as.slot.name = RLV_STR("callback");
        d->as.slot.value = rlv_str_cut(ev->text, RLV_SLOT_VALUE_MAX);
        d->as.slot.message_id = ev->message_id;
    }
    if (said == RLV_CALLBACK_SAID)
        (void)rlv_decide_notice(step, &step->policy->notices.noted, "notice.noted", none);
}

bool rlv_waiting_message(rlv_step *step)
{
    if (leaves(step)) {
        (void)rlv_decide_owner(step, RLV_DECIDED_RETURNED, RLV_OWNER_BOT, none, RLV_CAUSE_CUSTOMER);
        (void)rlv_decide_notice(step, &step->policy->notices.returned, "notice.returned", none);
        return true;
    }
    take_callback(step);
    return false;
}

void rlv_waiting_over(rlv_conversation *conv)
{
    rlv_digest_memory(conv, asked_callback, none);
    rlv_collect_end(conv);
}
