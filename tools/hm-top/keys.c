#include "keys.h"

#define ESCAPE 0x1b
#define CONTROL_D 0x04
#define CONTROL_L 0x0c

static enum hm_key
plain_key(unsigned char byte)
{
	switch (byte) {
	case 'k':
		return HM_KEY_UP;
	case 'j':
		return HM_KEY_DOWN;
	case ' ':
		return HM_KEY_PAGE_DOWN;
	case 'b':
		return HM_KEY_PAGE_UP;
	case 'g':
		return HM_KEY_HOME;
	case 'G':
		return HM_KEY_END;
	case 's':
		return HM_KEY_SORT;
	case 'r':
		return HM_KEY_REVERSE;
	case 'i':
	case '\t':
		return HM_KEY_INPUTS;
	case CONTROL_L:
		return HM_KEY_REDRAW;
	case 'q':
	case 'Q':
	case CONTROL_D:
		return HM_KEY_QUIT;
	default:
		return HM_KEY_NONE;
	}
}

/* Keys with a number, as in ESC [ 5 ~ (xterm, the Linux console, rxvt). */
static enum hm_key
numbered_key(unsigned char digit)
{
	switch (digit) {
	case '1':
	case '7':
		return HM_KEY_HOME;
	case '4':
	case '8':
		return HM_KEY_END;
	case '5':
		return HM_KEY_PAGE_UP;
	case '6':
		return HM_KEY_PAGE_DOWN;
	default:
		return HM_KEY_NONE;
	}
}

static enum hm_key
sequence_key(unsigned char last, unsigned char digit)
{
	switch (last) {
	case 'A':
		return HM_KEY_UP;
	case 'B':
		return HM_KEY_DOWN;
	case 'H':
		return HM_KEY_HOME;
	case 'F':
		return HM_KEY_END;
	case '~':
		return numbered_key(digit);
	default:
		return HM_KEY_NONE;
	}
}

enum hm_key
hm_keys_take(struct hm_keys *keys, unsigned char byte)
{
	if (byte == ESCAPE) {
		*keys = (struct hm_keys){.state = HM_KEYS_ESCAPE};
		return HM_KEY_NONE;
	}
	switch (keys->state) {
	case HM_KEYS_ESCAPE:
		keys->state = byte == '[' || byte == 'O' ? HM_KEYS_SEQUENCE :
		    HM_KEYS_PLAIN;
		return HM_KEY_NONE;
	case HM_KEYS_SEQUENCE:
		/* Parameters are 0x20 to 0x3f, the last byte is above. */
		if (byte >= 0x20 && byte < 0x40) {
			keys->digit = keys->digit == 0 ? byte : '0';
			return HM_KEY_NONE;
		}
		keys->state = HM_KEYS_PLAIN;
		return sequence_key(byte, keys->digit);
	case HM_KEYS_PLAIN:
	default:
		return plain_key(byte);
	}
}
