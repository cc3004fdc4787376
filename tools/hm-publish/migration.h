#ifndef HM_MIGRATION_H
#define HM_MIGRATION_H

#include "base/slice.h"
#include "ha_config.h"
#include "standing.h"

/*
 * What must go before a discovery message, and what becomes of it, because of
 * the messages that stand for its device. The order of messages is the one that
 * Home Assistant takes without losing an entity: each old topic is told to
 * migrate, then emptied, and then the new message is sent.
 */

/* Reduced components are left out so long after they were sent. */
#define HM_REDUCED_MS 10000

#define HM_COMPONENTS_MAX 512 /* of a device message; the rest is ignored */

struct hm_migration;

enum hm_migration_step {
	HM_STEP_MIGRATE, /* send migrate_discovery, not retained */
	HM_STEP_EMPTY,   /* delete what is retained */
};

/* NULL if there is no memory. */
struct hm_migration *hm_migration_new(void);
void hm_migration_free(struct hm_migration *m);

/*
 * Entities with this command topic or this state topic are to go, for good;
 * both are hashes, 0: none. If a message has such an entity, this has no
 * effect any more: somebody announces them.
 */
void hm_migration_retire(struct hm_migration *m, uint64_t command,
    uint64_t state);

/*
 * Compare a message, of one entity or of the whole device, with what stands.
 * The functions below are about this message; device and payload must not
 * change until then.
 */
void hm_migration_look(struct hm_migration *m,
    const struct hm_stood_device *device, struct hm_slice payload,
    bool is_device);

/*
 * Whether the message changes what a recorder sees of an entity: its unit,
 * device class or state class. Calls `changed` with the new description of
 * each such entity.
 */
bool hm_migration_changes(const struct hm_migration *m,
    void (*changed)(void *context, const struct hm_ha_config *config),
    void *context);

/* Call `act` for each step that goes before the message, in order. */
void hm_migration_before(const struct hm_migration *m,
    void (*act)(void *context, enum hm_migration_step step,
    struct hm_slice topic), void *context);

/*
 * Call `act` with HM_STEP_EMPTY for each single message of an entity that is to
 * go. Returns how many entities go with the message.
 */
size_t hm_migration_retired(const struct hm_migration *m,
    void (*act)(void *context, enum hm_migration_step step,
    struct hm_slice topic), void *context);

/*
 * What to send instead of a device message: components that stand and are
 * missing are added, reduced if their entity is to go; those that it reduces
 * stay if they stand, until HM_REDUCED_MS have passed (then *reduced is set),
 * and are left out otherwise. `now` is monotonic, in ms. The result may be the
 * payload, and is valid until the next call.
 */
struct hm_slice hm_migration_merge(struct hm_migration *m, int64_t now,
    bool *reduced);

/* The device message that stands, without its reduced components. */
struct hm_slice hm_migration_finish(struct hm_migration *m,
    const struct hm_stood_device *device);

#endif
