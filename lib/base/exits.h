#ifndef HM_EXITS_H
#define HM_EXITS_H

/*
 * Exit statuses: a subset of sysexits(3), never 1 or 2. After 64 and 78 a
 * supervisor must not restart the tool: it would fail again.
 */
enum hm_exit {
	HM_EXIT_OK = 0,
	HM_EXIT_USAGE = 64,       /* the command line is wrong */
	HM_EXIT_DATA = 65,        /* bad input under --strict; a command to a
	                             DTU that was refused or failed */
	HM_EXIT_UNAVAILABLE = 69, /* a DTU did not answer */
	HM_EXIT_SOFTWARE = 70,    /* a bug in the tool */
	HM_EXIT_OS = 71,          /* the system refused memory or the like */
	HM_EXIT_IO = 74,          /* a read or write failed */
	HM_EXIT_TEMP = 75,        /* not everything was delivered, try again;
	                             nobody knows what a command has done */
	HM_EXIT_CONFIG = 78,      /* a setting is wrong */
	HM_EXIT_RESTART = -1,     /* none: see stream/restart.h */
};

#endif
