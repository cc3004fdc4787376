#ifndef HM_YAML_BOUNDS_H
#define HM_YAML_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

/*
 * What is accepted as YAML at all. libyaml takes a time that grows with the
 * square of the depth and of the number of anchors, and copies an alias as
 * often as it is used.
 */

#define HM_YAML_BYTES ((size_t)4 << 20) /* of a file */
#define HM_YAML_DEPTH 16                /* levels of lists and mappings */
#define HM_YAML_NAMES 100               /* anchors, aliases, directives */
#define HM_YAML_SCALAR ((size_t)256 << 10) /* bytes of a value */

#define HM_YAML_WHY 100 /* room for a message */

/*
 * Whether a text is within these bounds. If not, or if there is no memory,
 * `why` has what was found and what is allowed, and `at` the place. Text that
 * is not YAML is within them: the parser says what is wrong.
 */
bool hm_yaml_is_bounded(const unsigned char *text, size_t n, yaml_mark_t *at,
    char why[HM_YAML_WHY]);

#endif
