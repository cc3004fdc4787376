#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLLOW_MS 8000   /* to read on to end of file when a chain stops */
#define REST_MS 2000     /* for the rest of a pipeline to end */
#define REST_IDLE_MS 300 /* ... if it writes nothing any more */

bool
hm_stop_signal(struct hm_stop *stop, int signal, bool may_follow,
    bool durable, int64_t now)
{
	bool restart = signal == SIGHUP;

	if (restart && stop->signals > 0)
		return false;
	/* A SIGHUP is not counted, so the next signal is the first. */
	if (!stop->restart)
		stop->signals++;
	if (stop->signals > 1)
		return false;
	stop->at = now;
	stop->restart = restart;
	stop->follows = may_follow && !restart && (durable || signal == SIGINT);
	return true;
}

static bool
has_holder(const struct hm_stop *stop)
{
	struct stat st;

	return stop->holder != NULL && stat(stop->holder, &st) == 0 &&
	    S_ISFIFO(st.st_mode);
}

bool
hm_stop_is_held(const struct hm_stop *stop)
{
	int fd;

	if (!has_holder(stop))
		return false;
	fd = open(stop->holder, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno != ENXIO && errno != ENOENT;
	close(fd);
	return true;
}

/*
 * Ctrl-C ends a whole pipeline and a supervisor that stops its whole chain: the
 * tool then still processes the lines that the others write.
 */
bool
hm_stop_follows(struct hm_stop *stop, int64_t input_at, int64_t now)
{
	int64_t since = now - stop->at;

	if (input_at < stop->at)
		input_at = stop->at;
	if (has_holder(stop))
		stop->follows = stop->follows &&
		    since < (hm_stop_is_held(stop) ? HM_STOP_NOTICE_MS :
		    FOLLOW_MS);
	else
		stop->follows = stop->follows && since < REST_MS &&
		    now - input_at < REST_IDLE_MS;
	return stop->follows;
}

int64_t
hm_stop_left(const struct hm_stop *stop, int64_t now)
{
	int64_t left = stop->at + HM_STOP_END_MS - now;

	if (stop->signals == 0)
		return -1;
	return left > 0 ? left : 0;
}
