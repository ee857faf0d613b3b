/* SPDX-License-Identifier: Apache-2.0 */
/* Buttons, lists and media as the Cloud API wants them; see content.h. Limits were checked where a plugin's answer came
   in: this must never leave anything out. */
#include "wire/content.h"

enum rlv_outbound_type rlv_content_type(const rlv_extras *extras)
{
    if (extras->template.len)
        return RLV_OUTBOUND_TEMPLATE;
    if (extras->n_choices)
        return RLV_OUTBOUND_INTERACTIVE;
    if (!extras->media_kind.len)
        return RLV_OUTBOUND_TEXT;
    if (rlv_str_is(extras->media_kind, "video"))
        return RLV_OUTBOUND_VIDEO;
    if (rlv_str_is(extras->media_kind, "audio"))
        return RLV_OUTBOUND_AUDIO;
    return rlv_str_is(extras->media_kind, "document") ? RLV_OUTBOUND_DOCUMENT : RLV_OUTBOUND_IMAGE;
}

static void put(rlv_buf *out, const char *text)
{
    rlv_buf_append(out, text, strlen(text));
}

static void put_pair(rlv_buf *out, const char *before, rlv_str value)
{
    put(out, before);
    rlv_json_quote(out, value);
}

static void put_buttons(rlv_buf *out, rlv_str text, const rlv_extras *x)
{
    put(out, "{\"type\":\"button\"");
    if (x->media_kind.len) {
        put_pair(out, ",\"header\":{\"type\":", x->media_kind);
        put_pair(out, ",", x->media_kind);
        put_pair(out, ":{\"link\":", x->media_url);
        put(out, "}}");
    }
    put_pair(out, ",\"body\":{\"text\":", text);
    put(out, "},\"action\":{\"buttons\":[");
    for (size_t i = 0; i < x->n_choices; i++) {
        put_pair(out, i ? ",{\"type\":\"reply\",\"reply\":{\"id\":" : "{\"type\":\"reply\",\"reply\":{\"id\":",
                 x->choices[i].id);
        put_pair(out, ",\"title\":", x->choices[i].title);
        put(out, "}}");
    }
    put(out, "]}}");
}

static void put_list(rlv_buf *out, rlv_str text, const rlv_extras *x)
{
    put_pair(out, "{\"type\":\"list\",\"body\":{\"text\":", text);
    put_pair(out, "},\"action\":{\"button\":", x->menu.len ? x->menu : RLV_STR("Menu"));
    put(out, ",\"sections\":[{\"rows\":[");
    for (size_t i = 0; i < x->n_choices; i++) {
        put_pair(out, i ? ",{\"id\":" : "{\"id\":", x->choices[i].id);
        put_pair(out, ",\"title\":", x->choices[i].title);
        if (x->choices[i].description.len)
            put_pair(out, ",\"description\":", x->choices[i].description);
        put(out, "}");
    }
    put(out, "]}]}}");
}

static void put_template(rlv_buf *out, const rlv_extras *x)
{
    put_pair(out, "{\"name\":", x->template);
    put_pair(out, ",\"language\":{\"code\":", x->language);
    put(out, x->n_parameters ? "},\"components\":[{\"type\":\"body\",\"parameters\":[" : "}");
    for (size_t i = 0; i < x->n_parameters; i++) {
        put_pair(out, i ? ",{\"type\":\"text\",\"text\":" : "{\"type\":\"text\",\"text\":", x->parameters[i]);
        put(out, "}");
    }
    put(out, x->n_parameters ? "]}]}" : "}");
}

/* An audio has no caption, and only a document a name. */
static void put_media(rlv_buf *out, rlv_str text, const rlv_extras *x)
{
    if (x->media_id.len)
        put_pair(out, "{\"id\":", x->media_id);
    else
        put_pair(out, "{\"link\":", x->media_url);
    if ((text.len || !x->media_id.len) && !rlv_str_is(x->media_kind, "audio"))
        put_pair(out, ",\"caption\":", text);
    if (x->media_name.len && rlv_str_is(x->media_kind, "document"))
        put_pair(out, ",\"filename\":", x->media_name);
    put(out, "}");
}

void rlv_content_put(rlv_buf *out, rlv_str text, const rlv_extras *x)
{
    if (x->template.len) {
        put_template(out, x);
    } else if (x->n_choices > RLV_BUTTONS_MAX) {
        put_list(out, text, x);
    } else if (x->n_choices) {
        put_buttons(out, text, x);
    } else {
        put_media(out, text, x);
    }
}
