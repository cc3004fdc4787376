#ifndef HM_DOCS_H
#define HM_DOCS_H

#include <stdio.h>

#include "config/settings.h"

/* What a setting may be: "5 to 86400 s". */
void hm_docs_allowed(FILE *out, const struct hm_setting *s);

/* The example settings file; false: a setting has no value to show. */
bool hm_docs_example(FILE *out);

#endif
