#ifndef HM_DOCS_H
#define HM_DOCS_H

#include <stdio.h>

#include "config/settings.h"

/* What a setting may be: "5 to 86400 s". */
void hm_docs_allowed(FILE *out, const struct hm_setting *s);

/* The bounds of a number: "5 to 86400". */
void hm_docs_range(FILE *out, const struct hm_setting *s);

/* Text in lines of at most 80 columns, each with `prefix`, ended by `end`. */
void hm_docs_wrap(FILE *out, const char *prefix, const char *text,
    const char *end);

/* The example settings file; false: a setting has no value to show. */
bool hm_docs_example(FILE *out);

/*
 * The items of a manual's list of options: those of the tool, with the parts
 * of `more`, which is options.mdoc.
 */
void hm_docs_options(FILE *out, const struct hm_tool *tool, FILE *more);

#endif
