#ifndef HM_DIALOG_PRIVATE_H
#define HM_DIALOG_PRIVATE_H

#include "dialog.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"
#include "wire/modbus.h"

/* What dialog.c, dialog_modbus.c and dialog_hm.c share. */

#define HM_REPLIES_MAX 200 /* replies of one poll */
#define HM_REPLIES_BYTES ((size_t)120 * 1024) /* twice that fits a line */
#define HM_REQUEST_MAX ((size_t)256)

struct hm_dialog_modbus {
	uint16_t transaction;
	int record; /* asked for: an input's record, or -1: the serial */
};

struct hm_dialog_hm {
	uint16_t sequence;
	uint8_t command; /* asked for: low byte */
	int32_t package; /* asked for */
	unsigned left;    /* hm_ask bits still to be asked in this poll */
	int64_t asked_at; /* monotonic, when extras were last asked for */
	int64_t info_at;  /* monotonic, when information was last asked for */
	unsigned unsolicited; /* frames passed over since the request */
	int64_t time, time_before; /* of the readings, by the DTU's clock, in
	                              this poll and the last good one */
	bool due; /* extras are to be asked for in this poll */
	bool asked, know_info, readings_done;
	bool info_kept; /* information is among the replies of this dialog */
	bool info_lost; /* it was, of one that failed */
	bool encrypts, key_doubtful;
	uint8_t random[HM_CRYPT_RANDOM];
};

struct hm_dialog {
	const struct hm_dtu *dtu;
	const struct hm_dialog_options *options;
	int64_t now, monotonic;
	uint8_t request[HM_REQUEST_MAX];
	size_t request_size;
	struct hm_buffer in;
	struct hm_buffer replies;
	size_t reply_end[HM_REPLIES_MAX];
	size_t reply_count;
	enum hm_poll_error error;
	char error_text[160];
	bool held;
	union {
		struct hm_dialog_modbus modbus;
		struct hm_dialog_hm hm;
	};
};

/* Remember why; the result is HM_TURN_FAIL. */
__attribute__((format(printf, 3, 4))) enum hm_turn hm_dialog_fail(
    struct hm_dialog *d, enum hm_poll_error error, const char *format, ...);

/* Keep a reply for the record; false, failed, if there are too many. */
bool hm_dialog_keep(struct hm_dialog *d, const uint8_t *p, size_t n);

/* Drop the replies kept so far: they will be asked for again. */
void hm_dialog_forget(struct hm_dialog *d);

enum hm_turn hm_dialog_modbus_begin(struct hm_dialog *d);
enum hm_turn hm_dialog_modbus_feed(struct hm_dialog *d);

enum hm_turn hm_dialog_hm_begin(struct hm_dialog *d);
enum hm_turn hm_dialog_hm_feed(struct hm_dialog *d);
void hm_dialog_hm_give_up(struct hm_dialog *d);

#endif
