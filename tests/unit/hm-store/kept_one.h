/* A fixture: each test has a database of its own, with nothing in it. */

#include "kept.h"

static struct keeper *k;

static void
setup(void)
{
	make_scratch();
	k = keep_open("a.db", 0);
}

static void
teardown(void)
{
	keep_close(k);
	remove_scratch();
}

static inline const char *
ask(const char *sql)
{
	return answer(&k->db, sql);
}
