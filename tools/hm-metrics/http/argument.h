#ifndef HM_ARGUMENT_H
#define HM_ARGUMENT_H

/* A parameter of a request's query, "NAME=VALUE", percent signs decoded. */
struct hm_argument {
	const char *name;
	const char *value; /* NULL: "NAME" alone */
};

#endif
