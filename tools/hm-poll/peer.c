#include "peer.h"

#include <stdbool.h>
#include <string.h>

#include "wire/hmframe.h"
#include "wire/modbus.h"

#define MBAP_HEADER ((size_t)7)
#define MBAP_LENGTH_MAX 254u /* unit, function and data */
#define MODBUS_ERROR 0x80u

static bool
begins_with(const uint8_t *bytes, size_t n, const char *text)
{
	size_t length = strlen(text);

	return n >= length && memcmp(bytes, text, length) == 0;
}

static unsigned
word(const uint8_t *bytes)
{
	return ((unsigned)bytes[0] << 8) | bytes[1];
}

/* The command of a frame; 0 if it is none. */
static unsigned
command_of(const uint8_t *bytes, size_t n)
{
	return n >= 4 && begins_with(bytes, n, "HM") ? word(bytes + 2) : 0;
}

static bool
is_hm(const uint8_t *bytes, size_t n)
{
	unsigned kind = command_of(bytes, n) & 0xff00u;

	return kind == HM_FROM_DTU || kind == HM_TO_CLOUD;
}

static bool
is_gateway(const uint8_t *bytes, size_t n)
{
	unsigned kind = command_of(bytes, n) & 0xff00u;

	return kind == (HM_GATEWAY_INFO & 0xff00) ||
	    kind == (HM_GATEWAY_READINGS & 0xff00);
}

/* A reply to function 3 or 4, or an exception. */
static bool
is_modbus(const uint8_t *bytes, size_t n)
{
	unsigned function;

	if (n <= MBAP_HEADER || word(bytes + 2) != 0 || word(bytes + 4) < 3 ||
	    word(bytes + 4) > MBAP_LENGTH_MAX)
		return false;
	function = bytes[MBAP_HEADER] & ~MODBUS_ERROR;
	return function == HM_MODBUS_READ_REGISTERS ||
	    function == HM_MODBUS_READ_INPUTS;
}

static bool
is_text(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((bytes[i] < ' ' || bytes[i] > '~') && bytes[i] != '\r' &&
		    bytes[i] != '\n' && bytes[i] != '\t')
			return false;
	return n >= 4;
}

void
hm_peer_note(struct hm_peer_first *first, const uint8_t *bytes, size_t n)
{
	size_t room = sizeof first->bytes - first->n;

	n = n < room ? n : room;
	memcpy(first->bytes + first->n, bytes, n);
	first->n += n;
}

enum hm_peer
hm_peer_of(const uint8_t *bytes, size_t n)
{
	if (is_hm(bytes, n))
		return HM_PEER_HM;
	if (is_gateway(bytes, n))
		return HM_PEER_GATEWAY;
	if (is_modbus(bytes, n))
		return HM_PEER_MODBUS;
	if (begins_with(bytes, n, "SSH-"))
		return HM_PEER_SSH;
	if (!is_text(bytes, n))
		return HM_PEER_UNKNOWN;
	return begins_with(bytes, n, "HTTP/") || bytes[0] == '<' ?
	    HM_PEER_WEB : HM_PEER_TEXT;
}
