#include "foreign_entity.h"

#include <check.h>

#include "run_suite.h"

#define TOPIC "ha/sensor/1/inv_temperature/config"
#define LISTS(topic) "{\"availability\":[{\"topic\":\"" topic "\"}]," \
	"\"origin\":{\"name\":\"hm\",\"sw_version\":\"1\"}}"

static const struct {
	const char *topic, *payload, *availability;
	bool retain, foreign;
} messages[] = {
    {TOPIC, LISTS("ha/a/availability"), "ha/a/availability", true, false},
    {TOPIC, LISTS("ha/b/availability"), "ha/a/availability", true, true},
    {TOPIC, LISTS("ha/b/availability"), "ha/a/availability", false, false},
    {"ha/s", LISTS("ha/b/availability"), "ha/a/availability", true, false},
    {"config", LISTS("ha/b/availability"), "ha/a/availability", true, false},
    {TOPIC, "", "ha/a/availability", true, false},
    {TOPIC, "{\"origin\":{\"name\":\"other\"}}", "ha/a/availability", true,
        false},
    {"ha/device/hm_1/config", LISTS("ha/b/availability"),
        "ha/a/availability", true, true},
    {TOPIC, LISTS("ha/a\\\"b/availability"), "ha/a\"b/availability", true,
        false},
};

START_TEST(announcements_of_another)
{
	const struct hm_message message = {
	    .topic = hm_text(messages[_i].topic),
	    .payload = hm_text(messages[_i].payload),
	    .retain = messages[_i].retain,
	};

	ck_assert(hm_foreign_entity(&message, messages[_i].availability) ==
	    messages[_i].foreign);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("foreign_entity");
	TCase *tc = tcase_create("foreign_entity");

	tcase_add_loop_test(tc, announcements_of_another, 0,
	    sizeof messages / sizeof *messages);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
