/* Phones on the simulated host, for programs: see offhook/render.h. */
#include "offhook/render.h"

#include "base/err.h"
#include "base/mem.h"
#include "host/sim/sim.h"
#include "phone/phone_impl.h"

struct machine {
	struct machine *next;
	struct host *host;
};

struct offhook_render {
	struct sim *sim;
	struct machine *machines;
};

int offhook_render_new(uint64_t seed, struct offhook_render **ret_render)
{
	struct offhook_render *r;
	int err;

	err_detail_clear();
	if (!ret_render)
		return err_detail(OH_EINVAL, "ret_render is NULL");
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	err = sim_new(seed, &r->sim);
	if (err) {
		mem_free(r);
		return err;
	}
	*ret_render = r;
	return 0;
}

int offhook_render_phone(struct offhook_render *render, const char *address,
	const struct offhook_phone_cfg *cfg, struct offhook_phone **ret_phone)
{
	struct machine *m;
	int err;

	err_detail_clear();
	if (!render || !address || !ret_phone)
		return err_detail(OH_EINVAL, "a world, an address and ret_phone are needed");
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return OH_ENOMEM;
	err = sim_host_new(render->sim, address, &m->host);
	if (err)
		goto fail;
	err = phone_new_on(m->host, cfg, ret_phone);
	if (err)
		goto fail;
	m->next = render->machines;
	render->machines = m;
	return 0;
fail:
	host_free(m->host);
	mem_free(m);
	return err;
}

int offhook_render_run(struct offhook_render *render, uint32_t ms)
{
	err_detail_clear();
	if (!render)
		return err_detail(OH_EINVAL, "render is NULL");
	sim_run_for(render->sim, ms * NS_PER_MS);
	return 0;
}

void offhook_render_free(struct offhook_render *render)
{
	if (!render)
		return;
	while (render->machines) {
		struct machine *m = render->machines;

		render->machines = m->next;
		host_free(m->host);
		mem_free(m);
	}
	sim_free(render->sim);
	mem_free(render);
}
