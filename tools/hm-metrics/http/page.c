#include "page.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/decimal.h"
#include "live/plant_facts.h"
#include "record/fields.h"

/* What page/build prints, built in by the Makefile. */
extern const unsigned char hm_page_html[];
extern const size_t hm_page_html_size;

/* Marks in the page, which are replaced. */
#define NOW "<!--now-->"
#define FIRST "<!--first-->"
#define PAGE_MAX ((size_t)8 * 1024 * 1024)
#define HASH_TEXT 80

static struct hm_slice
page(void)
{
	return hm_slice((const char *)hm_page_html, hm_page_html_size);
}

/* The text between two marks; empty if they are missing. */
static struct hm_slice
between(struct hm_slice text, const char *before, const char *after)
{
	const char *from = memmem(text.p, text.n, before, strlen(before));
	const char *to;

	if (from == NULL)
		return hm_slice("", 0);
	from += strlen(before);
	to = memmem(from, (size_t)(text.p + text.n - from), after,
	    strlen(after));
	return to != NULL ? hm_slice(from, (size_t)(to - from)) :
	    hm_slice("", 0);
}

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

static bool
put_row(struct hm_buffer *out, const char *name, const char *value,
    const char *unit)
{
	return put(out, hm_text("<tr><th scope=\"row\">")) &&
	    put_escaped(out, name) && put(out, hm_text("</th><td>")) &&
	    put_escaped(out, value) && put(out, hm_text(unit)) &&
	    put(out, hm_text("</td></tr>"));
}

static bool
put_sum(struct hm_buffer *out, const struct hm_view *view, size_t field,
    bool whole, const char *name)
{
	char text[HM_DECIMAL_TEXT] = "unknown", unit[16] = "";
	struct hm_decimal sum;

	if (hm_view_sum(view, field, whole, &sum)) {
		hm_decimal_format(sum, text);
		snprintf(unit, sizeof unit, " %s", hm_fields[field].unit);
	}
	return put_row(out, name, text, unit);
}

static bool
put_now(struct hm_buffer *out, const struct hm_view *view)
{
	const char *plant = view->facts != NULL ? view->facts->name : NULL;
	bool good = put(out, hm_text("<table class=\"plain\"><caption>")) &&
	    put_escaped(out, plant != NULL ? plant : "The plant now") &&
	    put(out, hm_text("</caption>")) &&
	    put_sum(out, view, HM_F_PV_POWER, false, "Power now") &&
	    put_sum(out, view, HM_F_TODAY_PRODUCTION, true, "Today") &&
	    put_sum(out, view, HM_F_TOTAL_PRODUCTION, true, "Lifetime");

	for (size_t i = 0; i < view->live->dtus && good; i++) {
		const char *title = hm_view_dtu_name(view, i);

		good = put_row(out, title != NULL ? title :
		    view->live->dtu[i].name,
		    hm_view_status(view, &view->live->dtu[i]), "");
	}
	return good && put(out, hm_text("</table>"));
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
hm_page_render(struct hm_buffer *out, const struct hm_view *view,
    struct hm_slice json)
{
	struct hm_slice html = page();

	return put_until(out, &html, NOW) && put_now(out, view) &&
	    put_until(out, &html, FIRST) && put_json(out, json) &&
	    put(out, html);
}

/* "'sha256-...'" */
static bool
hash_of(struct hm_slice text, char out[HASH_TEXT])
{
	unsigned char digest[EVP_MAX_MD_SIZE], base64[64];
	unsigned size;

	if (EVP_Digest(text.p, text.n, digest, &size, EVP_sha256(), NULL) !=
	    1)
		return false;
	EVP_EncodeBlock(base64, digest, (int)size);
	snprintf(out, HASH_TEXT, "'sha256-%s'", (const char *)base64);
	return true;
}

bool
hm_page_policy(char policy[HM_PAGE_POLICY])
{
	char script[HASH_TEXT], style[HASH_TEXT];
	int n;

	if (!hash_of(between(page(), "<script>", "</script>"), script) ||
	    !hash_of(between(page(), "<style>", "</style>"), style))
		return false;
	n = snprintf(policy, HM_PAGE_POLICY, "default-src 'none'; "
	    "script-src %s; style-src %s; connect-src 'self'; img-src data:; "
	    "base-uri 'none'; form-action 'none'", script, style);
	return n > 0 && (size_t)n < HM_PAGE_POLICY;
}
