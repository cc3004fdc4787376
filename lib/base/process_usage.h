#ifndef HM_PROCESS_USAGE_H
#define HM_PROCESS_USAGE_H

#include <stdint.h>

/* The resources that this process uses. A figure that cannot be read is -1. */
struct hm_process_usage {
	int64_t cpu_ms; /* time on a processor, of user and system */
	int64_t memory; /* bytes that are resident */
	int64_t fds;    /* descriptors that are open */
};

void hm_process_usage_read(struct hm_process_usage *process);

#endif
