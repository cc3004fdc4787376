/*
 * The types and fields of readings as rows for PostgreSQL, from which the
 * centre of a fleet makes its tables: docs/fleet/fields.sql.
 */

#include "docs.h"

#include "record/fields.h"
#include "record/types.h"

static const char head[] =
    "-- Made from lib/record/types.def and fields.def by `make docs`: change "
    "those.\n"
    "-- centre.sql reads this file.\n\n";

/* A string of SQL, or NULL. */
static void
print_text(FILE *out, const char *text)
{
	if (text == NULL) {
		fputs("NULL", out);
		return;
	}
	fputc('\'', out);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\'')
			fputc('\'', out);
		fputc(*p, out);
	}
	fputc('\'', out);
}

static void
print_type(FILE *out, const struct hm_reading_type *type)
{
	fprintf(out, "(%d, '%s', '{%s}', ", (int)type->scope, type->name,
	    type->keys);
	print_text(out, type->has_port ? NULL : type->own);
	fputc(')', out);
}

static void
print_field(FILE *out, const struct hm_reading_type *type, size_t id)
{
	static const char *const kinds[] = {
	    [HM_GAUGE] = "gauge",
	    [HM_DAILY] = "daily",
	    [HM_COUNTER] = "counter",
	    [HM_CODE] = "code",
	    [HM_FLAG] = "flag",
	    [HM_LABEL] = "label",
	    [HM_MOMENT] = "moment",
	};
	const struct hm_field *field = &hm_fields[id];

	fprintf(out, "(%zu, '%s', '%s', '%s', ", id, type->name, field->key,
	    kinds[field->kind]);
	print_text(out, field->unit);
	fputs(", ", out);
	print_text(out, field->help);
	fputc(')', out);
}

static void
print_fields(FILE *out)
{
	const char *comma = "";

	for (size_t scope = 0; scope < HM_SCOPES; scope++)
		for (size_t id = 0; id < HM_FIELDS; id++) {
			if (!hm_field_stored(&hm_fields[id],
			    (enum hm_scope)scope))
				continue;
			fprintf(out, "%s\n\t", comma);
			print_field(out, &hm_reading_types[scope], id);
			comma = ",";
		}
}

void
hm_docs_fields_sql(FILE *out)
{
	fputs(head, out);
	fputs("INSERT INTO new_kind (place, name, keys, own) VALUES", out);
	for (size_t scope = 0; scope < HM_SCOPES; scope++) {
		fprintf(out, "%s\n\t", scope == 0 ? "" : ",");
		print_type(out, &hm_reading_types[scope]);
	}
	fputs(";\n\nINSERT INTO new_field "
	    "(place, kind, name, form, unit, help) VALUES", out);
	print_fields(out);
	fputs(";\n", out);
}
