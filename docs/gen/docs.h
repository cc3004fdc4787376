#ifndef HM_DOCS_H
#define HM_DOCS_H

#include <stdio.h>

#include "config/settings.h"

/* The allowed values of a setting: "5 to 86400 s". */
void hm_docs_allowed(FILE *out, const struct hm_setting *s);

/* The bounds of a number: "5 to 86400". */
void hm_docs_range(FILE *out, const struct hm_setting *s);

/* Text and `end`, in lines of at most 80 columns, each after `prefix`. */
void hm_docs_wrap(FILE *out, const char *prefix, const char *text,
    const char *end);

/* The example settings file. False if a setting has no value for it. */
bool hm_docs_example(FILE *out);

/* The types and fields of readings, as rows for PostgreSQL. */
void hm_docs_fields_sql(FILE *out);

/*
 * The items of a manual's list of options: those of the tool, each with its
 * part of `more`, which is options.mdoc.
 */
void hm_docs_options(FILE *out, const struct hm_tool *tool, FILE *more);

#endif
