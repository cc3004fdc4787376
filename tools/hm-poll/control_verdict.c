#include "control_verdict.h"

#include <stdarg.h>
#include <stdio.h>

void
hm_control_say(struct hm_control_verdict *verdict,
    enum hm_control_answer answer)
{
	*verdict = (struct hm_control_verdict){.answer = answer, .error = ""};
}

void
hm_control_deny(struct hm_control_verdict *verdict, const char *error,
    const char *format, ...)
{
	va_list args;

	hm_control_say(verdict, HM_CONTROL_REFUSE);
	verdict->error = error;
	va_start(args, format);
	if (vsnprintf(verdict->text, sizeof verdict->text, format, args) < 0)
		verdict->text[0] = '\0';
	va_end(args);
}
