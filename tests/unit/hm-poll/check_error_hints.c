#include <check.h>
#include <string.h>

#include "error_hints.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	enum hm_transport transport;
	enum hm_poll_error error;
	const char *part; /* of the hint; NULL for none */
} cases[] = {
    {HM_TRANSPORT_MODBUS, HM_ERR_REFUSED, "Remote Control"},
    {HM_TRANSPORT_MODBUS, HM_ERR_TIMEOUT_CONNECT, "Remote Control"},
    {HM_TRANSPORT_MODBUS, HM_ERR_TIMEOUT_READ, "V00.02.22"},
    {HM_TRANSPORT_MODBUS, HM_ERR_NOT_MAPPED, "inverters"},
    {HM_TRANSPORT_MODBUS, HM_ERR_CRC, NULL},
    {HM_TRANSPORT_HM, HM_ERR_REFUSED, "one client"},
    {HM_TRANSPORT_HM, HM_ERR_CLOSED, "one client"},
    {HM_TRANSPORT_HM, HM_ERR_TIMEOUT_READ, "V00.08.03"},
    {HM_TRANSPORT_HM, HM_ERR_NOT_MAPPED, "inverters"},
    {HM_TRANSPORT_HM, HM_ERR_DECRYPT, "key"},
    {HM_TRANSPORT_HM, HM_ERR_UNREACHABLE, NULL},
    {HM_TRANSPORT_HM, HM_ERR_NONE, NULL},
};

START_TEST(names_what_is_known)
{
	const char *hint = hm_error_hint(cases[_i].transport, cases[_i].error);

	if (cases[_i].part == NULL)
		ck_assert_ptr_null(hint);
	else
		ck_assert_ptr_nonnull(strstr(hint, cases[_i].part));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("error_hints");
	TCase *tcase = tcase_create("error_hints");

	tcase_add_loop_test(tcase, names_what_is_known, 0, COUNT(cases));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
