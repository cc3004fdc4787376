/*
 * Write each line, a JSON value, in an array with the time when it came, in ms
 * of the monotonic clock: [1234,{"type":...}]
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/exits.h"

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		long long ms = hm_monotonic_ms();

		if (line[n - 1] == '\n')
			n--;
		printf("[%lld,%.*s]\n", ms, (int)n, line);
	}
	free(line);
	return fclose(stdout) == 0 ? HM_EXIT_OK : HM_EXIT_IO;
}
