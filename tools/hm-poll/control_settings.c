#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/decimal.h"
#include "config/config.h"
#include "control_private.h"

#define RESTORE_MIN_S 30
#define RESTORE_MAX_S 86400

static bool
read_amount(struct hm_slice text, enum hm_command_unit *unit, int64_t *amount)
{
	bool watts = text.n > 0 && text.p[text.n - 1] == 'W';
	struct hm_decimal number;

	if (watts)
		text.n--;
	*unit = watts ? HM_COMMAND_WATTS : HM_COMMAND_PERCENT;
	return hm_decimal_parse(text, &number) &&
	    hm_decimal_rescale(number, 1, amount) && *amount > 0 &&
	    *amount <= (watts ? INT16_MAX : 1000);
}

bool
hm_control_read_restore(const char *text, int64_t *seconds,
    enum hm_command_unit *unit, int64_t *amount)
{
	const char *colon = strchr(text, ':');

	*seconds = *amount = 0;
	*unit = HM_COMMAND_NONE;
	if (strcmp(text, "off") == 0)
		return true;
	return colon != NULL &&
	    hm_decimal_whole(hm_slice(text, (size_t)(colon - text)),
	    RESTORE_MIN_S, RESTORE_MAX_S, seconds) &&
	    read_amount(hm_text(colon + 1), unit, amount);
}

/* After this time hm-poll closes the connection. */
int64_t
hm_control_way_s(const struct hm_config *config)
{
	return (hm_config_ms(config, HM_SET_COMM_TIMEOUT) + 999) / 1000;
}

/* Otherwise each order would be too old before it is sent. */
static bool
check_max_age(const struct hm_config *config)
{
	int64_t least = hm_control_way_s(config) + 1;
	char allowed[80];

	if (!hm_config_flag(config, HM_SET_CONTROL_ENABLED) ||
	    hm_config_ms(config, HM_SET_CONTROL_MAX_AGE) >= least * 1000)
		return true;
	snprintf(allowed, sizeof allowed, "are %lld s and more, one more than "
	    "comm_timeout", (long long)least);
	return hm_config_refuse(config, HM_SET_CONTROL_MAX_AGE, allowed);
}

static bool
check_restore(const struct hm_config *config)
{
	enum hm_command_unit unit;
	int64_t seconds, amount;

	return hm_control_read_restore(hm_config_text(config,
	    HM_SET_CONTROL_RESTORE), &seconds, &unit, &amount) ||
	    hm_config_refuse(config, HM_SET_CONTROL_RESTORE, "are off, "
	    "SECONDS:PERCENT such as 300:100, and SECONDS:WATTS such as "
	    "300:800W, with 30 to 86400 seconds");
}

bool
hm_control_check(const struct hm_config *config)
{
	bool good = check_max_age(config);

	return check_restore(config) && good;
}

/* Its directories are made, as far as they are missing. */
static bool
make_directories(char *path)
{
	for (char *p = path + 1; *p != '\0'; p++) {
		bool good;

		if (*p != '/')
			continue;
		*p = '\0';
		good = mkdir(path, 0700) == 0 || errno == EEXIST;
		*p = '/';
		if (!good)
			return false;
	}
	return true;
}

/* As systemd and the XDG specification say. */
static int
default_path(char **path)
{
	const char *state = getenv("STATE_DIRECTORY");
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state != NULL && state[0] == '/')
		return asprintf(path, "%s/control.ndjson", state);
	if (xdg != NULL && xdg[0] == '/')
		return asprintf(path, "%s/hm/control.ndjson", xdg);
	if (home != NULL && home[0] == '/')
		return asprintf(path, "%s/.local/state/hm/control.ndjson",
		    home);
	errno = ENOENT;
	return -1;
}

char *
hm_control_journal_path(const struct hm_config *config)
{
	const char *given = hm_config_text(config, HM_SET_CONTROL_JOURNAL);
	char *path;

	if (given != NULL)
		return strdup(given);
	if (default_path(&path) < 0)
		return NULL;
	if (make_directories(path))
		return path;
	free(path);
	return NULL;
}
