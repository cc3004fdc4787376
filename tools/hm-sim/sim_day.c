#include "sim_day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/log.h"

#define COLUMNS 3
#define LOAD_MOST 10000000 /* 0.1 W */
#define SHARE_MOST 10000000 /* of HM_SIM_SUN_FULL: ten times the full sun */

struct row {
	int64_t second;
	int32_t load, share;
};

/* The words of a line; false if there are not COLUMNS. */
static bool
split(char *line, struct hm_slice word[COLUMNS])
{
	size_t n = 0;

	for (char *p = line + strspn(line, " \t\r\n"); *p != '\0';
	    p += strspn(p, " \t\r\n")) {
		size_t length = strcspn(p, " \t\r\n");

		if (n == COLUMNS)
			return false;
		word[n++] = hm_slice(p, length);
		p += length;
	}
	return n == COLUMNS;
}

/* A number at a scale, further digits cut off; false if it is out of bounds. */
static bool
read_number(struct hm_slice text, unsigned scale, int64_t most, int32_t *out)
{
	struct hm_decimal number;
	int64_t units;

	if (!hm_decimal_parse(text, &number))
		return false;
	for (; number.scale > scale; number.scale--)
		number.units /= 10;
	if (!hm_decimal_rescale(number, scale, &units) || units < 0 ||
	    units > most)
		return false;
	*out = (int32_t)units;
	return true;
}

static bool
read_row(char *line, int64_t least, struct row *row)
{
	struct hm_slice word[COLUMNS];

	/* A percent is 10,000 of HM_SIM_SUN_FULL. */
	return split(line, word) &&
	    hm_decimal_whole(word[0], least, HM_SIM_DAY - 1, &row->second) &&
	    read_number(word[1], 1, LOAD_MOST, &row->load) &&
	    read_number(word[2], 4, SHARE_MOST, &row->share);
}

static void
fill(struct hm_sim_day *day, const struct row *row, int64_t end)
{
	for (int64_t t = row->second; t < end; t++) {
		day->load[t] = row->load;
		day->share[t] = row->share;
	}
}

static void
refuse(const char *path, size_t number, const char *line)
{
	int length = (int)strcspn(line, "\r\n");

	hm_log(HM_ERROR, "--household: %s:%zu: found \"%.*s\", allowed is "
	    "SECOND WATTS PERCENT, with seconds that rise from 0 to %d", path,
	    number, length, line, HM_SIM_DAY - 1);
}

/* Each row holds until the next one. */
static bool
read_rows(FILE *file, const char *path, struct hm_sim_day *day)
{
	struct row row = {0}, next;
	size_t size = 0, number = 0;
	char *line = NULL;
	bool good = true;

	while (good && getline(&line, &size, file) > 0) {
		good = read_row(line, number == 0 ? 0 : row.second + 1,
		    &next) && (number > 0 || next.second == 0);
		number++;
		if (!good) {
			refuse(path, number, line);
		} else {
			fill(day, &row, next.second);
			row = next;
		}
	}
	free(line);
	fill(day, &row, HM_SIM_DAY);
	if (good && number == 0)
		hm_log(HM_ERROR, "--household: %s has no line", path);
	return good && number > 0;
}

struct hm_sim_day *
hm_sim_day_read(const char *path)
{
	struct hm_sim_day *day = calloc(1, sizeof *day);
	FILE *file = fopen(path, "re");
	bool good = day != NULL && file != NULL &&
	    read_rows(file, path, day);

	if (day == NULL || file == NULL || ferror(file)) {
		hm_log_errno(HM_ERROR, "--household: cannot read %s", path);
		good = false;
	}
	if (file != NULL)
		fclose(file);
	if (!good) {
		free(day);
		return NULL;
	}
	return day;
}
