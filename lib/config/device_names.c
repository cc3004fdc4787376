#include "device_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/log.h"
#include "record/dtu_name.h"

#define SERIAL_MAX ((size_t)32)
#define SERIAL_CHARS "0123456789abcdefghijklmnopqrstuvwxyz" \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-"
#define KEY_MAX (SERIAL_MAX + sizeof "/9223372036854775807")

/* Checking */

static bool
is_port_key(const char *key, const char *slash)
{
	size_t n = strspn(key, SERIAL_CHARS);
	const char *port = slash + 1;
	int64_t number;

	return n > 0 && n <= SERIAL_MAX && key + n == slash &&
	    (port[0] != '0' || port[1] == '\0') &&
	    hm_decimal_whole(hm_text(port), 0, UINT8_MAX, &number);
}

static bool
check_key(enum hm_setting_id id, const struct hm_pair *pair, bool ports)
{
	const char *slash = strchr(pair->key, '/');
	bool good = slash == NULL ? strlen(pair->key) <= HM_DTU_NAME_MAX :
	    ports && is_port_key(pair->key, slash);

	return good || hm_config_refuse_pair(id, pair, pair->key, ports ?
	    "are the name of a DTU, SERIAL and SERIAL/PORT, as in roof, "
	    "116172207281 and 116172207281/1" :
	    "are the name of a DTU and SERIAL, as in roof and 116172207281");
}

bool
hm_device_names_check(const struct hm_config *config, enum hm_setting_id id,
    bool ports)
{
	size_t count;
	const struct hm_pair *pair = hm_config_pairs(config, id, &count);
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		good = check_key(id, &pair[i], ports) && good;
		if (strlen(pair[i].text) > HM_DEVICE_NAME_MAX)
			good = hm_config_refuse_pair(id, &pair[i],
			    pair[i].text, "are texts of at most 120 bytes");
	}
	return good;
}

/* Reading */

/* Keys that differ only in case are neighbours. */
static int
compare(const void *a, const void *b)
{
	const struct hm_pair *x = *(const struct hm_pair *const *)a;
	const struct hm_pair *y = *(const struct hm_pair *const *)b;
	int order = strcasecmp(x->key, y->key);

	return order != 0 ? order : strcmp(x->key, y->key);
}

bool
hm_device_names_read(struct hm_device_names *names,
    const struct hm_config *config, enum hm_setting_id id)
{
	size_t count;
	const struct hm_pair *pair = hm_config_pairs(config, id, &count);

	*names = (struct hm_device_names){.count = 0};
	if (count == 0)
		return true;
	names->pair = calloc(count, sizeof *names->pair);
	if (names->pair == NULL) {
		hm_log_errno(HM_ERROR, "no memory for the names");
		return false;
	}
	for (size_t i = 0; i < count; i++)
		names->pair[i] = &pair[i];
	names->count = count;
	qsort(names->pair, count, sizeof *names->pair, compare);
	return true;
}

void
hm_device_names_free(struct hm_device_names *names)
{
	free(names->pair);
	*names = (struct hm_device_names){.count = 0};
}

/* Looking up */

/* The first entry whose key is not below a key, in any case. */
static size_t
lower_bound(const struct hm_device_names *names, const char *key)
{
	size_t from = 0, to = names->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcasecmp(names->pair[middle]->key, key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static const char *
find(const struct hm_device_names *names, const char *key, bool any_case)
{
	for (size_t i = lower_bound(names, key); i < names->count &&
	     strcasecmp(names->pair[i]->key, key) == 0; i++)
		if (any_case || strcmp(names->pair[i]->key, key) == 0)
			return names->pair[i]->text;
	return NULL;
}

const char *
hm_device_name(const struct hm_device_names *names, const char *serial)
{
	return serial[0] != '\0' ? find(names, serial, true) : NULL;
}

const char *
hm_device_name_of_dtu(const struct hm_device_names *names,
    struct hm_slice dtu, const char *serial)
{
	const char *own = hm_device_name(names, serial);
	char key[HM_DTU_NAME_MAX + 1];

	if (own != NULL || dtu.n > HM_DTU_NAME_MAX)
		return own;
	memcpy(key, dtu.p, dtu.n);
	key[dtu.n] = '\0';
	return find(names, key, false);
}

const char *
hm_device_name_of_port(const struct hm_device_names *names,
    const char *serial, int64_t port)
{
	char key[KEY_MAX];
	int n = snprintf(key, sizeof key, "%s/%lld", serial, (long long)port);

	return n > 0 && (size_t)n < sizeof key ? find(names, key, true) : NULL;
}
