/*
 * The password: from a file, a pipe or the environment, never from the command line, where every process of the machine
 * could read it.
 */
#include "command.h"
#include "register.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void cut_line(char *text)
{
	text[strcspn(text, "\r\n")] = '\0';
}

static int read_file(const struct options *o, char password[SECRET_MAX])
{
	bool piped = strcmp(o->password_file, "-") == 0;
	FILE *f = piped ? stdin : fopen(o->password_file, "r");
	struct stat st;
	bool got, interrupted;

	if (!f) {
		fprintf(stderr, "offhook: %s: %s\n", o->password_file, strerror(errno));
		return EXIT_USAGE;
	}
	if (!piped && !o->quiet && fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & S_IROTH))
		fprintf(stderr, "offhook: %s: everybody on this machine can read it\n", o->password_file);
	setvbuf(f, NULL, _IONBF, 0); /* no second copy in memory that is not ours to wipe */
	got = fgets(password, SECRET_MAX, f) != NULL;
	interrupted = !got && ferror(f) && errno == EINTR;
	if (!piped)
		fclose(f);
	if (interrupted)
		return EXIT_INTERRUPTED;
	if (!got) {
		fprintf(stderr, "offhook: %s: no password in it\n", o->password_file);
		return EXIT_USAGE;
	}
	cut_line(password);
	return EXIT_OK;
}

/* The user of "sip:alice@host" and of "Name <sip:alice@host>"; "" when there is none. */
static void user_of(const char *identity, char user[SECRET_MAX])
{
	const char *colon = strstr(identity ? identity : "", "sip:"), *at = colon ? strchr(colon, '@') : NULL;
	size_t n;

	if (!colon)
		colon = strstr(identity ? identity : "", "sips:");
	user[0] = '\0';
	if (!colon || !at)
		return;
	colon = strchr(colon, ':') + 1;
	n = strcspn(colon, "@;:");
	if (n < SECRET_MAX) {
		memcpy(user, colon, n);
		user[n] = '\0';
	}
}

int secret_read(const struct options *o, struct secret *ret_secret)
{
	const char *env = getenv("OFFHOOK_PASSWORD");

	memset(ret_secret, 0, sizeof(*ret_secret));
	if (o->password_file) {
		int status = read_file(o, ret_secret->password);

		if (status)
			return status;
	} else if (env && strlen(env) < SECRET_MAX) {
		strcpy(ret_secret->password, env);
	} else {
		return EXIT_OK;
	}
	if (o->auth_user && strlen(o->auth_user) < SECRET_MAX)
		strcpy(ret_secret->user, o->auth_user);
	else
		user_of(register_wanted(o) ? o->uri : o->identity, ret_secret->user);
	ret_secret->there = ret_secret->user[0] != '\0';
	if (ret_secret->there || (!o->password_file && !o->auth_user))
		return EXIT_OK;
	fprintf(stderr, "offhook: whose password is it? Say --auth-user or --from\n");
	return EXIT_USAGE;
}

void secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}
