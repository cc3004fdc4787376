#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/decimal.h"
#include "base/json_writer.h"
#include "db/db.h"
#include "history_panels_private.h"
#include "panel_numbers.h"

#define PANEL_TEXT ((size_t)16 * 1024) /* 366 ratios, and the rest */

static void
emit_units(struct hm_json *e, const char *key, double number, unsigned scale)
{
	static const double by[] = {1, 10, 100, 1000};

	hm_json_decimal(e, key,
	    hm_decimal(hm_panel_round(number, by[scale]), scale));
}

/* Energies are whole, unless a setting has multiplied them. */
static void
emit_sum(struct hm_json *e, const char *key, const struct hm_panel_sum *sum)
{
	if (sum->count == 0)
		hm_json_null(e, key);
	else
		emit_units(e, key, sum->of, 3);
}

static void
emit_lists(struct hm_json *e, const struct hm_panel_input *input, int64_t days)
{
	hm_json_array(e, "ratios");
	for (int64_t i = 0; i < days; i++)
		if (input->ratio[i] == HM_PANEL_NO_RATIO)
			hm_json_null(e, NULL);
		else
			hm_json_decimal(e, NULL,
			    hm_decimal(input->ratio[i], 3));
	hm_json_array_end(e);
	hm_json_array(e, "watts");
	for (int i = 0; i < HM_PANEL_HOURS; i++)
		if (input->watts[i].count == 0)
			hm_json_null(e, NULL);
		else
			emit_units(e, NULL, input->watts[i].of /
			    (double)input->watts[i].count, 1);
	hm_json_array_end(e);
}

static void
emit_rated(struct hm_json *e, sqlite3_stmt *rated,
    const struct hm_panel_input *input)
{
	hm_db_bind_slice(rated, 1, input->dtu);
	hm_db_bind_slice(rated, 2, input->serial);
	if (sqlite3_step(rated) == SQLITE_ROW)
		hm_json_int(e, "rated", sqlite3_column_int64(rated, 0));
	else
		hm_json_null(e, "rated");
	sqlite3_reset(rated);
}

static bool
put_panel(struct hm_panels *p, struct hm_buffer *out, sqlite3_stmt *rated,
    const struct hm_panel_input *input)
{
	char text[PANEL_TEXT];
	struct hm_slice json;
	struct hm_json e;

	hm_json_start(&e, text, sizeof text);
	hm_json_object(&e, NULL);
	hm_json_string(&e, "dtu", input->dtu);
	hm_json_string(&e, "serial", input->serial);
	hm_json_int(&e, "port", input->port);
	emit_rated(&e, rated, input);
	emit_sum(&e, "energy", &input->energy);
	emit_sum(&e, "month", &input->month);
	emit_sum(&e, "year", &input->year);
	if (input->compared.count > 0 && input->others.of > 0)
		emit_units(&e, "share", input->compared.of / input->others.of,
		    3);
	else
		hm_json_null(&e, "share");
	emit_lists(&e, input, p->query->days);
	hm_json_object_end(&e);
	return hm_json_done(&e, &json) && hm_buffer_append(out,
	    (const uint8_t *)json.p, json.n, p->query->max);
}

static int
compare_slices(struct hm_slice a, struct hm_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int
compare_inputs(const void *a, const void *b)
{
	const struct hm_panel_input *x = *(struct hm_panel_input *const *)a;
	const struct hm_panel_input *y = *(struct hm_panel_input *const *)b;
	int order = compare_slices(x->dtu, y->dtu);

	if (order == 0)
		order = compare_slices(x->serial, y->serial);
	return order != 0 ? order : (x->port > y->port) - (x->port < y->port);
}

static bool
put(struct hm_panels *p, struct hm_buffer *out, const char *text)
{
	return hm_buffer_append(out, (const uint8_t *)text, strlen(text),
	    p->query->max);
}

bool
hm_panels_put(struct hm_panels *p, struct hm_buffer *out)
{
	sqlite3_stmt *rated = NULL;
	const char *comma = "";
	bool good = hm_db_prepare(p->db, "SELECT input_power FROM rated_power "
	    "WHERE dtu = ?1 AND serial = ?2", &rated) && put(p, out, "[");

	if (p->count > 1)
		qsort(p->input, p->count, sizeof *p->input, compare_inputs);
	for (size_t i = 0; i < p->count && good; i++) {
		if (!p->input[i]->shown)
			continue;
		good = put(p, out, comma) &&
		    put_panel(p, out, rated, p->input[i]);
		comma = ",";
	}
	sqlite3_finalize(rated);
	return good && put(p, out, "]");
}
