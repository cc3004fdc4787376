#ifndef HM_FILES_H
#define HM_FILES_H

#include <stdbool.h>
#include <stdint.h>

/* The files of a database, as files: their names, and syncs. */

#define HM_PATH_SIZE 4096 /* of a path with its final NUL */

/* The directory of a path, without a slash at its end. */
void hm_file_directory(const char *path, char out[HM_PATH_SIZE]);

/* PATH followed by the suffix. False, logged, if that is too long. */
bool hm_file_name(char out[HM_PATH_SIZE], const char *path,
    const char *suffix);

/* YYYYmmdd_HHMMSS in UTC. */
#define HM_STAMP_SIZE 16
void hm_file_stamp(int64_t time, char out[HM_STAMP_SIZE]);

/* Whether both paths lead to one file. */
bool hm_file_same(const char *a, const char *b);

/* fsync(2) the file, or the directory in which it is. False: see errno. */
bool hm_file_sync(const char *path);
bool hm_file_sync_directory(const char *path);

/* Remove PATH followed by the suffix, if it is there. */
void hm_file_remove(const char *path, const char *suffix);

#endif
