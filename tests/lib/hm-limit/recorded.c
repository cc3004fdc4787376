/*
 * recorded curve PEAK RATED: the recorded day as hm-sim reads it, for panels
 * that give PEAK watts under the full sun, and inverters of RATED watts.
 * recorded oracle SECONDS RATED: the Wh that the oracle exports on that day,
 * the Wh that it uses of the sun, and its orders, each of which takes SECONDS
 * until the inverters have it.
 * The household is that of the recorded day whatever RATED is; the sun is that
 * for 2 kW, made smaller.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorded_day.h"

static void
print_curve(const struct household *h, double peak)
{
	for (int t = 0; t < DAY; t++)
		printf("%d %.1f %.4f\n", t, h->load[t],
		    h->sun[t] < 5 ? 0 : h->sun[t] * 100 / peak);
}

static void
print_oracle(const struct household *h, struct plant plant,
    struct rules rules, uint64_t dice)
{
	struct oracle oracle = {.h = h, .rules = rules, .limit = -1};
	struct strategy s = {.context = &oracle, .order = oracle_order};
	struct figures f = run_day(plant, h, dice, &s);

	printf("%.1f %.1f %d\n", f.export, f.used, f.orders);
}

int
main(int argc, char *argv[])
{
	double number = argc == 4 ? (double)strtol(argv[2], NULL, 10) : 0;
	double rated = argc == 4 ? (double)strtol(argv[3], NULL, 10) : 0;
	struct household *h = calloc(1, sizeof *h);
	struct plant plant;
	struct rules rules;
	uint64_t dice;

	if (h == NULL || number <= 0 || rated <= 0) {
		free(h);
		fputs("usage: recorded curve PEAK RATED\n"
		    "       recorded oracle SECONDS RATED\n", stderr);
		return EXIT_FAILURE;
	}
	dice = recorded_day(h, &plant, &rules);
	for (int t = 0; t < DAY; t++)
		h->sun[t] *= rated / plant.rated;
	plant.rated = rated;
	rules = plant_rules(&plant);
	plant.dead_s = (int)number;
	if (strcmp(argv[1], "curve") == 0)
		print_curve(h, number);
	else
		print_oracle(h, plant, rules, dice);
	free(h);
	return EXIT_SUCCESS;
}
