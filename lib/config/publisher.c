#include "publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

void
hm_publisher_id(struct hm_slice machine, struct hm_slice path,
    char out[HM_PUBLISHER_SIZE])
{
	uint64_t hash = hm_hash_bytes(HM_HASH_START, machine.p, machine.n);

	/* A NUL between them, which neither holds. */
	hash = hm_hash_bytes(hash, "", 1);
	hash = hm_hash_bytes(hash, path.p, path.n);
	snprintf(out, HM_PUBLISHER_SIZE, "hoymiles-mqtt-%08" PRIx32,
	    (uint32_t)(hash ^ hash >> 32));
}

/* The machine */

static bool
read_word(const char *file, char out[HM_PUBLISHER_MACHINE_SIZE])
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, out, HM_PUBLISHER_MACHINE_SIZE - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, " \t\n")] = '\0';
	return out[0] != '\0' && strcmp(out, "uninitialized") != 0;
}

void
hm_publisher_machine(const char *file, char out[HM_PUBLISHER_MACHINE_SIZE])
{
	if (read_word(file, out))
		return;
	if (gethostname(out, HM_PUBLISHER_MACHINE_SIZE) != 0)
		out[0] = '\0';
	out[HM_PUBLISHER_MACHINE_SIZE - 1] = '\0';
}

/* The path */

/* The length of `path` without its last name. */
static size_t
parent(const char *path, size_t length)
{
	while (length > 0 && path[length - 1] != '/')
		length--;
	return length > 0 ? length - 1 : 0;
}

/* Remove empty names, "." and ".." in place. */
static void
simplify(char *path)
{
	const char *p = path;
	size_t length = 0;

	while (*p != '\0') {
		struct hm_slice name;

		p += strspn(p, "/");
		name = hm_slice(p, strcspn(p, "/"));
		p += name.n;
		if (hm_slice_is(name, ".."))
			length = parent(path, length);
		if (name.n == 0 || hm_slice_is(name, ".") ||
		    hm_slice_is(name, ".."))
			continue;
		path[length++] = '/';
		memmove(path + length, name.p, name.n);
		length += name.n;
	}
	if (length == 0)
		path[length++] = '/';
	path[length] = '\0';
}

/* A directory that has been removed has no path. */
static char *
start_directory(void)
{
	char *directory = realpath(".", NULL);

	return directory != NULL || errno == ENOMEM ? directory : strdup("/");
}

char *
hm_publisher_path(const char *path)
{
	bool relative = path == NULL || path[0] != '/';
	char *directory = relative ? start_directory() : strdup("");
	char *whole = NULL;

	if (directory == NULL)
		return NULL;
	if (asprintf(&whole, "%s/%s", directory, path != NULL ? path : "") < 0)
		whole = NULL;
	free(directory);
	if (whole != NULL)
		simplify(whole);
	return whole;
}
