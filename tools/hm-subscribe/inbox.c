#include "inbox.h"

#include <stdlib.h>

struct hm_inbox_line {
	struct hm_inbox_line *next;
	int64_t came;
	size_t n;
	char text[];
};

static void
append(struct hm_inbox *inbox, struct hm_inbox_line *line)
{
	if (inbox->last != NULL)
		inbox->last->next = line;
	else
		inbox->first = line;
	inbox->last = line;
	inbox->lines++;
	inbox->bytes += line->n;
}

size_t
hm_inbox_put(struct hm_inbox *inbox, struct hm_slice line, int64_t now)
{
	struct hm_inbox_line *copy;
	size_t dropped = 0;

	if (line.n > inbox->bytes_max || inbox->lines_max == 0)
		return 1;
	copy = malloc(sizeof *copy + line.n);
	if (copy == NULL)
		return 1;
	for (; inbox->lines >= inbox->lines_max ||
	    inbox->bytes > inbox->bytes_max - line.n; dropped++)
		hm_inbox_remove(inbox);
	copy->next = NULL;
	copy->came = now;
	copy->n = line.n;
	memcpy(copy->text, line.p, line.n);
	append(inbox, copy);
	return dropped;
}

bool
hm_inbox_first(const struct hm_inbox *inbox, struct hm_slice *line,
    int64_t *came)
{
	if (inbox->first == NULL)
		return false;
	*line = hm_slice(inbox->first->text, inbox->first->n);
	*came = inbox->first->came;
	return true;
}

void
hm_inbox_remove(struct hm_inbox *inbox)
{
	struct hm_inbox_line *line = inbox->first;

	if (line == NULL)
		return;
	inbox->first = line->next;
	if (inbox->first == NULL)
		inbox->last = NULL;
	inbox->lines--;
	inbox->bytes -= line->n;
	free(line);
}

void
hm_inbox_clear(struct hm_inbox *inbox)
{
	while (inbox->first != NULL)
		hm_inbox_remove(inbox);
}
