#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "ledger_db.h"

/* A database file of any bytes: it is read, or refused. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_valid(void *context, struct hm_ledger_dtu *dtu,
    const struct hm_ledger_inverter *inverter, struct hm_ledger_port *port)
{
	(void)context;
	(void)dtu;
	(void)inverter;
	if (!hm_energy_valid(&port->energy))
		abort();
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/hm-fuzz-XXXXXX";
	int fd = mkstemp(path);
	struct hm_ledger *ledger = hm_ledger_new();
	struct hm_ledger_db *db;

	hm_log_start("fuzz", HM_CRITICAL);
	if (fd < 0 || ledger == NULL ||
	    write(fd, data, size) != (ssize_t)size)
		abort();
	db = hm_ledger_db_open(path, false);
	if (db != NULL) {
		hm_ledger_db_load(db, ledger);
		hm_ledger_db_follow(db, ledger);
		hm_ledger_visit(ledger, false, is_valid, NULL);
	}
	hm_ledger_db_close(db);
	hm_ledger_free(ledger);
	close(fd);
	unlink(path);
	return 0;
}
