#include "history_panels.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rfc3339.h"
#include "base/zone.h"
#include "history_panels_private.h"
#include "panel_numbers.h"

#define DAY INT64_C(86400)
#define INPUTS_MAX ((size_t)32768)

/* A large plant has too many hours to read them all. */
#define HOURS_READ ((size_t)720)
#define ROWS_READ ((size_t)50000)

static void
add(struct hm_panel_sum *sum, double number)
{
	sum->of += number;
	sum->count++;
}

/* Inputs */

struct key {
	struct hm_slice dtu, serial;
	int64_t port;
};

static bool
is_input(const void *entry, const void *wanted)
{
	const struct hm_panel_input *input = entry;
	const struct key *key = wanted;

	return input->port == key->port &&
	    hm_slice_equal(input->serial, key->serial) &&
	    hm_slice_equal(input->dtu, key->dtu);
}

static uint64_t
hash_key(const struct key *key)
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, key->dtu.p, key->dtu.n);

	hash = hm_hash_bytes(hash, &key->port, sizeof key->port);
	return hm_hash_bytes(hash, key->serial.p, key->serial.n);
}

static bool
has_room(struct hm_panels *p)
{
	size_t cap = p->cap < 64 ? 64 : 2 * p->cap;
	struct hm_panel_input **grown;

	if (p->count < p->cap)
		return true;
	grown = reallocarray(p->input, cap, sizeof *grown);
	if (grown == NULL)
		return false;
	p->input = grown;
	p->cap = cap;
	return true;
}

static struct hm_panel_input *
new_input(struct hm_panels *p, const struct key *key)
{
	size_t days = (size_t)p->query->days;
	struct hm_panel_input *input;
	char *bytes;

	if (p->count == INPUTS_MAX || !has_room(p))
		return NULL;
	input = calloc(1, sizeof *input + days * sizeof *input->ratio +
	    key->dtu.n + key->serial.n);
	if (input == NULL)
		return NULL;
	bytes = (char *)&input->ratio[days];
	input->dtu = hm_slice(bytes, key->dtu.n);
	input->serial = hm_slice(bytes + key->dtu.n, key->serial.n);
	input->port = key->port;
	input->place = p->count;
	if (key->dtu.n > 0)
		memcpy(bytes, key->dtu.p, key->dtu.n);
	if (key->serial.n > 0)
		memcpy(bytes + key->dtu.n, key->serial.p, key->serial.n);
	for (size_t i = 0; i < days; i++)
		input->ratio[i] = HM_PANEL_NO_RATIO;
	if (!hm_hash_add(&p->keys, hash_key(key), &input->item)) {
		free(input);
		return NULL;
	}
	p->input[p->count++] = input;
	return input;
}

/* Rows of a day, or of an hour, are in the same order as those before. */
static struct hm_panel_input *
input_of(struct hm_panels *p, sqlite3_stmt *row, bool may_add)
{
	const struct key key = {hm_db_column_text(row, 1),
	    hm_db_column_text(row, 2), sqlite3_column_int64(row, 3)};
	struct hm_panel_input *found;

	for (size_t i = 0; i < 2 && p->count > 0; i++) {
		p->last = (p->last + 1) % p->count;
		if (is_input(p->input[p->last], &key))
			return p->input[p->last];
	}
	found = hm_hash_find(&p->keys, hash_key(&key), is_input, &key);
	if (found == NULL && may_add)
		found = new_input(p, &key);
	if (found != NULL)
		p->last = found->place;
	return found;
}

/* Days */

static size_t
sort_positive(struct hm_panels *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->members; i++)
		if (p->member[i].known && p->member[i].energy > 0)
			p->positive[n++] = p->member[i].energy;
	if (n > 1)
		qsort(p->positive, n, sizeof *p->positive, hm_panel_order);
	return n;
}

static void
compare_with(struct hm_panels *p, const struct hm_panel_member *m,
    double others)
{
	double rounded = (double)hm_panel_round(others, 10) / 10;
	int64_t ratio;

	if (!m->known || others <= 0)
		return;
	ratio = hm_panel_round(m->energy / others, 1000);
	m->input->ratio[p->day] = ratio > INT32_MAX ? INT32_MAX :
	    (int32_t)ratio;
	add(&m->input->others, rounded);
	if (rounded > 0)
		add(&m->input->compared, m->energy);
}

/* The members of a DTU are complete. */
static void
compare_members(struct hm_panels *p)
{
	size_t n = sort_positive(p);

	for (size_t i = 0; i < p->members; i++)
		compare_with(p, &p->member[i], hm_panel_others(p->positive, n,
		    p->member[i].known ? p->member[i].energy : 0));
	p->members = 0;
}

static bool
has_members_room(struct hm_panels *p)
{
	size_t cap = p->members_cap < 64 ? 64 : 2 * p->members_cap;
	struct hm_panel_member *member;
	double *positive;

	if (p->members < p->members_cap)
		return true;
	member = reallocarray(p->member, cap, sizeof *member);
	if (member != NULL)
		p->member = member;
	positive = reallocarray(p->positive, cap, sizeof *positive);
	if (positive != NULL)
		p->positive = positive;
	if (member == NULL || positive == NULL)
		return false;
	p->members_cap = cap;
	return true;
}

/* The place of a date among the days that are asked for, or -1. */
static int64_t
place_of(const struct hm_panels *p, struct hm_slice date)
{
	char time[HM_RFC3339_SIZE];
	int64_t seconds;

	snprintf(time, sizeof time, "%.*sT00:00:00Z", (int)date.n, date.p);
	if (!hm_rfc3339_parse(hm_text(time), &seconds))
		return -1;
	seconds = seconds / DAY - p->query->first;
	return seconds < p->query->days ? seconds : -1;
}

/* The date of the row before, and what follows from it. */
struct date {
	char text[16];
	bool in_year, in_month;
	int64_t place; /* below 0: it is not asked for */
};

static void
read_date(const struct hm_panels *p, struct hm_slice text, struct date *date)
{
	const char *to = p->query->to;

	if (hm_slice_is(text, date->text))
		return;
	snprintf(date->text, sizeof date->text, "%.*s", (int)text.n, text.p);
	date->in_year = strncmp(date->text, to, strlen("2026")) == 0;
	date->in_month = strncmp(date->text, to, strlen("2026-11")) == 0;
	date->place = place_of(p, text);
}

static void
add_energy(struct hm_panel_input *input, double energy, const struct date *date)
{
	if (date->place >= 0)
		add(&input->energy, energy);
	if (date->in_year)
		add(&input->year, energy);
	if (date->in_month)
		add(&input->month, energy);
}

static bool
take_day(struct hm_panels *p, sqlite3_stmt *row, struct date *date)
{
	bool known = sqlite3_column_type(row, 4) != SQLITE_NULL;
	double energy = sqlite3_column_double(row, 4);
	struct hm_panel_input *input = input_of(p, row, true);

	if (input == NULL)
		return false;
	read_date(p, hm_db_column_text(row, 0), date);
	if (known)
		add_energy(input, energy, date);
	if (date->place < 0)
		return true;
	if (p->members > 0 && (date->place != p->day ||
	    !hm_slice_equal(input->dtu, p->member[0].input->dtu)))
		compare_members(p);
	if (!has_members_room(p))
		return false;
	input->shown = true;
	p->day = date->place;
	p->member[p->members++] = (struct hm_panel_member){
	    input, energy, known};
	return true;
}

static bool
read_days(struct hm_panels *p)
{
	struct date date = {.text = ""};
	sqlite3_stmt *rows = NULL;
	int result = SQLITE_ERROR;

	if (hm_db_prepare(p->db, "SELECT day, dtu, serial, port, energy "
	    "FROM daily_production WHERE day BETWEEN min(?1, substr(?2, 1, 4)) "
	    "AND ?2 ORDER BY day, dtu, serial, port", &rows)) {
		hm_db_bind_slice(rows, 1, hm_text(p->query->from));
		hm_db_bind_slice(rows, 2, hm_text(p->query->to));
		while ((result = sqlite3_step(rows)) == SQLITE_ROW &&
		    take_day(p, rows, &date))
			;
		compare_members(p);
	}
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

/* Hours */

static int64_t
first_hour(const struct hm_panels *p)
{
	const struct hm_history_panels *q = p->query;
	size_t shown = 0, hours;
	int64_t first;

	for (size_t i = 0; i < p->count; i++)
		shown += p->input[i]->shown;
	if (shown == 0)
		return q->end;
	hours = ROWS_READ / shown < HOURS_READ ? ROWS_READ / shown : HOURS_READ;
	first = q->end - (int64_t)hours * 3600;
	return first > q->start ? first : q->start;
}

static bool
read_hours(struct hm_panels *p)
{
	sqlite3_stmt *rows = NULL;
	int64_t hour = -1, clock = 0;
	int result = SQLITE_ERROR;

	if (hm_db_prepare(p->db, "SELECT hour, dtu, serial, port, "
	    "coalesce(pv_power_avg * pv_power_count / samples, 0) "
	    "FROM port_hourly WHERE hour >= ?1 AND hour < ?2 AND samples > 0 "
	    "ORDER BY hour, dtu, serial, port", &rows)) {
		sqlite3_bind_int64(rows, 1, first_hour(p));
		sqlite3_bind_int64(rows, 2, p->query->end);
		while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
			struct hm_panel_input *input = input_of(p, rows, false);

			if (sqlite3_column_int64(rows, 0) != hour) {
				hour = sqlite3_column_int64(rows, 0);
				clock = hm_zone_local(hour).second / 3600;
			}
			if (input != NULL)
				add(&input->watts[clock],
				    sqlite3_column_double(rows, 4));
		}
	}
	sqlite3_finalize(rows);
	return result == SQLITE_DONE;
}

/* All of it */

bool
hm_history_panels(struct hm_buffer *out, struct hm_db *db,
    const struct hm_history_panels *query)
{
	struct hm_panels p = {.db = db, .query = query};
	bool good = read_days(&p) && read_hours(&p) && hm_panels_put(&p, out);

	for (size_t i = 0; i < p.count; i++)
		free(p.input[i]);
	hm_hash_free(&p.keys);
	free(p.input);
	free(p.member);
	free(p.positive);
	return good;
}
