#include "page.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "live/plant_facts.h"
#include "record/fields.h"

#define PAGE_MAX ((size_t)8 * 1024 * 1024)

static bool
put(struct hm_buffer *out, struct hm_slice text)
{
	return text.n == 0 || hm_buffer_append(out, (const uint8_t *)text.p,
	    text.n, PAGE_MAX);
}

/* Append a text, escaped for HTML. */
static bool
put_escaped(struct hm_buffer *out, const char *text)
{
	bool good = true;

	for (size_t n; *text != '\0' && good; text += n) {
		n = strcspn(text, "&<>\"");
		good = put(out, hm_slice(text, n));
		if (text[n] == '\0')
			continue;
		good = good && put(out, hm_text(text[n] == '&' ? "&amp;" :
		    text[n] == '<' ? "&lt;" :
		    text[n] == '>' ? "&gt;" : "&quot;"));
		n++;
	}
	return good;
}

/* Whole units need no decimal mark, which is not the same everywhere. */
static int64_t
whole_units(struct hm_decimal value)
{
	int64_t n = value.units;

	for (unsigned scale = value.scale; scale > 1; scale--)
		n /= 10;
	return value.scale == 0 ? n : n / 10 + (n % 10 >= 5) - (n % 10 <= -5);
}

/* A sum of the plant, with its unit. */
static bool
put_sum(struct hm_buffer *out, const struct hm_page_text *page,
    const struct hm_view *view, size_t field, bool whole)
{
	char text[HM_DECIMAL_TEXT + 16];
	struct hm_decimal sum;

	if (!hm_view_sum(view, field, whole, &sum))
		return put_escaped(out, page->unknown);
	snprintf(text, sizeof text, "%lld %s", (long long)whole_units(sum),
	    hm_fields[field].unit);
	return put_escaped(out, text);
}

static const char *
state_of(const struct hm_page_text *page, const struct hm_view *view,
    const struct hm_live_dtu *dtu)
{
	const char *status = hm_view_status(view, dtu);

	return strcmp(status, "online") == 0 ? page->online :
	    strcmp(status, "stale") == 0 ? page->stale :
	    strcmp(status, "error") == 0 ? page->error : page->silent;
}

static bool
put_dtus(struct hm_buffer *out, const struct hm_page_text *page,
    const struct hm_view *view)
{
	bool good = true;

	for (size_t i = 0; i < view->live->dtus && good; i++) {
		const struct hm_live_dtu *dtu = &view->live->dtu[i];
		const char *title = hm_view_dtu_name(view, i);

		good = put(out, hm_text("<tr><th scope=\"row\">")) &&
		    put_escaped(out, title != NULL ? title : dtu->name) &&
		    put(out, hm_text("</th><td>")) &&
		    put_escaped(out, state_of(page, view, dtu)) &&
		    put(out, hm_text("</td></tr>"));
	}
	return good;
}

/* A "<" in JSON is part of a string; unescaped it could end the element. */
static bool
put_json(struct hm_buffer *out, struct hm_slice json)
{
	const char *p = json.p, *end = json.p + json.n;
	bool good = true;

	while (p < end && good) {
		const char *at = memchr(p, '<', (size_t)(end - p));
		size_t n = (size_t)((at != NULL ? at : end) - p);

		good = put(out, hm_slice(p, n)) &&
		    (at == NULL || put(out, hm_text("\\u003c")));
		p += n + (at != NULL);
	}
	return good;
}

/* Append the text before a mark, and advance `html` behind it. */
static bool
put_until(struct hm_buffer *out, struct hm_slice *html, const char *mark)
{
	const char *at = memmem(html->p, html->n, mark, strlen(mark));
	size_t n;

	if (at == NULL)
		return false;
	n = (size_t)(at - html->p);
	if (!put(out, hm_slice(html->p, n)))
		return false;
	html->p += n + strlen(mark);
	html->n -= n + strlen(mark);
	return true;
}

bool
hm_page_render(struct hm_buffer *out, const struct hm_page_text *page,
    const struct hm_view *view, struct hm_slice json)
{
	struct hm_slice html = hm_slice((const char *)page->html, page->size);
	const char *name = view->facts != NULL ? view->facts->name : NULL;

	return put_until(out, &html, "<!--plant-->") &&
	    put_escaped(out, name != NULL ? name : page->plant) &&
	    put_until(out, &html, "<!--watts-->") &&
	    put_sum(out, page, view, HM_F_PV_POWER, false) &&
	    put_until(out, &html, "<!--today-->") &&
	    put_sum(out, page, view, HM_F_TODAY_PRODUCTION, true) &&
	    put_until(out, &html, "<!--total-->") &&
	    put_sum(out, page, view, HM_F_TOTAL_PRODUCTION, true) &&
	    put_until(out, &html, "<!--dtus-->") &&
	    put_dtus(out, page, view) &&
	    put_until(out, &html, "<!--first-->") && put_json(out, json) &&
	    put(out, html);
}
