#ifndef HM_VERIFY_H
#define HM_VERIFY_H

#include "db/db.h"

/* Looks for damage in a database file. */

#define HM_PROBLEMS 20      /* that are named; there may be more */
#define HM_PROBLEM_SIZE 256

struct hm_problems {
	size_t count;
	char text[HM_PROBLEMS][HM_PROBLEM_SIZE];
};

/* Called now and then in a check, which ends if it returns false. */
typedef bool hm_verify_step(void *context);

/*
 * Look at every page of an open database. `quick` does not compare indexes with
 * their tables. False if the check could not be done; hm_db_reason has the
 * reason.
 */
bool hm_verify_pages(struct hm_db *db, bool quick, hm_verify_step *step,
    void *context, struct hm_problems *problems);

enum hm_verdict {
	HM_FILE_GOOD,
	HM_FILE_BAD,        /* problems say why */
	HM_FILE_UNREADABLE, /* problem 0 says why */
};

struct hm_verify {
	int64_t version; /* of the schema; 0 unless it could be read */
	int64_t size;    /* in bytes, 0 if it cannot be read */
	struct hm_problems problems;
};

/*
 * Verify the file at `path`, which is not changed: that it is a database of hm
 * that this version can use, SQLite's integrity_check, and what must hold of
 * its rows.
 */
enum hm_verdict hm_verify_file(const char *path, struct hm_verify *v);

#endif
