#include "seeds.h"

#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

static struct {
	const char *program;
	uint64_t seed; /* that is being played; 0: none */
} now;

static void say_seed(void)
{
	char line[160];
	int n;

	if (!now.seed)
		return;
	n = snprintf(
		line, sizeof(line), "# replay: OFFHOOK_SEED=%" PRIu64 " build/%s\n", now.seed, now.program);
	if (write(STDERR_FILENO, line, (size_t)n) < n)
		return;
}

/* A sanitizer's last word. */
static void on_abort(int signal_number)
{
	say_seed();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

int seeds_after(void **state)
{
	say_seed();
	now.seed = 0;
	return check_after(state);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

void seeds_now(const char *program, uint64_t seed)
{
	now.program = program;
	now.seed = seed;
	signal(SIGABRT, on_abort);
}

bool seeds_play(const struct seeds *cfg, void (*play)(uint64_t seed))
{
	uint64_t only = number_from("OFFHOOK_SEED", 0);
	uint64_t last = number_from("OFFHOOK_SCHEDULES", cfg->n * cfg->weight) / cfg->weight;

	for (uint64_t seed = only ? only : 1; seed <= (only ? only : last); seed++) {
		seeds_now(cfg->program, seed);
		play(seed);
	}
	now.seed = 0;
	return !only && last >= cfg->n;
}
