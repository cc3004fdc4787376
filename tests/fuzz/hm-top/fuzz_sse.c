/*
 * What a server sends instead of hm-metrics' events, cut into reads of the size
 * of the first byte. The same bytes in one read must come to the same events.
 * Each event is taken as a plant and painted.
 */

#include <stdlib.h>
#include <string.h>

#include "plant.h"
#include "screen.h"
#include "sse.h"
#include "table.h"
#include "view.h"
#include "width.h"

#define FOUND(condition) ((condition) ? abort() : (void)0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
paint(struct hm_slice event)
{
	static struct hm_top_plant plant;
	static struct hm_table table;
	static struct hm_screen screen;
	const struct hm_top_view view = {.plant = &plant, .table = &table,
	    .now = 1700000000, .wall = 1700000000};

	plant.fresh = 180;
	FOUND(hm_top_take_page(&plant, event) &&
	    plant.inverters > HM_TOP_INVERTERS_MAX);
	table.inputs = !table.inputs;
	table.sort = (table.sort + 1) % HM_SORTS;
	FOUND(!hm_table_sort(&table, &plant));
	screen.form = screen.form == HM_SCREEN_TEXT ? HM_SCREEN_COLOURED :
	    HM_SCREEN_TEXT;
	screen.rows = 24;
	screen.cols = 80;
	hm_top_paint(&screen, &view);
	FOUND(screen.failed || screen.row > screen.rows);
	FOUND(screen.form == HM_SCREEN_TEXT && memchr(screen.bytes.p, '\033',
	    screen.bytes.n) != NULL);
}

/* The number of events, and the length of all. */
static size_t
read_all(const uint8_t *data, size_t size, size_t step, size_t *length)
{
	struct hm_sse s = {.head = 0};
	struct hm_slice event;
	enum hm_sse_result result = HM_SSE_MORE;
	size_t count = 0;

	*length = 0;
	for (size_t at = 0; at < size && result != HM_SSE_BAD; at += step) {
		struct hm_slice part = hm_slice((const char *)data + at,
		    size - at < step ? size - at : step);

		while ((result = hm_sse_take(&s, &part, &event)) ==
		    HM_SSE_EVENT) {
			count++;
			*length += event.n;
			paint(event);
		}
	}
	FOUND(s.line.n > 2 * HM_SSE_EVENT_MAX || s.data.n > HM_SSE_EVENT_MAX);
	hm_sse_free(&s);
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	size_t length, whole;

	if (size < 2)
		return 0;
	if (!started)
		hm_width_start();
	started = true;
	FOUND(read_all(data + 1, size - 1, (size_t)data[0] + 1, &length) !=
	    read_all(data + 1, size - 1, size, &whole));
	FOUND(length != whole);
	return 0;
}
