#include "docs.h"

#include <string.h>

#include "base/decimal.h"

#define COLUMNS 80

/* The unit of a number, by the name of its value in the manuals. */
static const char *
unit_of(const struct hm_setting *s)
{
	static const struct {
		const char *value, *unit;
	} units[] = {{"SECONDS", " s"}, {"CELSIUS", " \u00b0C"},
	    {"MEGABYTES", " MB"}, {"DAYS", " days"}, {"GRAMS", " g"}};

	for (size_t i = 0; s->value != NULL &&
	    i < sizeof units / sizeof *units; i++)
		if (strcmp(s->value, units[i].value) == 0)
			return units[i].unit;
	return "";
}

void
hm_docs_range(FILE *out, const struct hm_setting *s)
{
	char min[HM_DECIMAL_TEXT], max[HM_DECIMAL_TEXT];
	unsigned scale = hm_setting_scale(s);

	hm_decimal_format(hm_decimal(s->min, scale), min);
	hm_decimal_format(hm_decimal(s->max, scale), max);
	fprintf(out, "%s to %s", min, max);
}

void
hm_docs_allowed(FILE *out, const struct hm_setting *s)
{
	switch (s->type) {
	case HM_TYPE_FLAG:
		fputs("true, false", out);
		break;
	case HM_TYPE_INT:
	case HM_TYPE_SECONDS:
	case HM_TYPE_DECIMAL:
	case HM_TYPE_PRICE:
		hm_docs_range(out, s);
		fputs(unit_of(s), out);
		break;
	case HM_TYPE_CHOICE:
	case HM_TYPE_LIST:
		fputs(s->choices != NULL ? s->choices : "words", out);
		break;
	case HM_TYPE_NUMBERS:
		fputs("names and numbers", out);
		break;
	case HM_TYPE_NAMES:
		fputs("names and text", out);
		break;
	case HM_TYPE_DTUS:
		fputs("list of DTUs", out);
		break;
	case HM_TYPE_TEXT:
	case HM_TYPE_SECRET:
		fputs("text", out);
		break;
	}
}

void
hm_docs_wrap(FILE *out, const char *prefix, const char *text, const char *end)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");
		const char *more = text + n + strspn(text + n, " ");
		size_t needed = n + (*more == '\0' ? strlen(end) : 0);

		if (column > 0 && column + 1 + needed > COLUMNS) {
			putc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s",
		    column > 0 ? " " : prefix, (int)n, text);
		text = more;
	}
	fprintf(out, "%s\n", end);
}
