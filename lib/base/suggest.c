#include "suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_BYTES 48
#define PART_MIN 3 /* shortest part of a name that makes a suggestion */
#define PART_MISSING_MAX 6

static int
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	return c == '-' ? '_' : c;
}

static bool
same(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters to add, drop, change, or swap with the next one (optimal
 * string alignment). Row i has the distances between the first i letters of a
 * and each beginning of b.
 */
static size_t
distance(const char *a, size_t m, const char *b, size_t n)
{
	size_t rows[3][NAME_MAX_BYTES + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= n; j++)
		last[j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1,
			    last[j - 1] + !same(a + i - 1, b + j - 1, 1));
			if (i > 1 && j > 1 && same(a + i - 1, b + j - 2, 1) &&
			    same(a + i - 2, b + j - 1, 1))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[n];
}

/* The length of the words that both begin with, "mqtt_" for example. */
static size_t
common_words(const char *a, const char *b)
{
	size_t words = 0;

	for (size_t i = 0; a[i] != '\0' && fold(a[i]) == fold(b[i]); i++)
		if (fold(a[i]) == '_')
			words = i + 1;
	return words;
}

/* Whether the shorter name is the beginning or the end of the longer one. */
static bool
is_part(const char *a, size_t m, const char *b, size_t n)
{
	if (m > n)
		return is_part(b, n, a, m);
	return m >= PART_MIN && n - m <= PART_MISSING_MAX &&
	    (same(a, b, m) || same(a, b + n - m, m));
}

/* SIZE_MAX if the names are not alike. */
static size_t
nearness(const char *word, const char *name)
{
	size_t common = common_words(word, name);
	size_t m = strlen(word + common), n = strlen(name + common);
	size_t limit = m < 8 ? 1 : m / 4, found;

	if (m == 0 || m > NAME_MAX_BYTES || n > NAME_MAX_BYTES)
		return SIZE_MAX;
	found = distance(word + common, m, name + common, n);
	if (found <= limit && found < m)
		return found;
	return is_part(word, m + common, name, n + common) ? limit + found :
	    SIZE_MAX;
}

void
hm_suggest_start(struct hm_suggest *nearest, const char *word)
{
	*nearest = (struct hm_suggest){.word = word, .distance = SIZE_MAX};
}

void
hm_suggest_try(struct hm_suggest *nearest, const char *name)
{
	size_t found = nearness(nearest->word, name);

	if (found >= nearest->distance)
		return;
	nearest->distance = found;
	nearest->best = name;
}
