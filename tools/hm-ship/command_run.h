#ifndef HM_COMMAND_RUN_H
#define HM_COMMAND_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A run of the COMMAND, in a process group of its own. It has a time limit:
 * then the group gets SIGTERM and, 2 s later, SIGKILL. If it fails, what is
 * left of the group is killed, and no run of it overlaps the next.
 */

#define HM_COMMAND_WHY 128

struct hm_command_run {
	pid_t pid;     /* 0: none */
	int fd;        /* readable when it has ended; -1: look often */
	int64_t next;  /* monotonic ms of the next signal */
	int signal;    /* the last one that was sent; 0: none */
	bool late;     /* that was because of the time limit */
	int64_t timeout_ms;
	char why[HM_COMMAND_WHY]; /* why it has failed */
};

struct hm_variable {
	const char *name, *value;
};

/*
 * Start argv, which NULL ends, with a file as its stdin, from the start of the
 * file, and the variables in its environment. Its stdout is our stderr: ours is
 * for records. False with the reason in run->why if there is no process for it.
 */
bool hm_command_start(struct hm_command_run *run, char *const argv[], int file,
    const struct hm_variable *variables, size_t count, int64_t timeout_ms);

/* The longest time in ms to wait for run->fd. */
int hm_command_wait_ms(const struct hm_command_run *run);

/*
 * Look at the run, and keep to its time limit. True if it has ended: *good if
 * with status 0, otherwise run->why says how.
 */
bool hm_command_ended(struct hm_command_run *run, bool *good);

/* End it before its time limit; again: at once. */
void hm_command_stop(struct hm_command_run *run);

#endif
