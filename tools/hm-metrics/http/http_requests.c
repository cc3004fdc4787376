#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "http.h"
#include "http_private.h"
#include "shared_bytes.h"

static void
release(void *bytes)
{
	hm_shared_bytes_release(bytes);
}

static struct MHD_Response *
response_of(struct hm_shared_bytes *bytes)
{
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer_with_free_callback_cls(
	    bytes->n, bytes->data, release, bytes);
	if (response == NULL)
		hm_shared_bytes_release(bytes);
	return response;
}

static enum MHD_Result
send_response(struct MHD_Connection *connection, unsigned status,
    const char *type, const char *policy, struct MHD_Response *response)
{
	enum MHD_Result sent;

	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options",
	    "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (policy != NULL)
		MHD_add_response_header(response, "Content-Security-Policy",
		    policy);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "30");
	sent = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return sent;
}

/* Without the query: it may hold what somebody took for a password. */
static void
log_request(const char *method, const char *path, unsigned status,
    int64_t began)
{
	long long ms = hm_monotonic_ms() - began;

	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("method", method),
	    hm_fact("path", path), hm_fact_int("status", status),
	    hm_fact_int("ms", ms)), "%.20s %.200s: status %u in %lld ms",
	    method, path, status, ms);
}

static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned status, const char *error)
{
	char text[128];
	int n = snprintf(text, sizeof text, "{\"error\":\"%s\"}\n", error);
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    (size_t)n, text, MHD_RESPMEM_MUST_COPY);

	return response != NULL ? send_response(connection, status,
	    "application/json; charset=utf-8", NULL, response) : MHD_NO;
}

static enum MHD_Result
answer_events(struct hm_http *http, struct MHD_Connection *connection,
    const struct hm_http_answer *answer, bool head)
{
	struct MHD_Response *response = head ?
	    MHD_create_response_from_buffer(0, NULL,
	    MHD_RESPMEM_PERSISTENT) : hm_http_events_add(http, connection);
	struct hm_http_client *c = hm_http_client_of(connection);

	if (response == NULL)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "there are too many listeners");
	if (c != NULL && !head)
		hm_http_client_enter(c, HM_HTTP_LISTENING);
	return send_response(connection, answer->status, answer->type, NULL,
	    response);
}

static enum MHD_Result
take_host(void *context, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	struct hm_http_request *request = context;

	(void)kind;
	if (strcasecmp(key, "Host") == 0) {
		request->host = value != NULL ? value : "";
		request->hosts++;
	}
	return MHD_YES;
}

/* More are dropped: no URL takes as many. */
static enum MHD_Result
take_argument(void *context, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	struct hm_http_request *request = context;

	(void)kind;
	if (request->arguments < HM_HTTP_ARGUMENTS)
		request->argument[request->arguments++] =
		    (struct hm_argument){key, value};
	return MHD_YES;
}

static void
read_request(struct hm_http *http, struct MHD_Connection *connection,
    struct hm_http_request *request)
{
	MHD_get_connection_values(connection, MHD_HEADER_KIND, take_host,
	    request);
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND,
	    take_argument, request);
	request->counts = hm_http_counts(http);
	request->accept = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, "Accept");
	request->encodings = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, "Accept-Encoding");
	request->languages = MHD_lookup_connection_value(connection,
	    MHD_HEADER_KIND, "Accept-Language");
	request->limit = MHD_lookup_connection_value(connection,
	    MHD_GET_ARGUMENT_KIND, "limit");
	request->verbose = MHD_lookup_connection_value_n(connection,
	    MHD_GET_ARGUMENT_KIND, "verbose", strlen("verbose"), NULL,
	    NULL) == MHD_YES;
}

static enum MHD_Result
answer_bytes(struct hm_http *http, struct MHD_Connection *connection,
    const struct hm_http_answer *answer)
{
	struct hm_http_client *c = hm_http_client_of(connection);
	struct MHD_Response *response;

	if (answer->bytes == NULL)
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "no memory");
	if (c != NULL)
		hm_http_client_set_bytes(c, answer->bytes->n);
	hm_http_clients_bound_sending(http);
	response = response_of(answer->bytes);
	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Vary", answer->language != NULL ?
	    "Accept-Encoding, Accept-Language" : "Accept, Accept-Encoding");
	if (answer->language != NULL)
		MHD_add_response_header(response, "Content-Language",
		    answer->language);
	if (answer->gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	return send_response(connection, answer->status, answer->type,
	    answer->policy, response);
}

/* Answer a request that has come whole. */
static enum MHD_Result
answer(struct hm_http *http, struct MHD_Connection *connection,
    const char *method, struct hm_http_request *request)
{
	struct hm_http_answer answer = {0};
	int64_t began = hm_monotonic_ms();
	bool head = strcmp(method, "HEAD") == 0;

	if (!head && strcmp(method, "GET") != 0) {
		log_request(method, request->path,
		    MHD_HTTP_METHOD_NOT_ALLOWED, began);
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "GET and HEAD only");
	}
	read_request(http, connection, request);
	http->options.answer(http->options.context, request, &answer);
	log_request(method, request->path, answer.status, began);
	return answer.events ? answer_events(http, connection, &answer,
	    head) : answer_bytes(http, connection, &answer);
}

enum MHD_Result
hm_http_on_request(void *context, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **state)
{
	struct hm_http *http = context;
	struct hm_http_request request = {.path = url,
	    .http_1_0 = strcmp(version, "HTTP/1.0") == 0};
	struct hm_http_client *c = hm_http_client_of(connection);

	(void)upload;
	/* The body of a request is read and dropped. */
	if (*upload_size != 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	/* Called when the header has come, and again when all has. */
	if (*state == NULL && (strcmp(method, "HEAD") == 0 ||
	    strcmp(method, "GET") == 0)) {
		*state = http;
		return MHD_YES;
	}
	hm_http_count(http, &http->counts.requests, http->counts.requests + 1);
	if (c != NULL)
		hm_http_client_enter(c, HM_HTTP_ANSWERING);
	return answer(http, connection, method, &request);
}

void
hm_http_on_completed(void *context, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode code)
{
	struct hm_http_client *c = hm_http_client_of(connection);

	(void)context;
	(void)state;
	(void)code;
	if (c != NULL)
		hm_http_client_enter(c, HM_HTTP_IDLE);
}
