#include "poll_errors.h"

static const char *const names[HM_ERRORS] = {
    [HM_ERR_NONE] = "none",
    [HM_ERR_REFUSED] = "refused",
    [HM_ERR_UNREACHABLE] = "unreachable",
    [HM_ERR_RESOLVE] = "resolve",
    [HM_ERR_TIMEOUT_CONNECT] = "timeout_connect",
    [HM_ERR_TIMEOUT_READ] = "timeout_read",
    [HM_ERR_CLOSED] = "closed",
    [HM_ERR_CRC] = "crc",
    [HM_ERR_LENGTH] = "length",
    [HM_ERR_UNIT] = "unit",
    [HM_ERR_EXCEPTION] = "exception",
    [HM_ERR_NOT_MAPPED] = "not_mapped",
    [HM_ERR_DECRYPT] = "decrypt",
    [HM_ERR_PROTOCOL] = "protocol",
};

const char *
hm_poll_error_name(enum hm_poll_error error)
{
	return names[error];
}
