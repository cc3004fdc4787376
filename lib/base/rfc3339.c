#include "rfc3339.h"


#define DAY 86400
#define YEAR_0000 (-62167219200)
#define YEAR_9999 253402300799

/* Days since 1970-01-01 of a civil date, by the proleptic Gregorian rule. */
static int64_t
days_from_civil(int64_t year, int64_t month, int64_t day)
{
	/* Years that begin in March put the leap day at their end. */
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year - 719468;
}

struct civil {
	int64_t year, month, day;
};

static struct civil
civil_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 +
	    day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era -
	    (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * day_of_year + 2) / 153;
	struct civil c;

	c.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
	c.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	c.year = year_of_era + era * 400 + (c.month <= 2);
	return c;
}

static void
put_digits(char *p, int64_t value, int width)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
}

struct hm_slice
hm_rfc3339_format(int64_t seconds, char buf[HM_RFC3339_SIZE])
{
	int64_t t = seconds < YEAR_0000 ? YEAR_0000 :
	    seconds > YEAR_9999 ? YEAR_9999 : seconds;
	int64_t days = (t >= 0 ? t : t - (DAY - 1)) / DAY;
	int64_t rest = t - days * DAY;
	struct civil c = civil_from_days(days);

	memcpy(buf, "0000-00-00T00:00:00Z", HM_RFC3339_SIZE);
	put_digits(buf, c.year, 4);
	put_digits(buf + 5, c.month, 2);
	put_digits(buf + 8, c.day, 2);
	put_digits(buf + 11, rest / 3600, 2);
	put_digits(buf + 14, rest / 60 % 60, 2);
	put_digits(buf + 17, rest % 60, 2);
	return hm_slice(buf, HM_RFC3339_SIZE - 1);
}

static bool
get_digits(const char *p, int width, int64_t low, int64_t high, int64_t *out)
{
	*out = 0;
	for (int i = 0; i < width; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*out = *out * 10 + (p[i] - '0');
	}
	return *out >= low && *out <= high;
}

static int64_t
days_of_month(int64_t year, int64_t month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool
hm_rfc3339_parse(struct hm_slice text, int64_t *seconds)
{
	int64_t year, month, day, hour, minute, second;
	const char *p = text.p;

	if (text.n != HM_RFC3339_SIZE - 1 || p[4] != '-' || p[7] != '-' ||
	    p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != 'Z')
		return false;
	if (!get_digits(p, 4, 0, 9999, &year) ||
	    !get_digits(p + 5, 2, 1, 12, &month) ||
	    !get_digits(p + 8, 2, 1, 31, &day) ||
	    !get_digits(p + 11, 2, 0, 23, &hour) ||
	    !get_digits(p + 14, 2, 0, 59, &minute) ||
	    !get_digits(p + 17, 2, 0, 59, &second))
		return false;
	*seconds = days_from_civil(year, month, day) * DAY + hour * 3600 +
	    minute * 60 + second;
	return day <= days_of_month(year, month);
}

bool
hm_rfc3339_time_of_day(struct hm_slice text, int64_t *seconds)
{
	int64_t hour, minute;

	if (text.n != 5 || text.p[2] != ':' ||
	    !get_digits(text.p, 2, 0, 23, &hour) ||
	    !get_digits(text.p + 3, 2, 0, 59, &minute))
		return false;
	*seconds = hour * 3600 + minute * 60;
	return true;
}
