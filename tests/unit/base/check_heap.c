#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/heap.h"
#include "run_suite.h"

#define PAGES 4

static bool
all_are(const unsigned char *p, size_t n, unsigned char byte)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte)
			return false;
	return true;
}

START_TEST(only_whole_pages_are_released)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	memset(p, 7, PAGES * page);
	hm_heap_release(p + 1, 0);
	hm_heap_release(p + 1, page);
	hm_heap_release(p + 1, 2 * page - 2);
	ck_assert(all_are(p, PAGES * page, 7));
	hm_heap_release(p + page - 1, 2 * page);
	ck_assert(all_are(p, page, 7));
	ck_assert(all_are(p + page, page, 0));
	ck_assert(all_are(p + 2 * page, 2 * page, 7));
	hm_heap_release(p, PAGES * page);
	ck_assert(all_are(p, PAGES * page, 0));
	ck_assert_int_eq(munmap(p, PAGES * page), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("heap");
	TCase *pages = tcase_create("pages");

	tcase_add_test(pages, only_whole_pages_are_released);
	suite_add_tcase(suite, pages);
	return run_suite(suite);
}
