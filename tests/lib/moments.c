/*
 * moments: write each line after the time when it came, in us since 1970.
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

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (getline(&line, &cap, stdin) > 0)
		printf("%lld %s", (long long)hm_clock_now_us(), line);
	free(line);
	return fclose(stdout) == 0 ? HM_EXIT_OK : HM_EXIT_IO;
}
