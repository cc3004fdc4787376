#include <stdio.h>

#include "amount.h"
#include "plant.h"
#include "screen.h"
#include "table.h"
#include "view.h"
#include "view_private.h"

#define FULL_BLOCK 8
#define INPUT_TEXT 16

/* A table that is being painted. */
struct painter {
	struct hm_screen *s;
	const struct hm_top_view *v;
	const struct hm_top_plant *plant;
	struct hm_columns columns;
	size_t inputs; /* the most of an inverter; 0: the rows are inputs */
	int64_t most; /* the power of the strongest input, for the bars */
};

static size_t
most_inputs(const struct hm_top_plant *plant)
{
	size_t most = 1;

	for (size_t i = 0; i < plant->inverters; i++)
		if (plant->inverter[i].inputs > most)
			most = plant->inverter[i].inputs;
	return most;
}

static int64_t
most_watts(const struct hm_top_plant *plant)
{
	int64_t most = 1;

	for (size_t i = 0; i < plant->inputs; i++)
		if (plant->input[i].watts > most)
			most = plant->input[i].watts;
	return most;
}

/* Head */

static void
head(const struct painter *p, enum hm_column column, bool left,
    const char *text)
{
	size_t width = p->columns.width[column];

	if (left)
		hm_screen_left(p->s, HM_STYLE_OLD, width, text);
	else
		hm_screen_right(p->s, HM_STYLE_OLD, width, text);
}

static void
paint_head(const struct painter *p)
{
	bool inputs = p->v->table->inputs;
	size_t shown = p->columns.width[HM_COLUMN_INPUTS] / HM_INPUT_WIDTH;
	char text[INPUT_TEXT * 2] = "INPUTS, W";

	head(p, HM_COLUMN_NAME, true, inputs ? "INPUT" : "INVERTER");
	head(p, HM_COLUMN_DTU, true, "DTU");
	head(p, HM_COLUMN_POWER, false, "POWER");
	head(p, HM_COLUMN_TODAY, false, "TODAY");
	head(p, HM_COLUMN_TOTAL, false, "TOTAL");
	head(p, HM_COLUMN_VOLTAGE, false, inputs ? "VOLTAGE" : "GRID");
	head(p, HM_COLUMN_CURRENT, false, "CURRENT");
	head(p, HM_COLUMN_TEMPERATURE, false, "TEMP");
	/* With i each input has a row. */
	if (shown < p->inputs)
		snprintf(text, sizeof text, "INPUTS 1-%zu, W", shown);
	head(p, HM_COLUMN_INPUTS, true, text);
	hm_screen_next(p->s);
}

/* Rows */

static void
number(const struct painter *p, enum hm_column column, enum hm_style style,
    const char *text)
{
	hm_screen_right(p->s, style, p->columns.width[column], text);
}

static void
paint_dtu_name(const struct painter *p, size_t dtu)
{
	const struct hm_top_dtu *d = &p->plant->dtu[dtu];

	hm_screen_left(p->s, HM_STYLE_OLD, p->columns.width[HM_COLUMN_DTU],
	    d->title[0] != '\0' ? d->title : d->name);
}

/* A bar that grows with the power, and the watts. */
static void
paint_input(const struct painter *p, const struct hm_top_input *input,
    enum hm_style style)
{
	/* One, two ... eight eighths of a block. */
	static const char *const bars[FULL_BLOCK + 1] = {" ",
	    "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586",
	    "\u2587", "\u2588"};
	char text[HM_AMOUNT_TEXT + INPUT_TEXT], watts[HM_AMOUNT_TEXT];
	int64_t bar;

	if (input->watts == HM_AMOUNT_UNKNOWN) {
		hm_screen_left(p->s, HM_STYLE_OLD, HM_INPUT_WIDTH, " -");
		return;
	}
	bar = input->watts <= 0 ? 0 : 1 + input->watts /
	    (p->most / FULL_BLOCK + 1);
	snprintf(text, sizeof text, "%s%s", p->s->ascii ? " " : bars[bar],
	    hm_amount_exact(input->watts, 0, "", watts));
	hm_screen_left(p->s, style, HM_INPUT_WIDTH, text);
}

static void
paint_inputs(const struct painter *p, const struct hm_top_inverter *inverter,
    enum hm_style style)
{
	size_t left = p->columns.width[HM_COLUMN_INPUTS] / HM_INPUT_WIDTH;

	for (size_t i = inverter->first; i != HM_TOP_NONE && left > 0;
	    i = p->plant->input[i].next, left--)
		paint_input(p, &p->plant->input[i], style);
}

static void
paint_inverter(const struct painter *p, const struct hm_top_inverter *inverter)
{
	const struct hm_top_plant *plant = p->plant;
	char text[HM_AMOUNT_TEXT];
	bool up = hm_top_inverter_up(plant, inverter, p->v->now);
	enum hm_style style = up ? HM_STYLE_PLAIN : HM_STYLE_OLD;
	enum hm_style power = up ? HM_STYLE_POWER : HM_STYLE_OLD;

	hm_screen_left(p->s, style, p->columns.width[HM_COLUMN_NAME],
	    inverter->title[0] != '\0' ? inverter->title : inverter->serial);
	paint_dtu_name(p, inverter->dtu);
	number(p, HM_COLUMN_POWER, power,
	    inverter->state == HM_TOP_UNHEARD ? "not heard" :
	    inverter->state == HM_TOP_OFF ? "off" :
	    hm_amount_short(hm_top_inverter_watts(plant, inverter), "W",
	    text));
	number(p, HM_COLUMN_TODAY, style, hm_amount_short(
	    hm_top_inverter_today(plant, inverter), "Wh", text));
	number(p, HM_COLUMN_TOTAL, style, hm_amount_short(
	    hm_top_inverter_total(plant, inverter), "Wh", text));
	number(p, HM_COLUMN_VOLTAGE, style, hm_amount_exact(inverter->volts, 1,
	    "V", text));
	number(p, HM_COLUMN_TEMPERATURE, style, hm_amount_exact(
	    inverter->celsius, 0, p->s->ascii ? "C" : "°C", text));
	paint_inputs(p, inverter, power);
}

static void
paint_row_of_input(const struct painter *p, const struct hm_top_input *input)
{
	const struct hm_top_inverter *inverter =
	    &p->plant->inverter[input->inverter];
	char name[HM_TOP_TITLE + INPUT_TEXT], text[HM_AMOUNT_TEXT];
	bool up = hm_top_inverter_up(p->plant, inverter, p->v->now) ||
	    (inverter->time == 0 &&
	    hm_top_is_fresh(p->plant, input->time, p->v->now));
	enum hm_style style = up ? HM_STYLE_PLAIN : HM_STYLE_OLD;

	snprintf(name, sizeof name, "%s/%lld", inverter->title[0] != '\0' ?
	    inverter->title : inverter->serial, (long long)input->number);
	hm_screen_left(p->s, style, p->columns.width[HM_COLUMN_NAME],
	    input->title[0] != '\0' ? input->title : name);
	paint_dtu_name(p, inverter->dtu);
	number(p, HM_COLUMN_POWER, up ? HM_STYLE_POWER : HM_STYLE_OLD,
	    hm_amount_short(input->watts, "W", text));
	number(p, HM_COLUMN_TODAY, style, hm_amount_short(input->today, "Wh",
	    text));
	number(p, HM_COLUMN_TOTAL, style, hm_amount_short(input->total, "Wh",
	    text));
	number(p, HM_COLUMN_VOLTAGE, style, hm_amount_exact(input->volts, 1,
	    "V", text));
	number(p, HM_COLUMN_CURRENT, style, hm_amount_exact(input->amperes, 2,
	    "A", text));
}

void
hm_top_paint_table(struct hm_screen *s, const struct hm_top_view *v)
{
	struct hm_table *table = v->table;
	size_t inputs = table->inputs ? 0 : most_inputs(v->plant);
	const struct painter p = {.s = s, .v = v, .plant = v->plant,
	    .columns = hm_columns_fit(s->cols, v->plant->dtus, inputs),
	    .inputs = inputs, .most = most_watts(v->plant)};
	size_t room;

	paint_head(&p);
	room = hm_screen_rows_left(s);
	hm_table_see(table, room);
	for (size_t i = 0; i < room && table->first + i < table->rows; i++) {
		size_t row = table->order[table->first + i];

		if (table->inputs)
			paint_row_of_input(&p, &v->plant->input[row]);
		else
			paint_inverter(&p, &v->plant->inverter[row]);
		hm_screen_next(s);
	}
}
