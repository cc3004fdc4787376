#ifndef HM_PRINT_RECORD_H
#define HM_PRINT_RECORD_H

#include "base/json_writer.h"

/*
 * End the object and print it as a line on stdout: the result of an action,
 * which has no stream. Logs errors. Returns the exit status.
 */
int hm_print_record(struct hm_json *e);

#endif
