/* Which sound systems there are, and which of them an id means. What they need is begun when it is first asked for. */
#include "host/uv/sound.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <string.h>

/* In the order in which they are tried. */
static const struct uv_sound_system *const systems[] = {
#ifdef OH_PULSE
	&uv_pulse,
#endif
#ifdef OH_ALSA
	&uv_alsa,
#endif
	NULL,
};

struct uv_sounds {
	void *state[ARRAY_LEN(systems)]; /* NULL: not begun */
};

/* Lists are asked for by any thread. */
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

static int begin(struct uv_host *u, size_t i, void **ret_state)
{
	int err = 0;

	pthread_mutex_lock(&door);
	if (!u->sounds)
		u->sounds = mem_zalloc(sizeof(*u->sounds));
	if (!u->sounds)
		err = OH_ENOMEM;
	else if (!u->sounds->state[i])
		err = systems[i]->begin(&u->base, &u->sounds->state[i]);
	if (!err)
		*ret_state = u->sounds->state[i];
	pthread_mutex_unlock(&door);
	return err;
}

/* "pulse", "pulse:NAME" */
static bool is_of(const char *id, const char *system)
{
	size_t n = strlen(system);

	return strncmp(id, system, n) == 0 && (!id[n] || id[n] == ':');
}

/* *ret_device: the name within the system. The index of the NULL at the end: none. */
static size_t system_of(const char *id, const char **ret_device)
{
	size_t i;

	for (i = 0; systems[i] && !is_of(id, systems[i]->name); i++)
		continue;
	if (systems[i]) {
		const char *colon = strchr(id, ':');

		*ret_device = colon ? colon + 1 : "";
	}
	return i;
}

/* One that this library could know, had it been built so; "" stands for all of them. */
static bool is_lacking(const char *id)
{
	return !*id || is_of(id, "pulse") || is_of(id, "alsa");
}

int uv_sound_open(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound)
{
	const char *device;
	size_t i = system_of(cfg->id, &device);
	void *state;
	int err;

	if (!systems[i])
		return is_lacking(cfg->id) ? OH_ENOSOUND : OH_ENODEV;
	err = begin(uv_host_of(h), i, &state);
	if (!err)
		err = systems[i]->open(state, h, device, cfg, ret_sound);
	if (!err)
		((struct uv_sound *)(void *)*ret_sound)->system = systems[i];
	return err;
}

void uv_sound_close(struct host_sound *s)
{
	((struct uv_sound *)s)->system->close(s);
}

long uv_sound_list(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms)
{
	size_t n = 0;

	for (size_t i = 0; systems[i]; i++) {
		size_t used = n < cap ? n : cap;
		void *state;
		long more = begin(uv_host_of(h), i, &state);

		if (!more)
			more = systems[i]->list(state, ret_infos + used, cap - used, wait_ms);
		if (more < 0)
			return more;
		n += (size_t)more;
	}
	return (long)n;
}

const char *uv_sound_default(const struct host *h, unsigned n)
{
	(void)h;
	if (n == 0 && !systems[0])
		return "";
	return n < ARRAY_LEN(systems) && systems[n] ? systems[n]->name : NULL;
}

bool uv_sound_present(struct host *h, const char *id)
{
	const char *device;
	size_t i = system_of(id, &device);
	void *state;

	return systems[i] && !begin(uv_host_of(h), i, &state) && systems[i]->present(state, device);
}

void uv_sounds_end(struct uv_host *u)
{
	for (size_t i = 0; u->sounds && systems[i]; i++) {
		if (u->sounds->state[i])
			systems[i]->end(u->sounds->state[i]);
	}
	mem_free(u->sounds);
}
