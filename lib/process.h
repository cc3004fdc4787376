#ifndef HM_PROCESS_H
#define HM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* What the system tells of this process. */
struct hm_process {
	int64_t cpu_ms;     /* user and system */
	int64_t resident;   /* bytes */
	int64_t size;       /* bytes of address space */
	int64_t fds, fds_max;
	int64_t start_ms; /* since 1970 */
};

/* False if /proc does not tell. */
bool hm_process_read(struct hm_process *process);

#endif
