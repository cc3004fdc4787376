#include "config_show.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "config_private.h"
#include "settings.h"

#define MORE "..."
#define HIDDEN "***"

/* The value that is being written. */
struct text {
	char buf[HM_CONFIG_SHOWN_MAX];
	size_t n;
	bool full;
};

/* Cut between characters; nothing is added to a text that is full. */
static void
put(struct text *t, struct hm_slice s)
{
	for (size_t i = 0, n; i < s.n && !t->full; i += n) {
		n = hm_utf8_len(s.p + i, s.n - i);
		if (n == 0)
			n = 1;
		if (t->n + n + sizeof MORE > sizeof t->buf) {
			memcpy(t->buf + t->n, MORE, sizeof MORE);
			t->n += sizeof MORE - 1;
			t->full = true;
			return;
		}
		memcpy(t->buf + t->n, s.p + i, n);
		t->n += n;
	}
	t->buf[t->n] = '\0';
}

/*
 * A user and a password before the host of a URI, and what follows its "?", may
 * open something: neither is shown. A broker may be written without a scheme.
 */
static void
put_address(struct text *t, struct hm_slice s, bool bare)
{
	const char *scheme = memmem(s.p, s.n, "://", 3);
	size_t start = scheme != NULL ? (size_t)(scheme - s.p) + 3 : 0;
	size_t end = start, at = 0;

	if (scheme == NULL && !bare) {
		put(t, s);
		return;
	}
	for (; end < s.n && s.p[end] != '?'; end++)
		if (s.p[end] == '@')
			at = end;
	put(t, hm_slice(s.p, start));
	/* A password may hold a "?", and so may what follows the address. */
	if (end < s.n && memchr(s.p + end, '@', s.n - end) != NULL) {
		put(t, hm_text(HIDDEN));
		return;
	}
	if (at > 0)
		put(t, hm_text(HIDDEN));
	else
		at = start;
	put(t, hm_slice(s.p + at, end - at));
	if (end < s.n)
		put(t, hm_text("?" HIDDEN));
}

static void
put_list(struct text *t, const char *rest)
{
	struct hm_slice word;
	const char *comma = "";

	while (hm_config_word(&rest, &word)) {
		put(t, hm_text(comma));
		put_address(t, word, false);
		comma = ", ";
	}
}

static void
put_pairs(struct text *t, const struct hm_config_value *value)
{
	for (size_t i = 0; i < value->pairs; i++) {
		put(t, hm_text(i > 0 ? ", " : ""));
		put(t, hm_text(value->pair[i].key));
		put(t, hm_text(": "));
		put_address(t, hm_text(value->pair[i].text), false);
	}
}

static void
put_number(struct text *t, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%lld", (long long)number);
	put(t, hm_text(digits));
}

static void
put_dtu(struct text *t, const struct hm_dtu_config *dtu)
{
	if (dtu->name != NULL) {
		put(t, hm_text(dtu->name));
		put(t, hm_text(": "));
	}
	if (dtu->uri != NULL)
		put_address(t, hm_text(dtu->uri), true);
	if (dtu->host != NULL)
		put_address(t, hm_text(dtu->host), true);
	if (dtu->port != 0) {
		put(t, hm_text(":"));
		put_number(t, dtu->port);
	}
	if (dtu->unit_id != HM_NO_UNIT_ID) {
		put(t, hm_text("/"));
		put_number(t, dtu->unit_id);
	}
}

static void
put_dtus(struct text *t, const struct hm_config *config)
{
	for (size_t i = 0; i < config->dtus; i++) {
		put(t, hm_text(i > 0 ? ", " : ""));
		put_dtu(t, &config->dtu[i]);
	}
}

/* Coordinates of the night say where somebody lives. */
static void
put_text(struct text *t, enum hm_setting_id id, const char *text)
{
	if (id == HM_SET_NIGHT && strchr(text, ',') != NULL)
		put(t, hm_text("sunset to sunrise"));
	else
		put_address(t, hm_text(text), id == HM_SET_MQTT_BROKER ||
		    id == HM_SET_DTU_HOST);
}

static void
put_value(struct text *t, const struct hm_config *config,
    enum hm_setting_id id)
{
	const struct hm_config_value *value = &config->value[id];

	t->n = 0;
	t->full = false;
	put(t, hm_text(""));
	switch (hm_settings[id].type) {
	case HM_TYPE_SECRET:
		put(t, hm_text("set"));
		break;
	case HM_TYPE_FLAG:
		put(t, hm_text(value->number != 0 ? "true" : "false"));
		break;
	case HM_TYPE_LIST:
		put_list(t, value->text);
		break;
	case HM_TYPE_NUMBERS:
	case HM_TYPE_NAMES:
		put_pairs(t, value);
		break;
	case HM_TYPE_DTUS:
		put_dtus(t, config);
		break;
	default:
		put_text(t, id, value->text);
	}
}

static const char *
name_of(const struct hm_setting *setting)
{
	return setting->key != NULL ? setting->key :
	    setting->option != NULL ? setting->option : setting->env;
}

/* The variable of a setting that this tool does not read; NULL: none. */
static const char *
variable_of(const struct hm_config *config, const struct hm_setting *setting)
{
	const char *text = (setting->tools & config->tool->bit) == 0 &&
	    setting->env != NULL ? getenv(setting->env) : NULL;

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static void
show(const struct hm_config *config, enum hm_setting_id id, struct text *t,
    hm_config_viewer *view, void *context)
{
	const struct hm_setting *setting = &hm_settings[id];
	const char *variable = variable_of(config, setting);
	bool own = (setting->tools & config->tool->bit) != 0;

	if (id == HM_SET_CHECK)
		return;
	if (variable != NULL) {
		t->n = 0;
		t->full = false;
		if (setting->type == HM_TYPE_SECRET)
			put(t, hm_text("set"));
		else
			put_text(t, id, variable);
		view(context, name_of(setting), t->buf, setting->env);
	} else if (hm_config_has(config, id) &&
	    (own || hm_config_given(config, id))) {
		put_value(t, config, id);
		view(context, name_of(setting), t->buf,
		    hm_config_source(config, id));
	}
}

bool
hm_config_show(const struct hm_config *config, hm_config_viewer *view,
    void *context)
{
	struct text *t = malloc(sizeof *t);

	if (t == NULL)
		return false;
	for (size_t i = 0; i < HM_SETTINGS; i++)
		show(config, (enum hm_setting_id)i, t, view, context);
	free(t);
	return true;
}
