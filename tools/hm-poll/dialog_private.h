#ifndef HM_DIALOG_PRIVATE_H
#define HM_DIALOG_PRIVATE_H

#include "dialog.h"
#include "g3_order.h"
#include "wire/g3.h"
#include "wire/hmcrypt.h"
#include "wire/hmframe.h"
#include "wire/modbus.h"

/*
 * Shared by dialog.c, dialog_frames.c, dialog_modbus.c, dialog_g3.c,
 * dialog_es.c, dialog_es_requests.c, dialog_hm.c, dialog_hm_config.c,
 * dialog_hm_packages.c, dialog_hm_requests.c, and of orders dialog_order.c,
 * dialog_order_seen.c, dialog_hm_order.c, dialog_modbus_order.c,
 * dialog_g3_order.c and dialog_es_order.c.
 */

#define HM_REPLIES_MAX 200 /* replies of one poll */
#define HM_REPLIES_BYTES ((size_t)120 * 1024) /* as hex it fits a line */
#define HM_REQUEST_MAX ((size_t)256)

/* What is skipped for one request: no DTU sends more beside its reply. */
#define HM_SKIPPED_FRAMES ((size_t)64)
#define HM_SKIPPED_BYTES ((size_t)128 * 1024)

/* What dialog.c needs of a protocol, once for all dialogs that speak it. */
struct hm_dialog_protocol {
	/* False if there is no memory. NULL: there is nothing to do. */
	bool (*init)(struct hm_dialog *d);
	enum hm_turn (*begin)(struct hm_dialog *d);
	/* Bytes were added to d->in. */
	enum hm_turn (*feed)(struct hm_dialog *d);
	/*
	 * There is no usable reply, and the error is set. Without `connection`
	 * more replies may come on this connection.
	 */
	enum hm_turn (*lost)(struct hm_dialog *d, bool connection);
	/*
	 * The last turn failed. HM_TURN_DONE if the readings are there. Or
	 * NULL: the poll has failed.
	 */
	enum hm_turn (*settle)(struct hm_dialog *d);
	/* As hm_dialog_missing, with one reply or more. */
	size_t (*missing)(const struct hm_dialog *d,
	    uint8_t missing[HM_DIALOG_PARTS_MAX]);
	bool (*stale)(const struct hm_dialog *d); /* NULL: not known */
	/* As hm_dialog_address. NULL: replies have none. */
	int32_t (*address)(const struct hm_dialog *d, size_t reply);
	int64_t gap_ms; /* the shortest time between two requests */
	int64_t period_min_ms; /* the shortest time between two polls */
	const char *part; /* what hm_dialog_missing counts */
	bool keeps_connection; /* as hm_dialog_keeps_connection */
	int64_t reconnect_ms; /* as hm_dialog_reconnect_ms */
	bool has_secrets; /* replies hold keys and passwords */
	bool is_gateway; /* of hybrid inverters */
};

extern const struct hm_dialog_protocol hm_protocol_modbus;
extern const struct hm_dialog_protocol hm_protocol_hm;
extern const struct hm_dialog_protocol hm_protocol_es;
extern const struct hm_dialog_protocol hm_protocol_g3;

struct hm_dialog_modbus {
	uint16_t transaction;
	int record; /* requested record of an input; -1: the serial number */
	int next;   /* record to request after the serial number */
	int end;    /* records in the list; -1 while unknown */
	int reached; /* records up to the last that any poll has received */
	int lost;   /* requests of this poll without a usable reply */
	int tail;   /* polls in a row that ended in silence behind `reached` */
	bool has[HM_MODBUS_RECORDS]; /* records that this poll has received */
	bool unanswered; /* a request on this connection has no reply */
	bool foreign; /* replies on this connection have numbers of their own */
	int echoes;   /* replies on this connection with the number asked */
};

struct hm_dialog_g3 {
	uint16_t transaction; /* of the request in hand */
	uint16_t first;       /* of the first one about the same block */
	size_t block; /* requested: its place in hm_g3_blocks */
	bool asked_again; /* for that block */
	bool settled[HM_G3_BLOCKS]; /* received, or the device lacks it */
	uint8_t kept[HM_G3_BLOCKS]; /* the block of each reply */
};

struct hm_dialog_hm {
	uint16_t sequence;
	uint16_t awaited; /* command of the reply */
	uint8_t command; /* low byte of the requested command */
	int32_t package; /* requested package */
	int32_t packages; /* of the readings, as the DTU says */
	int32_t received; /* packages of the readings in this poll */
	unsigned left;    /* hm_ask bits still to be requested in this poll */
	int64_t asked_at; /* monotonic s, last request of extras */
	int64_t info_at;  /* monotonic s, last request of information */
	uint32_t refused; /* replies reported for claiming too many packages,
	                     with a bit for each command */
	unsigned energies_missed; /* requests in a row without an answer */
	int64_t time, time_before; /* of the readings, by the DTU's clock, in
	                              this poll and the last good one */
	int64_t upload_ms; /* see hm_dialog_upload_ms */
	bool due; /* extras are due in this poll */
	bool asked, know_info, readings_done;
	bool info_kept; /* this poll has a reply of information */
	bool info_lost; /* a failed poll had one */
	bool energies_due; /* energies of past days, in this poll */
	bool encrypts, key_doubtful;
	bool answered; /* it has sent the frame of a DTU */
	bool looks;  /* the request in hand is one to a gateway */
	bool looked; /* there was one, at `looked_at` */
	int64_t looked_at; /* monotonic s */
	uint8_t random[HM_CRYPT_RANDOM];
};

#define HM_ES_INVERTERS 32 /* of a gateway; no list was seen with two */

struct hm_es_inverter {
	int64_t serial;
	int32_t time, time_before; /* of its readings, as hm's */
	bool received; /* in this poll */
};

struct hm_dialog_es {
	uint16_t sequence;
	uint16_t awaited; /* command of the reply */
	int64_t gateway;  /* its serial number; 0: not known yet */
	int64_t info_at, list_at, network_at; /* monotonic s, last requests */
	/* In a poll that has not failed. */
	bool asked_info, asked_list, asked_network;
	bool info_due, list_due, network_due; /* in this poll */
	bool done; /* the last poll was good */
	bool reported_list; /* it is too long */
	int lost; /* requests of this poll without a usable reply */
	struct hm_es_inverter inverter[HM_ES_INVERTERS];
	size_t inverters;
	size_t next; /* inverter to ask for */
};

/* Like polls are BEFORE and AFTER. */
enum hm_order_phase {
	HM_ORDER_BEFORE, /* read the DTU */
	HM_ORDER_PROBE,  /* Modbus: read the map of orders */
	HM_ORDER_SENDS,  /* the order, until its reply */
	HM_ORDER_PROGRESS, /* hm: ask how far it is */
	HM_ORDER_AFTER,  /* read the DTU again */
	HM_ORDER_CHECK,  /* Modbus: read the map of orders again */
};

/* A HIT-...-G3 or HiOne: each block is read twice before it counts. */
struct hm_dialog_g3_order {
	bool asks_role;   /* the request in hand is about that */
	bool asked_again; /* after a silence or a reply that is of no use */
	int reads;        /* of the block in hand, on this connection */
	enum hm_g3_role role;
	uint16_t word[HM_G3_SETTINGS_MAX]; /* of the last of them */
	struct hm_g3_write write;
};

struct hm_dialog_order {
	const struct hm_order *order;
	enum hm_order_phase phase;
	struct hm_order_seen before, after;
	struct hm_result result;
	char error[32], text[200]; /* of `result` */
	int64_t id;     /* with which it was sent */
	int steps;      /* requests for its progress */
	int rounds;     /* connections that read back */
	bool sent;
	bool ended;  /* `result` is final */
	bool paused; /* the connection is over, another one reads back */
	enum hm_modbus_function function; /* of the request in hand */
	struct hm_dialog_g3_order g3;
	struct hm_dialog_es es; /* a gateway's polls, at the start */
	bool has_es;
	/* Of the last poll: no reading of an order is one of a poll. */
	int64_t time, time_before, info_at;
	bool readings_done, info_kept, info_lost;
};

struct hm_dialog {
	const struct hm_dtu *dtu;
	const struct hm_dialog_options *options;
	const struct hm_dialog_protocol *protocol;
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
	size_t skipped, skipped_bytes; /* frames skipped since the request */
	struct hm_dialog_order *order; /* NULL: polls */
	struct hm_dialog_es *es; /* of a gateway, or NULL */
	union {
		struct hm_dialog_modbus modbus;
		struct hm_dialog_hm hm;
		struct hm_dialog_g3 g3;
	};
};

/* Set the error. Returns HM_TURN_FAIL. */
__attribute__((format(printf, 3, 4))) enum hm_turn hm_dialog_fail(
    struct hm_dialog *d, enum hm_poll_error error, const char *format, ...);

/* Report that something received is dropped, and why. */
__attribute__((format(printf, 2, 3))) void hm_dialog_drop(struct hm_dialog *d,
    const char *format, ...);

/*
 * A frame of so many bytes is not the reply to the request in hand: pass over
 * it. HM_TURN_FAIL if too much was skipped for this request.
 */
enum hm_turn hm_dialog_skip(struct hm_dialog *d, size_t bytes);

/* Keep a reply for the record; false, with an error, if there are too many. */
bool hm_dialog_keep(struct hm_dialog *d, const uint8_t *p, size_t n);

/* Drop the replies kept so far: they will be requested again. */
void hm_dialog_forget(struct hm_dialog *d);

/* dialog_frames.c: keep a decrypted frame, as hm_dialog_keep does. */
bool hm_dialog_keep_frame(struct hm_dialog *d, const struct hm_frame *frame);

/* Set the error of a frame that cannot be read. Returns HM_TURN_FAIL. */
enum hm_turn hm_dialog_frame_error(struct hm_dialog *d,
    enum hm_frame_state state);

/* A frame is not the awaited reply: as hm_dialog_skip. */
enum hm_turn hm_dialog_pass_over(struct hm_dialog *d,
    const struct hm_frame *frame, uint16_t awaited);

#define HM_APP_OFFSET 28800 /* sent by the vendor's app in any time zone */
#define HM_LOCAL_TIME 32

/* The time of the poll, as in requests. Returns its length. */
size_t hm_dialog_local_time(const struct hm_dialog *d,
    char out[HM_LOCAL_TIME]);

/*
 * dialog_es.c: the next request has a connection of its own, unless they share
 * one, which after a reply that was lost they do not.
 */
enum hm_turn hm_dialog_es_reconnect(const struct hm_dialog *d, bool lost);

/* dialog_es_requests.c: make it the request in hand. Returns HM_TURN_ASK. */
enum hm_turn hm_dialog_es_ask_info(struct hm_dialog *d);
enum hm_turn hm_dialog_es_ask_list(struct hm_dialog *d);
enum hm_turn hm_dialog_es_ask_readings(struct hm_dialog *d, int64_t serial);
enum hm_turn hm_dialog_es_ask_network(struct hm_dialog *d);

/* The same for a payload of `size` bytes that is in its place in d->request. */
enum hm_turn hm_dialog_es_send(struct hm_dialog *d,
    enum hm_gateway_reply awaited, size_t size);

/* The first of them, before it is known whether a gateway is there. */
enum hm_turn hm_dialog_es_look(struct hm_dialog *d, uint16_t sequence);

/*
 * dialog_es.c: a gateway has replied to a DTU's dialog, which from now on is
 * that of a gateway. HM_TURN_FAIL, and it stays as it was, if that is none.
 */
enum hm_turn hm_dialog_es_adopt(struct hm_dialog *d,
    const struct hm_frame *info);

/*
 * dialog_hm_config.c: learn from a reply with the configuration, and keep it
 * without its secrets. The poll is good without it.
 */
void hm_dialog_hm_config(struct hm_dialog *d, const struct hm_frame *frame);

/* dialog_hm_requests.c: make a package of a command the request in hand. */
enum hm_turn hm_dialog_hm_ask(struct hm_dialog *d, uint8_t command,
    int32_t package);

/*
 * The same for a payload of `size` bytes that is in its place in d->request;
 * `command` has both bytes.
 */
enum hm_turn hm_dialog_hm_send(struct hm_dialog *d, uint16_t command,
    size_t size, bool encrypts);

/*
 * dialog_hm_packages.c: whether a package is the reply to another request, sent
 * late or twice.
 */
bool hm_dialog_hm_is_other(struct hm_dialog *d, const struct hm_frame *frame,
    int32_t packages, int32_t package);

/*
 * Whether a reply claims more packages than any DTU has; then the error is set.
 * `what` names the reply. One without which the poll is good is also reported,
 * once until such a reply makes sense.
 */
bool hm_dialog_hm_claims_too_many(struct hm_dialog *d, const char *what,
    int32_t packages);

/* dialog_order.c */

/* What an order makes of a turn that ends a request. */
enum hm_turn hm_dialog_order_turn(struct hm_dialog *d, enum hm_turn turn);

/* The final result. Returns HM_TURN_DONE. */
__attribute__((format(printf, 4, 5))) enum hm_turn hm_dialog_order_end(
    struct hm_dialog *d, enum hm_result_state state, const char *error,
    const char *format, ...);

/* The DTU has taken the order, or passes it on. */
void hm_dialog_order_note(struct hm_dialog *d, enum hm_result_state state);

/* Read back on the next connection. Returns HM_TURN_DONE. */
enum hm_turn hm_dialog_order_read_back(struct hm_dialog *d);

/* Whether the order itself or a request about it is in hand. */
bool hm_dialog_order_asks(const struct hm_dialog *d);

/* dialog_order_seen.c: what the replies of a poll show. */
void hm_dialog_order_look(struct hm_dialog *d, struct hm_order_seen *seen);

/* dialog_hm_order.c */

/* What to request beside the readings, for the order. */
unsigned hm_dialog_hm_order_asks(const struct hm_dialog *d);
enum hm_turn hm_dialog_hm_order_send(struct hm_dialog *d);
enum hm_turn hm_dialog_hm_order_reply(struct hm_dialog *d,
    const struct hm_frame *frame);
/* Whether a frame without a tag has one by its content: it follows. */
bool hm_dialog_hm_order_is_sealed(const struct hm_dialog *d,
    const struct hm_frame *frame);

/* dialog_modbus_order.c */
enum hm_turn hm_dialog_modbus_order_probe(struct hm_dialog *d);
enum hm_turn hm_dialog_modbus_order_send(struct hm_dialog *d);
enum hm_turn hm_dialog_modbus_order_feed(struct hm_dialog *d);

/* dialog_g3_order.c: the settings are read in place of a poll. */
enum hm_turn hm_dialog_g3_order_begin(struct hm_dialog *d);
enum hm_turn hm_dialog_g3_order_send(struct hm_dialog *d);
enum hm_turn hm_dialog_g3_order_reply(struct hm_dialog *d,
    const struct hm_modbus_reply *reply);
/* As `lost` of a protocol, while the settings are read. */
enum hm_turn hm_dialog_g3_order_lost(struct hm_dialog *d, bool connection);

/* dialog_g3.c: a request of the next number is in hand. */
enum hm_turn hm_dialog_g3_ask(struct hm_dialog *d, bool again);

/* dialog_es_order.c */
enum hm_turn hm_dialog_es_order_send(struct hm_dialog *d);
enum hm_turn hm_dialog_es_order_reply(struct hm_dialog *d,
    const struct hm_frame *frame);

#endif
