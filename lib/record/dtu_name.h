#ifndef HM_DTU_NAME_H
#define HM_DTU_NAME_H

#include <stddef.h>

/*
 * The longest name of a DTU, in bytes, that a tool keeps something under. A
 * name is longer only by mistake: the records of its DTU are then passed on
 * and stored, and nothing else comes of them.
 */
#define HM_DTU_NAME_MAX ((size_t)120)

#endif
