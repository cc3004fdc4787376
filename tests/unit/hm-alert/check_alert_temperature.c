#include <check.h>

#include "alert_temperature.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define LIMIT 80000
#define NONE INT64_MIN /* no temperature in the record */

static const struct {
	int64_t time, temperature;
	bool hot;
} readings[] = {
    {1000, 79999, false},
    {1060, 80000, true},
    {1120, 95000, true},
    {1180, 79000, true},
    {1240, 77000, true},
    {1300, 76999, false},
    {1360, 79999, false},
    {1420, 80000, true},
    /* Asleep, or not heard, for a moment and for good. */
    {1480, NONE, true},
    {1540, 78000, true},
    {1540 + HM_HEAT_SILENCE - 1, NONE, true},
    {1540 + HM_HEAT_SILENCE, NONE, false},
    {3000, 78000, false},
    {3060, NONE, false},
    {3120, 81000, true},
    /* The clock is set back. */
    {2000, NONE, true},
    {2000 + HM_HEAT_SILENCE - 1, NONE, true},
    {2000 + HM_HEAT_SILENCE, NONE, false},
    {9000, -20000, false},
};

START_TEST(hot_and_cool)
{
	struct hm_heat heat = {0};

	for (size_t i = 0; i < COUNT(readings); i++) {
		bool hot = readings[i].temperature == NONE ?
		    hm_heat_silence(&heat, readings[i].time) :
		    hm_heat_reading(&heat, readings[i].time,
		    readings[i].temperature, LIMIT);

		ck_assert_msg(hot == readings[i].hot, "reading %zu", i);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alert_heat");
	TCase *tc = tcase_create("alert_heat");

	tcase_add_test(tc, hot_and_cool);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
