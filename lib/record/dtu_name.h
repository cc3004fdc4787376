#ifndef HM_DTU_NAME_H
#define HM_DTU_NAME_H

#include <stddef.h>

/*
 * The longest name of a DTU, in bytes, for which tools keep state. Records of a
 * DTU with a longer name are only passed on and stored.
 */
#define HM_DTU_NAME_MAX ((size_t)120)

#endif
