#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "error_hints.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define MODBUS HM_TRANSPORT_MODBUS
#define HM HM_TRANSPORT_HM
#define ES HM_TRANSPORT_ES
#define G3 HM_TRANSPORT_MODBUS_G3
#define BUSY "programs that read it"
#define NO_DTU "is this the address of a DTU?"
#define CLOSED HM_OTHER_PORT_CLOSED
#define OPEN HM_OTHER_PORT_OPEN

/* The RS485 mode can be the cause of a refused connection over Modbus only. */
#define RS485 "RS485 mode"

static const struct {
	enum hm_transport transport;
	uint16_t port; /* 0: the usual one */
	enum hm_poll_error error;
	enum hm_peer peer;
	enum hm_other_port other_port;
	bool reached;
	const char *begin, *end; /* of the hint; NULL for none */
} cases[] = {
    {MODBUS, 0, HM_ERR_REFUSED, 0, 0, false, "some firmware, V00.02.22",
        "; most DTUs speak another protocol: try hm://roof"},
    {MODBUS, 0, HM_ERR_REFUSED, 0, OPEN, false,
        "port 10081 answers: is it hm://roof?", ""},
    {MODBUS, 0, HM_ERR_REFUSED, 0, CLOSED, false,
        "port 10081 does not answer either; " NO_DTU " Some firmware, ",
        "\"Remote Control\" in the app"},
    {MODBUS, 0, HM_ERR_REFUSED, 0, 0, true, "some firmware, V00.02.22",
        "in the app"},
    {MODBUS, 502, HM_ERR_TIMEOUT_CONNECT, 0, OPEN, false,
        "port 10081 answers: is it hm://roof?", ""},
    {MODBUS, 0, HM_ERR_TIMEOUT_CONNECT, 0, CLOSED, false,
        "port 10081 does not answer either; is the DTU on, ", "address?"},
    {MODBUS, 0, HM_ERR_TIMEOUT_READ, 0, OPEN, false,
        "port 10081 answers: is it hm://roof?", ""},
    {MODBUS, 0, HM_ERR_TIMEOUT_READ, 0, CLOSED, false,
        "port 10081 does not answer either; " NO_DTU, ""},
    {MODBUS, 0, HM_ERR_TIMEOUT_READ, 0, 0, true, "a DTU serves one ", BUSY},
    {MODBUS, 0, HM_ERR_TIMEOUT_READ, HM_PEER_MODBUS, 0, false,
        "a DTU serves one ", BUSY},
    {MODBUS, 10081, HM_ERR_TIMEOUT_READ, 0, 0, false,
        "10081 is the port of hm: is it hm://roof?", ""},
    {MODBUS, 10081, HM_ERR_REFUSED, 0, 0, false,
        "10081 is the port of hm: is it hm://roof?", ""},
    {MODBUS, 1502, HM_ERR_PROTOCOL, HM_PEER_HM, 0, false,
        "it speaks hm: is it hm://roof:1502?", ""},
    {MODBUS, 0, HM_ERR_PROTOCOL, HM_PEER_WEB, 0, false,
        "a web server answers there, no DTU: ", "list of devices"},
    {MODBUS, 0, HM_ERR_CLOSED, 0, 0, false, "a DTU serves one client",
        "try hm://roof"},
    {MODBUS, 0, HM_ERR_UNREACHABLE, 0, 0, false, "is the DTU on, ",
        "address?"},
    {MODBUS, 0, HM_ERR_NOT_MAPPED, 0, 0, false, "wait until", "app"},
    {MODBUS, 0, HM_ERR_CRC, 0, 0, false, NULL, NULL},
    {MODBUS, 0, HM_ERR_LENGTH, 0, 0, true, NULL, NULL},
    {MODBUS, 0, HM_ERR_LENGTH, HM_PEER_MODBUS, 0, false, NULL, NULL},
    {MODBUS, 0, HM_ERR_EXCEPTION, 0, OPEN, false, NULL, NULL},
    {HM, 0, HM_ERR_REFUSED, 0, 0, false, "a DTU serves one client", BUSY},
    {HM, 0, HM_ERR_REFUSED, 0, OPEN, false,
        "port 502 answers: is it modbus://roof?", ""},
    {HM, 0, HM_ERR_REFUSED, 0, CLOSED, false,
        "port 502 does not answer either; " NO_DTU " Inverters named "
        "HMS-...WB and HiFlow have only Bluetooth. ", BUSY},
    {HM, 0, HM_ERR_REFUSED, 0, CLOSED, true, "a DTU serves one ", BUSY},
    {HM, 0, HM_ERR_CLOSED, 0, 0, true, "a DTU serves one client", BUSY},
    {HM, 502, HM_ERR_CLOSED, 0, 0, false,
        "502 is the port of Modbus: is it modbus://roof?", ""},
    {HM, 0, HM_ERR_TIMEOUT_CONNECT, 0, CLOSED, false,
        "port 502 does not answer either; is the DTU on, ", "at night"},
    {HM, 0, HM_ERR_TIMEOUT_READ, 0, 0, false, "if it is a DTU-Pro-S",
        "modbus://"},
    {HM, 0, HM_ERR_TIMEOUT_READ, 0, OPEN, false,
        "port 502 answers: is it modbus://roof?", ""},
    {HM, 0, HM_ERR_TIMEOUT_READ, 0, CLOSED, false,
        "port 502 does not answer either; " NO_DTU, BUSY},
    {HM, 0, HM_ERR_PROTOCOL, HM_PEER_SSH, 0, false,
        "an SSH server answers there, no DTU: ", "list of devices"},
    {HM, 0, HM_ERR_PROTOCOL, HM_PEER_TEXT, 0, true,
        "what answers there sends text, ", "list of devices"},
    {HM, 1502, HM_ERR_PROTOCOL, HM_PEER_MODBUS, 0, false,
        "it speaks Modbus: is it modbus://roof:1502?", ""},
    {HM, 0, HM_ERR_PROTOCOL, 0, CLOSED, false,
        "port 502 does not answer either; " NO_DTU, ""},
    {HM, 0, HM_ERR_PROTOCOL, 0, 0, true, NULL, NULL},
    {HM, 0, HM_ERR_NOT_MAPPED, 0, 0, false, "wait until", "app"},
    {HM, 0, HM_ERR_DECRYPT, 0, 0, false, "newer firmware", "minute"},
    {HM, 0, HM_ERR_RESOLVE, 0, 0, false, NULL, NULL},
    {HM, 0, HM_ERR_NONE, 0, 0, false, NULL, NULL},
    {ES, 0, HM_ERR_REFUSED, 0, 0, false, "a DTS-WL-G3, the gateway of ",
        "read it with modbus-g3://"},
    {ES, 0, HM_ERR_REFUSED, 0, 0, true, "the gateway serves one ", BUSY},
    {ES, 0, HM_ERR_TIMEOUT_CONNECT, 0, 0, false, "is the gateway on, ",
        "address?"},
    {ES, 0, HM_ERR_TIMEOUT_READ, 0, 0, false, "is this the address of a ",
        "hybrid inverters? A DTU is read with hm://"},
    {ES, 0, HM_ERR_TIMEOUT_READ, HM_PEER_GATEWAY, 0, false,
        "the gateway serves one client", BUSY},
    {ES, 0, HM_ERR_TIMEOUT_READ, 0, 0, true, "the gateway serves one ", BUSY},
    {ES, 0, HM_ERR_TIMEOUT_READ, HM_PEER_HM, 0, false,
        "it speaks hm: is it hm://roof?", ""},
    {ES, 1081, HM_ERR_CLOSED, HM_PEER_HM, 0, false,
        "it speaks hm: is it hm://roof:1081?", ""},
    {ES, 0, HM_ERR_CLOSED, 0, 0, false, "is this the address of a ",
        "hm://"},
    {ES, 0, HM_ERR_PROTOCOL, HM_PEER_WEB, 0, false,
        "a web server answers there, no DTU: ", "list of devices"},
    {ES, 0, HM_ERR_PROTOCOL, 0, 0, true, NULL, NULL},
    {ES, 0, HM_ERR_NOT_MAPPED, 0, 0, false, "wait until the gateway", "app"},
    {ES, 0, HM_ERR_CRC, 0, 0, false, NULL, NULL},
    {G3, 0, HM_ERR_REFUSED, 0, 0, false, "a DTS-WL-G3 serves Modbus at its "
        "Ethernet port only", "V03.00.13 or later"},
    {G3, 0, HM_ERR_REFUSED, 0, OPEN, true, "a DTS-WL-G3 serves Modbus",
        "V03.00.13 or later"},
    {G3, 0, HM_ERR_TIMEOUT_CONNECT, 0, 0, false, "is the DTU on, ",
        "V03.00.13 or later"},
    {G3, 0, HM_ERR_UNREACHABLE, 0, 0, false, "is the DTU on, ", "address?"},
    {G3, 0, HM_ERR_TIMEOUT_READ, 0, 0, false, "is this the address of a DTS",
        "modbus://"},
    {G3, 0, HM_ERR_TIMEOUT_READ, 0, 0, true, "a DTS-WL-G3 serves one ", BUSY},
    {G3, 0, HM_ERR_CLOSED, 0, 0, false, "a DTS-WL-G3 serves one ", BUSY},
    {G3, 0, HM_ERR_EXCEPTION, HM_PEER_MODBUS, 0, false,
        "is this the address of a DTS", "modbus://"},
    {G3, 0, HM_ERR_LENGTH, HM_PEER_MODBUS, 0, false, "two clients at once",
        "programs that read it"},
    {G3, 0, HM_ERR_PROTOCOL, 0, 0, true, "two clients at once",
        "programs that read it"},
    {G3, 0, HM_ERR_PROTOCOL, HM_PEER_WEB, 0, false,
        "a web server answers there, no DTU: ", "list of devices"},
};

static char roof[] = "roof", loopback[] = "::1";

static bool
begins(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

static bool
ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

START_TEST(names_the_likely_cause)
{
	struct hm_dtu dtu = {.host = roof,
	    .transport = cases[_i].transport,
	    .port = cases[_i].port != 0 ? cases[_i].port :
	        hm_transport_port(cases[_i].transport)};
	struct hm_failure failure = {&dtu, cases[_i].error, cases[_i].peer,
	    cases[_i].other_port, cases[_i].reached};
	char out[HM_HINT_MAX];
	const char *hint = hm_error_hint(&failure, out);

	if (cases[_i].begin == NULL) {
		ck_assert_ptr_null(hint);
		return;
	}
	ck_assert_ptr_nonnull(hint);
	ck_assert_msg(begins(hint, cases[_i].begin) &&
	    ends(hint, cases[_i].end), "%s", hint);
	if (cases[_i].transport != MODBUS || cases[_i].error !=
	    HM_ERR_REFUSED)
		ck_assert_ptr_null(strstr(hint, RS485));
}
END_TEST

START_TEST(hosts_are_written_as_in_uris)
{
	struct hm_dtu dtu = {.host = loopback, .transport = MODBUS,
	    .port = 502};
	struct hm_failure failure = {&dtu, HM_ERR_REFUSED, HM_PEER_UNKNOWN,
	    OPEN, false};
	char out[HM_HINT_MAX];

	ck_assert_str_eq(hm_error_hint(&failure, out),
	    "port 10081 answers: is it hm://[::1]?");
}
END_TEST

START_TEST(longest_host_fits)
{
	char *host = calloc(1, 254);
	struct hm_dtu dtu = {.host = host, .transport = MODBUS, .port = 1502};
	struct hm_failure failure = {&dtu, HM_ERR_REFUSED, HM_PEER_UNKNOWN,
	    HM_OTHER_PORT_UNKNOWN, false};
	char out[HM_HINT_MAX];

	ck_assert_ptr_nonnull(host);
	memset(host, 'a', 253);
	ck_assert(ends(hm_error_hint(&failure, out), host));
	free(host);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("error_hints");
	TCase *tcase = tcase_create("error_hints");

	tcase_add_loop_test(tcase, names_the_likely_cause, 0, COUNT(cases));
	tcase_add_test(tcase, hosts_are_written_as_in_uris);
	tcase_add_test(tcase, longest_host_fits);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
