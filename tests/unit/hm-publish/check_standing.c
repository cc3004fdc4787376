#include "standing.h"

#include <check.h>
#include <stdio.h>

#include "ha_config.h"
#include "run_suite.h"

#define A "ha/sensor/1/inv_a/config"
#define D "ha/device/hm_1/config"

static struct hm_standing *standing;
static struct hm_stood_device *device;

static struct hm_stood_device *
add(const char *topic)
{
	struct hm_ha_topic parts;

	ck_assert(hm_ha_topic_read(hm_text(topic), &parts));
	return hm_standing_add(standing, &parts);
}

static void
setup(void)
{
	standing = hm_standing_new();
	ck_assert_ptr_nonnull(standing);
	device = add(A);
	ck_assert_ptr_nonnull(device);
}

static void
teardown(void)
{
	hm_standing_free(standing);
}

/* Before the subscription. */
static bool
stood(const char *topic, const char *payload)
{
	return hm_standing_hear(standing, hm_text(topic), hm_text(payload),
	    false);
}

/* By another client. */
static bool
comes(const char *topic, const char *payload)
{
	return hm_standing_hear(standing, hm_text(topic), hm_text(payload),
	    true);
}

static void
sent(const char *topic, const char *payload)
{
	hm_standing_sent(standing, hm_text(topic), hm_text(payload));
}

static uint64_t
unique(void)
{
	const struct hm_stood_config *config = LIST_FIRST(&device->configs);

	ck_assert_ptr_nonnull(config);
	ck_assert_ptr_null(LIST_NEXT(config, next));
	return config->unique;
}

START_TEST(what_stood)
{
	struct hm_ha_topic parts;

	stood(A, "{\"unique_id\":\"x\"}");
	ck_assert_uint_eq(unique(), hm_ha_text_hash(hm_text("x")));
	stood("ha/sensor/2/inv_a/config", "{\"unique_id\":\"x\"}");
	stood("other/sensor/1/inv_a/config", "{\"unique_id\":\"x\"}");
	stood("ha/sensor/1/inv_a/state", "{\"unique_id\":\"x\"}");
	ck_assert_uint_eq(device->count, 1);
	ck_assert_ptr_null(device->message);
	stood(D, "{\"components\":{}}");
	ck_assert_uint_eq(device->message_size, 17);
	hm_ha_topic_read(hm_text(D), &parts);
	ck_assert_ptr_eq(hm_standing_find(standing, &parts), device);
}
END_TEST

START_TEST(what_came_too_late)
{
	device->state = HM_STOOD_KNOWN;
	sent(A, "{\"unique_id\":\"new\"}");
	stood(A, "{\"unique_id\":\"old\"}");
	ck_assert_uint_eq(unique(), hm_ha_text_hash(hm_text("new")));
}
END_TEST

START_TEST(what_is_no_announcement)
{
	hm_standing_hear(standing, hm_text(A), hm_slice(NULL, 0), false);
	hm_standing_hear(standing, hm_text(D), hm_slice(NULL, 0), true);
	stood(D, "[]");
	stood(D, "{\"components\":[]}");
	ck_assert_uint_eq(device->count, 0);
	ck_assert_ptr_null(device->message);
	stood(A, "{\"migrate_discovery\": true}");
	ck_assert_uint_eq(device->count, 0);
	/* It is there, whatever it is. */
	stood(A, "nonsense");
	ck_assert_uint_eq(unique(), 0);
}
END_TEST

START_TEST(deleted_by_others)
{
	sent(A, "{\"unique_id\":\"x\"}");
	ck_assert(!comes(A, "{\"unique_id\":\"y\"}"));
	ck_assert_uint_eq(unique(), hm_ha_text_hash(hm_text("y")));
	ck_assert(comes(A, ""));
	ck_assert_uint_eq(device->count, 0);
	ck_assert(!comes("ha/sensor/2/inv_a/config", ""));
}
END_TEST

START_TEST(deleted_by_us)
{
	sent(A, "{\"unique_id\":\"x\"}");
	sent(A, "");
	sent(D, "");
	ck_assert(!comes(A, ""));
	ck_assert(!comes(D, ""));
	ck_assert(comes(D, ""));
	ck_assert(comes(A, ""));
}
END_TEST

/* The first echo was lost: those after it are still known. */
START_TEST(echo_that_does_not_come)
{
	sent("ha/sensor/1/b/config", "");
	sent(A, "");
	ck_assert(!comes(A, ""));
	ck_assert(comes("ha/sensor/1/b/config", ""));
	for (size_t i = 0; i <= HM_STANDING_ECHOES; i++)
		sent(i == 0 ? A : D, "");
	ck_assert(comes(A, ""));
	for (size_t i = 0; i < HM_STANDING_ECHOES; i++)
		ck_assert(!comes(D, ""));
	ck_assert(comes(D, ""));
}
END_TEST

START_TEST(bounds)
{
	char topic[64];
	size_t devices = 1;

	for (size_t i = 0; i < HM_STANDING_CONFIGS + 5; i++) {
		snprintf(topic, sizeof topic, "ha/x/1/%zu/config", i);
		comes(topic, "{}");
	}
	ck_assert_uint_eq(device->count, HM_STANDING_CONFIGS);
	for (size_t i = 0; i < HM_STANDING_DEVICES; i++) {
		snprintf(topic, sizeof topic, "ha/x/d%zu/a/config", i);
		devices += add(topic) != NULL;
	}
	ck_assert_uint_eq(devices, HM_STANDING_DEVICES);
	hm_standing_clear(standing);
	ck_assert_ptr_null(hm_standing_next(standing, NULL));
	ck_assert_ptr_nonnull(add(A));
}
END_TEST

START_TEST(bytes)
{
	enum { SIZE = 100000 };
	static char payload[SIZE + 1];
	char topic[64];
	size_t kept = 0;

	snprintf(payload, sizeof payload, "{\"components\":{},\"x\":\"%0*d\"}",
	    SIZE - 24, 0);
	for (size_t i = 0; i < 300; i++) {
		snprintf(topic, sizeof topic, "ha/device/hm_%zu/config", i);
		device = i == 1 ? device : add(topic);
		comes(topic, payload);
		kept += device->message_size;
	}
	ck_assert_uint_le(kept, HM_STANDING_BYTES);
	ck_assert_uint_gt(kept, HM_STANDING_BYTES - SIZE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("standing");
	TCase *tcase = tcase_create("standing");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_stood);
	tcase_add_test(tcase, what_came_too_late);
	tcase_add_test(tcase, what_is_no_announcement);
	tcase_add_test(tcase, deleted_by_others);
	tcase_add_test(tcase, deleted_by_us);
	tcase_add_test(tcase, echo_that_does_not_come);
	tcase_add_test(tcase, bounds);
	tcase_add_test(tcase, bytes);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
