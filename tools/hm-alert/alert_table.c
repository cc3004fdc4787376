#include "alert_table.h"

#include <search.h>
#include <stdlib.h>

struct hm_alert_table {
	struct hm_alert_dtu *dtus;
	void *by_name; /* a tree of the same */
	size_t entries;
};

struct hm_alert_table *
hm_alert_table_new(void)
{
	return calloc(1, sizeof(struct hm_alert_table));
}

static int
by_name(const void *a, const void *b)
{
	const struct hm_alert_dtu *x = a, *y = b;

	if (x->name_length != y->name_length)
		return x->name_length < y->name_length ? -1 : 1;
	return memcmp(x->name, y->name, x->name_length);
}

static void
free_inverter(struct hm_alert_inverter *inverter)
{
	while (inverter->inputs != NULL) {
		struct hm_alert_input *input = inverter->inputs;

		inverter->inputs = input->next;
		free(input);
	}
	free(inverter);
}

static void
free_dtu(struct hm_alert_dtu *dtu)
{
	while (dtu->inverters != NULL) {
		struct hm_alert_inverter *inverter = dtu->inverters;

		dtu->inverters = inverter->next;
		free_inverter(inverter);
	}
	free(dtu);
}

void
hm_alert_table_free(struct hm_alert_table *table)
{
	if (table == NULL)
		return;
	while (table->dtus != NULL) {
		struct hm_alert_dtu *dtu = table->dtus;

		table->dtus = dtu->next;
		tdelete(dtu, &table->by_name, by_name);
		free_dtu(dtu);
	}
	free(table);
}

struct hm_alert_dtu *
hm_alert_table_dtus(const struct hm_alert_table *table)
{
	return table->dtus;
}

/* Zeroed memory for one more part of what has `count`, or NULL. */
static void *
one_more(struct hm_alert_table *table, size_t count, size_t size)
{
	void *entry;

	if (table->entries >= HM_ALERT_ENTRIES || count >= HM_ALERT_OF_ONE)
		return NULL;
	entry = calloc(1, size);
	table->entries += entry != NULL;
	return entry;
}

struct hm_alert_dtu *
hm_alert_table_dtu(struct hm_alert_table *table, struct hm_slice name)
{
	struct hm_alert_dtu key, *dtu;
	void *found;

	memcpy(key.name, name.p, name.n);
	key.name_length = name.n;
	found = tfind(&key, &table->by_name, by_name);
	if (found != NULL)
		return *(struct hm_alert_dtu **)found;
	dtu = one_more(table, 0, sizeof *dtu);
	if (dtu == NULL)
		return NULL;
	memcpy(dtu->name, name.p, name.n);
	dtu->name_length = name.n;
	if (tsearch(dtu, &table->by_name, by_name) == NULL) {
		free(dtu);
		return NULL;
	}
	dtu->next = table->dtus;
	table->dtus = dtu;
	return dtu;
}

struct hm_alert_inverter *
hm_alert_table_inverter(struct hm_alert_table *table, struct hm_alert_dtu *dtu,
    struct hm_slice serial)
{
	struct hm_alert_inverter **place = &dtu->inverters;

	while (*place != NULL && !hm_slice_is(serial, (*place)->serial))
		place = &(*place)->next;
	if (*place != NULL)
		return *place;
	*place = one_more(table, dtu->count, sizeof **place);
	if (*place == NULL)
		return NULL;
	memcpy((*place)->serial, serial.p, serial.n);
	dtu->count++;
	return *place;
}

struct hm_alert_input *
hm_alert_table_input(struct hm_alert_table *table,
    struct hm_alert_inverter *inverter, int64_t port)
{
	struct hm_alert_input **place = &inverter->inputs;

	while (*place != NULL && (*place)->port != port)
		place = &(*place)->next;
	if (*place != NULL)
		return *place;
	*place = one_more(table, inverter->count, sizeof **place);
	if (*place == NULL)
		return NULL;
	(*place)->port = port;
	inverter->count++;
	return *place;
}
