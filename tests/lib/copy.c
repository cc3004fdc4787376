/*
 * copy [-d FIFO] [-s] [-n] [-p MS]: a tool that passes every line, to test the
 * stream layer alone. -d: durable; -s: strict; -n: stdout does not block;
 * -p: stats period.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"
#include "stream/descriptors.h"
#include "stream/stream.h"

static bool
unblock_output(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	return flags >= 0 &&
	    fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool
read_options(int argc, char *argv[], struct hm_stream_options *options)
{
	int option;

	while ((option = getopt(argc, argv, "d:snp:")) != -1)
		switch (option) {
		case 'd':
			options->durable = optarg;
			break;
		case 's':
			options->strict = true;
			break;
		case 'n':
			if (!unblock_output())
				return false;
			break;
		case 'p':
			options->stats_period_ms = strtol(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	return true;
}

int
main(int argc, char *argv[])
{
	struct hm_stream_options options = {.in = 0, .out = 1};
	struct hm_stream *stream;
	struct hm_slice line;
	uint64_t bytes = 0;

	hm_descriptors_guard();
	hm_log_start("copy", HM_WARNING);
	if (!read_options(argc, argv, &options))
		return HM_EXIT_USAGE;
	stream = hm_stream_open(&options);
	if (stream == NULL)
		return HM_EXIT_OS;
	hm_stream_counter(stream, "bytes", &bytes);
	while (hm_stream_next(stream, &line)) {
		bytes += line.n;
		hm_stream_emit(stream, line);
		hm_stream_commit(stream);
	}
	return hm_stream_close(stream, HM_EXIT_OK);
}
