/* Run a fuzz target over the inputs of its corpus, without a fuzzer. */

#include <dirent.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t n;

	if (file == NULL)
		return -1;
	n = fread(data, 1, sizeof data, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, n);
	return 0;
}

/* The corpus of build/.../replay/fuzz_NAME is tests/fuzz/corpus/NAME. */
int
main(int argc, char *argv[])
{
	char dir[512], path[1024];
	const char *source = __FILE__;
	struct dirent *entry;
	unsigned count = 0;
	DIR *corpus;

	(void)argc;
	snprintf(dir, sizeof dir, "%.*scorpus/%s",
	    (int)(strrchr(source, '/') + 1 - source), source,
	    basename(argv[0]) + strlen("fuzz_"));
	corpus = opendir(dir);
	if (corpus == NULL) {
		printf("not ok - no corpus in %s\n", dir);
		return EXIT_FAILURE;
	}
	while ((entry = readdir(corpus)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		if (replay(path) < 0) {
			printf("not ok - %s cannot be read\n", path);
			return EXIT_FAILURE;
		}
		count++;
	}
	closedir(corpus);
	printf("1..1\n%s - %u inputs of the corpus of %s\n",
	    count > 0 ? "ok" : "not ok", count, argv[0]);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
