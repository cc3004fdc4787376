#include <check.h>

#include "peer.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t n;
	enum hm_peer peer;
} cases[] = {
    {BYTES(""), HM_PEER_UNKNOWN},
    {BYTES("HTTP/1.1"), HM_PEER_WEB},
    {BYTES("<!DOCTYP"), HM_PEER_WEB},
    {BYTES("SSH-2.0-"), HM_PEER_SSH},
    {BYTES("220 mail"), HM_PEER_TEXT},
    {BYTES("+OK\r\n"), HM_PEER_TEXT},
    {BYTES("abc"), HM_PEER_UNKNOWN},
    {BYTES("abcd\x80"), HM_PEER_UNKNOWN},
    {BYTES("\x16\x03\x01\x02\x00\x01\x00\x01"), HM_PEER_UNKNOWN}, /* TLS */
    {BYTES("HM\xa2\x01\x00\x01\x12\x34"), HM_PEER_HM},
    {BYTES("HM\x22\x02"), HM_PEER_HM},
    {BYTES("HM\xa2"), HM_PEER_UNKNOWN},
    {BYTES("HM\xa3\x01"), HM_PEER_UNKNOWN}, /* our request, sent back */
    {BYTES("HM\xda\x01\x00\x01\x12\x34"), HM_PEER_GATEWAY},
    {BYTES("HM\xc2\x03"), HM_PEER_GATEWAY},
    {BYTES("HM\xc2"), HM_PEER_UNKNOWN},
    {BYTES("HM\xdb\x01"), HM_PEER_UNKNOWN},
    {BYTES("HM\xc3\x03"), HM_PEER_UNKNOWN},
    {BYTES("HM, hello"), HM_PEER_TEXT},
    {BYTES("\0\1\0\0\0\x09\1\3"), HM_PEER_MODBUS},
    {BYTES("\0\1\0\0\0\3\1\x83"), HM_PEER_MODBUS},
    {BYTES("\0\1\0\0\0\xf9\1\4"), HM_PEER_MODBUS},
    {BYTES("\0\1\0\0\0\3\1\x84"), HM_PEER_MODBUS},
    {BYTES("\0\1\0\0\0\2\1\3"), HM_PEER_UNKNOWN},
    {BYTES("\0\1\0\0\1\0\1\3"), HM_PEER_UNKNOWN},
    {BYTES("\0\1\0\1\0\x09\1\3"), HM_PEER_UNKNOWN},
    {BYTES("\0\1\0\0\0\x09\1\5"), HM_PEER_UNKNOWN},
    {BYTES("\0\1\0\0\0\x09\1"), HM_PEER_UNKNOWN},
};

START_TEST(first_bytes_name_the_program)
{
	ck_assert_int_eq(hm_peer_of((const uint8_t *)cases[_i].bytes,
	    cases[_i].n), cases[_i].peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("peer");
	TCase *tcase = tcase_create("peer");

	tcase_add_loop_test(tcase, first_bytes_name_the_program, 0,
	    COUNT(cases));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
