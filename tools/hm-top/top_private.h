#ifndef HM_TOP_PRIVATE_H
#define HM_TOP_PRIVATE_H

#include "config/config.h"
#include "config/device_names.h"
#include "events.h"
#include "held_log.h"
#include "keys.h"
#include "plant.h"
#include "screen.h"
#include "stream/stream.h"
#include "table.h"
#include "terminal.h"

/*
 * What hm-top works with: main.c has the settings, the records and the end,
 * top_screen.c pictures, keys and signals, top_side.c what the stream waits
 * for.
 */
struct hm_top {
	const struct hm_config *config;
	struct hm_stream *stream;
	struct hm_device_names names;
	struct hm_top_plant plant;
	struct hm_table table;
	struct hm_screen screen;
	struct hm_terminal terminal;
	struct hm_held_log log;
	struct hm_keys keys;
	struct hm_events events;
	struct hm_record record;
	bool once, is_screen, is_url;
	int status;
	int epoll_fd, signal_fd; /* 0: not opened */
	int stdin_end;    /* the other end of stdin, if that stands for a URL */
	int64_t heard;    /* of the last record, on the monotonic clock */
	int64_t painted, next_paint;
	uint64_t frames;
	bool changed;
};

/* top_screen.c */

/* Take the terminal; false, logged, if that fails. Needs the epoll instance. */
bool hm_top_open_screen(struct hm_top *work);

/* Give the terminal back. */
void hm_top_leave(struct hm_top *work);

/* Paint now, in the terminal's size. */
void hm_top_show(struct hm_top *work);

/* Text on stdout; false, logged, if that fails. */
bool hm_top_print(struct hm_top *work, size_t rows, size_t cols);

/* Handle the keys, or the signals, that wait. */
void hm_top_read_keys(struct hm_top *work);
void hm_top_read_signals(struct hm_top *work);

/* Stop as after q; a status that is not HM_EXIT_OK becomes that of the tool. */
void hm_top_quit(struct hm_top *work, int status);

/* top_side.c */

/* The stream waits for keys, signals, hm-metrics and the next picture. */
bool hm_top_open_side(struct hm_top *work);
void hm_top_start_side(struct hm_top *work);
void hm_top_watch(const struct hm_top *work, int fd, uint32_t events);

/* The end of a stdin that stands for a URL ends the stream. */
void hm_top_end_stdin(struct hm_top *work);

#endif
