#include "poll_settings.h"

#include "base/log.h"
#include "dtu_lock.h"
#include "wire/dtu_uri.h"

#define HM_PERIOD_MIN_MS 35000 /* shorter ones stop the cloud upload */

/* -1: unlimited. */
static int64_t
poll_count(const struct hm_config *config)
{
	if (hm_config_flag(config, HM_SET_ONCE))
		return 1;
	return hm_config_has(config, HM_SET_COUNT) ?
	    hm_config_int(config, HM_SET_COUNT) : -1;
}

static unsigned
ask_bits(const struct hm_config *config)
{
	static const struct {
		const char *word;
		enum hm_ask bit;
	} words[] = {
	    {"info", HM_ASK_INFO},
	    {"network", HM_ASK_NETWORK},
	    {"alarms", HM_ASK_ALARMS},
	    {"history", HM_ASK_HISTORY},
	    {"config", HM_ASK_CONFIG},
	};
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (hm_config_lists(config, HM_SET_ASK, words[i].word))
			bits |= words[i].bit;
	/* The configuration says when DTUs upload, for the polls after it. */
	if (hm_config_flag(config, HM_SET_CLOUD_FRIENDLY) &&
	    poll_count(config) != 1)
		bits |= HM_ASK_CONFIG;
	return bits;
}

/*
 * A running chain soon polls again; a single poll waits for another hm-poll as
 * long as for the reply of a DTU.
 */
static int64_t
lock_wait_ms(const struct hm_config *config)
{
	int64_t timeout = hm_config_ms(config, HM_SET_COMM_TIMEOUT);

	if (poll_count(config) != 1)
		return timeout;
	return timeout * (1 + hm_config_int(config, HM_SET_COMM_RETRIES));
}

static const char *
lock_dir(const struct hm_config *config)
{
	const char *dir = hm_config_text(config, HM_SET_LOCK_DIR);

	return dir != NULL ? dir : hm_dtu_lock_default_dir();
}

static void
set_retries(const struct hm_config *config, struct hm_fleet_options *options)
{
	options->retries = hm_config_int(config, HM_SET_COMM_RETRIES);
	options->backoff = (struct hm_backoff){
	    .min_ms = hm_config_ms(config, HM_SET_COMM_RECONNECT_DELAY),
	    .max_ms = hm_config_ms(config, HM_SET_COMM_RECONNECT_DELAY_MAX),
	    .exponential = hm_config_flag(config,
	        HM_SET_EXPONENTIAL_BACKOFF),
	};
	options->breaker = (struct hm_breaker_limits){
	    .threshold = hm_config_int(config,
	        HM_SET_CIRCUIT_BREAKER_THRESHOLD),
	    .timeout_ms = hm_config_ms(config,
	        HM_SET_CIRCUIT_BREAKER_TIMEOUT),
	    .timeout_max_ms = hm_config_ms(config, HM_SET_MAX_BACKOFF),
	};
}

void
hm_poll_settings(const struct hm_config *config,
    struct hm_fleet_options *options, struct hm_quiet_hours *night)
{
	struct hm_poller_options *poller = &options->poller;

	poller->dialog.ask = ask_bits(config);
	poller->dialog.ask_period =
	    hm_config_ms(config, HM_SET_ASK_PERIOD) / 1000;
	poller->dialog.es_keep_connection =
	    hm_config_flag(config, HM_SET_ES_KEEP_CONNECTION);
	poller->connect_timeout_ms = hm_config_ms(config,
	    HM_SET_CONNECT_TIMEOUT);
	poller->read_timeout_ms = hm_config_ms(config, HM_SET_COMM_TIMEOUT);
	options->schedule = (struct hm_poll_schedule){
	    .period_ms = hm_config_ms(config, HM_SET_QUERY_PERIOD),
	    .night = hm_quiet_hours_read(config, night),
	    .night_period_ms = hm_config_ms(config, HM_SET_NIGHT_PERIOD),
	    .upload_margin_ms = hm_config_flag(config,
	        HM_SET_CLOUD_FRIENDLY) ?
	        hm_config_ms(config, HM_SET_CLOUD_MARGIN) : 0,
	};
	options->count = poll_count(config);
	set_retries(config, options);
	options->lock_dir = lock_dir(config);
	options->lock_wait_ms = lock_wait_ms(config);
	/* A single poll shows what the commands have changed. */
	options->held = hm_config_flag(config, HM_SET_CONTROL_ENABLED) &&
	    hm_config_flag(config, HM_SET_ONCE);
	options->order_timeout_ms = hm_config_ms(config,
	    HM_SET_CONTROL_TIMEOUT);
}

void
hm_poll_settings_warn(const struct hm_dtus *dtus,
    const struct hm_config *config)
{
	int64_t period = hm_config_ms(config, HM_SET_QUERY_PERIOD);

	if (period >= HM_PERIOD_MIN_MS || poll_count(config) == 1)
		return;
	for (size_t i = 0; i < dtus->count; i++)
		if (dtus->dtu[i].transport == HM_TRANSPORT_HM) {
			hm_log(HM_WARNING, "a period of %lld s may cut hm "
			    "DTUs off from the vendor's cloud; %d s and more "
			    "do not", (long long)period / 1000,
			    HM_PERIOD_MIN_MS / 1000);
			return;
		}
}
