#include "restart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exits.h"
#include "base/log.h"

#define SELF "/proc/self/exe"

static void
free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

/* The words of a file, each ended by a NUL; `second`, if given, among them. */
static char **
read_words(FILE *file, const char *second)
{
	char **words = calloc(3, sizeof *words);
	char *word = NULL;
	size_t count = 0, cap = 0;

	while (words != NULL && getdelim(&word, &cap, '\0', file) > 0) {
		char **more = reallocarray(words, count + 4, sizeof *words);

		if (more == NULL)
			break;
		words = more;
		words[count++] = word;
		word = NULL;
		cap = 0;
		if (count == 1 && second != NULL)
			words[count++] = strdup(second);
		words[count] = words[count + 1] = NULL;
	}
	free(word);
	if (count > 0 && words[count - 1] != NULL && feof(file))
		return words;
	free_words(words);
	return NULL;
}

/* The command line of this process, with `second` behind its first word. */
static char **
command_line(const char *second)
{
	FILE *file = fopen("/proc/self/cmdline", "re");
	char **words = file != NULL ? read_words(file, second) : NULL;

	if (file != NULL)
		fclose(file);
	return words;
}

static int
spawn(pid_t *pid, char **words)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(&actions,
		    STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (error == 0)
		error = posix_spawnattr_setsigmask(&attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setflags(&attributes,
		    POSIX_SPAWN_SETSIGMASK);
	if (error == 0)
		error = posix_spawn(pid, SELF, &actions, &attributes, words,
		    environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static bool
waited_good(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == HM_EXIT_OK;
}

bool
hm_restart_check(void)
{
	char **words = command_line("--check");
	pid_t pid;
	int error = words != NULL ? spawn(&pid, words) : ENOMEM;
	bool good = error == 0 && waited_good(pid);

	free_words(words);
	errno = error;
	if (error != 0)
		hm_log_errno(HM_ERROR, "SIGHUP: cannot check the settings");
	else if (!good)
		hm_log(HM_ERROR, "SIGHUP: the new settings are wrong; "
		    "keeping the old ones");
	else
		hm_log(HM_INFO, "SIGHUP: restarting with the new settings");
	return good;
}

int
hm_restart(int status)
{
	char **words;

	if (status != HM_EXIT_RESTART)
		return status;
	words = command_line(NULL);
	if (words != NULL)
		execv(SELF, words);
	hm_log_errno(HM_ERROR, "SIGHUP: cannot restart");
	free_words(words);
	return HM_EXIT_OS;
}
