#ifndef HM_EXITS_H
#define HM_EXITS_H

/*
 * How a tool ends: a subset of sysexits(3), never 1 or 2, so that a supervisor
 * can tell "never" (64, 78) from "again" (the rest).
 */
enum hm_exit {
	HM_EXIT_OK = 0,
	HM_EXIT_USAGE = 64,       /* the command line is wrong */
	HM_EXIT_DATA = 65,        /* bad input under --strict */
	HM_EXIT_UNAVAILABLE = 69, /* a DTU asked for was not there */
	HM_EXIT_SOFTWARE = 70,    /* our bug */
	HM_EXIT_OS = 71,          /* the system refused memory or the like */
	HM_EXIT_IO = 74,          /* a read or write failed */
	HM_EXIT_TEMP = 75,        /* not everything was delivered; try again */
	HM_EXIT_CONFIG = 78,      /* a setting is wrong */
	HM_EXIT_RESTART = -1,     /* none: see stream/restart.h */
};

#endif
