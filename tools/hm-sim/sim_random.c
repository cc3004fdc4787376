#include "sim_random.h"

#define SERIALS 100000000 /* eight digits after the model's four */

/* splitmix64: the same numbers on every machine. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

int64_t
hm_sim_random(uint64_t seed, enum hm_sim_purpose what, uint64_t place,
    int64_t moment, int64_t range)
{
	uint64_t x = mix(mix(seed) ^ (uint64_t)what);

	x = mix(x ^ place);
	x = mix(x ^ (uint64_t)moment);
	return (int64_t)(x % (uint64_t)range);
}

int64_t
hm_sim_random_serial(uint64_t seed, int64_t prefix, uint64_t place)
{
	uint64_t number = (uint64_t)hm_sim_random(seed, HM_DRAW_SERIAL,
	    (uint64_t)prefix, 0, SERIALS);
	int64_t serial = prefix << 32;

	number = (number + place) % SERIALS;
	for (unsigned shift = 0; shift < 32; shift += 4, number /= 10)
		serial |= (int64_t)(number % 10) << shift;
	return serial;
}
