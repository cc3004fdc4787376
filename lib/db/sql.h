#ifndef HM_SQL_H
#define HM_SQL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Builds an SQL statement in a buffer of fixed size. An overflow is remembered,
 * and hm_sql_text then returns NULL.
 */

#define HM_SQL_MAX ((size_t)16 * 1024)

struct hm_sql {
	size_t n;
	bool failed;
	char text[HM_SQL_MAX];
};

void hm_sql_start(struct hm_sql *sql);

/* Append. Names only: values are bound, never printed. */
__attribute__((format(printf, 2, 3))) void hm_sql_add(struct hm_sql *sql,
    const char *format, ...);

/* The whole statement, valid until sql changes; NULL if it did not fit. */
const char *hm_sql_text(const struct hm_sql *sql);

#endif
