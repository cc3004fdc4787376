#ifndef HM_TOPICS_H
#define HM_TOPICS_H

#include "base/slice.h"
#include "record/dtu_name.h"

/*
 * The MQTT topics that more than one tool uses. `prefix` is the setting
 * mqtt_topic_prefix. Each function returns the length of the topic, which is
 * ended by a NUL, or 0 if it does not fit into cap bytes or the prefix is
 * invalid.
 */

#define HM_TOPIC_MAX ((size_t)512) /* of the longest topic and its NUL */
#define HM_TOPIC_PREFIX_MAX ((size_t)200) /* bytes of a prefix */

/*
 * Whether a prefix can begin a topic: not empty, at most HM_TOPIC_PREFIX_MAX
 * bytes, no "+", "#" or control character, no "/" at either end, no "$" (the
 * broker's own topics) at its start.
 */
#define HM_TOPIC_PREFIX_RULE "are at most 200 bytes without +, # and " \
    "control characters, no / at either end and no $ at the start"
bool hm_topic_prefix_valid(const char *prefix);

/*
 * PREFIX/hoymiles_mqtt/bridge/availability: what the last hm-publish that
 * connected or ended has said. No entity uses it any more.
 */
size_t hm_topic_bridge(const char *prefix, char *buf, size_t cap);

/*
 * PREFIX/hoymiles_mqtt/ID/availability, for the client id of an hm-publish: its
 * last will. "+", "#", "/" and characters that MQTT forbids in a topic become
 * "_", and "bridge" becomes "bridge_". The id must be UTF-8, not empty, and at
 * most HM_PUBLISHER_MAX bytes long.
 */
#define HM_PUBLISHER_MAX ((size_t)200)
size_t hm_topic_publisher(const char *prefix, const char *id, char *buf,
    size_t cap);

/*
 * Topics of control, for the client id of an hm-publish, as hm_topic_publisher:
 * PREFIX/hoymiles_mqtt/ID/command, commands for its chain alone;
 * PREFIX/hoymiles_mqtt/ID/control, whether that chain takes commands;
 * PREFIX/hoymiles_mqtt/ID/results/SERIAL, final results about a DTU.
 */
#define HM_TOPIC_SERIAL_MAX ((size_t)32) /* bytes */
size_t hm_topic_own_commands(const char *prefix, const char *id, char *buf,
    size_t cap);
size_t hm_topic_control(const char *prefix, const char *id, char *buf,
    size_t cap);
size_t hm_topic_own_results(const char *prefix, const char *id,
    struct hm_slice serial, char *buf, size_t cap);

/*
 * PREFIX/hoymiles_mqtt/SERIAL/control: what is confirmed of a DTU's limits, and
 * whether its inverters feed in.
 */
size_t hm_topic_confirmed(const char *prefix, struct hm_slice serial,
    char *buf, size_t cap);

/*
 * PREFIX/hoymiles_mqtt/command, commands for whichever chain has their DTU; and
 * PREFIX/hoymiles_mqtt/result, the results of all chains.
 */
size_t hm_topic_commands(const char *prefix, char *buf, size_t cap);
size_t hm_topic_results(const char *prefix, char *buf, size_t cap);

/*
 * PREFIX/hoymiles_mqtt/NAME/availability, for the configured name of a DTU, as
 * hm_topic_publisher. If it is the topic of `publisher`, a "_" is appended to
 * the name. The name has at most HM_DTU_NAME_MAX bytes.
 */
size_t hm_topic_dtu(const char *prefix, const char *publisher,
    struct hm_slice name, char *buf, size_t cap);

#endif
