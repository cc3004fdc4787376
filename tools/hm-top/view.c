#include "view.h"

#include <stdio.h>
#include <string.h>

#include "amount.h"
#include "view_private.h"

#define NAME_WIDTH ((size_t)17)
#define STATE_WIDTH ((size_t)11)
#define AMOUNT_WIDTH ((size_t)10)
#define SHARE_OF_DTUS 6   /* of the rows */
#define SHARE_OF_ALARMS 8
#define WIDE ((size_t)76) /* columns that have room for counts */
#define HINT_ROWS 4
#define HINT_INDENT ((size_t)2)

static size_t
at_least(size_t n, size_t least)
{
	return n < least ? least : n;
}

/* The whole */

static size_t
count_up(const struct hm_top_view *v)
{
	size_t up = 0;

	for (size_t i = 0; i < v->plant->dtus; i++)
		up += hm_top_dtu_up(v->plant, &v->plant->dtu[i], v->now);
	return up;
}

static void
paint_amount(struct hm_screen *s, const char *what, int64_t amount)
{
	char text[HM_AMOUNT_TEXT];

	hm_screen_print(s, HM_STYLE_OLD, "  %s ", what);
	hm_screen_put(s, HM_STYLE_PLAIN, hm_amount_short(amount, "Wh", text));
}

static void
paint_whole(struct hm_screen *s, const struct hm_top_view *v)
{
	char text[HM_AMOUNT_TEXT], clock[HM_TOP_AGE] = "", state[48];
	size_t up = count_up(v), width;

	hm_screen_put(s, HM_STYLE_BOLD, hm_amount_short(
	    hm_top_watts(v->plant, v->now), "W", text));
	paint_amount(s, "today", hm_top_today(v->plant));
	if (s->cols >= WIDE)
		paint_amount(s, "total", hm_top_total(v->plant));
	if (v->now != 0)
		hm_top_clock(v->now, v->wall, clock);
	width = (size_t)snprintf(state, sizeof state, "%zu of %zu DTU%s up  ",
	    up, v->plant->dtus, v->plant->dtus == 1 ? "" : "s") +
	    strlen(clock);
	hm_screen_put(s, HM_STYLE_PLAIN, "  ");
	if (width < s->cols)
		hm_screen_column(s, s->cols - width);
	hm_screen_put(s, up < v->plant->dtus ? HM_STYLE_BAD : HM_STYLE_GOOD,
	    state);
	hm_screen_put(s, HM_STYLE_PLAIN, clock);
	hm_screen_next(s);
}

static void
paint_note(struct hm_screen *s, const struct hm_top_view *v)
{
	if (v->note != NULL)
		hm_screen_put(s, HM_STYLE_BAD, v->note);
	else if (v->plant->dtus == 0)
		hm_screen_put(s, HM_STYLE_OLD, "waiting for the first reading");
	else
		return;
	hm_screen_next(s);
}

/* DTUs */

static void
paint_counts(struct hm_screen *s, const struct hm_top_view *v, size_t dtu)
{
	size_t all = 0, up = 0;

	for (size_t i = 0; i < v->plant->inverters; i++) {
		const struct hm_top_inverter *n = &v->plant->inverter[i];

		all += n->dtu == dtu;
		up += n->dtu == dtu && hm_top_inverter_up(v->plant, n, v->now);
	}
	if (all > 0)
		hm_screen_print(s, HM_STYLE_PLAIN, "  %zu of %zu inverter%s",
		    up, all, all == 1 ? "" : "s");
}

static void
paint_offline(struct hm_screen *s, const struct hm_top_view *v,
    const struct hm_top_dtu *dtu)
{
	char age[HM_TOP_AGE];

	hm_screen_left(s, HM_STYLE_BAD, STATE_WIDTH, "offline");
	hm_screen_put(s, HM_STYLE_BAD, dtu->reason);
	if (dtu->retry > v->now)
		hm_screen_print(s, HM_STYLE_PLAIN, ", next poll in %s",
		    hm_top_age(dtu->retry - v->now, age));
	if (dtu->answered != 0)
		hm_screen_print(s, HM_STYLE_PLAIN, ", last answer %s ago",
		    hm_top_age(v->now - dtu->answered, age));
}

static void
paint_values(struct hm_screen *s, const struct hm_top_view *v, size_t at,
    bool up)
{
	const struct hm_top_dtu *dtu = &v->plant->dtu[at];
	char text[HM_AMOUNT_TEXT], age[HM_TOP_AGE];

	if (up)
		hm_screen_left(s, HM_STYLE_GOOD, STATE_WIDTH, "online");
	else
		hm_screen_left(s, HM_STYLE_OLD, STATE_WIDTH, "no answer");
	hm_screen_right(s, up ? HM_STYLE_POWER : HM_STYLE_OLD, AMOUNT_WIDTH,
	    hm_amount_short(dtu->watts, "W", text));
	hm_screen_right(s, up ? HM_STYLE_PLAIN : HM_STYLE_OLD, AMOUNT_WIDTH,
	    hm_amount_short(dtu->today, "Wh", text));
	if (s->cols >= WIDE)
		paint_counts(s, v, at);
	if (dtu->answered != 0)
		hm_screen_print(s, HM_STYLE_OLD, "  %s ago",
		    hm_top_age(v->now - dtu->answered, age));
}

static void
paint_dtu(struct hm_screen *s, const struct hm_top_view *v, size_t at)
{
	const struct hm_top_dtu *dtu = &v->plant->dtu[at];

	hm_screen_left(s, HM_STYLE_PLAIN, NAME_WIDTH,
	    dtu->title[0] != '\0' ? dtu->title : dtu->name);
	if (dtu->state == HM_TOP_OFFLINE)
		paint_offline(s, v, dtu);
	else
		paint_values(s, v, at, hm_top_dtu_up(v->plant, dtu, v->now));
	hm_screen_next(s);
}

/* The bytes of a text, whole words if possible, that fit into a row. */
static size_t
fitting(const char *text, size_t width)
{
	size_t n = strlen(text), word = width;

	if (n <= width)
		return n;
	while (word > 0 && text[word] != ' ')
		word--;
	return word > 0 ? word : width;
}

static void
paint_hint(struct hm_screen *s, const char *hint)
{
	size_t width = at_least(s->cols, HINT_INDENT + 1) - HINT_INDENT;

	for (int row = 0; row < HINT_ROWS && *hint != '\0'; row++) {
		size_t n = fitting(hint, width);

		hm_screen_print(s, HM_STYLE_PLAIN, "%*s%.*s", (int)HINT_INDENT,
		    "", (int)n, hint);
		hm_screen_next(s);
		hint += n;
		hint += strspn(hint, " ");
	}
}

/* 0: the most in need of a look. */
static int
rank_of(const struct hm_top_view *v, const struct hm_top_dtu *dtu)
{
	if (dtu->state == HM_TOP_OFFLINE)
		return 0;
	return hm_top_dtu_up(v->plant, dtu, v->now) ? 2 : 1;
}

/* With what to do about the first one that is offline. */
static void
paint_dtus(struct hm_screen *s, const struct hm_top_view *v, size_t most)
{
	size_t dtus = v->plant->dtus, shown = 0;
	size_t limit = dtus <= most ? dtus : most - 1;

	for (int rank = 0; rank < 3; rank++)
		for (size_t i = 0; i < dtus && shown < limit; i++)
			if (rank_of(v, &v->plant->dtu[i]) == rank) {
				paint_dtu(s, v, i);
				if (rank == 0 && shown == 0)
					paint_hint(s, v->plant->dtu[i].hint);
				shown++;
			}
	if (shown < dtus) {
		hm_screen_print(s, HM_STYLE_OLD, "%zu more DTUs",
		    dtus - shown);
		hm_screen_next(s);
	}
}

static void
paint_exchange(struct hm_screen *s, enum hm_style style, int64_t watts)
{
	bool export = watts < 0 && watts != HM_AMOUNT_UNKNOWN;
	char text[HM_AMOUNT_TEXT];

	hm_screen_right(s, style, AMOUNT_WIDTH, hm_amount_short(
	    export ? -watts : watts, "W", text));
	if (watts != HM_AMOUNT_UNKNOWN && watts != 0)
		hm_screen_print(s, style, "  %s the grid",
		    export ? "to" : "from");
}

/* Meters, and what hybrid inverters measure with the sign of the device. */
static void
paint_meters(struct hm_screen *s, const struct hm_top_view *v, size_t most)
{
	static const char *const names[] = {[HM_TOP_METER] = "meter",
	    [HM_TOP_GRID] = "grid", [HM_TOP_BATTERY] = "battery"};
	char text[HM_AMOUNT_TEXT];

	for (size_t i = 0; i < v->plant->meters && i < most; i++) {
		const struct hm_top_meter *m = &v->plant->meter[i];
		enum hm_style style = hm_top_is_fresh(v->plant, m->time,
		    v->now) ? HM_STYLE_PLAIN : HM_STYLE_OLD;

		hm_screen_left(s, style, NAME_WIDTH, m->title[0] != '\0' ?
		    m->title : m->serial);
		hm_screen_left(s, style, STATE_WIDTH, names[m->kind]);
		if (m->kind == HM_TOP_METER)
			paint_exchange(s, style, m->watts);
		else
			hm_screen_right(s, style, AMOUNT_WIDTH,
			    hm_amount_short(m->watts, "W", text));
		if (m->soc != HM_AMOUNT_UNKNOWN)
			hm_screen_print(s, style, "  %s charged",
			    hm_amount_exact(m->soc, 0, "%", text));
		hm_screen_next(s);
	}
}

/* The last row */

static void
paint_bar(struct hm_screen *s, const struct hm_top_view *v)
{
	const struct hm_table *t = v->table;
	size_t last = t->first + t->seen < t->rows ? t->first + t->seen :
	    t->rows;

	hm_screen_print(s, HM_STYLE_BAR, " %zu-%zu of %zu",
	    t->rows == 0 ? 0 : t->first + 1, last, t->rows);
	hm_screen_print(s, HM_STYLE_BAR, "  s sort: %s%s  r reverse  i by %s",
	    hm_sort_name(t->sort), t->reverse ? " (reversed)" : "",
	    t->inputs ? "inverter" : "input");
	hm_screen_put(s, HM_STYLE_BAR, "  q quit ");
	if (v->plant->refused > 0)
		hm_screen_put(s, HM_STYLE_BAR, " too many devices: some are "
		    "not shown");
}

void
hm_top_paint(struct hm_screen *s, const struct hm_top_view *v)
{
	hm_screen_start(s);
	paint_whole(s, v);
	paint_note(s, v);
	paint_dtus(s, v, at_least(s->rows / SHARE_OF_DTUS, 2));
	paint_meters(s, v, at_least(s->rows / SHARE_OF_ALARMS, 1));
	hm_top_paint_alarms(s, v, at_least(s->rows / SHARE_OF_ALARMS, 2));
	if (v->plant->inverters > 0)
		hm_top_paint_table(s, v);
	if (s->form == HM_SCREEN_TEXT)
		return;
	hm_screen_last(s);
	paint_bar(s, v);
	hm_screen_end(s);
}
