#include "sql.h"

#include <stdarg.h>
#include <stdio.h>

void
hm_sql_start(struct hm_sql *sql)
{
	sql->n = 0;
	sql->failed = false;
	sql->text[0] = '\0';
}

void
hm_sql_add(struct hm_sql *sql, const char *format, ...)
{
	size_t room = sizeof sql->text - sql->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(sql->text + sql->n, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		sql->failed = true;
	else
		sql->n += (size_t)n;
}

const char *
hm_sql_text(const struct hm_sql *sql)
{
	return sql->failed ? NULL : sql->text;
}
