#include "gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ZLIB_CONST /* its input is const */
#include <zlib.h>

#include "base/slice.h"

#define LEVEL 6
#define WINDOW (15 + 16) /* the largest, with the header of gzip */
#define MEMORY 8

/* Whether the parameters of an encoding, ";q=0.5", refuse it. */
static bool
is_refused(struct hm_slice parameters)
{
	const char *q = memmem(parameters.p, parameters.n, "q=", 2);
	size_t n;

	if (q == NULL)
		return false;
	q += 2;
	n = (size_t)(parameters.p + parameters.n - q);
	for (size_t i = 0; i < n; i++)
		if (q[i] >= '1' && q[i] <= '9')
			return false;
	return true;
}

static bool
is_named(struct hm_slice name, const char *encoding)
{
	return name.n == strlen(encoding) &&
	    strncasecmp(name.p, encoding, name.n) == 0;
}

bool
hm_gzip_is_accepted(const char *encodings)
{
	bool any = false;

	for (const char *p = encodings; p != NULL && *p != '\0';) {
		size_t all, name;

		p += strspn(p, ", \t");
		all = strcspn(p, ",");
		name = strcspn(p, ",; \t");
		if (is_named(hm_slice(p, name), "gzip") ||
		    is_named(hm_slice(p, name), "x-gzip"))
			return !is_refused(hm_slice(p + name, all - name));
		if (is_named(hm_slice(p, name), "*"))
			any = !is_refused(hm_slice(p + name, all - name));
		p += all;
	}
	return any;
}

static struct hm_shared_bytes *
finish(z_stream *z, size_t room)
{
	struct hm_shared_bytes *out = NULL;
	char *buf = malloc(room);

	if (buf == NULL)
		return NULL;
	z->next_out = (Bytef *)buf;
	z->avail_out = (uInt)room;
	if (deflate(z, Z_FINISH) == Z_STREAM_END)
		out = hm_shared_bytes_new(hm_slice(buf, room - z->avail_out));
	free(buf);
	return out;
}

struct hm_shared_bytes *
hm_gzip(const struct hm_shared_bytes *bytes)
{
	struct hm_shared_bytes *out = NULL;
	z_stream z = {.next_in = (const Bytef *)bytes->data};
	size_t room;

	if (bytes->n > UINT_MAX / 2 || deflateInit2(&z, LEVEL, Z_DEFLATED,
	    WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	z.avail_in = (uInt)bytes->n;
	room = deflateBound(&z, (uLong)bytes->n);
	if (room <= UINT_MAX)
		out = finish(&z, room);
	deflateEnd(&z);
	return out;
}
