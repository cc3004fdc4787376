/*
 * in_turn POLLS PAUSE_MS COMMAND ...: read a stream of readings, and write each
 * poll, up to its dtu record, to every filter in turn. A filter gets its poll
 * when it waits; the next one gets it PAUSE_MS after the first has written its
 * dtu record. Prints the CPU time of a poll of each filter in us, without the
 * first fifth of the POLLS. A COMMAND is one program and its options, separated
 * by single spaces.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/exits.h"

#define WORDS_MAX 32
#define COMMANDS_MAX 8

struct filter {
	char *words[WORDS_MAX + 1];
	pid_t pid;
	int in;
	FILE *out;
	long long began, cpu; /* ns */
};

static void
fail(const char *what)
{
	perror(what);
	exit(HM_EXIT_OS);
}

static void
split(struct filter *filter, char *command)
{
	size_t count = 0;

	for (; command != NULL && count < WORDS_MAX; count++) {
		filter->words[count] = command;
		command = strchr(command, ' ');
		if (command != NULL)
			*command++ = '\0';
	}
}

static void
become(const struct filter *filter, int in, int out)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		fail("dup2");
	execvp(filter->words[0], filter->words);
	fail(filter->words[0]);
}

static void
start(struct filter *filter, char *command)
{
	int in[2], out[2];

	split(filter, command);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		fail("pipe");
	filter->pid = fork();
	if (filter->pid < 0)
		fail("fork");
	if (filter->pid == 0)
		become(filter, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	filter->in = in[1];
	filter->out = fdopen(out[0], "r");
	if (filter->out == NULL)
		fail("fdopen");
}

static long long
cpu_of(pid_t pid)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)pid);
	file = fopen(path, "r");
	if (file == NULL || fgets(text, sizeof text, file) == NULL)
		fail(path);
	fclose(file);
	return strtoll(text, NULL, 10);
}

static bool
is_last(const char *line)
{
	return strncmp(line, "{\"type\":\"dtu\"", 13) == 0;
}

/* Read up to a dtu record, into *poll if it is not NULL. */
static bool
read_poll(FILE *file, FILE *poll)
{
	static char *line;
	static size_t cap;

	while (getline(&line, &cap, file) > 0) {
		if (poll != NULL)
			fputs(line, poll);
		if (is_last(line))
			return true;
	}
	return false;
}

static void
give(struct filter *filter, const char *poll, size_t size)
{
	if (write(filter->in, poll, size) != (ssize_t)size ||
	    !read_poll(filter->out, NULL)) {
		fprintf(stderr, "%s took no poll\n", filter->words[0]);
		exit(HM_EXIT_SOFTWARE);
	}
}

/* One poll of the stream, for all. */
static bool
take_turns(struct filter *filters, size_t count, struct timespec pause)
{
	char *text = NULL;
	size_t size;
	FILE *poll = open_memstream(&text, &size);
	bool more;

	if (poll == NULL)
		fail("open_memstream");
	more = read_poll(stdin, poll);
	if (fclose(poll) != 0)
		fail("open_memstream");
	for (size_t i = 0; more && i < count; i++) {
		give(&filters[i], text, size);
		nanosleep(&pause, NULL);
	}
	free(text);
	return more;
}

int
main(int argc, char *argv[])
{
	static struct filter filters[COMMANDS_MAX];
	size_t count = (size_t)argc - 3;
	struct timespec pause = {0};
	long polls, taken = 0, counted;

	if (argc < 4 || count > COMMANDS_MAX)
		return HM_EXIT_USAGE;
	polls = strtol(argv[1], NULL, 10);
	pause.tv_nsec = strtol(argv[2], NULL, 10) * 1000000;
	for (size_t i = 0; i < count; i++)
		start(&filters[i], argv[3 + i]);
	for (; taken < polls && take_turns(filters, count, pause); taken++)
		for (size_t i = 0; taken == polls / 5 && i < count; i++)
			filters[i].began = cpu_of(filters[i].pid);
	counted = taken - polls / 5 - 1;
	for (size_t i = 0; i < count; i++) {
		double us = (double)(cpu_of(filters[i].pid) -
		    filters[i].began) / 1000;

		printf("%.1f\n", us / (double)counted);
	}
	return taken == polls ? HM_EXIT_OK : HM_EXIT_DATA;
}
