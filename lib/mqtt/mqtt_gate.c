#include "mqtt_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_HEADER 5 /* type, version, length of the rest in 2 bytes */
#define RECORDS_AT_ONCE 20

/* Beginning and end */

/*
 * Fill the side that libmosquitto could write to: what it writes while it reads
 * then waits in its own queue, until it has its connection again.
 */
static bool
stop_writes(int fd)
{
	static const char zeros[4096];
	const int least = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least) != 0)
		return false;
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	while (write(fd, zeros, 1) > 0)
		;
	return errno == EAGAIN;
}

bool
hm_mqtt_gate_open(struct hm_mqtt_gate *gate)
{
	gate->connection = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    gate->pair) != 0)
		return false;
	if (stop_writes(gate->pair[0]))
		return true;
	hm_mqtt_gate_close(gate);
	return false;
}

void
hm_mqtt_gate_close(struct hm_mqtt_gate *gate)
{
	if (gate->connection >= 0)
		close(gate->connection);
	close(gate->pair[0]);
	close(gate->pair[1]);
}

void
hm_mqtt_gate_reset(struct hm_mqtt_gate *gate)
{
	gate->frames = (struct hm_mqtt_frames){0};
	gate->records = NULL;
	gate->have = 0;
	if (gate->connection >= 0)
		close(gate->connection);
	gate->connection = -1;
	while (read(gate->pair[0], gate->plain, sizeof gate->plain) > 0)
		;
}

/* Plain */

/* What recv did not return; what is not there now is no error. */
static int
ended(ssize_t n)
{
	if (n == 0)
		return MOSQ_ERR_CONN_LOST;
	return errno == EAGAIN || errno == EINTR ? MOSQ_ERR_SUCCESS :
	    MOSQ_ERR_ERRNO;
}

/* Let libmosquitto read all that was written to the pair. */
static int
drain_pair(const struct hm_mqtt_gate *gate, struct mosquitto *mosq, int fd)
{
	int left, rc;

	do {
		rc = mosquitto_loop_read(mosq, 1);
		if (ioctl(gate->pair[0], FIONREAD, &left) != 0)
			return MOSQ_ERR_ERRNO;
	} while (rc == MOSQ_ERR_SUCCESS && left > 0 &&
	    mosquitto_socket(mosq) == fd);
	return rc;
}

/* Put the pair into the place of the connection while libmosquitto reads. */
static int
show_plain(struct hm_mqtt_gate *gate, struct mosquitto *mosq, size_t n)
{
	int fd = mosquitto_socket(mosq), rc;

	if (gate->connection < 0)
		gate->connection = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (gate->connection < 0 ||
	    write(gate->pair[1], gate->plain, n) != (ssize_t)n ||
	    dup3(gate->pair[0], fd, O_CLOEXEC) != fd)
		return MOSQ_ERR_ERRNO;
	rc = drain_pair(gate, mosq, fd);
	/* Otherwise libmosquitto has closed the connection. */
	if (mosquitto_socket(mosq) == fd &&
	    dup3(gate->connection, fd, O_CLOEXEC) != fd)
		return MOSQ_ERR_ERRNO;
	return rc;
}

static int
read_plain(struct hm_mqtt_gate *gate, struct mosquitto *mosq)
{
	ssize_t n = recv(mosquitto_socket(mosq), gate->plain,
	    sizeof gate->plain, MSG_DONTWAIT);

	if (n <= 0)
		return ended(n);
	return hm_mqtt_frames_take(&gate->frames, gate->plain, (size_t)n) ?
	    show_plain(gate, mosq, (size_t)n) : MOSQ_ERR_OVERSIZE_PACKET;
}

/* TLS */

/* Let the session read from memory; it still writes to the connection. */
static bool
open_records(struct hm_mqtt_gate *gate, SSL *tls)
{
	gate->records = BIO_new(BIO_s_mem());
	if (gate->records == NULL)
		return false;
	/* An empty memory is not the end of the connection. */
	BIO_set_mem_eof_return(gate->records, -1);
	SSL_set0_rbio(tls, gate->records);
	return true;
}

/*
 * Read on in a record. MOSQ_ERR_SUCCESS if it is complete, otherwise
 * MOSQ_ERR_CONN_PENDING or why reading fails.
 */
static int
read_record(struct hm_mqtt_gate *gate, int fd)
{
	for (;;) {
		size_t want = RECORD_HEADER;
		ssize_t n;
		int rc;

		if (gate->have >= RECORD_HEADER)
			want += (size_t)gate->record[3] << 8 |
			    gate->record[4];
		if (gate->have >= RECORD_HEADER && gate->have == want)
			return MOSQ_ERR_SUCCESS;
		if (want > sizeof gate->record)
			return MOSQ_ERR_PROTOCOL;
		n = recv(fd, gate->record + gate->have, want - gate->have,
		    MSG_DONTWAIT);
		if (n <= 0) {
			rc = ended(n);
			return rc == MOSQ_ERR_SUCCESS ?
			    MOSQ_ERR_CONN_PENDING : rc;
		}
		gate->have += (size_t)n;
	}
}

/* SSL_peek has returned no bytes. */
static int
no_bytes(SSL *tls, int n)
{
	switch (SSL_get_error(tls, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return MOSQ_ERR_SUCCESS;
	case SSL_ERROR_ZERO_RETURN:
		return MOSQ_ERR_CONN_LOST;
	default:
		return MOSQ_ERR_TLS;
	}
}

/* Decrypt a record, look at its packets, and let libmosquitto read it. */
static int
show_record(struct hm_mqtt_gate *gate, struct mosquitto *mosq, SSL *tls)
{
	int n, rc, fd = mosquitto_socket(mosq);

	n = BIO_write(gate->records, gate->record, (int)gate->have);
	if (n != (int)gate->have)
		return MOSQ_ERR_NOMEM;
	gate->have = 0;
	ERR_clear_error();
	n = SSL_peek(tls, gate->plain, sizeof gate->plain);
	if (n <= 0)
		return no_bytes(tls, n);
	if (!hm_mqtt_frames_take(&gate->frames, gate->plain, (size_t)n))
		return MOSQ_ERR_OVERSIZE_PACKET;
	do
		rc = mosquitto_loop_read(mosq, 1);
	while (rc == MOSQ_ERR_SUCCESS && mosquitto_socket(mosq) == fd &&
	    SSL_pending(tls) > 0);
	return rc;
}

static int
read_tls(struct hm_mqtt_gate *gate, struct mosquitto *mosq, SSL *tls)
{
	int fd = mosquitto_socket(mosq), rc = MOSQ_ERR_SUCCESS;

	/* The handshake goes on in libmosquitto, and OpenSSL bounds it. */
	if (gate->records == NULL && SSL_in_init(tls))
		return mosquitto_loop_read(mosq, 1);
	if (gate->records == NULL && !open_records(gate, tls))
		return MOSQ_ERR_NOMEM;
	for (int i = 0; i < RECORDS_AT_ONCE && rc == MOSQ_ERR_SUCCESS &&
	    mosquitto_socket(mosq) == fd; i++) {
		rc = read_record(gate, fd);
		if (rc == MOSQ_ERR_SUCCESS)
			rc = show_record(gate, mosq, tls);
	}
	return rc == MOSQ_ERR_CONN_PENDING ? MOSQ_ERR_SUCCESS : rc;
}

/*
 * With threads libmosquitto leaves what it answers in its queue. Otherwise it
 * tries to write each answer, in vain with a pair.
 */
int
hm_mqtt_gate_read(struct hm_mqtt_gate *gate, struct mosquitto *mosq)
{
	SSL *tls = mosquitto_ssl_get(mosq);
	int rc;

	mosquitto_threaded_set(mosq, true);
	rc = tls != NULL ? read_tls(gate, mosq, tls) : read_plain(gate, mosq);
	mosquitto_threaded_set(mosq, false);
	return rc;
}
