#ifndef HM_POLL_ERRORS_H
#define HM_POLL_ERRORS_H

/*
 * Why a poll failed. Status records and metrics have these names and no others.
 */
enum hm_poll_error {
	HM_ERR_NONE,
	HM_ERR_REFUSED,
	HM_ERR_UNREACHABLE,
	HM_ERR_RESOLVE,
	HM_ERR_TIMEOUT_CONNECT,
	HM_ERR_TIMEOUT_READ,
	HM_ERR_CLOSED,
	HM_ERR_CRC,
	HM_ERR_LENGTH,
	HM_ERR_UNIT,
	HM_ERR_EXCEPTION,
	HM_ERR_NOT_MAPPED,
	HM_ERR_DECRYPT,
	HM_ERR_PROTOCOL,
	HM_ERRORS
};

const char *hm_poll_error_name(enum hm_poll_error error);

#endif
