#include "config_private.h"

#include <stdio.h>

#include "base/hex.h"

/* The code unit of "\uXXXX", or -1. */
static long
code_unit(const char *p)
{
	long unit = 0;

	if (p[0] != '\\' || p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hm_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool
is_surrogate(long unit, long first)
{
	return unit >= first && unit < first + 0x400;
}

/* "\uD83C\uDF1E", one character in JSON, is "\U0001F31E" in YAML. */
static size_t
join_pair(const char *p, char out[16])
{
	long high = code_unit(p);
	long low = is_surrogate(high, 0xd800) ? code_unit(p + 6) : -1;

	if (!is_surrogate(low, 0xdc00))
		return 0;
	snprintf(out, 16, "\\U%08lX", 0x10000 + ((high - 0xd800) << 10) +
	    (low - 0xdc00));
	return 12;
}

char *
hm_config_json_to_yaml(struct hm_config *config, const char *text)
{
	char *yaml = hm_config_copy(config, text), *out = yaml;

	if (yaml == NULL)
		return NULL;
	while (*text != '\0') {
		char pair[16];
		size_t n = join_pair(text, pair);

		if (n > 0) {
			memcpy(out, pair, strlen(pair));
			out += strlen(pair);
			text += n;
			continue;
		}
		/* What is behind a backslash begins nothing. */
		if (text[0] == '\\' && text[1] != '\0')
			*out++ = *text++;
		*out++ = *text++;
	}
	*out = '\0';
	return yaml;
}
