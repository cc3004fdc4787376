#include "command_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define TERM_MS 2000 /* from SIGTERM to SIGKILL */
#define LOOK_MS 50   /* between two looks without a descriptor */
#define STATUS_NOT_RUN 127

/* Starting */

/* Each run has an offset of its own, also if a process of another one lives. */
static int
open_again(int file)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* What the stream has changed for hm-ship itself. */
static void
reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void
become(char *const argv[], int input, pid_t parent,
    const struct hm_variable *variables, size_t count)
{
	bool good = true;

	setpgid(0, 0);
	/* Nobody would acknowledge what a lone COMMAND delivers. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(STATUS_NOT_RUN);
	reset_signals();
	for (size_t i = 0; i < count; i++)
		good = good && (variables[i].value == NULL ||
		    setenv(variables[i].name, variables[i].value, 1) == 0);
	if (good && dup2(input, STDIN_FILENO) >= 0 &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	hm_log_errno(HM_ERROR, "cannot run %s", argv[0]);
	_exit(STATUS_NOT_RUN);
}

static bool
fail(struct hm_command_run *run, const char *what)
{
	snprintf(run->why, sizeof run->why, "%s: %s", what, strerror(errno));
	return false;
}

static int
watch(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

bool
hm_command_start(struct hm_command_run *run, char *const argv[], int file,
    const struct hm_variable *variables, size_t count, int64_t timeout_ms)
{
	int input = open_again(file);
	pid_t parent = getpid();

	*run = (struct hm_command_run){.fd = -1, .timeout_ms = timeout_ms};
	if (input < 0)
		return fail(run, "cannot open the batch in /proc");
	run->pid = fork();
	if (run->pid == 0)
		become(argv, input, parent, variables, count);
	close(input);
	if (run->pid < 0) {
		run->pid = 0;
		return fail(run, "no process for the command");
	}
	/* In both processes: it must be a group when it is killed. */
	setpgid(run->pid, run->pid);
	run->fd = watch(run->pid);
	run->next = hm_monotonic_ms() + timeout_ms;
	return true;
}

/* Ending */

int
hm_command_wait_ms(const struct hm_command_run *run)
{
	int64_t left = run->next - hm_monotonic_ms();

	if (left < 0)
		left = 0;
	if (run->fd < 0 && left > LOOK_MS)
		left = LOOK_MS;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void
send_signal(struct hm_command_run *run, int signal)
{
	kill(-run->pid, signal);
	run->signal = signal;
	run->next = hm_monotonic_ms() + TERM_MS;
}

void
hm_command_stop(struct hm_command_run *run)
{
	send_signal(run, run->signal == 0 ? SIGTERM : SIGKILL);
}

static void
explain(struct hm_command_run *run, const siginfo_t *info)
{
	if (run->late)
		snprintf(run->why, sizeof run->why, "the command did not end "
		    "within %lld s (ship_timeout)",
		    (long long)((run->timeout_ms + 999) / 1000));
	else if (info->si_code == CLD_EXITED)
		snprintf(run->why, sizeof run->why, "the command ended with "
		    "status %d", info->si_status);
	else
		snprintf(run->why, sizeof run->why, "the command was ended by "
		    "signal %d", info->si_status);
}

/* Its process id, and that of its group, stay its own until it is reaped. */
static void
reap(struct hm_command_run *run, bool good)
{
	if (!good)
		kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (run->fd >= 0)
		close(run->fd);
	run->fd = -1;
	run->pid = 0;
}

bool
hm_command_ended(struct hm_command_run *run, bool *good)
{
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG |
	    WNOWAIT) == 0 && info.si_pid == 0) {
		if (hm_monotonic_ms() < run->next)
			return false;
		run->late = run->late || run->signal == 0;
		hm_command_stop(run);
		return false;
	}
	*good = info.si_code == CLD_EXITED && info.si_status == 0;
	explain(run, &info);
	reap(run, *good);
	return true;
}
