#ifndef MOMENT_H
#define MOMENT_H

#include <check.h>
#include <stdint.h>

#include "base/rfc3339.h"

/* The Unix time of a text; the test fails if it is no time. */
static inline int64_t
moment(const char *text)
{
	int64_t seconds = 0;

	ck_assert_msg(hm_rfc3339_parse(hm_text(text), &seconds), "%s", text);
	return seconds;
}

#endif
