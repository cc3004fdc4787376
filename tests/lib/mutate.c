/*
 * mutate COUNT SEED <LINES: write COUNT of the lines read, each with one to
 * four random changes. Some changes are to the payload of a frame; its CRC and
 * length are then computed again, so that the decoder reads the payload. The
 * same SEED gives the same lines.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "wire/hmframe.h"
#include "xorshift.h"

#define SEEDS_MAX 4096
#define LINE_CAP ((size_t)64 * 1024)
#define OVERLONG_EVERY 100000 /* rare: a line of 300 KB takes long */

struct line {
	char *p;
	size_t n;
};

static struct line seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t state;

static size_t
below(size_t n)
{
	return n > 0 ? (size_t)(next_random(&state) % n) : 0;
}

static void
read_seeds(void)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	while (seed_count < SEEDS_MAX &&
	    (n = getline(&text, &cap, stdin)) > 0) {
		size_t length = (size_t)n - (text[n - 1] == '\n');

		if (length == 0 || length > LINE_CAP / 4)
			continue;
		seeds[seed_count].p = malloc(length);
		if (seeds[seed_count].p == NULL)
			exit(EXIT_FAILURE);
		memcpy(seeds[seed_count].p, text, length);
		seeds[seed_count++].n = length;
	}
	free(text);
}

static void
splice(char *line, size_t *n, size_t at, size_t drop, const char *with,
    size_t m)
{
	if (at + drop > *n || *n - drop + m > LINE_CAP)
		return;
	memmove(line + at + m, line + at + drop, *n - at - drop);
	memcpy(line + at, with, m);
	*n = *n - drop + m;
}

static void
insert_word(char *line, size_t *n)
{
	static const char *const words[] = {"null", "-1", "1e400", "\\u0000",
	    "\\ud800", "{}", "[[[[", "99999999999999999999", "\"", "}", ",",
	    "\xff", "\xc0\x80", "0.1e-3", "true", "\\", "4294967295", "-0",
	    "\"type\":\"frame\",", "\"serial\":\"a/#+\"", "1844674407370955"};
	const char *word = words[below(sizeof words / sizeof *words)];

	splice(line, n, below(*n + 1), below(4), word, strlen(word));
}

static void
copy_from_other(char *line, size_t *n)
{
	const struct line *other = &seeds[below(seed_count)];
	size_t at = below(other->n), m = below(other->n - at);

	splice(line, n, below(*n + 1), below(*n / 4 + 1), other->p + at, m);
}

/* Change the payload of an HM frame; give it the right length and CRC. */
static void
change_frame(char *line, size_t *n)
{
	static uint8_t bytes[LINE_CAP], out[LINE_CAP];
	char *start = memmem(line, *n, "\"484d", 5), *end;
	struct hm_frame frame;
	size_t size, room, header;
	uint16_t command;

	if (start == NULL)
		return;
	start++;
	room = *n - (size_t)(start - line);
	end = memchr(start, '"', room);
	if (end == NULL || !hm_hex_read(hm_slice(start, (size_t)(end - start)),
	    bytes, sizeof bytes, &size) || size <= HM_FRAME_HEADER)
		return;
	command = (uint16_t)(bytes[2] << 8 | bytes[3]);
	header = hm_frame_header(command);
	if (size <= header)
		return;
	for (size_t i = below(8) + 1; i > 0; i--)
		bytes[header + below(size - header)] =
		    (uint8_t)next_random(&state);
	if (below(4) == 0)
		size = header + below(size - header) + 1;
	frame = (struct hm_frame){
	    .command = command,
	    .payload = bytes + header,
	    .size = size - header,
	};
	size = hm_frame_write(&frame, out, sizeof out);
	for (size_t i = 0; i < size && (size_t)(end - start) >= 2 * size; i++)
		snprintf(start + 2 * i, 3, "%02x", out[i]);
	if ((size_t)(end - start) >= 2 * size) {
		size_t kept = (size_t)(start - line) + 2 * size;

		memmove(line + kept, end, *n - (size_t)(end - line));
		*n -= (size_t)(end - start) - 2 * size;
		line[kept] = '"';
	}
}

static void
mutate(char *line, size_t *n)
{
	switch (below(8)) {
	case 0:
		if (*n > 0)
			line[below(*n)] ^= (char)(1 << below(8));
		break;
	case 1:
		*n = below(*n + 1);
		break;
	case 2:
		splice(line, n, below(*n + 1), below(16), "", 0);
		break;
	case 3:
		insert_word(line, n);
		break;
	case 4:
		copy_from_other(line, n);
		break;
	case 5:
		if (*n > 0)
			line[below(*n)] = (char)next_random(&state);
		break;
	default:
		change_frame(line, n);
	}
}

static void
write_line(char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	fwrite(line, 1, n, stdout);
	putchar('\n');
}

int
main(int argc, char *argv[])
{
	static char line[LINE_CAP + 1];
	uint64_t count;

	if (argc != 3)
		return EXIT_FAILURE;
	count = strtoumax(argv[1], NULL, 10);
	state = strtoumax(argv[2], NULL, 10) * 2654435761u + 1;
	read_seeds();
	if (seed_count == 0)
		return EXIT_FAILURE;
	for (uint64_t i = 1; i <= count; i++) {
		const struct line *seed = &seeds[below(seed_count)];
		size_t n = seed->n;

		memcpy(line, seed->p, n);
		for (size_t times = below(4) + 1; times > 0; times--)
			mutate(line, &n);
		write_line(line, n);
		if (i % OVERLONG_EVERY == 0)
			printf("%0300000d\n", 1);
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
