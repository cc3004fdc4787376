#ifndef HM_TOP_KEYS_H
#define HM_TOP_KEYS_H

/* The keys of hm-top, from the bytes that a terminal sends. */

enum hm_key {
	HM_KEY_NONE, /* no key, or the middle of one */
	HM_KEY_UP,
	HM_KEY_DOWN,
	HM_KEY_PAGE_UP,
	HM_KEY_PAGE_DOWN,
	HM_KEY_HOME,
	HM_KEY_END,
	HM_KEY_SORT,
	HM_KEY_REVERSE,
	HM_KEY_INPUTS,
	HM_KEY_REDRAW,
	HM_KEY_QUIT,
};

/* All zero: between two keys. */
struct hm_keys {
	enum { HM_KEYS_PLAIN, HM_KEYS_ESCAPE, HM_KEYS_SEQUENCE } state;
	unsigned char digit; /* the first byte of the sequence, if a digit */
};

/* Take the next byte; a sequence that no key of hm-top sends is skipped. */
enum hm_key hm_keys_take(struct hm_keys *keys, unsigned char byte);

#endif
