#ifndef HM_MODELS_H
#define HM_MODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * The model by the first digits of a serial number (hex digits, any case). NULL
 * if they are not known. docs/protocol.md has the sources.
 */
const char *hm_model_inverter(struct hm_slice serial);
const char *hm_model_dtu(struct hm_slice serial);

/* What hm_model_dtu returns for a DTU that is part of an inverter. */
#define HM_MODEL_BUILT_IN "built-in DTU"

/*
 * The same for a meter with voltage on a number of phases, 0 if that is not
 * known: by their serial numbers alone some could be either model.
 */
const char *hm_model_meter(struct hm_slice serial, size_t phases);

/* Whether an inverter is an HMT, by its serial number. */
bool hm_model_is_hmt(struct hm_slice serial);

/*
 * Whether a DTU is known to be built into an inverter, and so has no power at
 * night.
 */
bool hm_model_dtu_sleeps(struct hm_slice serial);

/* The exact model by the hardware part number of an inverter, or NULL. */
const char *hm_model_part(uint32_t part);

/*
 * The most watts that one input of an inverter is rated for, by the name that
 * hm_model_inverter or hm_model_part gives its model; of the whole inverter
 * if the number of its inputs is not known. 0 if its power is not known.
 */
int64_t hm_model_input_watts(struct hm_slice model);

/*
 * By how many hm_model_input_watts is to be multiplied for the watts of the
 * whole inverter: the number of inputs in the model's name ("-4T"), or 1.
 */
int64_t hm_model_inputs(struct hm_slice model);

#endif
