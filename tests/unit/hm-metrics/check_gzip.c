#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/slice.h"
#include "http/gzip.h"
#include "http/shared_bytes.h"
#include "run_suite.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
	const char *encodings;
	bool accepted;
} headers[] = {
    {"gzip", true},
    {"GZIP", true},
    {"gzip, deflate, br, zstd", true},
    {"br,gzip", true},
    {"deflate;q=0, x-gzip", true},
    {"gzip;q=0.001", true},
    {"gzip;q=1.000", true},
    {" ,, gzip", true},
    {"*", true},
    {"*;q=0.5, br", true},
    {"*;q=0, gzip", true},
    {"gzip;q=0", false},
    {"gzip; q=0.000", false},
    {"gzip;q=0, *", false},
    {"*;q=0", false},
    {"*, gzip;q=0", false},
    {"br, deflate", false},
    {"gzipped", false},
    {"gz", false},
    {"identity", false},
    {",", false},
    {"", false},
    {NULL, false},
};

START_TEST(header)
{
	ck_assert_msg(hm_gzip_is_accepted(headers[_i].encodings) ==
	    headers[_i].accepted, "%s", headers[_i].encodings);
}
END_TEST

static void
check_round_trip(size_t n, unsigned seed)
{
	char *text = malloc(n + 1), *back = malloc(n + 1);
	struct hm_shared_bytes *bytes, *zipped;
	z_stream z = {0};

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(back);
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (char)(seed >> 16);
	}
	bytes = hm_shared_bytes_new(hm_slice(text, n));
	zipped = hm_gzip(bytes);
	ck_assert_ptr_nonnull(zipped);
	ck_assert_uint_eq(zipped->holders, 1);
	z.next_in = (Bytef *)zipped->data;
	z.avail_in = (uInt)zipped->n;
	z.next_out = (Bytef *)back;
	z.avail_out = (uInt)n + 1;
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, n);
	ck_assert(n == 0 || memcmp(text, back, n) == 0);
	inflateEnd(&z);
	hm_shared_bytes_release(bytes);
	hm_shared_bytes_release(zipped);
	free(text);
	free(back);
}

START_TEST(round_trip)
{
	/* Random bytes do not shrink: they show that there is room. */
	check_round_trip(0, 1);
	check_round_trip(1, 1);
	check_round_trip(1000, 1);
	check_round_trip(300000, 1);
}
END_TEST

START_TEST(shrinks)
{
	static const char text[4096] = "";
	struct hm_shared_bytes *bytes, *zipped;

	bytes = hm_shared_bytes_new(hm_slice(text, sizeof text));
	zipped = hm_gzip(bytes);
	ck_assert_uint_lt(zipped->n, 100);
	hm_shared_bytes_release(bytes);
	hm_shared_bytes_release(zipped);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gzip");
	TCase *tcase = tcase_create("gzip");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, header, 0, COUNT(headers));
	tcase_add_test(tcase, round_trip);
	tcase_add_test(tcase, shrinks);
	return run_suite(suite);
}
