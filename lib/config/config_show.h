#ifndef HM_CONFIG_SHOW_H
#define HM_CONFIG_SHOW_H

#include "config.h"

/*
 * The settings in effect as short texts, for people who may read no secret: a
 * secret is "set", of a URI the user, the password and the query are left out,
 * and of `night` the coordinates.
 */

#define HM_CONFIG_SHOWN_MAX ((size_t)4096) /* a longer value is cut */

/* `source` is as hm_config_source. All texts are valid during the call. */
typedef void hm_config_viewer(void *context, const char *name,
    const char *value, const char *source);

/*
 * View each setting that this tool has a value for, and those of other tools
 * that the file or the environment give; what other tools get on their command
 * lines is not known. False if there is no memory.
 */
bool hm_config_show(const struct hm_config *config, hm_config_viewer *view,
    void *context);

#endif
