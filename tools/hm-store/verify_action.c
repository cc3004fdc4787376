#include "verify_action.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "files.h"
#include "print_record.h"
#include "record/record.h"

/* A byte of a text becomes at most 6 in JSON ("\u0001"). */
#define RESULT_SIZE (6 * (HM_PATH_SIZE + HM_PROBLEMS * HM_PROBLEM_SIZE) + 1024)

int
hm_verify_log(const char *path, struct hm_verify *v)
{
	enum hm_verdict verdict = hm_verify_file(path, v);

	if (verdict == HM_FILE_GOOD)
		return HM_EXIT_OK;
	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact_slice("file", hm_text(path)),
	    hm_fact("reason", v->problems.text[0])), "%s: %s: %s", path,
	    verdict == HM_FILE_BAD ? "no good database of hm" :
	    "cannot read the database", v->problems.text[0]);
	return verdict == HM_FILE_BAD ? HM_EXIT_DATA : HM_EXIT_IO;
}

int
hm_verify_action(const char *path)
{
	static char buf[RESULT_SIZE];
	char time[HM_RFC3339_SIZE];
	struct hm_verify v;
	struct hm_json e;
	int status = hm_verify_log(path, &v), printed;

	if (status == HM_EXIT_IO)
		return status;
	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "verify", hm_rfc3339_format(hm_clock_now(), time));
	hm_json_text(&e, "database_path", path);
	hm_json_bool(&e, "good", status == HM_EXIT_OK);
	hm_json_int(&e, "database_size_bytes", v.size);
	hm_json_int(&e, "schema_version", v.version);
	hm_json_array(&e, "problems");
	for (size_t i = 0; i < v.problems.count; i++)
		hm_json_text(&e, NULL, v.problems.text[i]);
	hm_json_array_end(&e);
	printed = hm_print_record(&e);
	return printed == HM_EXIT_OK ? status : printed;
}
