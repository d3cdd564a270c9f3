#include "challenge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REALM_DEFAULT "offhook"

static int complain_line(const struct options *o, size_t number, const char *what)
{
	fprintf(stderr, "offhook: %s:%zu: %s\n", o->challenge, number, what);
	return EXIT_USAGE;
}

/* Empty lines and those that begin with # say nothing. A password may hold colons, a user may not. */
static int take_line(const struct options *o, struct callers *c, char *line, size_t number)
{
	char *colon = strchr(line, ':');

	if (!*line || *line == '#')
		return EXIT_OK;
	if (!colon || colon == line)
		return complain_line(o, number, "a line is USER:PASSWORD");
	if (c->n == CALLERS_MAX)
		return complain_line(o, number, "more than 1000 callers");
	*colon = '\0';
	c->list[c->n++] = (struct offhook_credential){.user = line, .password = colon + 1};
	return EXIT_OK;
}

static int read_lines(const struct options *o, FILE *f, struct callers *c)
{
	size_t at = 0, number = 0;
	int status = EXIT_OK;

	setvbuf(f, NULL, _IONBF, 0); /* no second copy in memory that is not ours to wipe */
	while (!status && sizeof(c->text) - at > 1 && fgets(c->text + at, (int)(sizeof(c->text) - at), f)) {
		char *line = c->text + at;

		number++;
		at += strlen(line) + 1;
		line[strcspn(line, "\r\n")] = '\0';
		status = take_line(o, c, line, number);
	}
	if (!status && !feof(f))
		status = complain_line(o, number, "too long");
	return status;
}

int challenge_read(const struct options *o, struct offhook_challenge_cfg *cfg, struct callers **ret_callers)
{
	struct callers *c;
	FILE *f;
	int status;

	*ret_callers = NULL;
	if (!o->challenge)
		return EXIT_OK;
	f = fopen(o->challenge, "r");
	if (!f) {
		fprintf(stderr, "offhook: %s: %s\n", o->challenge, strerror(errno));
		return EXIT_USAGE;
	}
	c = calloc(1, sizeof(*c));
	status = c ? read_lines(o, f, c) : EXIT_USAGE;
	fclose(f);
	if (status) {
		challenge_wipe(c);
		return status;
	}
	offhook_challenge_cfg_init(cfg);
	cfg->realm = o->realm ? o->realm : REALM_DEFAULT;
	cfg->users = c->list;
	cfg->n_users = c->n;
	*ret_callers = c;
	return EXIT_OK;
}

void challenge_wipe(struct callers *c)
{
	if (c)
		explicit_bzero(c, sizeof(*c));
	free(c);
}
