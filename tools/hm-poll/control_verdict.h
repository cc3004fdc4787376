#ifndef HM_CONTROL_VERDICT_H
#define HM_CONTROL_VERDICT_H

#include <stdint.h>

/* What the rules of control_rules.h say of a command. */

enum hm_control_answer {
	HM_CONTROL_GO,
	HM_CONTROL_WAIT,    /* until `at` */
	HM_CONTROL_REFUSE,  /* `error` and `text` say why */
	HM_CONTROL_ALREADY, /* the inverters have it: send nothing */
};

struct hm_control_verdict {
	enum hm_control_answer answer;
	int64_t at;
	const char *error; /* static, for result records */
	char text[160];    /* what was found and what is allowed */
};

void hm_control_say(struct hm_control_verdict *verdict,
    enum hm_control_answer answer);

/* Make it HM_CONTROL_REFUSE. `error` is static. */
__attribute__((format(printf, 3, 4))) void hm_control_deny(
    struct hm_control_verdict *verdict, const char *error,
    const char *format, ...);

#endif
