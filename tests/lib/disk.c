/*
 * disk DIRECTORY MEGABYTES SEED [lies]: a disk with a write cache, for power
 * cuts. Mounts a FUSE file system on the directory, with one file, "disk", for
 * a loop device. What is written to it is in the cache until fsync(2), which
 * the loop device calls where a file system flushes a disk. A line on stdin,
 *
 *     cut PERCENT WRITES FILE
 *
 * writes to FILE what would be on the disk if the power failed after so many
 * more writes: each block of the cache has reached it with that probability, in
 * any order. Between two requests of the kernel that is one moment. Prints "cut
 * BLOCKS LOST" when the file is there: how many blocks were in the cache, and
 * how many are lost. A disk that lies ignores fsync(2): after the cut most is
 * lost. Ends when the file system is unmounted.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exits.h"
#include "xorshift.h"

#define BLOCK 4096
#define MAX_WRITE (128 * 1024)
#define NODE 2 /* of the file; the directory has FUSE_ROOT_ID */
#define NAME "disk"

struct disk {
	int fd; /* of the kernel's requests */
	size_t size;
	uint8_t *now, *flushed; /* as read, and as a power cut leaves it */
	bool *cached;           /* blocks in which they may differ */
	bool lies;
	uint64_t random;
	/* The cut that is to come, unless its file is empty */
	int percent, writes;
	char file[4096];
};

/* Replies */

static void
answer(const struct disk *d, const struct fuse_in_header *in, int error,
    const void *data, size_t n)
{
	static uint8_t out[sizeof(struct fuse_out_header) + MAX_WRITE];
	const struct fuse_out_header header = {.len =
	    (uint32_t)(sizeof header + n), .error = -error,
	    .unique = in->unique};

	memcpy(out, &header, sizeof header);
	if (n > 0)
		memcpy(out + sizeof header, data, n);
	/* A request that was interrupted is gone: ENOENT. */
	if (write(d->fd, out, header.len) < 0 && errno != ENOENT) {
		perror("disk: reply");
		exit(HM_EXIT_IO);
	}
}

static void
fill_attr(const struct disk *d, uint64_t node, struct fuse_attr *attr)
{
	bool is_file = node == NODE;

	*attr = (struct fuse_attr){.ino = node,
	    .mode = is_file ? S_IFREG | 0600 : S_IFDIR | 0700,
	    .nlink = is_file ? 1 : 2, .size = is_file ? d->size : 0,
	    .blocks = d->size / 512, .blksize = BLOCK};
}

static void
answer_attr(const struct disk *d, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {.attr_valid = 3600};

	fill_attr(d, in->nodeid, &out.attr);
	answer(d, in, 0, &out, sizeof out);
}

static void
look_up(const struct disk *d, const struct fuse_in_header *in,
    const char *name)
{
	struct fuse_entry_out out = {
	    .nodeid = NODE, .attr_valid = 3600, .entry_valid = 3600};

	fill_attr(d, NODE, &out.attr);
	if (strcmp(name, NAME) == 0)
		answer(d, in, 0, &out, sizeof out);
	else
		answer(d, in, ENOENT, NULL, 0);
}

static void
begin(const struct disk *d, const struct fuse_in_header *in)
{
	const struct fuse_init_out out = {
	    .major = FUSE_KERNEL_VERSION, .minor = 31,
	    .max_readahead = MAX_WRITE, .flags = FUSE_BIG_WRITES,
	    .max_background = 16, .congestion_threshold = 12,
	    .max_write = MAX_WRITE, .time_gran = 1};

	answer(d, in, 0, &out, sizeof out);
}

/* The power cut */

static bool
reaches_disk(struct disk *d)
{
	return (int)(next_random(&d->random) % 100) < d->percent;
}

/* Blocks of zeros become holes. */
static bool
write_block(int fd, const uint8_t *block, size_t number)
{
	static const uint8_t zeros[BLOCK];

	return memcmp(block, zeros, BLOCK) == 0 ||
	    pwrite(fd, block, BLOCK, (off_t)(number * BLOCK)) == BLOCK;
}

static void
cut(struct disk *d)
{
	int fd = open(d->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t blocks = 0, lost = 0;
	bool good = fd >= 0 && ftruncate(fd, (off_t)d->size) == 0;

	for (size_t i = 0; good && i < d->size / BLOCK; i++) {
		const uint8_t *block = d->flushed + i * BLOCK;

		if (d->cached[i]) {
			blocks++;
			if (reaches_disk(d))
				block = d->now + i * BLOCK;
			else
				lost++;
		}
		good = write_block(fd, block, i);
	}
	if (!good || close(fd) < 0) {
		perror(d->file);
		exit(HM_EXIT_IO);
	}
	d->file[0] = '\0';
	printf("cut %zu %zu\n", blocks, lost);
	fflush(stdout);
}

/* The disk */

static bool
is_within(const struct disk *d, uint64_t offset, uint32_t n)
{
	return n <= MAX_WRITE && offset <= d->size && n <= d->size - offset;
}

static void
read_disk(const struct disk *d, const struct fuse_in_header *in,
    const struct fuse_read_in *what)
{
	if (is_within(d, what->offset, what->size))
		answer(d, in, 0, d->now + what->offset, what->size);
	else
		answer(d, in, EINVAL, NULL, 0);
}

static void
write_disk(struct disk *d, const struct fuse_in_header *in,
    const struct fuse_write_in *what)
{
	const struct fuse_write_out out = {.size = what->size};

	if (!is_within(d, what->offset, what->size)) {
		answer(d, in, EFBIG, NULL, 0);
		return;
	}
	memcpy(d->now + what->offset, what + 1, what->size);
	if (what->size > 0)
		for (uint64_t i = what->offset / BLOCK;
		     i <= (what->offset + what->size - 1) / BLOCK; i++)
			d->cached[i] = true;
	if (d->file[0] != '\0' && --d->writes <= 0)
		cut(d);
	answer(d, in, 0, &out, sizeof out);
}

static void
flush_disk(struct disk *d)
{
	for (size_t i = 0; i < d->size / BLOCK; i++) {
		if (d->cached[i])
			memcpy(d->flushed + i * BLOCK, d->now + i * BLOCK,
			    BLOCK);
		d->cached[i] = false;
	}
}

static void
serve(struct disk *d, const uint8_t *request)
{
	const struct fuse_in_header *in = (const void *)request;
	const void *body = in + 1;

	switch (in->opcode) {
	case FUSE_INIT:
		begin(d, in);
		break;
	case FUSE_LOOKUP:
		look_up(d, in, body);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer_attr(d, in);
		break;
	case FUSE_OPEN:
		answer(d, in, 0, &(struct fuse_open_out){.fh = 0},
		    sizeof(struct fuse_open_out));
		break;
	case FUSE_READ:
		read_disk(d, in, body);
		break;
	case FUSE_WRITE:
		write_disk(d, in, body);
		break;
	case FUSE_FSYNC:
		if (!d->lies)
			flush_disk(d);
		answer(d, in, 0, NULL, 0);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		answer(d, in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(d, in, ENOSYS, NULL, 0);
	}
}

static int
take_number(char **rest)
{
	const char *word = strsep(rest, " ");

	return word != NULL ? (int)strtol(word, NULL, 10) : 0;
}

/* False at the end of stdin. */
static bool
obey(struct disk *d)
{
	char line[4200], *rest = line;

	if (fgets(line, sizeof line, stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(strsep(&rest, " "), "cut") != 0) {
		fprintf(stderr, "disk: found %s, allowed is cut\n", line);
		exit(HM_EXIT_USAGE);
	}
	d->percent = take_number(&rest);
	d->writes = take_number(&rest);
	snprintf(d->file, sizeof d->file, "%s", rest != NULL ? rest : "");
	if (d->writes <= 0)
		cut(d);
	return true;
}

/* Running */

static void
mount_on(struct disk *d, const char *directory)
{
	char options[128];

	d->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,"
	    "group_id=0", d->fd);
	if (d->fd < 0 || mount("disk", directory, "fuse", MS_NOSUID | MS_NODEV,
	    options) < 0) {
		perror("disk: cannot mount");
		exit(HM_EXIT_OS);
	}
}

static void
run(struct disk *d)
{
	static uint8_t request[MAX_WRITE + 65536];
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = d->fd, .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents != 0) {
			ssize_t n = read(d->fd, request, sizeof request);

			if (n < 0 && errno == ENODEV)
				return; /* unmounted */
			if (n > 0)
				serve(d, request);
		}
		if (fds[0].fd >= 0 && fds[0].revents != 0 && !obey(d))
			fds[0].fd = -1;
	}
}

int
main(int argc, char *argv[])
{
	struct disk d = {.fd = -1, .lies = argc == 5};
	bool good;

	if (argc != 4 && argc != 5)
		return HM_EXIT_USAGE;
	d.size = (size_t)strtoull(argv[2], NULL, 10) * 1024 * 1024;
	d.random = strtoull(argv[3], NULL, 10) * 2 + 1;
	d.now = calloc(1, d.size);
	d.flushed = calloc(1, d.size);
	d.cached = calloc(d.size / BLOCK, sizeof *d.cached);
	good = d.now != NULL && d.flushed != NULL && d.cached != NULL;
	if (good) {
		setvbuf(stdin, NULL, _IONBF, 0); /* poll(2) must see lines */
		mount_on(&d, argv[1]);
		run(&d);
	}
	free(d.now);
	free(d.flushed);
	free(d.cached);
	return good ? HM_EXIT_OK : HM_EXIT_OS;
}
