#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "amount.h"
#include "record/fields.h"

/* Columns */

struct offer {
	enum hm_column column;
	size_t width; /* added to the column if there is room */
};

static const struct offer offers_of_inverters[] = {
    {HM_COLUMN_TEMPERATURE, 6}, {HM_COLUMN_DTU, 12}, {HM_COLUMN_VOLTAGE, 8},
    {HM_COLUMN_TOTAL, 9}};
static const struct offer offers_of_inputs[] = {
    {HM_COLUMN_VOLTAGE, 9}, {HM_COLUMN_CURRENT, 9}, {HM_COLUMN_TOTAL, 9},
    {HM_COLUMN_DTU, 12}};

#define NAME_MIN ((size_t)16)
#define NAME_MORE ((size_t)20) /* added if there is room */
#define DTU_MORE ((size_t)8)
#define POWER_WIDTH ((size_t)10)
#define TODAY_WIDTH ((size_t)9)
#define INPUTS_SHOWN ((size_t)3) /* on a narrow screen */

static size_t
take(size_t *left, size_t width)
{
	if (*left < width)
		return 0;
	*left -= width;
	return width;
}

static void
widen_inputs(struct hm_columns *c, size_t *left, size_t inputs)
{
	while (c->width[HM_COLUMN_INPUTS] < inputs * HM_INPUT_WIDTH &&
	    *left >= HM_INPUT_WIDTH)
		c->width[HM_COLUMN_INPUTS] += take(left, HM_INPUT_WIDTH);
}

struct hm_columns
hm_columns_fit(size_t cols, size_t dtus, size_t inputs)
{
	struct hm_columns c = {{0}};
	const struct offer *offer = inputs > 0 ? offers_of_inverters :
	    offers_of_inputs;
	size_t left = cols;

	c.width[HM_COLUMN_NAME] = take(&left, NAME_MIN);
	c.width[HM_COLUMN_POWER] = take(&left, POWER_WIDTH);
	c.width[HM_COLUMN_TODAY] = take(&left, TODAY_WIDTH);
	widen_inputs(&c, &left, inputs < INPUTS_SHOWN ? inputs :
	    INPUTS_SHOWN);
	for (size_t i = 0; i < 4; i++) {
		if (offer[i].column != HM_COLUMN_DTU || dtus > 1)
			c.width[offer[i].column] = take(&left, offer[i].width);
		if (i == 0)
			widen_inputs(&c, &left, inputs);
	}
	if (c.width[HM_COLUMN_DTU] > 0)
		c.width[HM_COLUMN_DTU] += take(&left, DTU_MORE);
	c.width[HM_COLUMN_NAME] += take(&left, left < NAME_MORE ? left :
	    NAME_MORE);
	return c;
}

/* Order */

const char *
hm_sort_name(enum hm_sort sort)
{
	switch (sort) {
	case HM_SORT_NAME:
		return "name";
	case HM_SORT_POWER:
		return hm_fields[HM_F_POWER].key;
	case HM_SORT_TODAY:
		return "today";
	case HM_SORT_TEMPERATURE:
		return hm_fields[HM_F_TEMPERATURE].key;
	case HM_SORT_ARRIVAL:
	default:
		return "arrival";
	}
}

struct rule {
	const struct hm_top_plant *plant;
	const struct hm_table *table;
};

static const struct hm_top_inverter *
inverter_of(const struct rule *rule, size_t row)
{
	return &rule->plant->inverter[rule->table->inputs ?
	    rule->plant->input[row].inverter : row];
}

static const char *
name_of(const struct rule *rule, size_t row)
{
	const struct hm_top_inverter *inverter = inverter_of(rule, row);

	if (rule->table->inputs && rule->plant->input[row].title[0] != '\0')
		return rule->plant->input[row].title;
	return inverter->title[0] != '\0' ? inverter->title : inverter->serial;
}

static int64_t
value_of(const struct rule *rule, size_t row)
{
	const struct hm_top_plant *plant = rule->plant;
	const struct hm_top_inverter *inverter = inverter_of(rule, row);
	bool input = rule->table->inputs;

	switch (rule->table->sort) {
	case HM_SORT_POWER:
		return input ? plant->input[row].watts :
		    hm_top_inverter_watts(plant, inverter);
	case HM_SORT_TODAY:
		return input ? plant->input[row].today :
		    hm_top_inverter_today(plant, inverter);
	case HM_SORT_TEMPERATURE:
		return inverter->celsius;
	default:
		return 0;
	}
}

/* Rows that are equal stay in the order of their arrival. */
static int
compare(const void *a, const void *b, void *context)
{
	const struct rule *rule = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order;

	if (rule->table->sort == HM_SORT_NAME) {
		order = strcasecmp(name_of(rule, x), name_of(rule, y));
	} else {
		int64_t v = value_of(rule, x), w = value_of(rule, y);

		order = (v < w) - (v > w);
	}
	if (order == 0)
		order = (x > y) - (x < y);
	return rule->table->reverse ? -order : order;
}

static bool
make_room(struct hm_table *table, size_t rows)
{
	size_t *larger;

	if (rows <= table->room)
		return true;
	larger = realloc(table->order, rows * sizeof *larger);
	if (larger == NULL)
		return false;
	table->order = larger;
	table->room = rows;
	return true;
}

/* Inputs stand by inverter and number, not by the order of their records. */
static void
list_inputs(struct hm_table *table, const struct hm_top_plant *plant)
{
	table->rows = 0;
	for (size_t i = 0; i < plant->inverters; i++)
		for (size_t at = plant->inverter[i].first; at != HM_TOP_NONE;
		    at = plant->input[at].next)
			table->order[table->rows++] = at;
}

bool
hm_table_sort(struct hm_table *table, const struct hm_top_plant *plant)
{
	struct rule rule = {.plant = plant, .table = table};

	if (!make_room(table, table->inputs ? plant->inputs :
	    plant->inverters))
		return false;
	if (table->inputs)
		list_inputs(table, plant);
	else
		for (table->rows = 0; table->rows < plant->inverters;
		    table->rows++)
			table->order[table->rows] = table->rows;
	if (table->rows > 1 && (table->sort != HM_SORT_ARRIVAL ||
	    table->reverse))
		qsort_r(table->order, table->rows, sizeof *table->order,
		    compare, &rule);
	return true;
}

/* Scrolling */

void
hm_table_see(struct hm_table *table, size_t rows)
{
	size_t last = table->rows > rows ? table->rows - rows : 0;

	table->seen = rows;
	if (table->first > last)
		table->first = last;
}

void
hm_table_scroll(struct hm_table *table, long rows)
{
	size_t by = rows < 0 ? 0 - (size_t)rows : (size_t)rows;

	if (rows >= 0)
		table->first += table->rows < by ? table->rows : by;
	else
		table->first -= table->first < by ? table->first : by;
}

void
hm_table_free(struct hm_table *table)
{
	free(table->order);
}
