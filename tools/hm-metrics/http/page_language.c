#include "page_language.h"

#include <string.h>
#include <strings.h>

#include "base/slice.h"
#include "page_text.h"

#define WHOLE 1000 /* the weight of a language without one */
#define ENGLISH 0

/* "0.8" as 800. 0 if it is no weight. */
static unsigned
read_weight(const char *p, const char *end)
{
	unsigned weight = 0;

	if (p == end || (*p != '0' && *p != '1'))
		return 0;
	if (*p++ == '1')
		return WHOLE;
	if (p < end && *p == '.')
		p++;
	for (unsigned digit = 100; digit > 0 && p < end && *p >= '0' &&
	    *p <= '9'; digit /= 10)
		weight += digit * (unsigned)(*p++ - '0');
	return weight;
}

/* Of what follows a language, "; q=0.8". */
static unsigned
weight_of(struct hm_slice parameters)
{
	const char *p = parameters.p, *end = p + parameters.n;

	while (p < end && (*p == ';' || *p == ' ' || *p == '\t'))
		p++;
	if (p == end)
		return WHOLE;
	return end - p > 2 && strncasecmp(p, "q=", 2) == 0 ?
	    read_weight(p + 2, end) : 0;
}

/* Of "de-AT" the page of "de"; hm_page_languages if there is none. */
static size_t
find_page(struct hm_slice name)
{
	const char *region = memchr(name.p, '-', name.n);
	size_t n = region != NULL ? (size_t)(region - name.p) : name.n, i = 0;

	if (n == 1 && name.p[0] == '*')
		return ENGLISH;
	while (i < hm_page_languages &&
	    (strlen(hm_page_texts[i].language) != n ||
	    strncasecmp(hm_page_texts[i].language, name.p, n) != 0))
		i++;
	return i;
}

size_t
hm_page_choose(const char *languages)
{
	size_t best = ENGLISH;
	unsigned most = 0;

	for (const char *p = languages; p != NULL && *p != '\0';) {
		size_t all, name, page;
		unsigned weight;

		p += strspn(p, ", \t");
		all = strcspn(p, ",");
		name = strcspn(p, ",; \t");
		page = find_page(hm_slice(p, name));
		weight = weight_of(hm_slice(p + name, all - name));
		if (page < hm_page_languages && weight > most) {
			best = page;
			most = weight;
		}
		p += all;
	}
	return best;
}
