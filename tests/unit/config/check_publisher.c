#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/publisher.h"
#include "load.h"
#include "run_suite.h"

#define ID(config) hm_config_text(config, HM_SET_MQTT_CLIENT_ID)

static char directory[64];

static void
setup(void)
{
	clear_environment();
	snprintf(directory, sizeof directory, "/tmp/hm-publisher.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void
teardown(void)
{
	free_config();
	ck_assert_int_eq(chdir("/"), 0);
	unlink("machine");
	rmdir(directory);
}

/* The hash */

static const char *
id_of(const char *machine, const char *path)
{
	static char id[2][HM_PUBLISHER_SIZE];
	static int i;

	i = !i;
	hm_publisher_id(hm_text(machine), hm_text(path), id[i]);
	return id[i];
}

/* A changed hash would leave everybody's old topic behind. */
START_TEST(the_id_stays)
{
	ck_assert_str_eq(id_of("4e1f0d0a6e3b4d0f9f8a7c6b5d4e3f2a",
	    "/var/lib/hm/hoymiles.db"), "hoymiles-mqtt-e3ea68a8");
	ck_assert_str_ne(id_of("a", "/b"), id_of("a", "/c"));
	ck_assert_str_ne(id_of("a", "/b"), id_of("b", "/b"));
	ck_assert_str_ne(id_of("a", "bc"), id_of("ab", "c"));
}
END_TEST

/* The machine */

static const char *
machine_of(const char *text)
{
	static char name[HM_PUBLISHER_MACHINE_SIZE];
	FILE *file = fopen("machine", "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	hm_publisher_machine("machine", name);
	return name;
}

START_TEST(the_machine)
{
	char host[HM_PUBLISHER_MACHINE_SIZE] = "", name[sizeof host];
	char longest[2 * sizeof host];

	ck_assert_int_eq(gethostname(host, sizeof host - 1), 0);
	ck_assert_str_eq(machine_of("0123abcd\n"), "0123abcd");
	ck_assert_str_eq(machine_of(""), host);
	ck_assert_str_eq(machine_of("\n"), host);
	ck_assert_str_eq(machine_of("uninitialized\n"), host);
	hm_publisher_machine("none", name);
	ck_assert_str_eq(name, host);
	hm_publisher_machine(".", name);
	ck_assert_str_eq(name, host);
	memset(longest, 'm', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	ck_assert_uint_eq(strlen(machine_of(longest)), sizeof host - 1);
}
END_TEST

/* The path */

static void
expect_path(const char *path, const char *expected)
{
	char *found = hm_publisher_path(path);

	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found, expected);
	free(found);
}

START_TEST(paths)
{
	char expected[128];

	expect_path("/a/b.db", "/a/b.db");
	expect_path("//a/./b//../c.db", "/a/c.db");
	expect_path("/../a/", "/a");
	expect_path("/", "/");
	expect_path("/a/...", "/a/...");
	expect_path(NULL, directory);
	snprintf(expected, sizeof expected, "%s/hm.db", directory);
	expect_path("hm.db", expected);
	expect_path("./x/../hm.db", expected);
	expect_path("../../../../hm.db", "/hm.db");
}
END_TEST

START_TEST(a_directory_that_is_gone)
{
	ck_assert_int_eq(rmdir(directory), 0);
	expect_path("hm.db", "/hm.db");
	expect_path(NULL, "/");
	expect_path("/a", "/a");
}
END_TEST

/* The settings */

static void
load(enum hm_tool_id tool, const char *file)
{
	static char name[16];
	static char *argv[] = {name, NULL};

	free_config();
	snprintf(name, sizeof name, "%s", hm_tools[tool].name);
	load_arguments(&hm_tools[tool], 1, argv, file);
}

static void
expect_id(const char *file, const char *id)
{
	load(HM_TOOL_PUBLISH, file);
	ck_assert_msg(config != NULL, "%s", said);
	ck_assert_str_eq(ID(config), id);
	load(HM_TOOL_HA_DISCOVERY, file);
	ck_assert_str_eq(ID(config), id);
}

START_TEST(both_tools_find_one_id)
{
	char id[64], once[80];

	load(HM_TOOL_PUBLISH, "");
	snprintf(id, sizeof id, "%s", ID(config));
	ck_assert_uint_eq(strlen(id), HM_PUBLISHER_SIZE - 1);
	ck_assert(!hm_config_given(config, HM_SET_MQTT_CLIENT_ID));
	expect_id("", id);
	expect_id("mqtt_client_id: a\n", "a");
	setenv("DATABASE_PATH", "/a/b.db", 1);
	load(HM_TOOL_HA_DISCOVERY, "");
	ck_assert_str_ne(ID(config), id);
	ck_assert_ptr_nonnull(strstr(hm_config_source(config,
	    HM_SET_MQTT_CLIENT_ID), "this machine and /a/b.db"));
	snprintf(once, sizeof once, "%s-once", ID(config));
	expect_id("database_path: /c.db\nmqtt_farewell: false\n", once);
}
END_TEST

/* A run of one poll beside a chain with the same file. */
START_TEST(once)
{
	setenv("MQTT_FAREWELL", "false", 1);
	expect_id("mqtt_client_id: a\n", "a-once");
	expect_id("mqtt_client_id: a-once\n", "a-once");
	expect_id("mqtt_client_id: once\n", "once-once");
	ck_assert_ptr_nonnull(strstr(hm_config_source(config,
	    HM_SET_MQTT_CLIENT_ID), ":1, and mqtt_farewell (MQTT_FAREWELL)"));
	setenv("MQTT_CLIENT_ID", "mine", 1);
	expect_id("mqtt_client_id: a\n", "mine");
	unsetenv("MQTT_CLIENT_ID");
	unsetenv("MQTT_FAREWELL");
	expect_id("mqtt_client_id: a\nmqtt_farewell: false\n", "a");
	setenv("MQTT_FAREWELL", "true", 1);
	expect_id("mqtt_client_id: a\nmqtt_farewell: false\n", "a");
}
END_TEST

START_TEST(longest)
{
	char file[300], id[197];

	memset(id, 'i', sizeof id);
	id[196] = '\0';
	snprintf(file, sizeof file, "mqtt_client_id: %s\n", id);
	load(HM_TOOL_PUBLISH, file);
	ck_assert_ptr_null(config);
	ck_assert_ptr_nonnull(strstr(said, "ids of at most 195 bytes"));
	id[195] = '\0';
	snprintf(file, sizeof file, "mqtt_client_id: %s\n", id);
	load(HM_TOOL_PUBLISH, file);
	ck_assert_ptr_nonnull(config);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("publisher");
	TCase *tc = tcase_create("publisher");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_id_stays);
	tcase_add_test(tc, the_machine);
	tcase_add_test(tc, paths);
	tcase_add_test(tc, a_directory_that_is_gone);
	tcase_add_test(tc, both_tools_find_one_id);
	tcase_add_test(tc, once);
	tcase_add_test(tc, longest);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
